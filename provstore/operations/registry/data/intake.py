"""Datasets on their way into a RUN collection: one, or a hundred thousand, in one transaction.

Rules: all is checked before anything is placed; what is refused, and what fails, leaves neither a file nor a row. What
lies at a dataset's place gives way only if it is bytes that were recorded of the same dataset type and data ID; they
are kept first.
"""

from __future__ import annotations

import contextlib
import os
import time

from provstore.errors import FileError, UsageError
from provstore.model.values import new_id, utc_text
from provstore.noun import NamedTuple
from provstore.operations import recording
from provstore.operations.announced import REGISTERS, Announced, Step
from provstore.operations.circumstances import user_name
from provstore.operations.outputs import Outputs
from provstore.operations.registry import names
from provstore.operations.registry.data.arrival import Arrival
from provstore.operations.registry.data.meaning import Meanings
from provstore.operations.registry.data.placing import Placing, Source, check_source, keep_bytes
from provstore.operations.registry.datasets import new_record
from provstore.operations.registry.dimensions.universe import Noting, universe
from provstore.operations.registry.types.definitions import check_use, use_type
from provstore.operations.registry.writing import is_task_of, maker_of_lying, task_execution
from provstore.store import identities
from provstore.store.adding import adding
from provstore.store.ledger import name_of
from provstore.store.objects import INSIDE
from provstore.watch.small import read_small
from provstore.watch.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from provstore.events import Observer
    from provstore.model.files import Content
    from provstore.operations.registry.data.destination import Destination
    from provstore.operations.registry.datasets import DatasetRecord
    from provstore.operations.registry.types.definitions import TypeDefinition
    from provstore.project import Project
    from provstore.store.adding import Adding, Connection
    from provstore.store.facts import Row
    from provstore.store.store import Store

HELD_AT_MOST = 1 << 26
"""Bytes of small files that wait in memory for the transaction; those beyond are read again inside of it."""


class _Taken(NamedTuple):
    """An arrival whose data were read.

    Attributes:
        placing: None: they stay where they are.
        is_there: They are to stay there; what lies at the place has the same bytes.
        gives_way: Something lies there that makes room.
        is_kept: Its bytes are kept, as far as they are to be; else they are to be read again.
    """

    arrival: Arrival
    content: Content
    placing: Placing | None
    is_there: bool
    gives_way: bool
    is_kept: bool


class Intake:
    """Takes datasets of one type into one RUN collection.

    Args:
        store: Held for writing; see `writing`.
        observe: Is told what of the files' meaning can't be known.
        read_small: Reads a small file of which no bytes are needed.
    """

    def __init__(
        self,
        project: Project,
        store: Store,
        definition: TypeDefinition,
        destination: Destination,
        observe: Observer,
        *,
        read_small: Callable[[str], Content | None] = read_small,
    ) -> None:
        self._project, self._store = project, store
        self._definition, self._destination = definition, destination
        self._workspace = Workspace(project.root, {}, {})
        self._keeper = Outputs(project.root, project.folder, self._workspace, store.objects)
        self._meanings = Meanings(project, definition.format, observe)
        self._limit = project.pipeline({}).objects_limit
        self._read_small = read_small
        self._held = 0

    def take(self, arrivals: Sequence[Arrival]) -> list[DatasetRecord]:
        """Takes them in, and returns the new datasets in the same order.

        Raises:
            UsageError: One is known, or two are the same.
            FileError: Data can't be read or placed.
        """
        for arrival in arrivals:
            if not arrival.path.isprintable():  # most are; what else they may be takes longer to see
                names.checked_name(f"{arrival.named}: name", name_of(arrival.path))
        self._refuse_twins(arrivals)
        self._store.ask(self._check, arrivals)
        with contextlib.ExitStack() as stack:
            taken = [self._read(stack, arrival) for arrival in arrivals]
            self._keep_before([entry for entry in taken if entry.gives_way])
            self._meanings.say()
            with Announced(self._project, self._store) as announced, adding(self._store) as added:
                if is_task_of(self._project.root):  # another task may have recorded something meanwhile
                    added.ask(self._check, arrivals)
                rows, shared = self._record(added, taken)
                asides = self._announce(announced, taken, rows)
                for entry, aside in zip(taken, asides, strict=True):
                    self._place(added, entry, aside)
        return [new_record({**shared, **row}, entry.arrival.values) for row, entry in zip(rows, taken, strict=True)]

    # --- checking -------------------------------------------------------------------------------------------

    def _refuse_twins(self, arrivals: Sequence[Arrival]) -> None:
        """Refuses two for one data ID or one place."""
        data_ids: dict[str, Arrival] = {}
        paths: dict[str, Arrival] = {}
        for arrival in arrivals:
            other = data_ids.setdefault(arrival.data_id, arrival)
            if other is not arrival:
                raise UsageError(f"{self.spelled(arrival)}: found two, {other.named} and {arrival.named}, expected one")
            other = paths.setdefault(arrival.path, arrival)
            if other is not arrival:
                raise UsageError(
                    f"{arrival.path}: {other.named} and {arrival.named} would both lie there",
                    hint=f"give the path of dataset type {self._definition.name} all of its dimensions",
                )

    def _check(self, conn: Connection, arrivals: Sequence[Arrival]) -> None:
        """Asks the store whether this may be.

        Raises:
            UsageError: The RUN collection has such a dataset, or another one lives where one is to go.
        """
        run, type = self._destination.run, self._definition.name
        check_use(conn, self._definition, self._project)
        known = {}
        if not self._destination.is_new:
            known = identities.in_run(conn, run, type, [arrival.data_id for arrival in arrivals])
        by_path = {arrival.path: arrival for arrival in arrivals if not arrival.path.startswith("/")}
        for arrival in arrivals if known else ():
            if arrival.data_id in known:
                id, path = known[arrival.data_id]
                raise UsageError(
                    f"{arrival.named}: collection '{run}' has {self.spelled(arrival)} already: dataset {id} ({path})",
                    hint="name another RUN collection, or delete that dataset first",
                )
        for path, placed in identities.in_the_way(conn, list(by_path)):
            arrival = by_path[path]
            if (placed.path, placed.type, placed.data_id) != (path, type, arrival.data_id):
                where = "there" if placed.path == path else f"at {placed.path}"
                raise UsageError(
                    f"{path}: dataset {placed.id} ({placed.type} {placed.data_id}) lies {where}",
                    hint="delete that one first, or give the dataset type another path",
                )

    def spelled(self, arrival: Arrival) -> str:
        """A dataset as messages name it: ``image visit=101, detector=3``."""
        return names.spelled_dataset(self._definition.name, arrival.values)

    # --- reading --------------------------------------------------------------------------------------------

    def _read(self, stack: contextlib.ExitStack, arrival: Arrival) -> _Taken:
        if arrival.source is None and arrival.write is None:
            content, is_kept = self._read_lying(arrival)
            return _Taken(arrival, content, None, is_there=True, gives_way=False, is_kept=is_kept)
        placing = stack.enter_context(Placing(self._project, self._store, arrival.path, self._workspace))
        placing.check_place()
        if arrival.write is not None:
            content = placing.receive(arrival.write)
        else:
            assert arrival.source is not None, "data come from somewhere"
            content = placing.bring(arrival.source)
        is_there, gives_way = self._look(placing, arrival, content)
        content = self._meanings.of(placing.fresh, arrival.path, content)
        is_kept = self._has_room(content)
        if is_kept:
            placing.keep(content, self._limit)
        self._workspace.forget(placing.fresh)
        return _Taken(arrival, without_data(content), placing, is_there, gives_way, is_kept)

    def _read_lying(self, arrival: Arrival) -> tuple[Content, bool]:
        """What lies in its place, or where it stays; and whether its bytes are kept, as far as they are to be."""
        is_outside = arrival.path.startswith("/")
        full = arrival.path if is_outside else self._workspace.full(arrival.path)
        content = self._read_small(full) if is_outside else read_small(full)
        if content is None:
            check_source(Source(full, "direct", arrival.named))
            content = self._workspace.read(arrival.path)[0]
            self._workspace.forget(arrival.path)
        content = self._meanings.of(full, arrival.path, content)
        is_kept = is_outside or self._has_room(content)
        if is_kept and not is_outside and self._is_to_be_kept(content):
            keep_bytes(self._keeper, arrival.path, content, arrival.path)
        return without_data(content), is_kept

    def _is_to_be_kept(self, content: Content) -> bool:
        return self._limit is None or content.size <= self._limit

    def _has_room(self, content: Content) -> bool:
        """Its bytes can wait in memory, or need not: those of a big file go to a file of their own."""
        if content.kind == "file" and content.size <= INSIDE:
            if self._held + content.size > HELD_AT_MOST:
                return False
            self._held += content.size
        return True

    def _look(self, placing: Placing, arrival: Arrival, content: Content) -> tuple[bool, bool]:
        """Whether the data lie in their place already, and whether something there is to give way.

        Raises:
            FileError: Something lies there that nobody recorded, or that is another dataset.
        """
        if not placing.is_taken:
            return False, False
        lying = placing.read_lying()
        if (lying.digest, lying.kind, lying.executable) == (content.digest, content.kind, content.executable):
            return True, False
        known = self._store.ask(identities.of_bytes, arrival.path, lying.digest)
        wanted = self._definition.name, arrival.data_id
        if not any((placed.type, placed.data_id) == wanted for placed in known):
            whose = f": dataset {known[0].id} ({known[0].type} {known[0].data_id})" if known else ""
            hint = "" if known else f"move it away; 'provstore history {arrival.path}' shows what is known of it"
            raise FileError(f"{arrival.path}: other data lie there{whose}", hint=hint)
        if self._limit == 0 and not self._store.objects.has_all(lying.digest, lying.kind):
            raise FileError(
                f"{arrival.path}: dataset {known[0].id} lies there, and its bytes are kept nowhere else",
                hint='[store] objects = "none": move it away first',
            )
        return False, True

    def _keep_before(self, taken: Sequence[_Taken]) -> None:
        """Keeps what gives way, before it is taken away: a kill must not find these bytes in memory only."""
        for entry in taken:
            assert entry.placing is not None, "what stays where it is takes nobody's place"
            lying = entry.placing.read_lying()
            if not self._store.objects.has_all(lying.digest, lying.kind):
                entry.placing.keep_lying()
                with adding(self._store):
                    pass

    # --- recording ------------------------------------------------------------------------------------------

    def _record(self, added: Adding, taken: Sequence[_Taken]) -> tuple[list[Row], Row]:
        """The rows' own columns, and those that they share."""
        now = utc_text(time.time())
        use_type(added, self._definition, self._project)
        dimensions = added.ask(lambda conn: universe(self._project, conn))
        Noting(added, dimensions, now).note([{**entry.arrival.said, **entry.arrival.values} for entry in taken])
        self._destination.make(added, now)
        shared = self._shared(added, taken[0].content, now)
        rows = [self._row(added, entry, shared["execution"]) for entry in taken]
        shared = {column: value for column, value in shared.items() if column not in rows[0]}
        added.add_many("dataset", rows, shared)
        added.forget_all([entry.arrival.path for entry in taken])
        return rows, shared

    def _shared(self, added: Adding, content: Content, now: str) -> dict[str, Any]:
        """A row of `dataset` of which most columns hold for all."""
        owner = names.checked_owner(self._project.pipeline({}).owner or user_name())
        place = recording.Place(self._destination.run, owner, now)
        return {
            **recording.source_row("", content, place),
            "type": self._definition.name,
            "format": self._definition.format,
            "execution": added.ask(lambda conn: task_execution(self._project, conn)),
        }

    def _row(self, added: Adding, entry: _Taken, execution: str | None) -> Row:
        """The columns of its row that are its own."""
        arrival, content = entry.arrival, entry.content
        is_outside = arrival.path.startswith("/")
        if entry.placing is None and not is_outside:
            execution = added.ask(maker_of_lying, self._project, arrival.path, content.digest, execution)
        return {
            "id": new_id(),
            "data_id": arrival.data_id,
            "path": arrival.path,
            "location": "external" if is_outside else "project",
            "kind": content.kind,
            "executable": int(content.executable),
            "size": content.size,
            "digest": content.digest,
            "semantic_digest": content.semantic,
            "execution": execution,
            "name": name_of(arrival.path),
        }

    def _announce(self, announced: Announced, taken: Sequence[_Taken], rows: Sequence[Row]) -> list[str]:
        """Notes what is put into the project; returns where each that gives way goes, absolute; "": it does not."""
        steps: list[Step] = []
        asides: list[str] = []
        for number, entry in enumerate(taken):
            aside = str(number) if entry.gives_way else ""
            if entry.placing is not None and not entry.is_there:
                steps.append(entry.placing.step(entry.content.digest, aside))
            asides.append(os.path.join(announced.folder, aside) if aside else "")
        if steps:
            announced.note(REGISTERS, str(rows[0]["id"]), steps)
        return asides

    def _place(self, added: Adding, entry: _Taken, aside: str) -> None:
        """Puts data into their place, and keeps those that did not fit into memory.

        Args:
            aside: Where that goes which gives way, absolute.
        """
        if not entry.is_kept:
            if entry.placing is not None:
                entry.placing.keep(entry.content, self._limit)
            elif self._is_to_be_kept(entry.content):
                keep_bytes(self._keeper, entry.arrival.path, entry.content, entry.arrival.path)
            self._held += entry.content.size
            if self._held > HELD_AT_MOST:
                added.keep()
                self._held = 0
        if entry.placing is None or entry.is_there:
            return
        if entry.gives_way:
            entry.placing.take_away(aside)
        entry.placing.put()


def without_data(content: Content) -> Content:
    """What was read, but for its bytes, which need not wait for those of others."""
    return content if content.data is None and not content.entries else content._replace(data=None, entries=())

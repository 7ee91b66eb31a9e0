"""Finds the datasets that inputs of tasks are, along collections; writes nothing.

Rules: collections are searched in their order, and the first that has what is wanted decides, as in `find_dataset`.
For a calibration only CALIBRATION collections are searched, for what is valid in the time of the task. Nobody guesses:
where a collection has several, that is a fault. What was recorded counts, not what lies at its path by now.
"""

from __future__ import annotations

import os
from functools import cached_property

from provstore.digest import canonical_json
from provstore.errors import FileError, UsageError
from provstore.model.dimensions import Dimensions, declared
from provstore.model.ranges import ANY_TIME, common, is_valid_in, spelled_range
from provstore.model.task import LookedUp
from provstore.model.values import nearest, spelled
from provstore.pipelinefile.lookups import LookupFault
from provstore.pipelinefile.templates import natural_key
from provstore.store import candidates, collections, dimensions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.dimensions import Definition
    from provstore.model.pipeline import Lookup, Pipeline
    from provstore.model.ranges import Range
    from provstore.model.values import JSON, Value
    from provstore.store.candidates import Candidate, Record
    from provstore.store.collections import Collection
    from provstore.store.store import Store
    from provstore.watch.workspace import Workspace

LAID_OUT = ".provstore/running/inputs"
"""Folder for recorded bytes that a task of the present run reads, and that do not lie at their path by now."""

LISTED = 10


class DatasetFinder:
    """The datasets in some collections; see `pipelinefile.lookups.Finder`.

    Args:
        store: None: nothing was recorded yet.
        workspace: Says what lies at a path now; for this alone.
        named: Collections, searched first to last.
        default: The chain that is searched where none is named; it need not be there.

    Raises:
        UsageError: A named collection is not there.
    """

    def __init__(
        self, pipeline: Pipeline, store: Store | None, workspace: Workspace, named: Sequence[str], default: str
    ) -> None:
        self._pipeline, self._store, self._workspace = pipeline, store, workspace
        workspace.semantics = None  # which format a file has, only the plan tells
        self._names = tuple(named) or (default,)
        self._leaves = _leaves(store, self._names, is_named=bool(named))
        self._known: dict[str, list[Candidate]] = {}
        self._indexes: dict[tuple[str, tuple[str, ...], bool], dict[str, list[Candidate]]] = {}
        self._records: dict[tuple[str, Value], list[Record]] = {}

    @cached_property
    def _dimensions(self) -> Dimensions:
        """What was recorded of dimensions, and what the Pipelinefile says of those that it names."""
        found: dict[str, Definition] = {} if self._store is None else dimensions.definitions(self._store.conn)
        found.update({name: declared(dimension) for name, dimension in self._pipeline.dimensions.items()})
        return Dimensions(found)

    def data_ids(self, type: str) -> Iterable[Mapping[str, JSON]]:
        """Data IDs of all datasets of a type, but those that only CALIBRATION collections hold."""
        is_plain = {leaf.name for leaf in self._leaves if leaf.type != collections.CALIBRATION}
        return [found.data_id for found in self._candidates(type) if found.collection in is_plain]

    def find(self, lookup: Lookup, data_id: Mapping[str, Value]) -> Sequence[LookedUp]:
        """The datasets that an input of a task is.

        Raises:
            LookupFault: There is none, or nobody can say which.
        """
        wanted = self._restricted(lookup, data_id)
        span = self._span(lookup, data_id) if lookup.calibration else None
        index = self._index(lookup.type, tuple(wanted), lookup.calibration)
        by_data_id: dict[str, list[Candidate]] = {}
        for found in index.get(canonical_json(wanted), ()):
            if found.data_id.keys() >= {*lookup.dimensions}:
                key = canonical_json({name: found.data_id[name] for name in lookup.dimensions})
                by_data_id.setdefault(key, []).append(found)
        chosen = [self._first(lookup, wanted, entries, span) for entries in by_data_id.values()]
        picked = [entry for entry in chosen if entry is not None]
        if not picked:
            raise self._nothing(lookup, wanted, span, [entry for found in by_data_id.values() for entry in found])
        picked.sort(key=lambda entry: [natural_key(_plain(entry.data_id[name])) for name in lookup.dimensions])
        return [LookedUp(entry.dataset, entry.content) for entry in picked]

    def place(self, found: LookedUp, *, is_made: bool) -> str:
        """Where a task reads a dataset: at its path while that holds what was recorded, else where a run lays it out.

        Args:
            is_made: A task may write to its path.

        Raises:
            LookupFault: What was recorded is nowhere at hand.
        """
        content = found.content
        if not is_made and holds(self._workspace, content.path, found):
            return content.path
        if self._store is not None and self._store.objects.has_all(content.digest, content.kind):
            inside = content.path.replace("../", "").lstrip("/")
            return f"{LAID_OUT}/{content.digest.rpartition(':')[2][:16]}/{inside}"
        if is_made:
            raise LookupFault(
                f"dataset {found.dataset} lies at {content.path}, which a stage of this Pipelinefile makes, and its "
                "bytes are not kept", "copy it to a path of its own, and register that"
            )  # fmt: skip
        state = "holds something else by now" if self._is_there(content.path) else "is not there"
        raise LookupFault(
            f"dataset {found.dataset} was recorded at {content.path}, which {state}, and its bytes are not kept",
            "put the file back, or take another dataset into the collection",
        )

    def _is_there(self, path: str) -> bool:
        return os.path.lexists(self._workspace.full(path))

    # --- what is wanted -------------------------------------------------------------------------------

    def _restricted(self, lookup: Lookup, data_id: Mapping[str, Value]) -> dict[str, JSON]:
        """What a task's data ID says of the type's dimensions, by itself and by the records of its dimensions."""
        wanted: dict[str, JSON] = {name: data_id[name] for name in lookup.dimensions if name in data_id}
        missing = [name for name in lookup.dimensions if name not in data_id]
        if not missing:
            return wanted
        derived = {*self._dimensions.required(lookup.known), *self._dimensions.implied(lookup.known)}
        if derived.isdisjoint(missing):
            return wanted
        whole = self._with_records(data_id)
        for name in missing:
            if name in whole:
                wanted[name] = whole[name]
            elif name in derived:
                raise LookupFault(
                    f"{lookup.type} has the dimension '{name}', and no record of {_spelled(data_id)} tells it",
                    "'provstore dimension insert' records what is known of a value",
                )
        return wanted

    def _with_records(self, data_id: Mapping[str, Value]) -> dict[str, JSON]:
        """A data ID with all that the records of its values require and imply."""
        whole: dict[str, JSON] = dict(data_id)
        waiting = list(data_id)
        while waiting:
            name = waiting.pop(0)
            record = self._record(name, whole) if name in self._dimensions else None
            if record is None:
                continue
            definition = self._dimensions[name]
            for other in (*definition.requires, *definition.implies):
                value = {**record.implied, **record.key}.get(other)
                if value is not None and other not in whole:
                    whole[other] = value
                    waiting.append(other)
        return whole

    def _record(self, name: str, known: Mapping[str, JSON]) -> Record | None:
        """The record of a dimension's value; None: there is none, or several that are not told apart."""
        value = known[name]
        if self._store is None or not isinstance(value, (int, str)):
            return None
        if (name, value) not in self._records:
            self._records[name, value] = candidates.records(self._store.conn, name, value)
        found = [record for record in self._records[name, value]
                 if all(known.get(other, said) == said for other, said in record.key.items())]  # fmt: skip
        return found[0] if len(found) == 1 else None

    def _span(self, lookup: Lookup, data_id: Mapping[str, Value]) -> Range:
        """The time of a task: that of its dimensions with a time span; of several, what they have in common.

        Where none of them has one, the task is of no special time, and whatever is valid at any time will do.
        """
        names = self._timed(lookup)
        whole = self._with_records(data_id) if names else {}
        span: Range | None = ANY_TIME
        for name in names:
            record = self._record(name, whole) if name in whole else None
            if record is None:
                said = f"{name}={spelled(whole[name])}" if name in whole else f"'{name}'"
                raise LookupFault(
                    f"dimension '{name}' has no record of {said}, whose begin and end say which {lookup.type} is valid",
                    f"provstore dimension insert {name} …",
                )
            span = common(span, (record.begin, record.end)) if span is not None else None
        if span is None:
            raise LookupFault(f"{lookup.type} of {_spelled(data_id)}: {_listed(names)} have no time in common")
        return span

    # --- what is there --------------------------------------------------------------------------------

    def _candidates(self, type: str) -> list[Candidate]:
        if type not in self._known:
            names = [leaf.name for leaf in self._leaves]
            found = [] if self._store is None else candidates.candidates(self._store.conn, names, type)
            self._known[type] = found
        return self._known[type]

    def _index(self, type: str, names: tuple[str, ...], calibration: bool) -> dict[str, list[Candidate]]:
        """Candidates by what they say of some dimensions; from CALIBRATION collections, or from all others."""
        key = (type, names, calibration)
        if key not in self._indexes:
            index: dict[str, list[Candidate]] = {}
            asked = {leaf.name for leaf in self._leaves if (leaf.type == collections.CALIBRATION) == calibration}
            for found in self._candidates(type):
                if found.collection in asked and found.data_id.keys() >= {*names}:
                    part = canonical_json({name: found.data_id[name] for name in names})
                    index.setdefault(part, []).append(found)
            self._indexes[key] = index
        return self._indexes[key]

    def _first(
        self, lookup: Lookup, wanted: Mapping[str, JSON], found: Sequence[Candidate], span: Range | None
    ) -> Candidate | None:
        """What the first collection has that has any; None: none has.

        Raises:
            LookupFault: It has several.
        """
        valid = [entry for entry in found if span is None or is_valid_in((entry.begin, entry.end), span)]
        order = {leaf.name: number for number, leaf in enumerate(self._leaves)}
        first = min((order[entry.collection] for entry in valid), default=None)
        here = {entry.dataset: entry for entry in valid if order[entry.collection] == first}
        if len(here) > 1:
            name = next(iter(here.values())).collection
            when = f" for {spelled_range(span)}" if span not in (None, ANY_TIME) else ""
            what = f"{lookup.type} {_spelled(wanted)}".rstrip() + when
            message = f"{name} has several of {what}, expected one: {_entries(here.values())}"
            raise LookupFault(message, self._choosing(lookup, span))
        return next(iter(here.values()), None)

    def _nothing(
        self, lookup: Lookup, wanted: Mapping[str, JSON], span: Range | None, found: Sequence[Candidate]
    ) -> LookupFault:
        """Why nothing was found, in a message."""
        where = _listed(self._names)
        what = f"{lookup.type} {_spelled(wanted)}".rstrip()
        if span is not None:
            return self._nothing_valid(what, where, span, found)
        alike = [
            entry
            for entry in self._candidates(lookup.type)
            if _spelled({name: entry.data_id.get(name) for name in wanted}) == _spelled(wanted)
        ]
        if alike:
            name = next(name for name in wanted if alike[0].data_id.get(name) != wanted[name])
            return LookupFault(
                f"found no {what} in {where}: there '{name}' is {alike[0].data_id.get(name)!r}, here {wanted[name]!r}",
                f"say which 'type' the dimension '{name}' has",
            )
        hint = "-i names the collections to look in" if self._is_unasked else ""
        return LookupFault(f"found no {what} in {where}", hint or "'provstore dataset ls' shows what there is")

    def _nothing_valid(self, what: str, where: str, span: Range, found: Sequence[Candidate]) -> LookupFault:
        if not any(leaf.type == collections.CALIBRATION for leaf in self._leaves):
            return LookupFault(
                f"found no {what}: {where} holds no CALIBRATION collection", "-i names the collections to look in"
            )
        others = f"; there is only {_entries(found)}" if found else ""
        valid = "" if span == ANY_TIME else f" that is valid for {spelled_range(span)}"
        return LookupFault(
            f"found no {what} in {where}{valid}{others}",
            "'provstore collection certify' says for which time a dataset is valid",
        )

    def _choosing(self, lookup: Lookup, span: Range | None) -> str:
        """How to say which of several is meant."""
        if span is None:
            return "associate the one you mean in a collection"
        if span != ANY_TIME:
            return "decertify one for that time"
        if names := self._timed(lookup):
            return f"the record of its {_listed(names)} has neither begin nor end"
        return "say 'timespan = true' of a dimension of the stage, and insert its records with begin and end"

    def _timed(self, lookup: Lookup) -> Sequence[str]:
        """The dimensions of a task whose records have a time span."""
        return self._dimensions.timed(self._dimensions.required(lookup.known))

    @property
    def _is_unasked(self) -> bool:
        """The collections are the default."""
        return self._names == ("main",)


def _leaves(store: Store | None, names: Sequence[str], *, is_named: bool) -> list[Collection]:
    for name in names if is_named else ():
        if store is None or collections.one(store.conn, name) is None:
            known = [] if store is None else [other.name for other in collections.every(store.conn)]
            near = nearest(name, known)
            hint = f"did you mean '{near}'?" if near else "'provstore collection ls' shows all"
            raise UsageError(f"-i {name}: there is no such collection", hint=hint)
    return [] if store is None else collections.flattened(store.conn, names)


def holds(workspace: Workspace, path: str, found: LookedUp) -> bool:
    """At a path lies what was recorded: equal to the last byte, or as data."""
    try:
        look = workspace.look(path)
        if look is None or look.identity == found.content.identity:
            return look is not None
        content = workspace.content(path, look) or workspace.read(path)[0]
    except FileError:
        return False
    return (content.digest, content.executable) == (found.content.digest, found.content.executable)


def _spelled(data_id: Mapping[str, JSON] | Mapping[str, Value]) -> str:
    return ", ".join([f"{name}={spelled(value)}" for name, value in sorted(data_id.items())])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"


def _entries(found: Iterable[Candidate]) -> str:
    """Datasets, with the times for which they are valid if these have an end, for a message of one line."""
    texts = [_entry(entry) for entry in found]
    return ", ".join(texts[:LISTED]) + (f" and {len(texts) - LISTED} more" if len(texts) > LISTED else "")


def _entry(entry: Candidate) -> str:
    time = (entry.begin, entry.end)
    valid = "" if time == ANY_TIME else f" for {spelled_range(time)}"
    return f"{entry.content.path}{valid} (dataset {entry.dataset} in {entry.collection})"


def _plain(value: JSON) -> Value:
    return value if isinstance(value, (str, int, float)) else spelled(value)

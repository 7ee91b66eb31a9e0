"""Takes many files into the store, whose names say what they are.

Rules: a file belongs to the template only under the name that the template would write for its values; one that does
not is named, and the others are taken. All else that is wrong leaves nothing behind.
"""

from __future__ import annotations

import os
import posixpath
from functools import partial

from provstore.digest import Spelling
from provstore.errors import FileError, UsageError
from provstore.noun import NamedTuple
from provstore.operations.registry.bulk import uncollected
from provstore.operations.registry.data.arrival import arrival_of, source_named
from provstore.operations.registry.data.destination import CHAIN, destination
from provstore.operations.registry.data.intake import Intake
from provstore.operations.registry.data.placing import DIRECT, TRANSFERS, Source
from provstore.operations.registry.data.put import definition_of
from provstore.operations.registry.data.target import Target
from provstore.operations.registry.dimensions.universe import universe, universe_in_words
from provstore.operations.registry.dimensions.values import is_unicode
from provstore.operations.registry.names import one_of, spelled_dataset
from provstore.operations.registry.types.data_ids import Checking, from_words
from provstore.operations.registry.writing import writing
from provstore.pipelinefile import templates
from provstore.pipelinefile.templates import Axis, Field, Matcher, TemplateError
from provstore.store import collections, identities
from provstore.watch.small import SmallFiles, read_small
from provstore.watch.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from provstore.events import Observer
    from provstore.model.dimensions import Dimensions
    from provstore.model.values import JSON, Value
    from provstore.operations.registry.data.arrival import Arrival
    from provstore.operations.registry.data.destination import Destination
    from provstore.operations.registry.datasets import DatasetRecord
    from provstore.operations.registry.types.definitions import TypeDefinition
    from provstore.project import Project
    from provstore.store.store import Store

MAGIC = "*?["
SAID_OF_ALL = "what the names do not say is said of all files: --data-id NAME=VALUE, in Python data_id={…}"


class IngestRequest(NamedTuple):
    """Files to be taken in; see `provstore.Store.ingest`.

    Attributes:
        files: Paths or globs, relative to `current`.
        template: None: the type's own path.
        data_id: What the names do not say: the same for all.
        skip_existing: Pass over what is known; else that is an error.
        data_ids: File → data ID, where names do not say it: without template and globs. None: the template says it.
    """

    type: str
    files: Sequence[str]
    template: str | None = None
    transfer: str = "copy"
    run: str | None = None
    data_id: Mapping[str, JSON] = {}
    skip_existing: bool = False
    current: str = "."
    data_ids: Mapping[str, Mapping[str, JSON]] | None = None


class IngestReport(NamedTuple):
    """What became of files.

    Attributes:
        run: The RUN collection that they are in; None: none was taken.
        ingested: The new datasets.
        unmatched: Files whose names do not fit the template.
        skipped: Files that were known already.
    """

    run: str | None
    ingested: Sequence[DatasetRecord]
    unmatched: Sequence[str]
    skipped: Sequence[str]


def ingest(project: Project, request: IngestRequest, observe: Observer) -> IngestReport:
    """Takes files in, all whose names fit or none.

    Raises:
        UsageError: The type, the template, a value or the RUN collection can't be, or a file is known already.
        FileError: A file is missing or can't be read, or something else lies where one is to go.
    """
    project.forget_pipeline()
    one_of("transfer", request.transfer, TRANSFERS)
    definition = definition_of(project, request.type)
    files = list(_files(request))
    with writing(project, "provstore dataset ingest", "ingest files", observe) as store, uncollected(len(files)):
        arriving = _Arriving(project, request, definition, store)
        with SmallFiles(len(files) if request.transfer == DIRECT else 0) as small:  # of others the bytes are needed
            arrivals: list[Arrival] = []
            unmatched = []
            for file in files:
                arrival = arriving.arrival(file)
                if arrival is None:
                    unmatched.append(file)
                    continue
                arrivals.append(arrival)
                small.expect(arrival.path)
            where = destination(project, store, request.run)
            known = _known(project, store, definition, where, arrivals)
            if known and not request.skip_existing:
                raise _refused(definition, CHAIN if where.is_new else where.run, known)
            fresh = [arrival for arrival in arrivals if arrival.data_id not in known]
            intake = Intake(project, store, definition, where, observe, read_small=small.read)
            ingested = intake.take(fresh) if fresh else []
    skipped = [arrival.named for arrival in arrivals if arrival.data_id in known]
    return IngestReport(where.run if ingested else None, ingested, unmatched, skipped)


def ingest_said(project: Project, request: IngestRequest, words: Sequence[str], observe: Observer) -> IngestReport:
    """The same with what the names do not say as words of the command line (``visit=101``)."""
    if words:
        definition = definition_of(project, request.type)
        ask = None if project.store is None else project.store.ask
        dimensions = universe(project, None) if ask is None else ask(lambda conn: universe_in_words(project, conn))
        request = request._replace(data_id=from_words(dimensions, definition, words))
    return ingest(project, request, observe)


class _Arriving:
    """Tells of files which datasets they are to be.

    Raises:
        UsageError: The template can't be.
    """

    def __init__(self, project: Project, request: IngestRequest, definition: TypeDefinition, store: Store) -> None:
        dimensions = store.ask(lambda conn: universe(project, conn))
        self._project, self._request, self._definition = project, request, definition
        self._current = os.path.abspath(request.current)
        self._target = Target(project, definition)
        self._check = Checking(dimensions, definition, store.ask)
        self._spelling = Spelling(definition.dimensions)
        self._names: Names | Said
        if request.data_ids is None:
            self._names = Names(request.template, self._target.template, definition, dimensions)
        else:
            self._names = Said(request.data_ids, self._current)

    def arrival(self, file: str) -> Arrival | None:
        """What a file is to be; None: its name does not fit.

        Raises:
            UsageError: It can't be that. The message names the file.
        """
        full = os.path.normpath(os.path.join(self._current, file))
        found = self._names.values_of(full)
        if found is None:
            return None
        hint = ""
        try:
            given = self._joined(found)
            hint = "" if given.keys() >= {*self._definition.dimensions} else SAID_OF_ALL
            values, said = self._check.parted(given)
            source = Source(full, self._request.transfer, file)
            place = partial(self._target.of, {**given, **values})
            arrival = arrival_of(self._project, source, values, self._spelling.of(values), place)
        except UsageError as error:
            begins = "" if error.message.startswith(file) else f"{file}: "
            raise UsageError(begins + error.message, hint=error.hint or hint) from None
        return arrival._replace(said=said) if said else arrival

    def _joined(self, found: Mapping[str, JSON]) -> dict[str, Any]:
        """What a file's name says, and what was said of all."""
        for name, value in self._request.data_id.items():
            if name in found and found[name] != value:
                raise UsageError(
                    f"its name says {name}={found[name]!r}, found {name}={value!r} for all {self._definition.name}"
                )
        return {**self._request.data_id, **found}


# --- files --------------------------------------------------------------------------------------------------------


def _files(request: IngestRequest) -> Iterator[str]:
    """The files that are named, those of a glob in order.

    Raises:
        FileError: There is none of a name.
    """
    for named in request.files:
        full = os.path.join(request.current, named) if named else ""
        if os.path.lexists(full):
            yield named
            continue
        found: list[str] = []
        if request.data_ids is None and any(char in named for char in MAGIC):
            import glob

            found = sorted(glob.glob(named, root_dir=request.current, recursive=True))
        if not found:
            hint = SAID_OF_ALL if "=" in named else ""
            raise FileError(f"{named or repr(named)}: there is no such file or directory", hint=hint)
        yield from found


class Names:
    """Finds the values in the names of files.

    Args:
        template: Of a file's name, in which ``*`` and ``?`` are a glob; with slashes, of the last parts of its path.
            None: the type's own path, letter for letter.
        own: The type's own path.

    Raises:
        UsageError: It can't be read, or has what is no dimension of the type.
    """

    def __init__(self, template: str | None, own: str, definition: TypeDefinition, dimensions: Dimensions) -> None:
        text = own if template is None else _checked_template(template)
        self._is_absolute = text.startswith("/")
        self._parts = text.count("/") + 1
        self._matcher = Matcher(text, _axes(text, definition, dimensions), glob=template is not None)

    def values_of(self, full: str) -> dict[str, Value] | None:
        """The values in a file's name; None: it does not fit. No template writes a name that is not UTF-8.

        Args:
            full: Absolute, in its simplest form.
        """
        if not (full.isascii() or is_unicode(full)):
            return None
        path = full if self._is_absolute else "/".join(full.rsplit("/", self._parts)[1:])
        return self._matcher.match(path)


class Said:
    """Data IDs that were said of files; see `IngestRequest.data_ids`.

    Raises:
        UsageError: The name of one is not UTF-8.
    """

    def __init__(self, data_ids: Mapping[str, Mapping[str, JSON]], current: str) -> None:
        self._data_ids = {source_named(file, DIRECT, current).path: values for file, values in data_ids.items()}

    def values_of(self, full: str) -> Mapping[str, JSON]:
        """What was said of a file."""
        return self._data_ids[full]


def _checked_template(template: object) -> str:
    """A template in its simplest form.

    Raises:
        UsageError: It is no text, or empty.
    """
    if not isinstance(template, str) or not template:
        raise UsageError(f"template: found {template!r}, expected one such as '{{visit}}_{{detector:02d}}.fits'")
    return posixpath.normpath(template)


def _axes(template: str, definition: TypeDefinition, dimensions: Dimensions) -> dict[str, Axis]:
    try:
        fields = [piece for piece in templates.parse(template) if isinstance(piece, Field)]
    except TemplateError as error:
        raise UsageError(f"template: {error}") from None
    known = (*dimensions.required(definition.dimensions), *dimensions.implied(definition.dimensions))
    axes = {}
    for field in fields:
        if field.name not in known:
            expected = ", ".join(known) or "none"
            raise UsageError(
                f"template '{template}': {{{field.name}}} is no dimension of {definition.name}: {expected}"
            )
        is_integer = any(other.is_integer for other in fields if other.name == field.name)
        values: Any = ()
        if field.name in dimensions:
            values = dimensions[field.name].values
            is_integer = is_integer or dimensions[field.name].type == "int"
        axes[field.name] = Axis(values or None, is_integer)
        if not values:
            _refuse_format(template, field, 1 if is_integer else "a")
    return axes


def _refuse_format(template: str, field: Field, example: Value) -> None:
    """Refuses what can write no value of its dimension, so that no file would ever fit.

    Args:
        example: Such a value.
    """
    try:
        format(example, field.format)
    except ValueError:
        kind = "whole numbers" if isinstance(example, int) else "text"
        raise UsageError(
            f"template '{template}': {{{field.name}:{field.format}}} can't write {kind}, which {field.name} has"
        ) from None


# --- what is known ------------------------------------------------------------------------------------------------


def _known(
    project: Project, store: Store, definition: TypeDefinition, where: Destination, arrivals: Sequence[Arrival]
) -> dict[str, tuple[Arrival, str]]:
    """Data IDs that are known already, each with its file and the id of the dataset.

    In a collection that was named, whatever is of the same data ID is known. A new collection is for what is new: what
    is found first along the default chain is known if it has the same bytes.
    """
    by_data_id = {arrival.data_id: arrival for arrival in arrivals}
    if not where.is_new:
        there = store.ask(identities.in_run, where.run, definition.name, by_data_id)
        return {data_id: (by_data_id[data_id], id) for data_id, (id, _) in there.items()}
    leaves = store.ask(collections.flattened, [CHAIN])
    runs = [leaf.name for leaf in leaves if leaf.type == collections.RUN]
    found = store.ask(identities.found_first, runs, definition.name, by_data_id)
    return {
        data_id: (by_data_id[data_id], id)
        for data_id, (id, digest) in found.items()
        if _digest_of(project, by_data_id[data_id]) == digest
    }


def _digest_of(project: Project, arrival: Arrival) -> str:
    workspace = Workspace(project.root, {}, {})
    full = arrival.source.path if arrival.source is not None else workspace.full(arrival.path)
    content = read_small(full) or workspace.read(full)[0]
    return content.digest


LISTED = 3


def _refused(definition: TypeDefinition, collection: str, known: Mapping[str, tuple[Arrival, str]]) -> UsageError:
    """The error that files are known already."""
    lines = [
        f"{arrival.named}: this is dataset {id} ({spelled_dataset(definition.name, arrival.values)}) in '{collection}'"
        for arrival, id in list(known.values())[:LISTED]
    ]
    more = [f"and {len(known) - LISTED} more"] if len(known) > LISTED else []
    return UsageError("\n".join([*lines, *more]), hint="--skip-existing passes over what is known")

"""Gives the data of a dataset back: always the bytes that were recorded, or an error that says why there are none.

They come from the dataset's place while their digest is the recorded one, else from the kept object. A question: it
writes nothing but temporary files outside of the project.
"""

from __future__ import annotations

import contextlib
import os
import stat

from provstore.digest import digest_descriptor
from provstore.errors import DataChangedError, DataDeletedError, DataNotKeptError, FileError, UnknownIdError, UsageError
from provstore.model.values import nearest
from provstore.noun import NamedTuple
from provstore.operations.identify import IS_ID, NO_STORE
from provstore.operations.registry.collections.calibrations import Span
from provstore.operations.registry.collections.find import DEFAULT, FindRequest, find_dataset
from provstore.operations.registry.collections.moment import apart
from provstore.operations.registry.data.formatted import Formatted
from provstore.operations.registry.data.placing import signatures
from provstore.operations.registry.datasets import dataset, has_data
from provstore.operations.registry.dimensions.universe import universe, universe_in_words
from provstore.operations.registry.names import ID, TYPE_NAME, spelled_dataset
from provstore.operations.registry.transact import has_store, readable
from provstore.operations.registry.types.by_hand import sought_data_id
from provstore.operations.registry.types.data_ids import checked, from_words
from provstore.operations.registry.types.definitions import type_if_known
from provstore.store import collections, identities, registered
from provstore.store.datasets import registered_types
from provstore.watch.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from provstore.model.dimensions import Dimensions
    from provstore.model.values import JSON
    from provstore.operations.registry.datasets import DatasetRecord
    from provstore.project import Project
    from provstore.store.adding import Connection
    from provstore.store.store import Store


READINGS = 3
"""Times that data are read at most while somebody changes them."""


class GetRequest(NamedTuple):
    """What is asked for; see `provstore.Store.get`.

    Attributes:
        named: A dataset type, with a component behind a dot where one is wanted; or a dataset's id or alias.
        data_id: None: `named` may be a dataset itself.
        collections: Searched first to last; None: the default chain.
    """

    named: str
    data_id: Mapping[str, JSON] | None = None
    collections: Sequence[str] | None = None
    span: Span | None = None
    component: str | None = None
    parameters: Mapping[str, object] = {}


class Meant(NamedTuple):
    """What a request means.

    Attributes:
        called: The dataset as messages name it.
        component: None: the whole.
    """

    record: DatasetRecord
    called: str
    component: str | None


def get(project: Project, request: GetRequest) -> object:
    """The value of a dataset, or of a component, read by its format.

    Raises:
        UnknownIdError: There is no such dataset.
        UsageError: A data ID, a component or a parameter can't be, or several datasets are meant.
        DataChangedError, DataDeletedError, DataNotKeptError: Its bytes are not at hand.
        FileError: The format can't read it.
        PluginError: The format is not at hand.
    """
    meant = find(project, request)
    record = meant.record
    formatted = Formatted(project, record.format)
    for _ in range(READINGS):
        with at_hand(project, meant) as full:
            before = _signature(full)
            try:
                value = formatted.read(full, meant.called, record.path, meant.component, request.parameters)
            except FileError:
                if _signature(full) == before:
                    raise
            else:
                if _signature(full) == before:
                    return value
    raise _changing(meant)


# --- which dataset ------------------------------------------------------------------------------------------------


def find(project: Project, request: GetRequest) -> Meant:
    """The dataset that is meant.

    Raises:
        UnknownIdError: There is none.
        UsageError: A data ID can't be, or several datasets are meant.
    """
    if not has_store(project):
        raise UnknownIdError(f"{request.named}: {NO_STORE}", hint="put or register data first")
    store = readable(project)
    is_search = bool(request.data_id) or request.collections is not None or request.span is not None
    component = request.component
    is_id = ID.fullmatch(request.named.lower()) is not None
    found = None if is_id else _type_and_component(project, store, request.named)
    if found is None:
        if is_search:
            raise _no_type(project, store, request.named)
        record = _by_id(project, store, request.named)
    else:
        type, part = found
        if part is not None and component is not None:
            raise UsageError(f"{request.named}: found a second component, {component!r}")
        component = part or component
        record = dataset(project, _search(project, store, type, request)).dataset
    return _meant(record, component)


def _meant(record: DatasetRecord, component: str | None) -> Meant:
    return Meant(record, f"dataset {record.id} ({spelled_dataset(record.type, record.data_id)})", component)


def _by_id(project: Project, store: Store, text: str) -> DatasetRecord:
    try:
        return dataset(project, text).dataset
    except UnknownIdError:
        if TYPE_NAME.fullmatch(text) and not IS_ID.fullmatch(text.lower()):
            raise _unknown_type(project, store, text) from None
        raise


def _no_type(project: Project, store: Store, named: str) -> UsageError:
    """The error that a data ID, collections or a time came with what is no dataset type."""
    try:
        record = dataset(project, named).dataset
    except UsageError:
        return _unknown_type(project, store, named)
    return UsageError(
        f"{named}: this is dataset {record.id}, found a data ID, collections or a time with it",
        hint="these go with a dataset type; a dataset is named alone",
    )


def _unknown_type(project: Project, store: Store, name: str) -> UnknownIdError:
    known = [*project.pipeline({}).dataset_types, *store.ask(registered_types)]
    near = nearest(name, known)
    hint = f"did you mean '{near}'?" if near else "'provstore type ls' lists the dataset types that there are"
    return UnknownIdError(f"{name}: there is no such dataset type, and no dataset has this id or alias", hint=hint)


def find_in_words(
    project: Project, named: str, words: Sequence[str], collections: Sequence[str] | None, moment: str | None
) -> Meant:
    """The dataset that the command line means.

    Args:
        words: Its data ID, as ``visit=101``.
        moment: When it is to be valid; None: at any time.

    Raises:
        UnknownIdError, UsageError: As `find`; or a component is asked for, which is no file.
    """
    ask = None if project.store is None else project.store.ask
    dimensions = universe(project, None) if ask is None else ask(lambda conn: universe_in_words(project, conn))
    data_id = from_words(dimensions, None, words) if words else None
    span = None if moment is None else Span(moment, moment)
    meant = find(project, GetRequest(named, data_id, collections, span))
    if meant.component is not None:
        raise UsageError(f"{named}: a component has no bytes of its own", hint="in Python: store.get")
    return meant


def _universe(conn: Connection, project: Project) -> Dimensions:
    return universe(project, conn)


def _type_and_component(project: Project, store: Store, text: str) -> tuple[str, str | None] | None:
    """The dataset type that a text begins with, the longest that there is, and the component behind it."""
    type, component = text, ""
    while type:
        if store.ask(lambda conn, name: type_if_known(project, conn, name) is not None, type) or store.ask(
            collections.type_is_known, type
        ):
            return type, component or None
        type, _, last = type.rpartition(".")
        component = f"{last}.{component}" if component else last
    return None


def _search(project: Project, store: Store, type: str, request: GetRequest) -> str:
    """The id of what is found first of a type and data ID.

    Raises:
        UnknownIdError: There is none.
        DataDeletedError: There is none any more.
    """
    places = DEFAULT if request.collections is None else tuple(request.collections)
    data_id: Mapping[str, JSON] = dict(request.data_id or {})
    span = request.span
    if span is None:
        data_id, span = store.ask(apart, project, type, data_id, places)
    definition = store.ask(lambda conn: type_if_known(project, conn, type))
    if definition is not None:
        dimensions = store.ask(_universe, project)
        data_id = checked(dimensions, definition, data_id, store.ask, is_written=False)
    if request.collections is None and store.ask(collections.one, DEFAULT[0]) is None:
        found = None
    else:
        found = find_dataset(project, FindRequest(type, data_id, places, span))
    if found is None and span is None:
        sought = sought_data_id(store.ask, project, type, data_id)
        former = store.ask(_last_deleted, type, sought, places)
        if former is not None:
            _refuse_deleted(store, _meant(dataset(project, former).dataset, None))
    if found is None:
        when = " for this time" if span is not None else ""
        raise UnknownIdError(
            f"{spelled_dataset(type, data_id)}: there is no such dataset{when} in {', '.join(places)}",
            hint=f"'provstore dataset ls {type}' lists what there is",
        )
    return found


def _last_deleted(conn: Connection, type: str, data_id: str, places: Sequence[str]) -> str | None:
    runs = [leaf.name for leaf in collections.flattened(conn, places) if leaf.type == collections.RUN]
    return identities.last_deleted(conn, runs, type, data_id)


# --- its bytes ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def at_hand(project: Project, meant: Meant) -> Iterator[str]:
    """The recorded bytes, as a file or a directory (an absolute path) that is only to be read.

    Raises:
        DataChangedError, DataDeletedError, DataNotKeptError: They are not at hand.
    """
    record = meant.record
    store = project.store
    assert store is not None, "the dataset was found in it"
    _refuse_deleted(store, meant)
    if not has_data(record):
        where = record.url or record.contact
        raise DataNotKeptError(f"{meant.called}: it was recorded without data", hint=f"see {where}" if where else "")
    full = os.path.normpath(os.path.join(project.root, record.path))
    if _is_as_recorded(project, record, full):
        yield full
    else:
        with _kept(store, meant, full) as copy:
            yield copy


def _is_as_recorded(project: Project, record: DatasetRecord, full: str) -> bool:
    """What lies at a dataset's place has the recorded bytes."""
    try:
        content = Workspace(project.root, {}, {}).read(full)[0]
    except FileError:
        return False
    return (content.digest, content.kind) == (record.digest, record.kind)


def _signature(full: str) -> object:
    """Equal as long as nobody writes to it; None: nothing is there."""
    try:
        status = os.stat(full)
        changed = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        return [changed, *signatures(full)] if stat.S_ISDIR(status.st_mode) else [changed]
    except OSError:
        return None


@contextlib.contextmanager
def _kept(store: Store, meant: Meant, full: str) -> Iterator[str]:
    """The kept bytes of a dataset, in a temporary place.

    Raises:
        DataChangedError, DataNotKeptError: They are not kept.
    """
    import tempfile

    from provstore.operations.outputs import build

    record = meant.record
    if not store.objects.has_all(record.digest, record.kind):
        raise _lost(store, meant, full)
    with tempfile.TemporaryDirectory(prefix="provstore-") as folder:
        copy = os.path.join(folder, os.path.basename(record.path))
        if record.kind == "directory":
            is_whole = build(store.objects, copy, record.digest)
        else:
            is_whole = store.objects.write_to(record.digest, copy, executable=False)
        if not is_whole:
            raise _lost(store, meant, full)
        yield copy


def _refuse_deleted(store: Store, meant: Meant) -> None:
    record = meant.record
    gone = store.ask(registered.deletion, record.id)
    if gone is None:
        return
    hint = ""
    if store.objects.has_all(record.digest, record.kind):
        hint = f"until 'provstore gc' frees its bytes, 'provstore restore {record.path}@{record.id}' brings them back"
    raise DataDeletedError(f"{meant.called}: it was deleted {gone['deleted']} by {gone['user']}", hint=hint)


def _lost(store: Store, meant: Meant, full: str) -> FileError:
    """Why the recorded bytes are nowhere."""
    record = meant.record
    what = "directory" if record.kind == "directory" else "file"
    if not os.path.lexists(full):
        return DataNotKeptError(
            f"{meant.called}: its {what} {record.path} was deleted, and its bytes were never kept, or freed",
            hint="[store] objects says up to which size bytes are kept; 'provstore gc' frees them",
        )
    living = store.ask(registered.living_at, record.path) if record.location == "project" else None
    if living is not None and living.id != record.id:
        return DataNotKeptError(
            f"{meant.called}: dataset {living.id} lies at {record.path} now, and its bytes were never kept, or freed",
            hint="[store] objects says up to which size bytes are kept; 'provstore gc' frees them",
        )
    return DataChangedError(
        f"{meant.called}: {record.path} was changed, and the recorded bytes are not kept",
        hint=f"'provstore dataset show {record.id}' says what was recorded",
    )


# --- as a file ----------------------------------------------------------------------------------------------------


def write_file(project: Project, meant: Meant, target: str) -> None:
    """Writes the recorded bytes to a new file or directory.

    Args:
        target: Absolute.

    Raises:
        FileError: Something else lies there, or it can't be written.
    """
    import tempfile

    from provstore.operations.copies import copy
    from provstore.operations.outputs import disk_or_file_error

    with at_hand(project, meant) as full:
        if os.path.lexists(target):
            if _is_as_recorded(project, meant.record, target):
                return
            raise FileError(f"{target}: something else lies there", hint="name a file that does not exist")
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".provstore-", dir=os.path.dirname(target)) as folder:
                fresh = os.path.join(folder, os.path.basename(target))
                copy(full, fresh)
                if not _is_as_recorded(project, meant.record, fresh):
                    raise _changing(meant)
                os.rename(fresh, target)
        except OSError as error:
            raise disk_or_file_error(error, f"{target}: can't be written") from error


def write_stream(project: Project, meant: Meant, write: Callable[[memoryview], object]) -> None:
    """Hands the recorded bytes of a file over, piece by piece.

    Raises:
        UsageError: It is a directory.
        FileError: Somebody wrote to the file meanwhile, so that what was handed over is something else.
    """
    record = meant.record
    if record.kind == "directory":
        raise UsageError(f"{meant.called}: this is a directory", hint="name a place for it: -o FOLDER")

    with at_hand(project, meant) as full, open(full, "rb") as file:
        if digest_descriptor(file.fileno(), record.size, write) != record.digest:
            raise _changing(meant)


def _changing(meant: Meant) -> DataChangedError:
    return DataChangedError(
        f"{meant.called}: {meant.record.path} changes while it is read", hint="see who writes to it"
    )

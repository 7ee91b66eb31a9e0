"""Registers data that no stage of the project makes: with name, version and owner, copied to its place, digested.

Rules: all is checked before anything is copied, and once more inside the transaction; the data are at their place and
recorded, or neither.
"""

from __future__ import annotations

import os
import time

from provstore.digest import digest_json
from provstore.errors import FileError, UsageError
from provstore.model.files import Content
from provstore.model.values import utc_text
from provstore.noun import NamedTuple
from provstore.operations import recording
from provstore.operations.announced import REGISTERS, Announced
from provstore.operations.circumstances import user_name
from provstore.operations.recording import UNKNOWN_KIND
from provstore.operations.registry import names
from provstore.operations.registry.data.arrival import source_named
from provstore.operations.registry.data.meaning import Meanings
from provstore.operations.registry.data.placing import DIRECT, TRANSFERS, Placing, Source, behind_links, settled
from provstore.operations.registry.references import known_id
from provstore.operations.registry.transact import checked_collection
from provstore.operations.registry.types.by_hand import add_kept, kept_type
from provstore.operations.registry.writing import (
    maker_of_lying,
    placed_by_layout,
    task_execution,
    task_of,
    task_run_collection,
    writing,
)
from provstore.store import history, registered
from provstore.store.adding import adding
from provstore.store.ledger import SOURCES, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.events import Observer
    from provstore.model.values import JSON
    from provstore.operations.registry.types.definitions import TypeDefinition
    from provstore.project import Project
    from provstore.store.adding import Adding, Connection
    from provstore.store.registered import Living
    from provstore.store.store import Store

REGISTERED, CHAIN = "registered", "main"
"""The RUN collection of what names none, and the chain that it stands in."""


class RegisterRequest(NamedTuple):
    """What somebody registers; see `provstore.Store.register_dataset`.

    Attributes:
        current: Folder that `old_location` is relative to.
    """

    relpath: str
    version: str | None = None
    name: str | None = None
    description: str = ""
    execution_id: str | None = None
    old_location: str | None = None
    transfer: str = "copy"
    owner: str | None = None
    owner_type: str = "user"
    keywords: Sequence[str] = ()
    overwritable: bool = False
    location: str = "project"
    url: str | None = None
    contact: str | None = None
    dataset_type: str | None = None
    data_id: Mapping[str, JSON] | None = None
    collection: str | None = None
    metadata: Mapping[str, JSON] | None = None
    current: str = "."


class _Fixed(NamedTuple):
    """What of a dataset is known before its data are looked at."""

    path: str
    name: str
    version: str | None
    owner: str
    collection: str
    is_by_default: bool
    row: Mapping[str, str | int | None]
    keywords: tuple[str, ...]
    source: Source | None
    has_data: bool


def register(project: Project, request: RegisterRequest, observe: Observer) -> str:
    """Registers a dataset and returns its id. Waits while a run holds the project, but in a task of it.

    Raises:
        UsageError: What is said of it can't be, or another living dataset has its name and version or its place.
        UnknownIdError: The execution is not known.
        FileError: The data can't be read, or other data lie at the place.
        PipelinefileError, StoreError: The project can't be used.
    """
    project.forget_pipeline()
    fixed = _fixed(project, request)
    with writing(project, "provstore dataset register", "register datasets", observe) as store:
        definition, _ = store.ask(_check, fixed, request, project)
        if not fixed.has_data:
            with adding(store) as added:
                return _add(added, fixed, request, None, project)
        limit = project.pipeline({}).objects_limit
        with Placing(project, store, fixed.path) as placing:
            stays_outside = fixed.row["location"] != "project"
            if not stays_outside:
                placing.check_place()
            content, is_there, former = _data(project, store, placing, fixed)
            if definition is not None and definition.format != content.format:
                meanings = Meanings(project, definition.format, observe)
                content = meanings.of(placing.full if is_there else placing.fresh, fixed.path, content)
                meanings.say()
            if not stays_outside:
                placing.keep(content, limit)
            with Announced(project, store) as announced, adding(store) as added:
                keep_strange(added, fixed.path, former)
                id = _add(added, fixed, request, content, project)
                if not is_there:
                    place(announced, placing, content, former is not None, id)
            return id


def _data(project: Project, store: Store, placing: Placing, fixed: _Fixed) -> tuple[Content, bool, Content | None]:
    """The data, whether they lie in their place already, and what gives way to them."""
    if fixed.source is None:
        return placing.lying(), True, None
    if fixed.source.transfer == DIRECT:
        return placing.read_where_it_is(fixed.source), True, None
    content = placing.bring(fixed.source)
    if not placing.is_taken:
        return content, False, None
    if store.ask(former_of_task, project, fixed.path) is not None:
        former = placing.keep_lying()
        with adding(store):
            pass  # before it is taken away: a kill must not find these bytes in memory only
        return content, False, former
    lying = placing.lying()
    if (lying.digest, lying.kind) != (content.digest, content.kind):
        raise FileError(f"{fixed.path}: other data lie there{_whose(store, fixed.path)}", hint="choose another path")
    return lying, True, None


def place(announced: Announced, placing: Placing, content: Content, gives_way: bool, id: str) -> None:
    """Puts data into their place, in the place of what gives way there.

    Args:
        id: Of the dataset that is being registered.
    """
    step = placing.step(content.digest, "former" if gives_way else "")
    announced.note(REGISTERS, id, [step])
    if gives_way:
        placing.take_away(announced.aside(step))
    placing.put()


def keep_strange(added: Adding, path: str, lying: Content | None) -> None:
    """Records what somebody put in a dataset's place since, so that it can be restored."""
    if lying is None or added.ask(history.dataset_with, path, lying.digest, lying.executable) is not None:
        return
    now = utc_text(time.time())
    added.add_run_collection(SOURCES, now)
    added.add("dataset", recording.source_row(path, lying, recording.Place(SOURCES, user_name(), now)))


def _whose(store: Store, path: str) -> str:
    living = store.ask(registered.living_at, path)
    return f": {described(living)}" if living is not None else ""


def described(living: Living) -> str:
    """A dataset as messages name it."""
    version = f" {living.version}" if living.version else ""
    return f"dataset {living.id} ('{living.name}'{version} of {living.owner})"


# --- checking ---------------------------------------------------------------------------------------------------


def _fixed(project: Project, request: RegisterRequest) -> _Fixed:
    """Checks all that can be said without the store.

    Raises:
        UsageError: Something can't be.
    """
    owner = project.pipeline({}).owner or user_name() if request.owner is None else request.owner
    owner = names.checked_owner(owner)
    owner_type = names.one_of("owner type", request.owner_type, names.OWNER_TYPES)
    if request.overwritable not in (True, False):
        raise UsageError(f"overwritable: found {request.overwritable!r}, expected True or False")
    if owner_type == "production" and request.overwritable:
        raise UsageError(f"{request.relpath}: a production dataset can't be overwritable")
    location = names.one_of("location", request.location, names.LOCATIONS)
    path = placed_by_layout(project, request.relpath, owner, owner_type)
    name = names.checked_name("name", name_of(path) if request.name is None else request.name)
    of_task = task_run_collection(project) if request.collection is None else None
    named = REGISTERED if request.collection is None else request.collection
    collection = of_task or checked_collection(named)
    is_by_default = request.collection is None and of_task is None
    if collection == SOURCES:
        raise UsageError(f"collection '{SOURCES}': it holds what nobody made; name another one")
    row = {
        "type": UNKNOWN_KIND if request.dataset_type is None else names.checked_type(request.dataset_type),
        "data_id": names.checked_data_id(request.data_id),
        "owner_type": owner_type,
        "description": names.checked_text("description", request.description),
        "location": location,
        "url": None if request.url is None else names.checked_text("url", request.url),
        "contact": None if request.contact is None else names.checked_text("contact", request.contact),
        "overwritable": int(bool(request.overwritable)),
        "metadata": names.checked_object("metadata", request.metadata),
    }
    version = None if request.version is None else names.checked_version(request.version)
    words = names.checked_words(request.keywords)
    source = _source(project, request, path, location)
    has_data = location == "project"
    if source is not None and source.transfer == DIRECT:
        path, has_data, row["location"] = source.path, True, "external"
    return _Fixed(path, name, version, owner, collection, is_by_default, row, words, source, has_data)


def _source(project: Project, request: RegisterRequest, path: str, location: str) -> Source | None:
    """Where the data come from; None: they lie in their place, or none are recorded.

    Raises:
        UsageError: That can't be, at this location.
    """
    source = source_of(request.old_location, request.transfer, request.current)
    if request.transfer == DIRECT:
        if source is None or location == "meta":
            raise UsageError(f"{path}: transfer 'direct' records data where they are: say where: old_location")
        return source
    if location != "project" and source is not None:
        raise UsageError(f"{path}: found old_location, expected none: location '{location}' records no data")
    if location == "external" and not can_be_had(request.url, request.contact):
        raise UsageError(f"{path}: location 'external' needs a url or a contact")
    return None if source is None else settled(source, os.path.join(project.root, path))


def can_be_had(*ways: object) -> bool:
    """A url or a contact says where data are that are recorded without them."""
    return any(str(way or "").strip() for way in ways)


def source_of(old_location: str | None, transfer: str, current: str) -> Source | None:
    """Where data come from; None: they lie in their place.

    Raises:
        UsageError: There is no such way to take them.
    """
    names.one_of("transfer", transfer, TRANSFERS)
    if old_location is None:
        return None
    return source_named(old_location, transfer, current, "old_location")


def _check(
    conn: Connection, fixed: _Fixed, request: RegisterRequest, project: Project
) -> tuple[TypeDefinition | None, str | None]:
    """Asks the store whether this may be; returns its dataset type and data ID, see `kept_type`.

    Raises:
        UsageError: A living dataset has this name and version, or this place; or its type or data ID can't be.
        UnknownIdError: The execution is not known.
    """
    kept = kept_type(conn, project, request.dataset_type, request.data_id)
    maker_here(conn, project, request.execution_id)
    former = former_of_task(conn, project, fixed.path)
    if fixed.has_data:
        living = registered.living_at(conn, fixed.path)
        if living is None and fixed.row["location"] == "project":
            living = registered.living_at(conn, behind_links(project.root, fixed.path))
        if living is not None and (former is None or living.id != former[0]):
            where = "there" if living.path == fixed.path else f"at {living.path}"
            raise UsageError(f"{fixed.path}: {described(living)} lies {where}", hint="delete or replace that one first")
    if fixed.version is not None and fixed.version not in names.BUMPS:
        owner_type = str(fixed.row["owner_type"])
        living = registered.living_called(conn, fixed.name, fixed.version, fixed.owner, owner_type)
        if living is not None and (former is None or living.id != former[0]):
            raise UsageError(
                f"'{fixed.name}' {fixed.version} of {owner_type} {fixed.owner}: {described(living)} has this version",
                hint="name another version, or 'patch' for the next one",
            )
    return kept


def former_of_task(conn: Connection, project: Project, path: str) -> tuple[str, int] | None:
    """Id and iteration of what the task that this process belongs to has registered at a path when it ran before.

    It gives way, as outputs do when their task runs again.
    """
    task = task_of(project)
    return None if task is None else registered.former_of_task(conn, path, task.stage, task.data_id)


def maker(conn: Connection, text: str) -> str:
    """The execution that is said to have made data.

    Raises:
        UnknownIdError: It is not known; that of a task is recorded when the task has ended.
        UsageError: It did not succeed, and so made nothing.
    """
    id = known_id(conn, "execution", text)
    outcome = registered.outcome(conn, id)
    if outcome != "succeeded":
        raise UsageError(f"execution {id}: it ended as '{outcome}', so that it made nothing")
    return id


def maker_here(conn: Connection, project: Project, text: str | None) -> str | None:
    """What makes the data that this process registers: the execution that is named, else the task's, if it is one."""
    here = task_execution(project, conn)
    if text is None or (here is not None and text.lower() == here):
        return here
    return maker(conn, text)


# --- recording --------------------------------------------------------------------------------------------------


def _add(added: Adding, fixed: _Fixed, request: RegisterRequest, content: Content | None, project: Project) -> str:
    """Adds the dataset, its keywords and its collection, if that may still be."""
    definition, data_id = added.ask(_check, fixed, request, project)
    now = utc_text(time.time())
    version = fixed.version
    if version in names.BUMPS:
        used = added.ask(registered.used_versions, fixed.name, fixed.owner, str(fixed.row["owner_type"]))
        version = names.next_version(version, used)
    former = added.ask(former_of_task, project, fixed.path)
    execution = added.ask(maker_here, project, request.execution_id)
    if request.execution_id is None and content is not None and fixed.source is None:
        execution = added.ask(maker_of_lying, project, fixed.path, content.digest, execution)
    place = recording.Place(fixed.collection, fixed.owner, now)
    found = content or without_data(fixed.row["url"], fixed.row["contact"])
    row = {
        **recording.source_row(fixed.path, found, place),
        **fixed.row,
        "name": fixed.name,
        "version": version,
        "execution": execution,
    }
    if former is not None:
        row.update(replaces=former[0], iteration=former[1] + 1)
    if definition is not None:
        row.update(data_id=data_id, format=definition.format)
    add_kept(added, project, request.dataset_type, request.data_id, now)
    added.add_run_collection(fixed.collection, now, CHAIN if fixed.is_by_default else None)
    add_dataset(added, row, fixed.keywords)
    return str(row["id"])


def without_data(url: str | int | None, contact: str | int | None) -> Content:
    """What stands for the content of a dataset of which only the place is known."""
    return Content("file", 0, digest_json({"contact": contact, "url": url}), False, None)


def add_dataset(added: Adding, row: Mapping[str, str | int | float | None], keywords: Sequence[str]) -> None:
    """Adds a dataset with its keywords; who reads its path from now on reads this dataset."""
    added.add("dataset", row)
    for word in keywords:
        added.add("keyword", {"dataset": row["id"], "word": word})
    added.forget(str(row["path"]))

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
from provstore.operations.circumstances import user_name
from provstore.operations.recording import UNKNOWN_KIND
from provstore.operations.registry import names
from provstore.operations.registry.placing import TRANSFERS, Placing, Source
from provstore.operations.registry.references import known_id
from provstore.operations.registry.writing import placed_by_layout, writing
from provstore.store import registered
from provstore.store.adding import adding
from provstore.store.ledger import SOURCES, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.events import Observer
    from provstore.model.values import JSON
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
        store.ask(_check, fixed, request)
        if not fixed.has_data:
            with adding(store) as added:
                return _add(added, fixed, request, None)
        limit = project.pipeline({}).objects_limit
        with Placing(project, store, fixed.path) as placing:
            placing.check_place()
            content, is_there = _data(store, placing, fixed)
            placing.keep(content, limit)
            with adding(store) as added:
                id = _add(added, fixed, request, content)
                if not is_there:
                    if placing.is_taken:
                        raise FileError(f"{fixed.path}: something was put there meanwhile")
                    placing.put()
            return id


def _data(store: Store, placing: Placing, fixed: _Fixed) -> tuple[Content, bool]:
    """The data, and whether they lie in their place already."""
    if fixed.source is None:
        return placing.lying(), True
    content = placing.bring(fixed.source)
    if not placing.is_taken:
        return content, False
    lying = placing.lying()
    if (lying.digest, lying.kind) != (content.digest, content.kind):
        raise FileError(f"{fixed.path}: other data lie there{_whose(store, fixed.path)}", hint="choose another path")
    return lying, True


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
    owner = names.checked_owner(request.owner or project.pipeline({}).owner or user_name())
    owner_type = names.one_of("owner type", request.owner_type, names.OWNER_TYPES)
    if owner_type == "production" and request.overwritable:
        raise UsageError(f"{request.relpath}: a production dataset can't be overwritable")
    location = names.one_of("location", request.location, names.LOCATIONS)
    path = placed_by_layout(project, request.relpath, owner, owner_type)
    name = names.checked_name("name", name_of(path) if request.name is None else request.name)
    collection = names.checked_name("collection", request.collection or REGISTERED)
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
    source = source_of(request.old_location, request.transfer, request.current)
    has_data = location == "project"
    if not has_data and source is not None:
        raise UsageError(f"{path}: found old_location, expected none: location '{location}' records no data")
    if location == "external" and not (request.url or request.contact):
        raise UsageError(f"{path}: location 'external' needs a url or a contact")
    return _Fixed(path, name, version, owner, collection, row, words, source, has_data)


def source_of(old_location: str | None, transfer: str, current: str) -> Source | None:
    """Where data come from; None: they lie in their place.

    Raises:
        UsageError: There is no such way to take them.
    """
    names.one_of("transfer", transfer, TRANSFERS)
    if old_location is None:
        return None
    text = os.fspath(old_location)
    if not text or "\0" in text:
        raise UsageError(f"old_location: found {text!r}, expected the path of a file or a directory")
    full = os.path.normpath(os.path.join(current, text))
    return Source(full, transfer, text)


def _check(conn: Connection, fixed: _Fixed, request: RegisterRequest) -> None:
    """Asks the store whether this may be.

    Raises:
        UsageError: A living dataset has this name and version, or this place.
        UnknownIdError: The execution is not known.
    """
    if request.execution_id is not None:
        maker(conn, request.execution_id)
    if fixed.has_data:
        living = registered.living_at(conn, fixed.path)
        if living is not None:
            where = "there" if living.path == fixed.path else f"at {living.path}"
            raise UsageError(f"{fixed.path}: {described(living)} lies {where}", hint="delete or replace that one first")
    if fixed.version is not None and fixed.version not in names.BUMPS:
        owner_type = str(fixed.row["owner_type"])
        living = registered.living_called(conn, fixed.name, fixed.version, fixed.owner, owner_type)
        if living is not None:
            raise UsageError(
                f"'{fixed.name}' {fixed.version} of {owner_type} {fixed.owner}: {described(living)} has this version",
                hint="name another version, or 'patch' for the next one",
            )


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


# --- recording --------------------------------------------------------------------------------------------------


def _add(added: Adding, fixed: _Fixed, request: RegisterRequest, content: Content | None) -> str:
    """Adds the dataset, its keywords and its collection, if that may still be."""
    added.ask(_check, fixed, request)
    now = utc_text(time.time())
    version = fixed.version
    if version in names.BUMPS:
        used = added.ask(registered.used_versions, fixed.name, fixed.owner, str(fixed.row["owner_type"]))
        version = names.next_version(version, used)
    execution = None
    if request.execution_id is not None:
        execution = added.ask(maker, request.execution_id)
    elif content is not None and fixed.source is None:
        execution = added.ask(registered.maker_of, fixed.path, content.digest)
    place = recording.Place(fixed.collection, fixed.owner, now)
    found = content or without_data(fixed.row["url"], fixed.row["contact"])
    row = {
        **recording.source_row(fixed.path, found, place),
        **fixed.row,
        "name": fixed.name,
        "version": version,
        "execution": execution,
    }
    added.add_run_collection(fixed.collection, now, CHAIN if request.collection is None else None)
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

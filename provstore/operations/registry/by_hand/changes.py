"""What becomes of datasets that were registered: replaced, deleted, described anew, named by an alias.

Rules: no fact is changed; each of these is a fact of its own. What was registered keeps its record for ever.
"""

from __future__ import annotations

import os
import time

from provstore.digest import canonical_json
from provstore.errors import FileError, UsageError
from provstore.model.values import new_id, utc_text
from provstore.noun import NamedTuple
from provstore.operations import recording
from provstore.operations.announced import DELETES, Announced
from provstore.operations.circumstances import user_name
from provstore.operations.registry import names
from provstore.operations.registry.by_hand.register import (
    add_dataset,
    can_be_had,
    keep_strange,
    maker_here,
    place,
    source_of,
    without_data,
)
from provstore.operations.registry.data.placing import AUTO, DIRECT, Placing, Source, settled
from provstore.operations.registry.datasets import is_outside
from provstore.operations.registry.references import dataset_id, known_id
from provstore.operations.registry.transact import readable
from provstore.operations.registry.writing import writing
from provstore.store import identities, registered
from provstore.store.adding import adding
from provstore.store.ledger import SOURCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from provstore.events import Observer
    from provstore.model.files import Content
    from provstore.model.values import JSON
    from provstore.project import Project
    from provstore.store.adding import Adding, Connection
    from provstore.store.store import Store

COMMAND = "provstore dataset"


class ReplaceRequest(NamedTuple):
    """What takes a dataset's place; see `provstore.Store.replace_dataset`. None: as its predecessor has it."""

    dataset: str
    old_location: str | None = None
    transfer: str = "copy"
    description: str | None = None
    execution_id: str | None = None
    keywords: Sequence[str] | None = None
    url: str | None = None
    contact: str | None = None
    metadata: Mapping[str, JSON] | None = None
    current: str = "."


class DeleteReport(NamedTuple):
    """What became of a dataset that was deleted, or would.

    Attributes:
        dry_run: Nothing was done.
        removed: Its data were there, and are gone.
        left: Why what lies at its path was left; "": nothing is left, or that was wanted.
    """

    dataset: str
    path: str
    removed: bool
    left: str
    dry_run: bool = False


# --- replacing --------------------------------------------------------------------------------------------------


def replace(project: Project, request: ReplaceRequest, observe: Observer) -> str:
    """Puts new data in the place of a dataset, and returns the id of the new one. The old bytes are kept.

    Raises:
        UnknownIdError: The dataset or the execution is not known.
        UsageError: It may not be overwritten, or does not live any more.
        FileError: The data can't be read.
    """
    source = source_of(request.old_location, request.transfer, request.current)
    with writing(project, f"{COMMAND} replace", "replace its datasets", observe) as store:
        old = store.ask(_replaceable, request, project)
        if is_outside(str(old["path"])):
            return _replace_outside(project, store, request, old, source)
        if source is not None and source.transfer == DIRECT:
            raise UsageError(f"{old['path']}: found transfer 'direct', expected another: its place is in the project")
        if old["location"] != "project":
            if source is not None:
                raise UsageError(f"{old['path']}: found old_location, expected none: it was recorded without data")
            with adding(store) as added:
                return _add_successor(added, project, request, None)
        source = None if source is None else settled(source, os.path.join(project.root, str(old["path"])))
        limit = project.pipeline({}).objects_limit
        with Placing(project, store, str(old["path"])) as placing:
            placing.check_place()
            return _replace_data(project, store, placing, request, (source, limit))


def _replace_data(
    project: Project, store: Store, placing: Placing, request: ReplaceRequest, how: tuple[Source | None, int | None]
) -> str:
    source, limit = how
    lying: Content | None = None
    if source is None:
        content = placing.lying()
    else:
        content = placing.bring(source)
        if placing.is_taken and not placing.is_dangling:
            lying = placing.keep_lying()
            with adding(store):
                pass  # before it is taken away: a kill must not find these bytes in memory only
    placing.keep(content, limit)
    with Announced(project, store) as announced, adding(store) as added:
        keep_strange(added, placing.path, lying)
        id = _add_successor(added, project, request, content)
        if source is not None:
            place(announced, placing, content, lying is not None or placing.is_dangling, id)
    return id


def _replace_outside(
    project: Project, store: Store, request: ReplaceRequest, old: Mapping[str, Any], source: Source | None
) -> str:
    """Replaces data that were recorded where they are; the new ones are where they are, too."""
    if source is not None and source.transfer not in (DIRECT, AUTO):
        raise UsageError(f"{old['path']}: found transfer '{source.transfer}', expected 'direct': its data stay outside")
    source = source or Source(str(old["path"]), DIRECT, str(old["path"]))
    with Placing(project, store, source.path) as placing, adding(store) as added:
        return _add_successor(added, project, request, placing.read_where_it_is(source), source.path)


def _replaceable(conn: Connection, request: ReplaceRequest, project: Project) -> dict[str, Any]:
    """The row of the dataset that is replaced, as it is now."""
    id = known_id(conn, "dataset", request.dataset)
    now = registered.datasets(conn, [id])[0]
    if now["status"] != "valid":
        last = registered.living_successor(conn, id)
        hint = f"dataset {last} has taken its place" if last is not None else ""
        raise UsageError(f"dataset {id}: it was {now['status']}, expected one that lives", hint=hint)
    if not now["overwritable"]:
        raise UsageError(f"dataset {id}: '{now['name']}' is not overwritable", hint="register a new version")
    maker_here(conn, project, request.execution_id)
    row = registered.row_as_it_is(conn, id)
    living = registered.living_at(conn, row["path"]) if row["location"] == "project" else None
    if living is not None and living.id != id:
        raise UsageError(f"dataset {id}: dataset {living.id} has taken its place at {row['path']}", hint="replace that")
    return row


def _add_successor(
    added: Adding, project: Project, request: ReplaceRequest, content: Content | None, path: str | None = None
) -> str:
    """Adds the dataset that takes the place of another.

    Args:
        path: Where its data are; None: where those of its predecessor are.
    """
    old = added.ask(_replaceable, request, project)
    now = utc_text(time.time())
    said: dict[str, str | None] = {"url": request.url, "contact": request.contact, "description": request.description}
    if request.metadata is not None:
        said["metadata"] = names.checked_object("metadata", request.metadata)
    row = {**old, **{field: names.checked_text(field, value) for field, value in said.items() if value is not None}}
    if content is None and row["location"] == "external" and not can_be_had(row["url"], row["contact"]):
        raise UsageError(f"dataset {old['id']}: location 'external' needs a url or a contact")
    found = content or without_data(row["url"], row["contact"])
    fresh = recording.source_row(str(old["path"]), found, recording.Place(str(old["run"]), str(old["owner"]), now))
    parts = ("id", "kind", "executable", "size", "digest", "semantic_digest", "format", "created")
    row.update({part: fresh[part] for part in parts}, path=path or old["path"])
    execution = added.ask(maker_here, project, request.execution_id)
    row.update(iteration=old["iteration"] + 1, replaces=old["id"], execution=execution)
    if request.keywords is None:
        words = tuple(added.ask(registered.keywords, str(old["id"])))
    else:
        words = names.checked_words(request.keywords)
    add_dataset(added, row, words)
    return str(row["id"])


# --- deleting ---------------------------------------------------------------------------------------------------


def would_delete(project: Project, text: str, *, keep_bytes: bool = False) -> DeleteReport:
    """What `delete` would do. Writes nothing, and waits for no run.

    Raises:
        ProvstoreError: As `delete`.
    """
    id, store = dataset_id(project.store, text), readable(project)
    row = store.ask(_deletable, id)
    placing = Placing(project, store, str(row["path"]))  # not entered: nothing is placed
    removed, left = _what_lies(placing, row, store) if not keep_bytes else (False, "")
    return DeleteReport(id, str(row["path"]), removed, left, dry_run=True)


def delete(project: Project, text: str, observe: Observer, *, keep_bytes: bool = False) -> DeleteReport:
    """Deletes a registered dataset: its record stays, its data go, unless they are to be kept.

    Raises:
        UnknownIdError: It is not known.
        UsageError: It was deleted before, or a task made it.
        FileError: Its data can't be removed.
    """
    with writing(project, f"{COMMAND} delete", "delete its datasets", observe) as store:
        row = store.ask(_deletable, text)
        with Placing(project, store, str(row["path"])) as placing:
            removed, left = _what_lies(placing, row, store) if not keep_bytes else (False, "")
            with Announced(project, store) as announced, adding(store) as added:
                added.ask(_deletable, text)
                deletion = {"dataset": row["id"], "deleted": utc_text(time.time()), "user": user_name()}
                added.add("dataset_deletion", {**deletion, "kept_bytes": int(keep_bytes)})
                added.forget(str(row["path"]))
                if removed:
                    step = placing.step("", "deleted")
                    announced.note(DELETES, str(row["id"]), [step])
                    placing.take_away(announced.aside(step))
    return DeleteReport(str(row["id"]), str(row["path"]), removed, left)


def _deletable(conn: Connection, text: str) -> dict[str, Any]:
    id = known_id(conn, "dataset", text)
    row = registered.whole_row(conn, id)
    deletion = registered.deletion(conn, id)
    if deletion is not None:
        raise UsageError(f"dataset {id}: it was deleted {deletion['deleted']} by {deletion['user']}")
    if row["role"] or row["run"] == SOURCES:
        raise UsageError(
            f"dataset {id}: {row['path']} was not registered: a task made or read it", hint="see 'provstore clean'"
        )
    return row


def _what_lies(placing: Placing, row: Mapping[str, Any], store: Store) -> tuple[bool, str]:
    """Whether the dataset's data lie at its path, and are to go; else why not."""
    status = store.ask(registered.datasets, [str(row["id"])])[0]["status"]
    if row["location"] != "project" or status == "replaced" or not placing.is_taken:
        return False, ""
    placing.check_place()
    if placing.is_dangling:
        return True, ""
    try:
        digest = placing.read_lying().digest
    except FileError as error:
        return False, error.message
    others = store.ask(identities.sharing, str(row["id"]))
    if others:
        return False, f"{row['path']}: it holds the data of dataset {others[0]} as well, which are left there"
    if digest != row["digest"]:
        living = store.ask(registered.living_at, str(row["path"]))
        if living is not None and living.id != row["id"]:
            return False, ""
        return False, f"{row['path']}: it holds other data than were registered, which are left there"
    return True, ""


# --- describing -------------------------------------------------------------------------------------------------


def modify(project: Project, text: str, values: Mapping[str, JSON], observe: Observer) -> tuple[str, ...]:
    """Changes what is not identity; the former values stay in the history.

    Args:
        values: Field → value, of "description", "url" (None: it has none) and "metadata".

    Returns:
        Fields that have another value now.

    Raises:
        UnknownIdError: The dataset is not known.
        UsageError: Nothing is named, or a field or value that can't be.
    """
    if not values:
        raise UsageError(f"{text}: found nothing to change, expected {', '.join(registered.CHANGEABLE)}")
    said = {field: _checked(field, value) for field, value in values.items()}
    with (
        writing(project, f"{COMMAND} modify", "describe its datasets", observe) as store,
        adding(store) as added,
    ):
        id = added.ask(known_id, "dataset", text)
        now = added.ask(registered.datasets, [id])[0]
        is_elsewhere = now["location"] == "external" and not is_outside(now["path"])
        if "url" in values and is_elsewhere and not can_be_had(values["url"], now["contact"]):
            raise UsageError(f"dataset {id}: location 'external' needs a url or a contact")
        changed = tuple(field for field, value in said.items() if canonical_json(now[field]) != value)
        for field in changed:
            moment = utc_text(time.time())
            change = {"id": new_id(), "dataset": id, "field": field, "value": said[field], "changed": moment}
            added.add("dataset_change", {**change, "user": user_name()})
    return changed


def _checked(field: str, value: JSON) -> str:
    """A value as canonical JSON."""
    names.one_of("field", field, registered.CHANGEABLE)
    if field == "metadata":
        if not isinstance(value, dict):
            raise UsageError(f"metadata: found {value!r}, expected a JSON object")
        return names.checked_object(field, value)
    if not (isinstance(value, str) or (field == "url" and value is None)):
        raise UsageError(f"{field}: found {value!r}, expected text")
    return canonical_json(value)


def alias(project: Project, name: str, target: str, observe: Observer, *, supersede: bool = False) -> None:
    """Gives a name to a dataset, or to what another alias stands for.

    Raises:
        UnknownIdError: There is no such dataset or alias.
        UsageError: The name is taken, or would stand for itself.
    """
    names.checked_alias(name)
    with (
        writing(project, f"{COMMAND} alias", "name its datasets", observe) as store,
        adding(store) as added,
    ):
        taken = added.ask(registered.alias_target, name)
        if taken is not None and not supersede:
            raise UsageError(f"alias '{name}': it stands for {taken}", hint="supersede it: --supersede")
        way = [target]
        while (behind := added.ask(registered.alias_target, way[-1])) is not None and behind not in way:
            way.append(behind)
        if name in way:
            raise UsageError(
                f"alias '{name}': it would stand for itself: {' → '.join([name, *way[: way.index(name) + 1]])}"
            )
        end = added.ask(known_id, "dataset", target)
        meant = target if len(way) > 1 else end
        added.add("alias", {"id": new_id(), "name": name, "target": meant, "created": utc_text(time.time())})

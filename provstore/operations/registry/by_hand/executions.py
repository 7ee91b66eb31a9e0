"""Executions that were not done by a run: registered by hand, with what they read."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from provstore.digest import digest_bytes
from provstore.errors import DataNotKeptError, UsageError, error_from_os
from provstore.model.values import new_id, utc_text
from provstore.noun import NamedTuple
from provstore.operations.registry import names
from provstore.operations.registry.references import known_id, known_ids
from provstore.operations.registry.writing import writing
from provstore.store import registered
from provstore.store.adding import adding
from provstore.store.facts import ExecutionFact
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.events import Observer
    from provstore.model.values import JSON
    from provstore.project import Project
    from provstore.store.facts import Row
    from provstore.store.store import Store

INPUTS = "inputs"
"""Role of what an execution by hand has read."""


class ExecutionRequest(NamedTuple):
    """What somebody did; see `provstore.Store.register_execution`.

    Attributes:
        configuration: Path of a file, relative to `current`.
    """

    name: str
    description: str = ""
    started: str | datetime | None = None
    ended: str | datetime | None = None
    site: str | None = None
    configuration: str | None = None
    input_datasets: Sequence[str] = ()
    current: str = "."


class ExecutionRecord(NamedTuple):
    """An execution; fields as in `provstore.api.Execution`."""

    id: str
    run: str | None
    stage: str | None
    data_id: Mapping[str, JSON]
    name: str
    description: str
    site: str | None
    configuration: str | None
    started: str
    ended: str | None
    outcome: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class ExecutionsReport(NamedTuple):
    """Executions, newest first."""

    executions: Sequence[ExecutionRecord]


def register_execution(project: Project, request: ExecutionRequest, observe: Observer) -> str:
    """Registers an execution that succeeded, and returns its id.

    Raises:
        UnknownIdError: One of the datasets that it read is not known.
        UsageError: A name or a time can't be.
        FileError: The configuration can't be read.
    """
    names.checked_name("name", request.name)
    names.checked_text("description", request.description)
    if request.site is not None:
        names.checked_text("site", request.site)
    now = time.time()
    started, ended = moment("started", request.started) or utc_text(now), moment("ended", request.ended)
    if ended is not None and ended < started:
        hint = "" if request.started is not None else "without 'started' it began now: say when"
        raise UsageError(f"ended: found {ended}, expected a time not before {started}, its start", hint=hint)
    names.checked_list("input_datasets", request.input_datasets, "ids")
    configuration = _configuration(request)
    with writing(project, "provstore execution register", "register executions", observe) as store:
        digest = None
        if configuration is not None:
            digest = digest_bytes(configuration)
            store.ask(known_ids, request.input_datasets)  # what is refused leaves nothing
            store.objects.keep_bytes(digest, configuration)
        row = _row(request, started, ended, digest)
        with adding(store) as added:
            inputs = added.ask(known_ids, request.input_datasets)
            usage = [(INPUTS, number, dataset) for number, dataset in enumerate(inputs)]
            added.add("execution", ExecutionFact(row, usage, ()))
    return str(row["id"])


def _configuration(request: ExecutionRequest) -> bytes | None:
    if request.configuration is None:
        return None
    if not isinstance(request.configuration, str) or not request.configuration:
        raise UsageError(f"configuration: found {request.configuration!r}, expected the path of a file")
    path = os.path.join(request.current, request.configuration)
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise error_from_os(error, path) from error
    except ValueError as error:
        raise UsageError(f"configuration: found {request.configuration!r}, expected the path of a file") from error


def moment(what: str, value: str | datetime | None) -> str | None:
    """A time as the store spells it. One without a zone is UTC.

    Raises:
        UsageError: It is none.
    """
    if value is None:
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        whole = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        raise UsageError(f"{what}: found {value!r}, expected a time such as 2026-11-21T10:00:00Z") from None
    return whole.strftime(f"{whole.year:04d}-%m-%dT%H:%M:%S.%fZ")


def _row(request: ExecutionRequest, started: str, ended: str | None, configuration: str | None) -> Row:
    nothing = dict.fromkeys(("run", "stage", "key", "exit_status", "signal", "cpu_seconds", "peak_memory", "log"))
    empty = dict.fromkeys(("command", "shell", "cwd", "message"), "")
    objects = dict.fromkeys(("data_id", "params", "environment"), "{}")
    return {
        **nothing,
        **empty,
        **objects,
        "id": new_id(),
        "outputs": "[]",
        "started": started,
        "ended": ended,
        "outcome": "succeeded",
        "log_size": 0,
        "attempt": 1,
        "name": request.name,
        "description": request.description,
        "site": request.site,
        "configuration": configuration,
    }


def execution(project: Project, text: str) -> ExecutionRecord:
    """One execution, by its id or the beginning of one.

    Raises:
        UnknownIdError: There is none, or several ids begin so.
        StoreDamagedError: It is not what was recorded.
    """
    from provstore.errors import UnknownIdError
    from provstore.operations.identify import NO_STORE

    store = project.store
    if store is None:
        raise UnknownIdError(f"{text}: {NO_STORE}")
    return _records(store, [store.ask(known_id, "execution", text)])[0]


def configuration(project: Project, text: str) -> tuple[str, bytes]:
    """The id of an execution, and the text of the configuration that it was registered with.

    Raises:
        UnknownIdError: There is no such execution, or several ids begin so.
        UsageError: It has none.
        DataNotKeptError: Its text is lost.
        StoreDamagedError: The record is not what was recorded.
    """
    found = execution(project, text)
    store = project.store
    if store is None or found.configuration is None:
        raise UsageError(f"execution {found.id}: it was recorded without a configuration")
    try:
        return found.id, store.objects.read(found.configuration)
    except KeyError:
        message = f"execution {found.id}: the text of its configuration is not kept any more"
        raise DataNotKeptError(message, hint="'provstore fsck' says what else is missing") from None


def executions(project: Project, limit: int, *, every: bool) -> ExecutionsReport:
    """The last executions that were registered by hand, or of all; `limit` -1: without end."""
    store = project.store
    if store is None:
        return ExecutionsReport(())
    return ExecutionsReport(_records(store, store.ask(registered.last_executions, limit, every=every)))


def _records(store: Store, ids: Sequence[str]) -> list[ExecutionRecord]:
    prove_all(store, "execution", ids)
    rows = store.ask(registered.executions, ids)
    values = [{**row, "inputs": tuple(row["inputs"]), "outputs": tuple(row["outputs"])} for row in rows]
    return [ExecutionRecord(*[value[field] for field in ExecutionRecord._fields]) for value in values]

"""Puts values, and single files, into the store as datasets: written by the format of their type, to its path."""

from __future__ import annotations

from functools import partial

from provstore.digest import canonical_json
from provstore.noun import NamedTuple
from provstore.operations.registry.data.arrival import Arrival, arrival_of, source_named
from provstore.operations.registry.data.destination import destination
from provstore.operations.registry.data.formatted import Formatted
from provstore.operations.registry.data.intake import Intake
from provstore.operations.registry.data.placing import TRANSFERS
from provstore.operations.registry.data.target import Target
from provstore.operations.registry.dimensions.universe import universe, universe_in_words
from provstore.operations.registry.names import one_of, spelled_dataset
from provstore.operations.registry.types.data_ids import Checking, from_words
from provstore.operations.registry.types.definitions import type_named
from provstore.operations.registry.writing import writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from provstore.events import Observer
    from provstore.model.values import JSON
    from provstore.operations.registry.datasets import DatasetRecord
    from provstore.operations.registry.types.definitions import TypeDefinition
    from provstore.project import Project

WHAT = "put datasets"


class PutRequest(NamedTuple):
    """Values to be put; see `provstore.Store.put_many`.

    Attributes:
        values: (value, data ID).
        run: A RUN collection, made if missing; None: see `destination`.
    """

    type: str
    values: Sequence[tuple[object, Mapping[str, JSON]]]
    run: str | None = None


class PutFileRequest(NamedTuple):
    """A file to be put.

    Attributes:
        file: Relative to `current`.
        words: Its data ID, as ``visit=101``.
        transfer: One of `TRANSFERS`.
    """

    type: str
    file: str
    words: Sequence[str]
    transfer: str = "copy"
    run: str | None = None
    current: str = "."


def put(project: Project, request: PutRequest, observe: Observer) -> list[DatasetRecord]:
    """Puts values, all of them or none, and returns their datasets in the same order.

    Raises:
        UsageError: The type, a data ID or the RUN collection can't be, a value is of another type than the format
            takes or can't be written, or a dataset is known already.
        FileError: Something else lies where one is to go.
        PluginError: The format is not at hand.
    """
    project.forget_pipeline()
    definition = definition_of(project, request.type)
    formatted = Formatted(project, definition.format)
    for value, data_id in request.values:
        formatted.check(value, spelled_dataset(definition.name, data_id if isinstance(data_id, dict) else {}))
    if not request.values:
        return []
    with writing(project, "provstore dataset put", WHAT, observe) as store:
        check = Checking(store.ask(lambda conn: universe(project, conn)), definition, store.ask)
        target = Target(project, definition)
        arrivals = []
        for value, data_id in request.values:
            values, said = check.parted(data_id)
            given: dict[str, Any] = {**data_id, **values}
            path, named = target.of(given), spelled_dataset(definition.name, values)
            write = partial(_write, formatted, value, named, path)
            arrivals.append(Arrival(values, canonical_json(values), path, named, write=write, said=said))
        intake = Intake(project, store, definition, destination(project, store, request.run), observe)
        return intake.take(arrivals)


def definition_of(project: Project, type: str) -> TypeDefinition:
    """A dataset type, also where there is no store yet.

    Raises:
        UsageError: There is none of this name.
    """
    if project.store is None:
        return type_named(project, None, type)
    return project.store.ask(lambda conn: type_named(project, conn, type))


def _write(formatted: Formatted, value: object, named: str, path: str, full: str) -> None:
    formatted.write(value, full, named, path)


def put_file(project: Project, request: PutFileRequest, observe: Observer) -> DatasetRecord:
    """Puts one file, or directory, as it is.

    Raises:
        UsageError, FileError: As `put`.
    """
    project.forget_pipeline()
    one_of("transfer", request.transfer, TRANSFERS)
    with writing(project, "provstore dataset put", WHAT, observe) as store:
        definition = store.ask(lambda conn: type_named(project, conn, request.type))
        dimensions = store.ask(lambda conn: universe(project, conn))
        given = from_words(store.ask(lambda conn: universe_in_words(project, conn)), definition, request.words)
        values, said = Checking(dimensions, definition, store.ask).parted(given)
        source = source_named(request.file, request.transfer, request.current)
        target = partial(Target(project, definition).of, {**given, **values})
        arrival = arrival_of(project, source, values, canonical_json(values), target)
        intake = Intake(project, store, definition, destination(project, store, request.run), observe)
        return intake.take([arrival._replace(said=said)])[0]

"""The time for which a calibration is looked for, where the data ID says it: the flat of a visit is that of its time.

Rule: beside the dimensions of its type, a data ID that is looked for in CALIBRATION collections may have others with
time spans. They say when, and what is recorded of them says which time that is.
"""

from __future__ import annotations

from provstore.errors import PipelinefileError, UsageError
from provstore.model.ranges import ANY_TIME, common
from provstore.model.values import spelled
from provstore.operations.registry.collections.calibrations import Span
from provstore.operations.registry.dimensions.universe import universe
from provstore.operations.registry.dimensions.values import values_of
from provstore.operations.registry.types.definitions import type_if_known
from provstore.store import candidates, collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.dimensions import Dimensions
    from provstore.model.ranges import Range
    from provstore.model.values import JSON
    from provstore.project import Project
    from provstore.store.adding import Connection


def apart(
    conn: Connection, project: Project, type: str, data_id: Mapping[str, JSON], names: Sequence[str]
) -> tuple[Mapping[str, JSON], Span | None]:
    """What of a data ID is about the dataset, and the time that the rest of it says; None: there is no such rest.

    Args:
        names: Of the collections that are searched.

    Raises:
        UsageError: Nothing, or not one thing, is recorded of what says when.
    """
    if not any(leaf.type == collections.CALIBRATION for leaf in collections.flattened(conn, names)):
        return data_id, None
    try:
        definition, dimensions = type_if_known(project, conn, type), universe(project, conn)
    except PipelinefileError:  # hinders nobody from looking
        return data_id, None
    if definition is None:
        return data_id, None
    own = {*dimensions.required(definition.dimensions), *dimensions.implied(definition.dimensions)}
    others = [name for name in data_id if name not in own]
    timed = dimensions.timed(others)
    if not {*dimensions.required(timed), *dimensions.implied(timed)}.issuperset(others):
        return data_id, None  # whoever checks it says what is wrong
    values = {name: values_of(dimensions, name, is_written=False).checked(type, data_id[name]) for name in others}
    whole = {**data_id, **values}
    about = {name: value for name, value in data_id.items() if name in own}
    return about, _time(conn, dimensions, type, whole, timed) if timed else None


def _time(
    conn: Connection, dimensions: Dimensions, type: str, data_id: Mapping[str, JSON], timed: Sequence[str]
) -> Span:
    """The time that is in the spans of all of these dimensions' values."""
    both: Range | None = ANY_TIME
    for name in timed:
        linked = {other: data_id[other] for other in (*dimensions.required([name]), *dimensions.implied([name]))
                  if other in data_id}  # fmt: skip
        found = [
            record for record in candidates.records(conn, name, data_id[name])
            if all({**record.implied, **record.key}.get(other, said) == said for other, said in linked.items())
        ]  # fmt: skip
        if len(found) != 1:
            unsaid = [other for other in dimensions.required([name]) if other not in linked] if found else []
            raise _not_one(type, name, linked, unsaid)
        both = common(both, (found[0].begin, found[0].end)) if both is not None else None
    if both is None:
        values = {name: data_id[name] for name in timed}
        raise UsageError(f"{type}: {_listed(values)} have no time in common")
    return Span(*both)


def _not_one(type: str, name: str, linked: Mapping[str, JSON], unsaid: Sequence[str]) -> UsageError:
    """The error that nothing is recorded that would say for which time, or several records of one value.

    Args:
        linked: What is said of the dimension, and of those that it requires or implies.
        unsaid: Where there are several, what it requires and of which nothing is said.
    """
    if unsaid:
        there, hint = "are several records", f"say its {', '.join(unsaid)} as well"
    else:
        there, hint = "is no record", f"'provstore dimension show {name}' shows what is recorded"
    return UsageError(f"{type}: there {there} of {_listed(linked)} that would say for which time", hint=hint)


def _listed(values: Mapping[str, JSON]) -> str:
    return ", ".join([f"{name}={spelled(value)}" for name, value in values.items()])

"""Dimensions: their records, put in and asked for, and what they are."""

from __future__ import annotations

from collections.abc import Iterable

from provstore.digest import canonical_json
from provstore.errors import PipelinefileError, UsageError
from provstore.model.dimensions import Dimensions
from provstore.model.values import spelled
from provstore.noun import NamedTuple
from provstore.operations.registry.asked import check_asked
from provstore.operations.registry.dimensions.fields import Mistakes, Reader
from provstore.operations.registry.dimensions.universe import Noting, nearest_dimension, universe
from provstore.operations.registry.transact import has_store, readable, transaction
from provstore.operations.registry.writing import unobserved
from provstore.query.parse import parse_where
from provstore.query.spell import printed
from provstore.query.tree import AllOf, Expression
from provstore.store import dimensions as recorded
from provstore.store.conditions import compiled, ordered
from provstore.store.connection import explained, undone
from provstore.store.dimension_names import DimensionNames
from provstore.store.record_query import found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from provstore.events import Observer
    from provstore.model.dimensions import Definition
    from provstore.model.values import JSON
    from provstore.operations.registry.dimensions.fields import Said
    from provstore.operations.registry.transact import Transaction
    from provstore.project import Project
    from provstore.query.tree import Bind
    from provstore.store.dimensions import RecordRow

FIXED = "a record never changes; nothing was inserted"


class Inserted(NamedTuple):
    """What became of records.

    Attributes:
        dimension: Of which they are.
        inserted: Number of those that are new.
        known: Number of those that were there, or were said twice.
    """

    dimension: str
    inserted: int
    known: int


class DimensionLine(NamedTuple):
    """A dimension, and how many records there are of it."""

    definition: Definition
    records: int


class DimensionReport(NamedTuple):
    """A dimension, those of its records that were asked for, and why a condition leaves none ("": it leaves some)."""

    definition: Definition
    records: Sequence[RecordRow]
    why: str


# --- putting in -----------------------------------------------------------------------------------------------


def insert_dimension(
    project: Project,
    name: str,
    records: Iterable[Mapping[str, object]],
    observe: Observer = unobserved,
    places: Sequence[str] | None = None,
) -> Inserted:
    """Inserts records of a dimension: all of them, or none. The same record again is no error.

    Args:
        records: Each with the dimensions that it requires, its own value, and what else is known: implied dimensions,
            metadata, `begin` and `end`, `region`.
        places: Where each is said, for messages; None: they are counted from 1.

    Raises:
        UsageError: There is no such dimension; or all that is wrong with the records, each with its place.
        MissingLibraryError: They have regions, and what reads those is not installed.
    """
    if isinstance(records, (str, bytes)) or not isinstance(records, Iterable):
        raise UsageError(f"{name}: found {records!r}, expected records: names with values")
    given = list(records)
    if not has_store(project):  # what is wrong is said before a store is made
        _read(universe(project, None), name, given, places)
    with transaction(project, f"provstore dimension insert {name}", observe, makes_store=True) as call:
        dimensions = universe(project, call.store.conn)
        said = _read(dimensions, name, given, places)
        new = _new(call, name, said)
        Noting(call.adding, dimensions, call.now).define(name)
        _add_others(call, dimensions, name, new)
        if new:
            call.adding.add_many("dimension_record", [_row(name, one, call.now) for one in new])
        return Inserted(name, len(new), len(said) - len(new))


def _read(dimensions: Dimensions, name: str, given: Sequence[object], places: Sequence[str] | None) -> list[Said]:
    return Reader(dimensions, _known_name(dimensions, name)).read_all(given, places)


def _known_name(dimensions: Dimensions, name: str) -> str:
    if name in dimensions:
        return name
    raise UsageError(f"{name}: there is no such dimension", hint=nearest_dimension(name, dimensions.names()))


def _new(call: Transaction, name: str, said: Sequence[Said]) -> list[Said]:
    """Those that are not recorded yet, each once.

    Raises:
        UsageError: Some say otherwise than what is recorded, or than others of them.
    """
    there = call.adding.ask(recorded.records_with_keys, name, [one.key_text for one in said])
    mistakes = Mistakes()
    new: dict[str, Said] = {}
    for one in said:
        if (row := there.get(one.key_text)) is not None:
            before, where = row.fields, "recorded"
        elif (other := new.get(one.key_text)) is not None:
            before, where = other.fields, other.place
        else:
            new[one.key_text] = one
            continue
        for text in _differences(before, one, where):
            mistakes.add(f"{one.place}: {_spelled(one.key)}: {text}")
    mistakes.refuse(FIXED)
    return list(new.values())


def _differences(before: Mapping[str, JSON], now: Said, where: str) -> list[str]:
    """What is said otherwise than before; a field of which nothing is said contradicts nothing."""
    fields = [field for field in {**before, **now.fields} if field not in now.silent]
    return [
        f"{field} is {_value(now.fields.get(field))}, {where}: {_value(before.get(field))}"
        for field in fields
        if before.get(field) != now.fields.get(field)
    ]


def _value(value: JSON) -> str:
    return "missing" if value is None else repr(value) if isinstance(value, str) else spelled(value)


def _spelled(key: Mapping[str, JSON]) -> str:
    return ", ".join(f"{name}={spelled(value)}" for name, value in key.items())


def _add_others(call: Transaction, dimensions: Dimensions, name: str, new: Sequence[Said]) -> None:
    """Adds records of the values of other dimensions that these name, where nothing else could be said of them.

    Raises:
        UsageError: A value is of a dimension with metadata, and there is no record of it.
    """
    others: dict[str, tuple[str, dict[str, JSON]]] = {}
    for one in new:
        named: dict[str, JSON] = {other: value for other, value in {**one.key, **one.record}.items() if other != name}
        named = {other: value for other, value in named.items() if other not in dimensions[name].metadata}
        others.setdefault(canonical_json(named), (one.place, named))
    mistakes = Mistakes()
    for other in dict.fromkeys(part for _, named in others.values() for part in named):
        if other in dimensions and dimensions[other].metadata:
            _note_unknown(call, dimensions, other, others.values(), mistakes)
    mistakes.refuse("insert the records that are named first; nothing was inserted")
    Noting(call.adding, dimensions, call.now).note([named for _, named in others.values()])


def _note_unknown(
    call: Transaction,
    dimensions: Dimensions,
    other: str,
    said: Iterable[tuple[str, Mapping[str, JSON]]],
    mistakes: Mistakes,
) -> None:
    """Notes the values of a dimension with metadata of which there is no record."""
    wanted: dict[str, tuple[str, dict[str, JSON]]] = {}
    for place, named in said:
        key = {part: named[part] for part in dimensions.required([other]) if part in named}
        if other in key and len(key) == len(dimensions.required([other])):
            wanted.setdefault(canonical_json(key), (place, key))
    there = call.adding.ask(recorded.known, other, wanted)
    for text, (place, key) in wanted.items():
        if text not in there:
            mistakes.add(f"{place}: there is no record of {_spelled(key)}, and dimension '{other}' has metadata")


def _row(name: str, said: Said, now: str) -> dict[str, Any]:
    from provstore import sky

    return {
        "dimension": name,
        "key": said.key_text,
        "value": recorded.kept_value(said.key[name]),
        "record": canonical_json(said.record),
        "time_begin": said.begin,
        "time_end": said.end,
        "region": said.region,
        "box": None if said.region is None else canonical_json(list(sky.box(said.region))),
        "inserted": now,
    }


# --- asking ---------------------------------------------------------------------------------------------------


def dimensions_of(project: Project) -> Dimensions:
    """All dimensions, for questions: of a project whose Pipelinefile can't be read, those that are recorded."""
    conn = readable(project).conn if has_store(project) else None
    try:
        return universe(project, conn)
    except PipelinefileError:
        if conn is None:
            raise
        return Dimensions(recorded.definitions(conn))


def list_dimensions(project: Project) -> list[DimensionLine]:
    """All dimensions, by name.

    Raises:
        PipelinefileError: It can't be read.
        StoreError: The store can't be read.
    """
    if not has_store(project):
        dimensions = universe(project, None)
        return [DimensionLine(dimensions[name], 0) for name in dimensions.names()]
    store = readable(project)
    with explained(store.path):
        dimensions, numbers = universe(project, store.conn), recorded.numbers(store.conn)
    return [DimensionLine(dimensions[name], numbers.get(name, 0)) for name in dimensions.names()]


def show_dimension(
    project: Project, name: str, where: str = "", order_by: Sequence[str] = (), limit: int | None = None
) -> DimensionReport:
    """What a dimension is, and its records; see `query_dimension_records`.

    Raises:
        ProvstoreError: As that.
    """
    records = query_dimension_records(project, name, where, None, order_by, limit)
    why = explain(project, name, where, None, limit) if where and not records else ""
    return DimensionReport(dimensions_of(project)[name], records, why)


def query_dimension_records(
    project: Project,
    name: str,
    where: str = "",
    bind: Bind | None = None,
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> list[RecordRow]:
    """The records of a dimension that fulfil a condition.

    Args:
        where: Of the query language; empty: all. Names are those of the dimension itself, of those that it requires
            and implies, its metadata, `begin`, `end`, `timespan` and `region`; also as ``dimension.name``.
        order_by: Names, each with ``-`` in front where it is downwards; behind these, by the key.
        limit: At most so many; None: all. With 0 the query is only checked.

    Raises:
        QueryError: `where` or `order_by` can't be understood.
        UsageError: There is no such dimension, or the limit is no whole number.
        MissingLibraryError: Regions are asked for, and what compares them is not installed.
    """
    check_asked(where, bind, order_by, limit)
    dimensions = dimensions_of(project)
    names = DimensionNames(dimensions, _known_name(dimensions, name))
    condition = compiled(parse_where(where), names, bind or {})
    order, terms = ordered(order_by, names)
    if limit == 0 or not has_store(project):
        return []
    store = readable(project)
    values = {**condition.values, **terms.values}
    with explained(store.path), undone(store.conn):
        rows = found(store.conn, names, condition._replace(values=values), order, limit)
    return [_complete(row, dimensions[name], names.key) for row in rows]


def explain(project: Project, name: str, where: str, bind: Bind | None, limit: int | None) -> str:
    """Says in a sentence why a query finds no records.

    Raises:
        ProvstoreError: As `query_dimension_records`.
    """
    if limit == 0:
        return "limit 0 asks for nothing"

    def finds(text: str) -> bool:
        return bool(query_dimension_records(project, name, text, bind, limit=1))

    if not finds(""):
        return f"there is no record of the dimension '{name}'"
    tree = parse_where(where)
    parts = tree.condition.parts if isinstance(tree.condition, AllOf) else (tree.condition,)
    texts = [printed(Expression(tree.text, part)) for part in parts]
    never = [text for text in texts if not finds(text)]
    if never:
        return f"no record fulfils: {'; nor: '.join(never)}"
    if finds(where):
        return "something is found"
    return "each condition holds for some record, but all of them hold for none"


def _complete(row: RecordRow, definition: Definition, key: Sequence[str]) -> RecordRow:
    """A record with its values in the order of the definition, and None for each of which nothing is known."""
    fields: dict[str, JSON] = dict.fromkeys((*definition.implies, *definition.metadata))
    return row._replace(key={name: row.key[name] for name in key if name in row.key}, record={**fields, **row.record})

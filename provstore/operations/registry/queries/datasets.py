"""Asking for datasets: what a query finds, and why it finds nothing."""

from __future__ import annotations

import json
from functools import partial

from provstore.errors import UsageError
from provstore.noun import NamedTuple
from provstore.operations.identify import NO_STORE
from provstore.operations.registry.asked import NO_COLLECTION, check_asked
from provstore.operations.registry.collections.find import several
from provstore.operations.registry.collections.making import query_collections
from provstore.operations.registry.datasets import STATUSES, DatasetsReport, records_of
from provstore.operations.registry.names import WILD, one_of
from provstore.operations.registry.queries.excluded import excluded
from provstore.operations.registry.queries.jumps import needed
from provstore.operations.registry.queries.leads import Records, leads
from provstore.operations.registry.queries.names import query_names
from provstore.operations.registry.queries.narrowing import limited, ranges_of
from provstore.operations.registry.queries.types import types_asked
from provstore.operations.registry.transact import collection_named, has_store, readable
from provstore.query import narrow
from provstore.query.parse import parse_where
from provstore.query.place import listed
from provstore.query.tree import Expression
from provstore.store import datasets, registered
from provstore.store.collections import CALIBRATION, Collection, Found, holds_type, searched, tags_like
from provstore.store.conditions import compiled, ordered
from provstore.store.connection import explained, undone
from provstore.store.first_found import found_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from provstore.operations.registry.datasets import DatasetRecord
    from provstore.operations.registry.queries.names import QueryNames
    from provstore.project import Project
    from provstore.query.tree import Bind
    from provstore.store.adding import Connection
    from provstore.store.conditions import Condition
    from provstore.store.data_id_values import Lead
    from provstore.store.datasets import Wanted

CREATED = "dataset.created"


class Query(NamedTuple):
    """Which datasets are asked for.

    Attributes:
        type: Dataset type, or a glob of its name.
        where: A condition of the query language; empty: all.
        bind: Values for ``:name``.
        collections: Names and globs, in the order in which they are searched; None: wherever they are.
        find_first: Of each type and data ID only the one that is found first along the collections. None: so, where
            collections are named.
        order_by: Names, each with ``-`` in front where it is downwards.
        limit: None: all.
        status: "valid", "replaced", "deleted" or "all".
        owner: Only what is theirs.
        keywords: Only what has all of them.
    """

    type: str = "*"
    where: str = ""
    bind: Bind | None = None
    collections: Sequence[str] | None = None
    find_first: bool | None = None
    order_by: Sequence[str] = ()
    limit: int | None = None
    status: str = "valid"
    owner: str | None = None
    keywords: Sequence[str] = ()


def query_datasets(project: Project, query: Query) -> list[DatasetRecord]:
    """The records of the datasets that a query finds, each once.

    Raises:
        QueryError: `where` or `order_by` can't be understood, or has no meaning with these types and values.
        UsageError: There is no such type, collection or status; or no order in which to find something first.
    """
    tree = _checked(query)
    if not has_store(project):
        return []
    store = readable(project)
    with explained(store.path), undone(store.conn):
        named = _searched(project, query)
        found = _ids(project, query, tree, named)
        _refuse_several(store.conn, query, named or (), found)
        return records_of(project, store, found)


class Listing(NamedTuple):
    """What is listed, and why that is nothing; "" where it is something."""

    report: DatasetsReport
    why: str


def list_datasets(project: Project, query: Query) -> Listing:
    """The datasets that a query finds; newest first where it has neither a condition nor an order.

    Raises:
        ProvstoreError: As `query_datasets`.
    """
    is_plain = not (query.where or query.order_by or query.find_first)
    found = _newest(project, query) if is_plain else query_datasets(project, query)
    return Listing(DatasetsReport(found), "" if found else explain(project, query))


def _newest(project: Project, query: Query) -> Sequence[DatasetRecord]:
    """What a query finds that has neither a condition nor an order, newest first."""
    _checked(query)
    if not has_store(project):
        return ()
    store, named = readable(project), _searched(project, query)
    names = None if named is None else [name for name, _ in named]
    limit = -1 if query.limit is None else query.limit
    wanted = registered.Wanted(query.type, names, query.owner, query.keywords, query.status, limit)
    return records_of(project, store, store.ask(registered.wanted, wanted))


def _checked(query: Query) -> Expression:
    """What can be known to be wrong without a store; the tree of `where`."""
    one_of("status", query.status, STATUSES)
    check_asked(query.where, query.bind, query.order_by, query.limit)
    if query.find_first and query.collections is None:
        raise UsageError("find_first needs collections, in the order in which they are searched")
    globs = [name for name in query.collections or () if WILD.search(name)]
    if globs and query.find_first is not False:
        hint = "name the collections, or a chain of them, or ask with find_first=False"
        raise UsageError(f"{globs[0]}: a glob has no order in which something is found first", hint=hint)
    return parse_where(query.where)


def _ids(project: Project, query: Query, tree: Expression, named: Sequence[tuple[str, str]] | None) -> list[str]:
    store = readable(project)
    types = types_asked(project, store, query.type)
    known = query_names(project, store, types, tree)
    order, terms = ordered(query.order_by or _handy_order(query, tree), known.names)
    wanted = _wanted(query, compiled(tree, known.names, query.bind or {}), named)
    fields, ranges = narrow.needed_fields(tree, query.bind or {}), ranges_of(tree, query.bind or {}, known.names)
    wanted = wanted._replace(fields=fields, ranges=ranges)
    wanted = wanted._replace(order=order, where=wanted.where._replace(values={**wanted.where.values, **terms.values}))
    rows: list[tuple[str, ...]] = []
    all_needed = {} if query.limit == 0 else needed(store, tree, query.bind or {}, known)
    for type in types if query.limit != 0 else ():
        few = {**limited(store.conn, type, tree, query.bind or {}, known.names.kinds, all_needed), **all_needed}
        own = wanted._replace(needed=known.needed(type, few), leads=_leads(query, known, type))
        own = own._replace(collections=_holding(store.conn, type, own)) if own.find_first else own
        rows += datasets.found(store.conn, type, own)
        if not query.order_by and query.limit is not None:
            if len(rows) >= query.limit:
                break
            wanted = wanted._replace(limit=query.limit - len(rows))
    if query.order_by and len(types) > 1:
        for place, (_, downwards) in reversed(list(enumerate(order, 1))):
            rows.sort(key=partial(_rank, place=place), reverse=downwards)
    return [row[0] for row in rows[: query.limit]]


def _handy_order(query: Query, tree: Expression) -> Sequence[str]:
    """An order along which a query that wants none meets soon what fulfils its condition."""
    side = narrow.has_bound(tree, CREATED) if query.limit is not None else None
    return (f"-{CREATED}" if side == ">" else CREATED,) if side is not None else ()


def _leads(query: Query, known: QueryNames, type: str) -> list[Lead]:
    """What the data IDs of a type tell of the order."""
    records = Records(known.dimensions, known.names.tellers)

    def is_told(name: str) -> bool:
        return bool(known.needed(type, {name: frozenset()}))

    return leads(query.order_by, is_told, known.names.home, records)


def _rank(row: tuple[Any, ...], place: int) -> tuple[int, Any]:
    """What a row is sorted by, as SQLite does: what is missing first, numbers, texts."""
    value = row[place]
    if value is None:
        return 0, 0
    return (2, value) if isinstance(value, str) else (1, value)


def _wanted(query: Query, where: Condition, named: Sequence[tuple[str, str]] | None) -> Wanted:
    first = named is not None if query.find_first is None else query.find_first
    more = {} if query.owner is None else {"owner": query.owner}
    if query.keywords:
        more["keywords"] = json.dumps(list(query.keywords))
    return datasets.Wanted(query.status, where, {}, named, first, more, (), query.limit)


def _holding(conn: Connection, type: str, wanted: Wanted) -> Sequence[tuple[str, str]]:
    """The collections that are searched for a type: those CALIBRATION ones that have none of it hold nothing up.

    Raises:
        UsageError: What is not valid is asked for, and one of them holds something of the type.
    """
    there = [(name, of) for name, of in wanted.collections or () if of != CALIBRATION or holds_type(conn, name, type)]
    calibrations = [name for name, of in there if of == CALIBRATION]
    if calibrations and wanted.status != "valid":
        message = f"{calibrations[0]}: with status '{wanted.status}' nothing is found first in a CALIBRATION collection"
        raise UsageError(message, hint="ask with find_first=False")
    return there


def _refuse_several(conn: Connection, query: Query, named: Sequence[tuple[str, str]], ids: Sequence[str]) -> None:
    """Nobody guesses which of several in a CALIBRATION collection is meant."""
    if query.find_first is False or all(of != CALIBRATION for _, of in named):
        return
    for subject, (name, of) in found_in(conn, named, ids):
        if of == CALIBRATION:
            tags = tags_like(conn, name, subject)
            if any(tag.dataset != subject.id for tag in tags):
                found = [Found(name, tag.dataset, tag.path, tag.begin, tag.end) for tag in tags]
                hint = "without find_first all are found; looked up for a time, it is the one that is valid then"
                raise several(name, found, f"{subject.type} {subject.data_id}", hint)


def _searched(project: Project, query: Query) -> list[tuple[str, str]] | None:
    """(name, type) of the collections that are searched; None: datasets are found wherever they are."""
    return None if query.collections is None else searched_collections(project, query.collections)


def searched_collections(project: Project, names: Sequence[str]) -> list[tuple[str, str]]:
    """(name, type) of the collections that are searched for these."""
    store = readable(project)
    found: list[Collection] = []
    for name in names:
        if WILD.search(name):
            found += [
                Collection(entry.name, entry.type, entry.created, entry.description)
                for entry in query_collections(project, [name])
            ]
        else:
            found.append(collection_named(store, name))
    return [(collection.name, collection.type) for collection in searched(store.conn, found)]


# --- why nothing was found ------------------------------------------------------------------------------------


def explain(project: Project, query: Query) -> str:
    """Says in a sentence why a query finds nothing.

    Raises:
        ProvstoreError: As `query_datasets`.
    """
    tree = _checked(query)
    if not has_store(project):
        return NO_STORE
    if query.limit == 0:
        return "limit 0 asks for nothing"
    store = readable(project)
    with explained(store.path), undone(store.conn):
        if query.collections is not None and not query.collections:
            return NO_COLLECTION
        if not types_asked(project, store, query.type):
            return f"no dataset type matches '{query.type}', types are: {listed(datasets.types(store.conn))}"
        return _why_nothing(project, query._replace(limit=1, order_by=()), tree)


def _why_nothing(project: Project, query: Query, tree: Expression) -> str:
    what = "dataset" if query.type == "*" else f"dataset of type '{query.type}'"
    plain = query._replace(where="", owner=None, keywords=())
    everything = parse_where("")

    named = _searched(project, query)

    def finds(other: Query, where: Expression = everything) -> bool:
        return bool(_ids(project, other, where, named))

    if not finds(plain):
        if query.status != "all" and finds(plain._replace(status="all", find_first=False)):
            return f"no {what} is {query.status} there; status 'all' shows the others"
        if query.collections is None:
            return f"there is no {what}"
        return f"there is no {what} in {', '.join(query.collections)}"
    if query.owner is not None and not finds(plain._replace(owner=query.owner)):
        return f"no {what} has the owner '{query.owner}'"
    for word in query.keywords:
        if not finds(plain._replace(keywords=[word])):
            return f"no {what} has the keyword '{word}'"
    return excluded(what, tree, partial(finds, plain), finds(query, tree))

"""Asking for data IDs: all combinations that the records of dimensions allow, or those of which there are datasets."""

from __future__ import annotations

from functools import partial

from provstore import sky
from provstore.digest import canonical_json
from provstore.errors import UsageError
from provstore.noun import NamedTuple
from provstore.operations.identify import NO_STORE
from provstore.operations.registry.asked import NO_COLLECTION, check_asked
from provstore.operations.registry.dimensions.universe import nearest_dimension, universe, universe_in_words
from provstore.operations.registry.dimensions.values import KINDS
from provstore.operations.registry.queries.datasets import searched_collections
from provstore.operations.registry.queries.excluded import excluded
from provstore.operations.registry.queries.leads import Records, leads, record_lead
from provstore.operations.registry.queries.linked import linked
from provstore.operations.registry.queries.narrowing import About, limited, narrowed, top_parts
from provstore.operations.registry.transact import has_store, readable
from provstore.operations.registry.types.data_ids import from_words
from provstore.operations.registry.types.definitions import readable_type
from provstore.query.constants import is_constant, region
from provstore.query.narrow import needed
from provstore.query.node import walk
from provstore.query.parse import parse_where
from provstore.query.place import query_error
from provstore.query.tree import Expression, Name, Overlaps
from provstore.query.tree import names as names_of
from provstore.store import datasets
from provstore.store.collections import CALIBRATION
from provstore.store.combinations import Wanted, combinations
from provstore.store.conditions import Condition, compiled, ordered
from provstore.store.connection import explained, undone
from provstore.store.record_join import RecordJoin, Subject
from provstore.store.record_names import RecordNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from provstore.model.dimensions import Dimensions
    from provstore.model.values import Value
    from provstore.operations.registry.types.definitions import TypeDefinition
    from provstore.project import Project
    from provstore.query.check import Kind
    from provstore.query.narrow import Needed
    from provstore.query.tree import Bind
    from provstore.store.adding import Connection
    from provstore.store.data_id_values import Lead
    from provstore.store.record_order import RecordLead

NO_CONDITION = ""


class DataIdQuery(NamedTuple):
    """Which data IDs are asked for.

    Attributes:
        dimensions: What they label; what these require is added.
        where: A condition of the query language; empty: all.
        data_id: Values that dimensions must have.
        types: Dataset types of each of which there has to be a dataset.
        collections: Names and globs of those in which these are; None: anywhere.
        bind: Values for ``:name``.
        order_by: Names, each with ``-`` in front where it is downwards.
        limit: None: all. 0: the query is only checked.
    """

    dimensions: Sequence[str]
    where: str = ""
    data_id: Mapping[str, object] = {}
    types: Sequence[str] = ()
    collections: Sequence[str] | None = None
    bind: Bind | None = None
    order_by: Sequence[str] = ()
    limit: int | None = None


def query_data_ids(project: Project, query: DataIdQuery) -> list[dict[str, Value]]:
    """The data IDs that a query finds, each once.

    Raises:
        QueryError: `where` or `order_by` can't be understood, or has no meaning with these dimensions and values.
        UsageError: There is no such dimension, dataset type or collection; or a value is none of its dimension.
    """
    tree = _checked(query)
    if not has_store(project):
        question_of(project, None, query, tree)
        return []
    store = readable(project)
    with explained(store.path), undone(store.conn):
        return _found(project, store.conn, query, tree)


class DataIdListing(NamedTuple):
    """What is listed, and why that is nothing; "" where it is something."""

    data_ids: Sequence[dict[str, Value]]
    why: str


def list_data_ids(project: Project, query: DataIdQuery, words: Sequence[str]) -> DataIdListing:
    """The data IDs that a query finds.

    Args:
        words: ``NAME=VALUE``: values that dimensions must have.

    Raises:
        ProvstoreError: As `query_data_ids`, or a word is not of this form.
    """
    conn = readable(project).conn if has_store(project) else None
    query = query._replace(data_id=from_words(universe_in_words(project, conn), None, words))
    found = query_data_ids(project, query)
    return DataIdListing(found, "" if found else explain(project, query))


def _checked(query: DataIdQuery) -> Expression:
    """What can be known to be wrong without a store; the tree of `where`."""
    check_asked(query.where, query.bind, query.order_by, query.limit)
    if not query.dimensions:
        raise UsageError("found no dimension, expected one or more")
    if query.collections is not None and not query.types:
        raise UsageError("collections say where datasets are, and no dataset type is asked for", hint="add datasets=")
    return parse_where(query.where)


def _found(project: Project, conn: Connection, query: DataIdQuery, tree: Expression) -> list[dict[str, Value]]:
    question = question_of(project, conn, query, tree)
    if query.limit == 0:
        return []
    wanted = question.wanted(conn)._replace(limit=query.limit)
    rows = combinations(conn, question.join, wanted)
    truths = _truth_values(universe(project, conn), question.result)
    size = len(question.result)  # none for the data IDs of a type without dimensions, of which there is one at most
    plain = [dict(zip(question.result, row[:size], strict=True)) for row in rows]
    return [{**data_id, **{name: bool(data_id[name]) for name in truths}} for data_id in plain] if truths else plain


def _truth_values(dimensions: Dimensions, names: Iterable[str]) -> list[str]:
    """Those of these dimensions whose values are true and false, which a column holds as 1 and 0."""
    return [name for name in names if name in dimensions and {type(one) for one in dimensions[name].values} == {bool}]


def question_of(project: Project, conn: Connection | None, query: DataIdQuery, tree: Expression) -> Question:
    """A query of which all names are known.

    Raises:
        ProvstoreError: As `query_data_ids`.
    """
    types = [readable_type(project, conn, name) for name in dict.fromkeys(query.types)]
    is_anywhere = conn is None or query.collections is None
    named = None if is_anywhere else searched_collections(project, query.collections or ())
    return Question(universe(project, conn), types, _undefined(conn, types), query, tree, named)


def _undefined(conn: Connection | None, types: Sequence[TypeDefinition]) -> dict[str, set[Kind]]:
    """Dimensions of datasets, and of which kinds their values are."""
    found: dict[str, set[Kind]] = {}
    for type in types:
        seen = datasets.dimensions(conn, type.name) if conn is not None else {}
        for name in type.dimensions:
            found.setdefault(name, set()).update(seen.get(name, ()))
    return found


class Question:
    """A query whose names are known: which dimensions it involves, and what is joined for it.

    Args:
        kinds: Dimensions of the dataset types, and of which kinds their values are.
        collections: (name, type) of those in which datasets are searched; None: anywhere.

    Attributes:
        result: Dimensions of the data IDs that it gives.
        join: Of the records.
    """

    def __init__(
        self,
        universe: Dimensions,
        types: Sequence[TypeDefinition],
        kinds: Mapping[str, set[Kind]],
        query: DataIdQuery,
        tree: Expression,
        collections: Sequence[tuple[str, str]] | None = None,
    ) -> None:
        self.universe, self._query, self._tree, self._collections = universe, query, tree, collections
        self._types = sorted(types, key=lambda type: -len(type.dimensions))
        undefined = {name: found for name, found in kinds.items() if name not in universe}
        self._own = {name: min(found) if len(found) == 1 else None for name, found in undefined.items()}
        for name in query.dimensions:
            self._check_dimension(name)
        self.result = self.universe.required(query.dimensions)
        self._given = {name: self._given_value(name, value) for name, value in query.data_id.items()}
        self._names = self._all_names()
        self._check_order()
        subject = self._subject()
        self.join = RecordJoin(self.universe, subject)
        self._record_lead = self._leading_records(subject)
        if self._record_lead is not None:
            self.join = RecordJoin(self.universe, subject._replace(lead=self._record_lead.dimension))
        self._names.joined(self.join)
        self._where = compiled(tree, self._names, query.bind or {})
        self._order, self._terms = ordered(query.order_by, self._names)

    def wanted(self, conn: Connection) -> Wanted:
        """What the store is asked; first it is asked for the few values that dimensions can have."""
        where = Condition(self._where.sql, {**self._where.values, **self._terms.values})
        types = [(type.name, type.dimensions) for type in self._types]
        needed = self._needed(conn)
        wanted = Wanted(self.result, where, types, needed, self._collections, self._order, None)
        return wanted._replace(leads=self._leads(), record_lead=self._record_lead)

    # --- names and values -----------------------------------------------------------------------------------

    def _check_dimension(self, name: str) -> None:
        known = [*self.universe.names(), *self._own]
        if name not in known:
            raise UsageError(f"{name}: there is no such dimension", hint=nearest_dimension(name, known))

    def _given_value(self, name: str, value: object) -> Value:
        self._check_dimension(name)
        type = self.universe[name].type if name in self.universe else None
        fits = isinstance(value, str) if type == "str" else type != "int" and isinstance(value, (str, bool))
        if not isinstance(value, str) and not isinstance(value, bool) and hasattr(value, "__index__") and type != "str":
            value, fits = value.__index__(), True
        if not fits:
            found = "text" if isinstance(value, str) else "nothing" if value is None else f"{value!r}"
            raise UsageError(f"{name}={value!r}: found {found}, expected {KINDS[type]}")
        return value  # type: ignore[return-value]  # it fits

    def _all_names(self) -> RecordNames:
        in_types = [name for type in self._types for name in type.dimensions]
        near = (*self._query.dimensions, *self._query.data_id, *in_types)
        return RecordNames(self.universe, self._own, [*self.universe.required(near), *self.universe.implied(near)])

    def _check_order(self) -> None:
        """What results are sorted by has one value for each of them."""
        fixed = {*self.result, *self.universe.implied(self.result)}
        for term in self._query.order_by:
            name = term.removeprefix("-").strip()
            dimensions, _ = self._names.involved([name])
            if not dimensions <= fixed:
                asked = ", ".join(self.result)
                message = f"'{name}' is ambiguous: for one data ID of {asked} there may be several"
                raise query_error(term, len(term) - len(name), message, f"ask for {', '.join(sorted(dimensions))}, too")

    # --- what is joined -------------------------------------------------------------------------------------

    def _subject(self) -> Subject:
        terms = [term.removeprefix("-").strip() for term in self._query.order_by]
        brought, fields = self._names.involved([*sorted(names_of(self._tree)), *terms])
        in_types = [name for type in self._types for name in type.dimensions]
        names = (*self._query.dimensions, *self._given, *in_types, *sorted(brought))
        limited = {name: [_value(text) for text in sorted(texts)] for name, texts in self._limits().items()}
        held = [frozenset(type.dimensions) for type in self._types]
        dimensions = linked(self.universe, self.universe.required(names), held)
        return Subject(
            dimensions=dimensions,
            given={**limited, **{name: [value] for name, value in self._given.items()}},
            fields=frozenset(fields),
            source=self._types[0].dimensions if self._types else None,
            boxes=self._boxes(),
            together=held + self._compared(),
            timed=self.universe.timed(dimensions) if self._is_calibration_search else (),
        )

    @property
    def _is_calibration_search(self) -> bool:
        """Datasets may be found for some times only."""
        return any(of == CALIBRATION for _, of in self._collections or ())

    def _limits(self) -> Needed:
        """What the condition needs of dimensions, to be true."""
        limits = needed(self._tree, self._query.bind or {})
        return {name: texts for name, texts in limits.items() if name in self.universe or name in self._own}

    def _compared(self) -> list[frozenset[str]]:
        """Dimensions of which the condition says itself how they overlap, otherwise than by demanding it."""
        pairs, demanded = [], list(top_parts(self._tree.condition))
        for node in walk(self._tree.condition):
            if isinstance(node, Overlaps) and node not in demanded:
                said = [side.text for side in (node.left, node.right) if isinstance(side, Name)]
                pairs.append(frozenset(self._names.involved(said)[0]))
        return pairs

    def _needed(self, conn: Connection) -> Needed:
        """What the data IDs of the first type have to hold."""
        if not self._types:
            return {}
        own = self._types[0].dimensions
        about = About(own, self._tree, self._query.bind or {}, self._given, True)
        found = {**self._limits(), **{name: frozenset([canonical_json(value)]) for name, value in self._given.items()}}
        few = narrowed(conn, self.universe, about)
        found.update({name: found[name] & texts if name in found else texts for name, texts in few.items()})
        kinds = self._names.kinds
        found.update(limited(conn, self._types[0].name, self._tree, self._query.bind or {}, kinds, found))
        return {name: texts for name, texts in found.items() if name in own}

    def _leads(self) -> list[Lead]:
        """What the data IDs of the first type tell of the order."""
        own = self._types[0].dimensions if self._types else ()

        def home(name: str) -> str | None:
            homes = [other for other in self._homes(name) if other != name]
            return homes[0] if len(homes) == 1 and homes[0] in own and name not in own else None

        return leads(self._query.order_by, own.__contains__, home, Records(self.universe, self.join.tellers))

    def _leading_records(self, subject: Subject) -> RecordLead | None:
        if self._types or self._query.limit is None:
            return None
        records = Records(self.universe, self.join.tellers)
        return record_lead(self._query.order_by, subject, self._homes, records)

    def _homes(self, name: str) -> list[str]:
        """The dimensions whose records have the value of a name."""
        dimensions, fields = self._names.involved([name])  # none of a name that is not known
        return [*dimensions, *(() if fields else self.join.tellers(name))]

    def _boxes(self) -> dict[str, Sequence[float]]:
        """The boxes around the regions with which the condition says that dimensions overlap."""
        found: dict[str, Sequence[float]] = {}
        for part in top_parts(self._tree.condition):
            if isinstance(part, Overlaps):
                for side, other in ((part.left, part.right), (part.right, part.left)):
                    if isinstance(side, Name) and self._names.kinds.get(side.text) == "region" and is_constant(other):
                        text = region(self._tree.text, other, self._query.bind or {}, sky)
                        if text is not None:
                            found[self._names.home(side.text)] = sky.box(text)
        return found


def _value(text: str) -> Value:
    import json

    value: Value = json.loads(text)
    return value


# --- why nothing was found ------------------------------------------------------------------------------------


def explain(project: Project, query: DataIdQuery) -> str:
    """Says in a sentence why a query finds nothing.

    Raises:
        ProvstoreError: As `query_data_ids`.
    """
    tree = _checked(query)
    if not has_store(project):
        return NO_STORE
    if query.limit == 0:
        return "limit 0 asks for nothing"
    store = readable(project)
    with explained(store.path), undone(store.conn):
        return _why_nothing(project, store.conn, query._replace(limit=1, order_by=()), tree)


def _why_nothing(project: Project, conn: Connection, query: DataIdQuery, tree: Expression) -> str:
    everything = parse_where(NO_CONDITION)
    if query.types and query.collections is not None and not query.collections:
        return NO_COLLECTION

    def finds(other: DataIdQuery, where: Expression = everything) -> bool:
        return bool(_found(project, conn, other._replace(where=where.text), where))

    plain = query._replace(data_id={}, where="")
    bare = plain._replace(types=(), collections=None)
    for type in query.types:
        if not finds(bare._replace(dimensions=readable_type(project, conn, type).dimensions, types=(type,))):
            return f"there is no dataset of type '{type}'"
    missing = _without_records(project, conn, query, finds)
    if missing:
        return missing
    if not finds(plain):
        what = f"data IDs with {' and '.join(query.types)}" if query.types else "records"
        where = f" in {', '.join(query.collections)}" if query.collections is not None else ""
        timed = question_of(project, conn, plain, everything).join.timed
        when = f", at the time of {' and '.join(timed)}" if timed else ""
        return f"no {what}{where} go together for {', '.join(query.dimensions)}{when}"
    for name, value in query.data_id.items():
        if not finds(plain._replace(data_id={name: value})):
            return f"nothing goes together with {name}={value}"
    given = query._replace(where="")
    if not finds(given):
        return f"nothing goes together with {', '.join(f'{name}={value}' for name, value in query.data_id.items())}"
    return excluded("data ID", tree, partial(finds, given), finds(given, tree))


def _without_records(project: Project, conn: Connection, query: DataIdQuery, finds: Callable[..., bool]) -> str:
    """Which dimension has no record, where that is why."""
    if query.types:
        return ""
    for name in universe(project, conn).required((*query.dimensions, *query.data_id)):
        if not finds(DataIdQuery((name,))):
            return f"there is no record of the dimension '{name}'"
    return ""

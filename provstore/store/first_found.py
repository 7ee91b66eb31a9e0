"""Which dataset of a data ID is found first along collections: the newest in the first of them that has one.

A data ID that a thousand RUN collections have made again has a thousand datasets. Most often these collections were
recorded one after the other, and are searched in that order or against it; then one step along the index of data IDs
leads to what is found first. Rule: without such an order all of them are ranked; the answer is the same. A CALIBRATION
collection, which holds several for different times, gives all that it holds.
"""

from __future__ import annotations

import json

from provstore.noun import NamedTuple
from provstore.store.collections import CALIBRATION, RUN, UNTYPED, Subject

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from provstore.store.condition_names import Parameter

ROWS_OF_RUNS = """
    SELECT c.value, (SELECT min(d.rowid) FROM dataset AS d WHERE d.run = c.value AND d.type = :type),
           (SELECT max(d.rowid) FROM dataset AS d WHERE d.run = c.value AND d.type = :type)
      FROM json_each(:collections) AS c
"""

STATUS = """(:status = 'all' OR :status =
    CASE WHEN EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = {0}.id) THEN 'deleted'
         WHEN EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = {0}.id) THEN 'replaced' ELSE 'valid' END)"""
RANK = """min(provstore_place({0}.run), coalesce((
    SELECT min(provstore_place(t.collection)) FROM tag AS t
     WHERE t.dataset = {0}.id AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)), 1e9))"""
RANK_OF_RUN = "provstore_place({0}.run)"
ANYWHERE = "0"
PLACED = "{} < 1e9"
NOWHERE = 1e9

RANKED = """(
    SELECT o.rowid FROM dataset AS o
     WHERE o.type = :type AND o.data_id = {data_id} AND instr(o.role, '/') = 0 AND {status} AND {placed}
     ORDER BY {rank}, o.rowid DESC LIMIT 1)"""
RANKED_AT_PATH = """(
    SELECT o.rowid FROM dataset AS o
     WHERE o.path = d.path AND o.type = :type AND o.data_id = {data_id} AND instr(o.role, '/') = 0
       AND {status} AND {placed}
     ORDER BY {rank}, o.rowid DESC LIMIT 1)"""
NEWEST = """(
    SELECT o.rowid FROM dataset AS o INDEXED BY dataset_type_data_id
     WHERE o.type = :type AND o.data_id = {data_id} AND o.rowid BETWEEN :begin{0} AND :end{0}
       AND provstore_place(o.run) BETWEEN :first{0} AND :last{0} AND instr(o.role, '/') = 0 AND {status}
     ORDER BY o.rowid DESC LIMIT 1)"""
IN_OLDEST_RUN = """(
    SELECT o.rowid FROM dataset AS o INDEXED BY dataset_type_data_id
     WHERE o.type = :type AND o.data_id = {data_id} AND o.rowid >= :begin{0}
       AND o.rowid <= provstore_last_row((
           SELECT p.run FROM dataset AS p INDEXED BY dataset_type_data_id
            WHERE p.type = :type AND p.data_id = {data_id} AND p.rowid BETWEEN :begin{0} AND :end{0}
              AND provstore_place(p.run) BETWEEN :first{0} AND :last{0} AND instr(p.role, '/') = 0 AND {other_status}
            ORDER BY p.rowid LIMIT 1))
       AND provstore_place(o.run) BETWEEN :first{0} AND :last{0} AND instr(o.role, '/') = 0 AND {status}
     ORDER BY o.rowid DESC LIMIT 1)"""
FIRST_OF = "coalesce({}, NULL)"
FIRST_ROW = "d.rowid = {}"
UNBEATEN = """NOT EXISTS (
    SELECT 1 FROM dataset AS o
     WHERE o.type = :type AND o.data_id = d.data_id AND {alike} AND instr(o.role, '/') = 0 AND {status}
       AND ({other_rank} < {rank} OR ({other_rank} = {rank} AND o.rowid > d.rowid
            AND {rank} NOT IN (SELECT value FROM json_each(:calibrations)))))"""
AT_PATH = "o.path = d.path"
OF_DATASET = "d.data_id"

SUBJECTS = """
    SELECT d.id, d.type, d.data_id, d.path, 0, /* rank */ 1
      FROM json_each(:ids) AS r CROSS JOIN dataset AS d ON d.id = r.value ORDER BY r.key
"""

MOST_STRETCHES = 8


class Rows(NamedTuple):
    """The numbers of the rows of a RUN collection's datasets of a type: all lie between these.

    Attributes:
        place: Of the collection among those that are searched.
    """

    place: int
    begin: int
    end: int


class Stretch(NamedTuple):
    """RUN collections that are searched one after the other, and whose rows follow each other, or the other way.

    Attributes:
        first, last: Their places.
        begin, end: All rows lie between these.
        is_newest_first: The first of them has the newest rows.
    """

    first: int
    last: int
    begin: int
    end: int
    is_newest_first: bool


class FirstFound:
    """What is found first along some collections.

    Attributes:
        rank: The SQL of a dataset's place in them, with the alias of the dataset left open.
        values: Parameters of what `sql` and `condition` give.
    """

    def __init__(
        self, conn: sqlite3.Connection, type: str, collections: Sequence[tuple[str, str]] | None, *, is_asked: bool
    ) -> None:
        only_runs = all(of == RUN for _, of in collections or ())
        self.rank = ANYWHERE if collections is None else RANK_OF_RUN if only_runs else RANK
        self.values: dict[str, Parameter] = {}
        self._stretches: Sequence[Stretch] = ()
        self._is_untyped = type == UNTYPED
        self._calibrations = [place for place, (_, of) in enumerate(collections or ()) if of == CALIBRATION]
        conn.create_function("provstore_place", 1, places(collections), deterministic=True)
        if is_asked and collections is not None and only_runs and not self._is_untyped:
            rows = rows_of(conn, type, [name for name, _ in collections])
            last = {name: numbers.end for name, numbers in rows.items()}
            conn.create_function("provstore_last_row", 1, last.get, deterministic=True)
            self._take(stretches(rows.values()))
        if is_asked and self._calibrations:
            self.values["calibrations"] = json.dumps(self._calibrations)

    def _take(self, found: Sequence[Stretch]) -> None:
        if len(found) <= MOST_STRETCHES:
            self._stretches = found
        for number, one in enumerate(self._stretches):
            places = {f"first{number}": one.first, f"last{number}": one.last}
            self.values.update({**places, f"begin{number}": one.begin, f"end{number}": one.end})

    @property
    def is_quick(self) -> bool:
        """It costs a step or two, however many datasets there are of a data ID."""
        return bool(self._stretches)

    @property
    def condition(self) -> str:
        """The condition that a dataset is found first."""
        if not self._calibrations:
            return FIRST_ROW.format(self.sql(OF_DATASET))
        alike, rank = AT_PATH if self._is_untyped else "1", self.rank.format("d")
        other = {"status": STATUS.format("o"), "other_rank": self.rank.format("o")}
        return UNBEATEN.format(alike=alike, rank=rank, **other)

    def sql(self, data_id: str) -> str:
        """The SQL of the row that is found first, where it is one: no CALIBRATION collection is searched.

        Args:
            data_id: The SQL of its data ID.
        """
        said = {"data_id": data_id, "status": STATUS.format("o"), "other_status": STATUS.format("p")}
        if self._stretches:
            parts = [
                (NEWEST if one.is_newest_first else IN_OLDEST_RUN).format(number, **said)
                for number, one in enumerate(self._stretches)
            ]
            return FIRST_OF.format(", ".join(parts))
        rank = self.rank.format("o")
        question = RANKED_AT_PATH if self._is_untyped else RANKED
        return question.format(**said, rank=rank, placed=PLACED.format(rank))


def places(collections: Sequence[tuple[str, str]] | None) -> Callable[[str], float]:
    """Gives a collection's place among those that are searched; `NOWHERE` where it is none of them."""
    if collections is None:
        return lambda name: 0.0
    ranks = {name: float(rank) for rank, (name, _) in enumerate(collections)}
    return lambda name: ranks.get(name, NOWHERE)


def found_in(
    conn: sqlite3.Connection, collections: Sequence[tuple[str, str]], ids: Sequence[str]
) -> list[tuple[Subject, tuple[str, str]]]:
    """Datasets, each with the first of some collections that has it; all of them are in one of these."""
    conn.create_function("provstore_place", 1, places(collections), deterministic=True)
    question = SUBJECTS.replace("/* rank */ 1", RANK.format("d"))
    found = conn.execute(question, {"ids": json.dumps(ids)})
    return [(Subject(*row), collections[int(place)]) for *row, place in found]


def rows_of(conn: sqlite3.Connection, type: str, runs: Sequence[str]) -> Mapping[str, Rows]:
    """Where the rows of RUN collections are; those without a dataset of this type are left out."""
    asked = {"type": type, "collections": json.dumps(runs)}
    found = conn.execute(ROWS_OF_RUNS, asked)
    return {name: Rows(place, begin, end) for place, (name, begin, end) in enumerate(found) if begin is not None}


def stretches(rows: Iterable[Rows]) -> list[Stretch]:
    """Collections, in the order of their places, in as few stretches as go from newer to older rows, or back."""
    found: list[Stretch] = []
    for one in rows:
        alone = Stretch(one.place, one.place, one.begin, one.end, is_newest_first=True)
        longer = _longer(found[-1], one) if found else None
        if longer is None:
            found.append(alone)
        else:
            found[-1] = longer
    return found


def _longer(stretch: Stretch, rows: Rows) -> Stretch | None:
    """A stretch with one more collection behind it; None: it does not go on there."""
    is_single = stretch.first == stretch.last
    if rows.end < stretch.begin and stretch.is_newest_first:
        return stretch._replace(last=rows.place, begin=rows.begin)
    if rows.begin > stretch.end and (is_single or not stretch.is_newest_first):
        return stretch._replace(last=rows.place, end=rows.end, is_newest_first=False)
    return None

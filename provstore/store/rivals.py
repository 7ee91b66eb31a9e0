"""Datasets that two stores put into one collection, each by itself, and that can't both be in it.

Rule: united stores hold what one store would hold, where the later of two calls would have been refused. So the dataset
that was put in first stays, whichever store is merged into the other; what a cut has left of a time is as old as the
whole of it.
"""

from __future__ import annotations

import json

from provstore.model.ranges import overlap
from provstore.noun import NamedTuple
from provstore.store.collections import Subject, tags_like

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from provstore.store.collections import Tag

TAGGED_NOW = """
    SELECT DISTINCT t.collection, d.id, d.type, d.data_id, d.path, 0
      FROM json_each(?) AS r CROSS JOIN tag AS t ON t.id = r.value CROSS JOIN dataset AS d ON d.id = t.dataset
"""
FIRST_OF = """
    SELECT min(t.id) FROM tag AS t
     WHERE t.collection = :collection AND t.dataset = :dataset
       AND (t.id = :id OR (t.valid_from IS NOT :begin OR t.valid_to IS NOT :end)  -- of a longer time: it was cut
                      AND (t.valid_from IS NULL OR t.valid_from <= :begin)
                      AND (t.valid_to IS NULL OR t.valid_to >= :end))
"""


class Rival(NamedTuple):
    """A dataset that has to be taken out of a collection.

    Attributes:
        tag: Id of the fact that put it in.
        begin, end: For which time; see `collections.Tag`.
        staying: The dataset of the same type and data ID that was put in before it.
    """

    tag: str
    collection: str
    dataset: str
    begin: str | None
    end: str | None
    staying: str


def rivals(conn: sqlite3.Connection, tags: Sequence[str]) -> list[Rival]:
    """What has to be taken out, now that these tags came in.

    Of a CALIBRATION collection it is what is valid at one time with another dataset.
    """
    found: list[Rival] = []
    seen: set[tuple[str, ...]] = set()
    for collection, *row in conn.execute(TAGGED_NOW, (json.dumps(tags),)).fetchall():
        subject = Subject(*row)
        if (collection, *subject.identity) not in seen:
            seen.add((collection, *subject.identity))
            alike = tags_like(conn, collection, subject)
            if len(alike) > 1:
                found += _later(sorted(alike, key=lambda tag: (_first(conn, tag), tag.id)))
    return found


def _first(conn: sqlite3.Connection, tag: Tag) -> str:
    """Id of the fact that put a dataset in, at first maybe for a longer time; ids are in the order of time."""
    return str(conn.execute(FIRST_OF, tag._asdict()).fetchone()[0])


def _later(tags: Sequence[Tag]) -> list[Rival]:
    """Those of one identity in one collection, oldest first, that can't be beside an older one."""
    staying: list[Tag] = []
    found = []
    for tag in tags:
        span = tag.begin, tag.end
        first = next(
            (one for one in staying if one.dataset != tag.dataset and overlap((one.begin, one.end), span)), None
        )
        if first is None:
            staying.append(tag)
        else:
            found.append(Rival(tag.id, tag.collection, tag.dataset, tag.begin, tag.end, first.dataset))
    return found

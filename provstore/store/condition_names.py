"""What the names of a query stand for: who has them, of which kind they are, and their SQL.

A `where` can be asked of several kinds of rows (`dataset_names`: datasets); each kind has its own implementation of
`Names`, and `conditions` makes the rest of the SQL.
"""

from __future__ import annotations

from typing import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from provstore.query.check import Kind

    Parameter: TypeAlias = "str | int | float | None"
    Bind: TypeAlias = "Callable[[Parameter], str]"
    """Makes a parameter with a value; its name in SQL, such as ``:v7``."""

OF_KIND = {
    "number": "CASE WHEN json_type({0}, {1}) IN ('integer', 'real') THEN json_extract({0}, {1}) END",
    "text": "CASE WHEN json_type({0}, {1}) = 'text' THEN json_extract({0}, {1}) END",
    "boolean": "CASE json_type({0}, {1}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END",
}
ANY_KIND = "json_extract({0}, {1})"
KINDS: dict[str, Kind] = {"int": "number", "float": "number", "str": "text", "bool": "boolean"}
"""Types of dimensions and of their metadata → kinds."""
OPEN_BEGIN, OPEN_END = "coalesce({}, '')", "coalesce({}, '~')"
"""Ends of time spans; the texts stand before and after those of all times."""


class Names(Protocol):
    """Gives the names of a query their values. Asked by `conditions` while it makes the SQL of one query."""

    @property
    def kinds(self) -> Mapping[str, Kind | None]:
        """All names, and what their values are; None: of several kinds, or of none that is known."""

    @property
    def ambiguous(self) -> Mapping[str, Sequence[str]]:
        """What is no name, because it might be any of several → these."""

    def value(self, name: str, kind: Kind | None, bind: Bind) -> str:
        """The SQL of a value: NULL where it is missing or of another kind; a region as its text.

        Args:
            kind: What it is taken as; None: anything.
        """

    def span(self, name: str, bind: Bind) -> tuple[str, str]:
        """The SQL of a time span's ends: '' and '~' where they are open, NULL where there is no span."""


def taken(column: str, path: str, kind: Kind | None) -> str:
    """The SQL of what stands in a JSON column, if it is of a kind.

    Args:
        path: A parameter that holds what `path_of` gave.
    """
    return OF_KIND.get(kind or "", ANY_KIND).format(column, path)


def path_of(name: str) -> str:
    """Where a value stands in a JSON object, in SQLite's spelling."""
    return f'$."{name}"'

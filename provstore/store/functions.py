"""The functions of our own that conditions call in SQL.

Rule: what a function raises (an interrupt, say), SQLite forgets; it is remembered here until somebody is told.
"""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

OVERLAPS_REMEMBERED = 65_536
"""Pairs of regions of which it is remembered whether they overlap: many datasets have one region."""


def register(conn: sqlite3.Connection) -> None:
    """Adds the functions to a connection."""
    conn.create_function("provstore_remainder", 2, _remainder, deterministic=True)
    conn.create_function("provstore_moment", 1, _moment, deterministic=True)
    conn.create_function("provstore_region", -1, _region, deterministic=True)
    conn.create_function("provstore_overlap", 2, _overlap, deterministic=True)


_raised: list[BaseException] = []
"""What a function has raised last, and nobody was told yet."""


def forgotten() -> BaseException:
    """What a function has raised, when SQLite only says that one has.

    The smallest functions, which are called most often, remember nothing: only an interrupt can end them.
    """
    return _raised.pop() if _raised else KeyboardInterrupt()


def _remembering(function: Callable[P, T]) -> Callable[P, T]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            _raised[:] = [error]
            raise

    return call


@_remembering
def _remainder(a: object, b: object) -> int | None:
    """The remainder of whole numbers with the sign of the dividend; missing for all others."""
    if not isinstance(a, int) or not isinstance(b, int) or b == 0:
        return None
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


@_remembering
def _moment(text: object) -> str | None:
    """A text as the time it says; missing where it is none."""
    from provstore.query.times import canonical

    try:
        return canonical(text) if isinstance(text, str) else None
    except ValueError:
        return None


@_remembering
def _region(shape: str, *numbers: float | None) -> str | None:
    """A region out of its numbers; missing where one is missing, or there is no such region."""
    from provstore import sky

    given = [number for number in numbers if number is not None]
    try:
        return sky.from_numbers(shape, given).text if len(given) == len(numbers) else None
    except ValueError:
        return None


@functools.lru_cache(maxsize=OVERLAPS_REMEMBERED)
@_remembering
def _overlap(a: str | None, b: str | None) -> bool | None:
    """Two regions have a place in common; missing where one is missing."""
    if a is None or b is None:
        return None
    from provstore import sky

    return sky.overlap(a, b)

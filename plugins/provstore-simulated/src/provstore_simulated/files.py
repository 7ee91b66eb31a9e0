"""Files of a simulation, and the data IDs that a regular expression finds in their names."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SIMULATED = r"sim_exposure_(?P<exposure>\d+)_array_(?P<detector>\d+)\.fits$"
"""Names that the simulator writes: ``sim_exposure_000001_array_2.fits``."""


class Named(NamedTuple):
    """A file whose name says what it is.

    Attributes:
        path: As it was found: relative to the current folder, or absolute.
        data_id: Dimension → value.
    """

    path: str
    data_id: Mapping[str, int | str]


class Found(NamedTuple):
    """What lies at some places.

    Attributes:
        named: In the order of their data IDs.
        others: Paths of the files whose names do not match.
    """

    named: tuple[Named, ...]
    others: tuple[str, ...]


def find(places: Iterable[str], pattern: re.Pattern[str]) -> Found:
    """The files at some places, told apart by a pattern that is searched for in their paths.

    Args:
        places: Files, and folders that are looked through with all that is in them.

    Raises:
        OSError: A folder can't be read.
    """
    named, others = [], []
    for path in dict.fromkeys(path for place in places for path in _files(place)):
        match = pattern.search(path.replace(os.sep, "/"))
        if match is None:
            others.append(path)
        else:
            named.append(Named(path, data_id_of(match)))
    return Found(tuple(sorted(named, key=_order)), tuple(others))


def data_id_of(match: re.Match[str]) -> dict[str, int | str]:
    """The named groups of a match. Digits alone are a whole number; a group that took no part is left out."""
    groups = match.groupdict()
    return {name: _value(text) for name, text in groups.items() if text is not None}


def _value(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _order(file: Named) -> tuple[list[tuple[bool, int | str]], str]:
    """Numbers before texts, as the two can't be compared."""
    return [(isinstance(value, str), value) for value in file.data_id.values()], file.path


def _fail(error: OSError) -> None:
    """A folder that can't be read is no empty folder."""
    raise error


def _files(place: str) -> Iterator[str]:
    """The files of a folder, and of the folders in it, that are not hidden; or the one file."""
    if not os.path.isdir(place):
        yield place
        return
    for folder, inner, names in os.walk(place, onerror=_fail):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield os.path.normpath(os.path.join(folder, name))

"""Which files match? Walks only the folders that a template can reach."""

from __future__ import annotations

import os
import re
import stat

from provstore.errors import FileError
from provstore.model.files import TOOL_FOLDERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from provstore.model.task import Search


def find(root: str, search: Search) -> list[str]:
    """Paths of sources below `root` (absolute), sorted. A path that begins with "/" is looked for there.

    Raises:
        FileError: A name is not UTF-8, or a folder can't be listed.
    """
    segments = [text if kind == "name" or text == "**" else re.compile(text, re.DOTALL) for kind, text in search.parts]
    if segments[0] == "":
        found = _below("/", "/", segments[1:], search.folders)
    else:
        found = _below(root.rstrip("/") + "/", "", segments, search.folders)
    if search.leftovers:
        made = [re.compile(pattern, re.DOTALL) for pattern in search.leftovers]
        return sorted(_utf8(path) for path in found if not any(pattern.fullmatch(path) for pattern in made))
    return sorted(map(_utf8, found))


def _below(base: str, path: str, segments: Sequence[str | re.Pattern[str]], folders: bool) -> Iterator[str]:
    """Each path once, and each folder listed once, however many ways there are through several ``**``.

    Args:
        base: The absolute folder; it ends in "/".
        path: The same as it is reported; empty, or it ends in "/".
    """
    pending: list[tuple[str, frozenset[int]]] = [("", frozenset({0}))]
    while pending:
        below, places = pending.pop()
        found, inner = _in_folder(base + below, [(segments[place], place) for place in _reached(segments, places)],
                                  len(segments) - 1, folders)  # fmt: skip
        yield from (f"{path}{below}{name}" for name in found)
        pending += [(f"{below}{name}/", frozenset(following)) for name, following in inner.items()]


def _reached(segments: Sequence[str | re.Pattern[str]], places: Iterable[int]) -> list[int]:
    """The places, and those behind a ``**`` that stands for no folder."""
    reached = set()
    for start in places:
        place = start
        reached.add(place)
        while segments[place] == "**" and place + 1 < len(segments):
            place += 1
            reached.add(place)
    return sorted(reached)


def _in_folder(
    base: str, wanted: Sequence[tuple[str | re.Pattern[str], int]], last: int, folders: bool
) -> tuple[set[str], dict[str, set[int]]]:
    """What of one folder fits the last segment, and the folders in it to go on with, each with its next places."""
    found: set[str] = set()
    inner: dict[str, set[int]] = {}
    patterns = [(segment, place) for segment, place in wanted if segment == "**" or not isinstance(segment, str)]
    for segment, place in wanted:
        if isinstance(segment, str) and segment != "**":
            if place < last:
                inner.setdefault(segment, set()).add(place + 1)
            elif _fits(base + segment, folders):
                found.add(segment)
    for entry in _listed(base) if patterns else ():
        for segment, place in patterns:
            if _leads_on(entry, segment, at_end=place == last):
                inner.setdefault(entry.name, set()).add(place if segment == "**" else place + 1)
            elif place == last and _is_wanted(entry, segment, folders=folders):
                found.add(entry.name)
    return found, inner


def _leads_on(entry: os.DirEntry[str], segment: str | re.Pattern[str], *, at_end: bool) -> bool:
    """A folder to look into; ``**`` enters no hidden folders and no links."""
    if isinstance(segment, str):
        return not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
    return not at_end and _is_named(entry, segment) and _is(entry.is_dir)


def _is_wanted(entry: os.DirEntry[str], segment: str | re.Pattern[str], *, folders: bool) -> bool:
    if isinstance(segment, str):
        return not entry.name.startswith(".") and _is(entry.is_file)
    return _is_named(entry, segment) and (_is(entry.is_file) or (folders and _is(entry.is_dir)))


def _is_named(entry: os.DirEntry[str], segment: re.Pattern[str]) -> bool:
    return segment.fullmatch(entry.name) is not None and entry.name not in TOOL_FOLDERS


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise FileError(f"{folder}: can't be listed: {error.strerror}", hint="give permission to read it") from error


def _is(claim: Callable[[], bool]) -> bool:
    """The claim holds; a link that leads in a circle is neither a file nor a folder."""
    try:
        return claim()
    except OSError:
        return False


def _fits(full: str, folders: bool) -> bool:
    try:
        mode = os.stat(full).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) or (folders and stat.S_ISDIR(mode))


def _utf8(path: str) -> str:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise FileError(f"{path!r}: the file name is not UTF-8", hint="rename the file") from None
    return path

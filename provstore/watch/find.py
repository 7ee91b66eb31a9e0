"""Which files match? Walks only the folders that a template can reach."""

from __future__ import annotations

import os
import stat

from provstore.errors import FileError
from provstore.model.files import TOOL_FOLDERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from provstore.model.task import Search

    Segment: TypeAlias = "str | Callable[[str], object]"
    """A name, "**", or what says of a name whether it fits."""

NOTHING: Mapping[str, Sequence[str]] = {}


def find(root: str, search: Search, imagined: Mapping[str, Sequence[str]] = NOTHING) -> list[str]:
    """Paths of sources below `root` (absolute), sorted. A path that begins with "/" is looked for there.

    Args:
        imagined: Folder, relative to the root → what is taken to lie in it, relative to the folder, whatever does; an
            empty folder ends in "/".

    Raises:
        FileError: A name is not UTF-8, or a folder can't be listed.
    """
    segments = [_segment(kind, text) for kind, text in search.parts]
    found: Iterable[str]
    if segments[0] == "":
        found = _below("/", "/", segments[1:], search.folders)
    else:
        found = _below(root.rstrip("/") + "/", "", segments, search.folders)
    if imagined:
        found = [path for path in found if imagined.keys().isdisjoint(_folders_of(path))]
        found += [path for path in _imagined_paths(imagined, folders=search.folders) if would_find(search, path)]
    if search.leftovers:
        made = [_fitting(pattern) for pattern in search.leftovers]
        return _utf8(sorted([path for path in found if not any([fits(path) for fits in made])]))
    return _utf8(sorted(found))


def _imagined_paths(imagined: Mapping[str, Sequence[str]], *, folders: bool) -> set[str]:
    """All files, and the folders around them if these are looked for, too."""
    paths = {f"{folder}/{member}" for folder, members in imagined.items() for member in members}
    found = {path for path in paths if not path.endswith("/")}
    if folders:
        around = {folder for path in paths for folder in _folders_of(path)}
        found |= {folder for folder in around if not imagined.keys().isdisjoint(_folders_of(folder))}
    return found


def _folders_of(path: str) -> list[str]:
    """The folders around a path; of one that ends in "/", itself too."""
    return [path[:end] for end, char in enumerate(path) if char == "/"]


def _segment(kind: str, text: str) -> Segment:
    if kind == "name" or text == "**":
        return text
    if kind == "pattern":
        return _fitting(text)
    before, _, behind = text.partition("/")
    least = len(before) + len(behind) + 1
    if before:
        return lambda name: name.startswith(before) and name.endswith(behind) and len(name) >= least
    return lambda name: name.endswith(behind) and len(name) >= least and name[0] != "."


def _fitting(pattern: str) -> Callable[[str], object]:
    """What says of a text whether a regular expression fits it."""
    import re  # takes 4 ms, and most searches need none

    return re.compile(pattern, re.DOTALL).fullmatch


def _below(base: str, path: str, segments: Sequence[Segment], folders: bool) -> Iterator[str]:
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
        start = path + below
        yield from [start + name for name in found]
        pending += [(f"{below}{name}/", frozenset(following)) for name, following in inner.items()]


def _reached(segments: Sequence[Segment], places: Iterable[int]) -> list[int]:
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
    base: str, wanted: Sequence[tuple[Segment, int]], last: int, folders: bool
) -> tuple[set[str], dict[str, set[int]]]:
    """What of one folder fits the last segment, and the folders in it to go on with, each with its next places."""
    found: set[str] = set()
    inner: dict[str, set[int]] = {}
    listed: list[os.DirEntry[str]] | None = None
    for segment, place in wanted:
        if isinstance(segment, str) and segment != "**":
            if place < last:
                inner.setdefault(segment, set()).add(place + 1)
            elif _fits(base + segment, folders):
                found.add(segment)
            continue
        listed = _listed(base) if listed is None else listed
        fitting, following = _chosen(listed, segment, place == last, folders)
        found.update(fitting)
        for name in following:
            inner.setdefault(name, set()).add(place if segment == "**" else place + 1)
    return found, inner


def _chosen(
    listed: Sequence[os.DirEntry[str]], segment: Segment, at_end: bool, folders: bool
) -> tuple[list[str], list[str]]:
    """Names that fit the segment at the end of a path, and those of folders to look into."""
    if isinstance(segment, str):  # ``**`` enters no hidden folders and no links
        visible = [entry for entry in listed if not entry.name.startswith(".")]
        found = [entry.name for entry in visible if _is(entry.is_file)] if at_end else []
        return found, [entry.name for entry in visible if entry.is_dir(follow_symlinks=False)]
    named = [entry for entry in listed if segment(entry.name) and entry.name not in TOOL_FOLDERS]
    if at_end:
        return [entry.name for entry in named if _is(entry.is_file) or (folders and _is(entry.is_dir))], []
    return [], [entry.name for entry in named if _is(entry.is_dir)]


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


def _utf8(paths: list[str]) -> list[str]:
    """The paths; all at once, as thousands are looked at one by one only where one of them is not UTF-8."""
    try:
        "".join(paths).encode()
    except UnicodeEncodeError:
        path = next(path for path in paths if any("\udc80" <= char <= "\udcff" for char in path))
        raise FileError(f"{path!r}: the file name is not UTF-8", hint="rename the file") from None
    return paths


def would_find(search: Search, path: str) -> bool:
    """A search would find a file at this path, as the search spells paths; there need not be one."""
    segments = [_segment(kind, text) for kind, text in search.parts]
    return _leads_to(segments, path.split("/")) and not any(_fitting(pattern)(path) for pattern in search.leftovers)


def _leads_to(segments: Sequence[Segment], names: Sequence[str]) -> bool:
    """The segments stand for these names; ``**`` for any number that are not hidden, at the end for one at least."""
    if not segments or not names:
        return not segments and not names
    first, rest = segments[0], segments[1:]
    if first == "**":
        if rest and _leads_to(rest, names):
            return True
        if names[0].startswith("."):
            return False
        return _leads_to(segments, names[1:]) if len(names) > 1 else not rest
    if isinstance(first, str):
        return first == names[0] and _leads_to(rest, names[1:])
    return bool(first(names[0])) and names[0] not in TOOL_FOLDERS and _leads_to(rest, names[1:])

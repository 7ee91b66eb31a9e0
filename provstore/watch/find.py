"""Which files match? Walks only the folders that a template can reach."""

from __future__ import annotations

import os
import re
import stat

from provstore.errors import FileError
from provstore.model.files import TOOL_FOLDERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
    """`base` is the absolute folder, `path` the same as it is reported; both are empty or end in "/"."""
    first, *rest = segments
    if first == "**":
        yield from _any_depth(base, path, rest, folders)
    elif isinstance(first, str):
        if rest:
            yield from _below(f"{base}{first}/", f"{path}{first}/", rest, folders)
        elif _fits(base + first, folders):
            yield path + first
    else:
        for entry in _listed(base):
            if first.fullmatch(entry.name) is None or entry.name in TOOL_FOLDERS:
                continue
            if rest:
                if _is(entry.is_dir):
                    yield from _below(f"{base}{entry.name}/", f"{path}{entry.name}/", rest, folders)
            elif _is(entry.is_file) or (folders and _is(entry.is_dir)):
                yield path + entry.name


def _any_depth(base: str, path: str, rest: Sequence[str | re.Pattern[str]], folders: bool) -> Iterator[str]:
    if rest:
        yield from _below(base, path, rest, folders)
    for entry in _listed(base):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _any_depth(f"{base}{entry.name}/", f"{path}{entry.name}/", rest, folders)
        elif not rest and _is(entry.is_file):
            yield path + entry.name


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

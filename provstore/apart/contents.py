"""Bytes of two files or directories: whether they are the same, and where they differ first.

Rules: a directory is its members: their names, kinds, executable bits, bytes, and the folders with nothing in them.
A link in a directory is its text, and is not followed. What is neither file, link nor folder is never opened.
"""

from __future__ import annotations

import os
import stat

from provstore.model.comparison import Difference
from provstore.noun import NamedTuple
from provstore.plugin import METADATA, STRUCTURE, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    Compare = Callable[[Path, Path], Iterable[Difference]]

BLOCK = 1 << 20


class Spot(NamedTuple):
    """Where the bytes of two files or directories differ first.

    Attributes:
        a, b: What the first and the second have there, for a person.
    """

    a: str
    b: str


def first_spot(a: Path, b: Path) -> Spot | None:
    """Where two files or directories differ first in bytes; None: nowhere.

    Raises:
        OSError: One of them can't be read.
        Unavailable: In a directory lies something that is neither file, link nor folder.
    """
    if a.is_dir() and b.is_dir():
        return _first_spot_of_directories(a, b)
    if a.is_dir() or b.is_dir():
        return Spot(_kind(a), _kind(b))
    return _first_spot_of_files(a, b)


def _kind(path: Path) -> str:
    return "directory" if path.is_dir() else "file"


def _first_spot_of_files(a: Path, b: Path) -> Spot | None:
    with a.open("rb") as file_a, b.open("rb") as file_b:
        offset = _first_offset(file_a, file_b)
        if offset is None:
            return None
        return Spot(_shown(file_a, offset), _shown(file_b, offset))


def _first_offset(file_a: BinaryIO, file_b: BinaryIO) -> int | None:
    """The first offset at which two files differ, the end of the shorter one included."""
    done = 0
    while True:
        block_a, block_b = file_a.read(BLOCK), file_b.read(BLOCK)
        if block_a != block_b:
            pairs = zip(block_a, block_b, strict=False)
            shorter = min(len(block_a), len(block_b))
            return done + next((place for place, (x, y) in enumerate(pairs) if x != y), shorter)
        if not block_a:
            return None
        done += len(block_a)


def _shown(file: BinaryIO, offset: int) -> str:
    size = os.fstat(file.fileno()).st_size
    file.seek(offset)
    byte = file.read(1)
    return f"0x{byte[0]:02x} at offset {offset:,} of {size:,} bytes" if byte else f"the end, after {size:,} bytes"


# --- directories ------------------------------------------------------------------------------------------


def members(folder: Path) -> dict[str, str]:
    """Path in the directory → "file", "executable file", "link" or "empty folder"; sorted.

    Raises:
        OSError: It can't be listed.
        Unavailable: In it lies something else, which is named.
    """
    found, pending = {}, [""]
    while pending:
        below = pending.pop()
        with os.scandir(folder / below) as entries:
            names = [(entry.name, entry.stat(follow_symlinks=False).st_mode) for entry in entries]
        if below and not names:
            found[below] = "empty folder"
        for name, mode in names:
            path = f"{below}/{name}".lstrip("/")
            if stat.S_ISDIR(mode):
                pending.append(path)
            else:
                found[path] = _kind_of_member(path, mode)
    return dict(sorted(found.items()))


def _kind_of_member(path: str, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "link"
    if not stat.S_ISREG(mode):
        raise Unavailable(f"{path} is neither a file, nor a link, nor a folder")
    return "executable file" if mode & 0o111 else "file"


def _first_spot_of_directories(a: Path, b: Path) -> Spot | None:
    of_a, of_b = members(a), members(b)
    for name in sorted({*of_a, *of_b}):
        kinds = of_a.get(name, ""), of_b.get(name, "")
        if kinds[0] != kinds[1]:
            return Spot(*(f"{name}: {kind or 'missing'}" for kind in kinds))
        spot = _first_spot_of_members(a / name, b / name, kinds[0])
        if spot is not None:
            return Spot(f"{name}: {spot.a}", f"{name}: {spot.b}")
    return None


def _first_spot_of_members(a: Path, b: Path, kind: str) -> Spot | None:
    if kind.endswith("file"):
        return _first_spot_of_files(a, b)
    if kind == "link" and os.readlink(a) != os.readlink(b):
        return Spot(f"link to {os.readlink(a)}", f"link to {os.readlink(b)}")
    return None


def differences(a: Path, b: Path, compare: Compare) -> Iterator[Difference]:
    """In what two directories, or a directory and a file, differ: by member.

    Args:
        compare: In what two members differ that are files, with places inside of them.
    """
    if not (a.is_dir() and b.is_dir()):
        yield Difference(STRUCTURE, True, (), "kind", _kind(a), _kind(b))
        return
    of_a, of_b = members(a), members(b)
    for name in sorted({*of_a, *of_b}):
        place = tuple(name.split("/"))
        for entry in _differences_of_members(a / name, b / name, (of_a.get(name, ""), of_b.get(name, "")), compare):
            yield entry._replace(place=place + entry.place)


def _differences_of_members(a: Path, b: Path, kinds: tuple[str, str], compare: Compare) -> Iterator[Difference]:
    if "" in kinds:
        yield Difference(STRUCTURE, True, (), "missing" if kinds[0] else "added", *kinds)
        return
    are_files = kinds[0].endswith("file") and kinds[1].endswith("file")
    if kinds[0] != kinds[1]:
        yield Difference(METADATA if are_files else STRUCTURE, True, (), "kind", *kinds)
    if kinds == ("link", "link") and os.readlink(a) != os.readlink(b):
        yield Difference(STRUCTURE, True, (), "link", os.readlink(a), os.readlink(b))
    if are_files:
        yield from compare(a, b)

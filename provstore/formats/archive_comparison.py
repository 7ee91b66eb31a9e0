"""How two archives differ: what only one has, what changed, and in what they are stored differently.

Contents of moderate size are compared by the format of their names, others as bytes. Since contents count as bytes,
two that are equal to their format and have other bytes are a difference all the same.
"""

from __future__ import annotations

from typing import NamedTuple

from provstore.formats.archive import DIRECTORY, FILE, Contents, Entry
from provstore.formats.compression import inside
from provstore.formats.contents import (
    compare_bytes,
    differences_by,
    inside_place,
    is_exact,
    name_on_disk,
    pieces_of,
    printable,
    temporary_folder,
    write_pieces,
)
from provstore.plugin import METADATA, STORAGE, STRUCTURE, VALUES, Difference, inner_format, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from provstore.formats.archive import Archive
    from provstore.plugin import Tolerance

MODERATE = 1 << 26
"""Bytes of a content that is compared by its format."""
TOGETHER = 1 << 28
"""Bytes of all of them in one archive; what is beyond is told by size and digest only."""


class Side(NamedTuple):
    """One of the two archives."""

    path: Path
    contents: Contents


def compare(format: Archive, a: Path, b: Path, tolerance: Tolerance | None) -> Iterator[Difference]:
    """Where two archives differ."""
    left, right = (Side(path, format.inventory(path, format.expansion(path), {})) for path in (a, b))
    if left.contents.digest != right.contents.digest:
        yield from compare_mappings(left.contents.metadata, right.contents.metadata, ())
        changed = []
        for name in sorted({*left.contents.entries, *right.contents.entries}):
            one, other = left.contents.entries.get(name), right.contents.entries.get(name)
            if one == other:
                continue
            yield from compare_entries(name, one, other)
            if one and other and one.kind == other.kind and one.content != other.content:
                changed.append(name)
        if changed:
            yield from compare_contents(format, left, right, changed, tolerance)
    if left.contents.entries.keys() == right.contents.entries.keys():
        yield from compare_storage(left.contents.storage, right.contents.storage)


def compare_entries(name: str, a: Entry | None, b: Entry | None) -> Iterator[Difference]:
    """What differs of a member, but for the content of a file."""
    place = (printable(name),)
    if a is None or b is None:
        what = "added" if a is None else "missing"
        yield Difference(STRUCTURE, place, what, in_short(a), in_short(b))
        return
    if a.kind != b.kind:
        yield Difference(STRUCTURE, place, "kind", in_short(a), in_short(b))
        return
    if a.target != b.target:
        yield Difference(STRUCTURE, place, "target", shown(printable(a.target)), shown(printable(b.target)))
    if a.executable != b.executable:
        texts = ["executable" if entry.executable else "not executable" for entry in (a, b)]
        yield Difference(METADATA, place, "executable bit", texts[0], texts[1])
    yield from compare_mappings(dict(a.metadata), dict(b.metadata), place)


def in_short(entry: Entry | None) -> str:
    """A member in a few words."""
    if entry is None:
        return ""
    if entry.kind == FILE:
        return f"file of {entry.size:,} bytes"
    return entry.kind if entry.kind == DIRECTORY else f"{entry.kind} {shown(printable(entry.target))}".rstrip()


def compare_mappings(a: Mapping[str, str], b: Mapping[str, str], place: tuple[str, ...]) -> Iterator[Difference]:
    """What is said differently of an archive or a member, and counts."""
    for word in sorted({*a, *b}):
        if a.get(word) != b.get(word):
            one, other = (shown(printable(words.get(word, ""))) for words in (a, b))
            yield Difference(METADATA, place, printable(word), one, other)


def compare_storage(a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[Difference]:
    """In what two archives of the same members are stored differently: a word for each."""
    for word in sorted({*a, *b}):
        if a.get(word) != b.get(word):
            yield Difference(STORAGE, (), word)


# --- contents ---------------------------------------------------------------------------------------------


def compare_contents(
    format: Archive, a: Side, b: Side, names: list[str], tolerance: Tolerance | None
) -> Iterator[Difference]:
    """Contents of the same names that are not the same bytes."""
    moderate = {name: str(number) for number, name in enumerate(within_limits(a, b, names))}
    with temporary_folder() as folder:
        for side, one in ((a, "a"), (b, "b")):
            stored = side.contents.stored_as
            targets = {name: folder / (one + number) / name_on_disk(name) for name, number in moderate.items()}
            unpack(format, side.path, {stored.get(name, name): target for name, target in targets.items()})
        for name in names:
            if name in moderate:
                left, right = (folder / (one + moderate[name]) / name_on_disk(name) for one in ("a", "b"))
                with inside(format.expansion(a.path)):
                    found = list(compare_files(name, left, right, tolerance))
                yield from inside_place((printable(name),), found)
            else:
                sizes = [f"{side.contents.entries[name].size:,} bytes" for side in (a, b)]
                yield Difference(VALUES, (printable(name),), "bytes", sizes[0], sizes[1])


def within_limits(a: Side, b: Side, names: Iterable[str]) -> Iterator[str]:
    """Those of the names whose contents are compared in detail."""
    total = 0
    for name in names:
        size = max(side.contents.entries[name].size for side in (a, b))
        if size <= MODERATE and total + size <= TOGETHER:
            total += size
            yield name


def unpack(format: Archive, path: Path, targets: Mapping[str, Path]) -> None:
    """Writes the contents of some members to files of their own, in one pass over an archive."""
    with format.opened(path, format.expansion(path)) as reader:
        for member in reader.members():
            if member.name in targets:
                write_pieces(targets[member.name], member.pieces())


def compare_files(name: str, a: Path, b: Path, tolerance: Tolerance | None) -> Iterator[Difference]:
    """By the format of their name; as bytes where there is none, or where it can't tell or takes them for equal."""
    found = differences_by(inner_format(name.rpartition("/")[2]), a, b, name, tolerance)
    yield from found or ()
    if found is None or (is_exact(tolerance) and not any(entry.counts for entry in found)):
        yield from compare_bytes(pieces_of(a), pieces_of(b))

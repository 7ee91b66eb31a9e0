"""Where two notebooks differ: cells that only one has, and in those of both, source, metadata and outputs.

Rules: cells are put beside each other by their sources, so that one that was added does not make all behind it
differ; where the sources changed, by their order. Everything that a digest counts is compared here.
"""

from __future__ import annotations

import difflib

from provstore.plugin import METADATA, STORAGE, STRUCTURE, VALUES, Difference, Hasher, compare_trees, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore.plugin import Tolerance
    from provstore_notebook.notebook import Cell, Notebook

MOST = 2000
"""Cells that are put beside each other by their sources; beyond that, which takes long, by their order."""

Pair = tuple["Cell | None", "Cell | None"]


def compare(a: Notebook, b: Notebook, tolerance: Tolerance | None) -> Iterator[Difference]:
    """All differences; `tolerance` is for numbers in JSON data."""
    yield from compare_trees(a.metadata, b.metadata, ("metadata",), None, METADATA)
    for left, right in _pairs(a.cells, b.cells):
        yield from _compare_cells(left, right, tolerance)
    stored, other = a.storage(), b.storage()
    for what in stored:
        if stored[what] != other[what]:
            yield Difference(STORAGE, (), what, stored[what], other[what])


def _pairs(a: list[Cell], b: list[Cell]) -> Iterator[Pair]:
    """The cells of both beside each other; None where one of the two has none."""
    start = 0
    while start < min(len(a), len(b)) and _key(a[start]) == _key(b[start]):
        yield a[start], b[start]
        start += 1
    a, b = a[start:], b[start:]
    if max(len(a), len(b)) > MOST:
        yield from _by_order(a, b)
        return
    matcher = difflib.SequenceMatcher(None, [*map(_key, a)], [*map(_key, b)], autojunk=False)
    for _, a_start, a_end, b_start, b_end in matcher.get_opcodes():
        yield from _by_order(a[a_start:a_end], b[b_start:b_end])


def _key(cell: Cell) -> tuple[str, str]:
    return cell.kind, cell.source


def _by_order(a: list[Cell], b: list[Cell]) -> Iterator[Pair]:
    for position in range(max(len(a), len(b))):
        yield a[position] if position < len(a) else None, b[position] if position < len(b) else None


def _compare_cells(a: Cell | None, b: Cell | None, tolerance: Tolerance | None) -> Iterator[Difference]:
    if a is None or b is None:
        cell = a or b
        if cell is not None:
            texts = (_first(cell), "") if b is None else ("", _first(cell))
            yield Difference(STRUCTURE, (cell.place,), "missing" if b is None else "added", *texts)
        return
    if Hasher().add(a.content).digest == Hasher().add(b.content).digest:
        return
    place = (a.place,)
    if a.kind != b.kind:
        yield Difference(STRUCTURE, place, "kind", a.kind, b.kind)
    if a.source != b.source:
        yield Difference(VALUES, (*place, "source"), "text", *_changed(a.source, b.source))
    yield from compare_trees(a.metadata, b.metadata, (*place, "metadata"), None, METADATA)
    yield from compare_trees(a.attachments, b.attachments, (*place, "attachments"), tolerance)
    yield from _compare_outputs(a, b, tolerance)


def _first(cell: Cell) -> str:
    return shown(cell.source or f"{len(cell.outputs)} outputs")


def _changed(a: str, b: str) -> tuple[str, str]:
    """The first lines that two texts do not share, with the number of the line."""
    left, right = a.split("\n"), b.split("\n")
    same = 0
    while same < min(len(left), len(right)) and left[same] == right[same]:
        same += 1
    texts = [f"line {same + 1}: {lines[same]}" if same < len(lines) else "(ends)" for lines in (left, right)]
    return shown(texts[0]), shown(texts[1])


def _compare_outputs(a: Cell, b: Cell, tolerance: Tolerance | None) -> Iterator[Difference]:
    place = (a.place,)
    if len(a.outputs) != len(b.outputs):
        yield Difference(STRUCTURE, place, "outputs", str(len(a.outputs)), str(len(b.outputs)))
    for number, (left, right) in enumerate(zip(a.outputs, b.outputs, strict=False), start=1):
        where = (*place, f"output {number}")
        if left["kind"] != right["kind"]:
            yield Difference(STRUCTURE, where, "kind", left["kind"], right["kind"])
            continue
        for part in [*left, *(part for part in right if part not in left)]:
            yield from _compare_parts(part, left.get(part), right.get(part), where, tolerance)


def _compare_parts(
    part: str, a: Any, b: Any, place: tuple[str, ...], tolerance: Tolerance | None
) -> Iterator[Difference]:
    """A part of an output: its text, its data by MIME type, its metadata."""
    if part == "text" and a != b:
        yield Difference(VALUES, place, "text", *_changed(a, b))
    elif part == "data":
        for difference in compare_trees(a, b, place, tolerance):
            yield _with_sizes(difference, a, b)
    elif part != "text":
        yield from compare_trees(a, b, (*place, part), None, METADATA if part == "metadata" else VALUES)


def _with_sizes(difference: Difference, a: dict[str, Any], b: dict[str, Any]) -> Difference:
    """Of bytes, how many there are says more than how they begin."""
    mime = difference.place[-1]
    if isinstance(a.get(mime), bytes) and isinstance(b.get(mime), bytes):
        return difference._replace(what="bytes", a=f"{len(a[mime]):,} bytes", b=f"{len(b[mime]):,} bytes")
    return difference

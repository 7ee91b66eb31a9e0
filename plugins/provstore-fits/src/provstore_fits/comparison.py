"""How two files differ, HDU by HDU; and in what they differ in storage where they are equal as data."""

from __future__ import annotations

from provstore.plugin import (
    METADATA,
    STORAGE,
    STRUCTURE,
    VALUES,
    ArrayComparison,
    Difference,
    Hasher,
    Numbers,
    compare_trees,
    in_step,
    shown,
)
from provstore_fits.cards import OF_INTEGERS
from provstore_fits.content import Content, contents_of
from provstore_fits.images import Image
from provstore_fits.tables import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Any

    from provstore.plugin import Tolerance
    from provstore_fits.columns import Column

CHUNK = 1 << 22
IGNORED = {
    "creation date": ("DATE",),
    "checksum": ("CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM"),
    "compression": ("ZCMPTYPE", "ZTILE1", "ZTILE2", "ZTILE3", "ZQUANTIZ", "ZNAME1", "ZVAL1", "ZVAL2"),
}
"""Cards that do not count, by what is said when they differ."""


def compare(a: Path, b: Path, tolerance: Tolerance | None) -> Iterator[Difference]:
    """All differences of two files."""
    left, right = contents_of(a), contents_of(b)
    if len(left) != len(right):
        yield Difference(STRUCTURE, (), "number of HDUs", str(len(left)), str(len(right)))
    for one, other in zip(left, right, strict=False):
        yield from _compare_hdus(one, other, tolerance)
    for content in left[len(right) :]:
        yield Difference(STRUCTURE, (content.place,), "missing", content.kind)
    for content in right[len(left) :]:
        yield Difference(STRUCTURE, (content.place,), "added", "", content.kind)


def _compare_hdus(a: Content, b: Content, tolerance: Tolerance | None) -> Iterator[Difference]:
    place = (a.place,)
    if a.kind != b.kind:
        yield Difference(STRUCTURE, place, "kind", a.kind, b.kind)
    yield from _compare_cards(a, b, place, tolerance)
    data_differ = False
    for difference in _compare_data(a, b, place, tolerance):
        data_differ = True
        yield difference
    yield from _storage_differences(a, b, place)
    if a.kind == b.kind and not data_differ:
        yield from _layout_differences(a, b, place)


def _compare_data(a: Content, b: Content, place: tuple[str, ...], tolerance: Tolerance | None) -> Iterable[Difference]:
    if isinstance(a.data, Image) and isinstance(b.data, Image):
        return _compare_images(a.data, b.data, place, tolerance)
    if isinstance(a.data, Table) and isinstance(b.data, Table):
        return _compare_tables(a.data, b.data, place, tolerance)
    return ()


# --- cards ------------------------------------------------------------------------------------------------


def _compare_cards(a: Content, b: Content, place: tuple[str, ...], tolerance: Tolerance | None) -> Iterator[Difference]:
    for keyword in [*a.cards, *(keyword for keyword in b.cards if keyword not in a.cards)]:
        left, right = a.cards.get(keyword, []), b.cards.get(keyword, [])
        if Hasher().add(left).digest != Hasher().add(right).digest:
            yield from _compare_card(keyword or "blank", left, right, place, tolerance)


def _compare_card(
    keyword: str, a: list[Any], b: list[Any], place: tuple[str, ...], tolerance: Tolerance | None
) -> Iterator[Difference]:
    """Of cards that are there once, value and comment are told apart."""
    if len(a) == len(b) == 1 and isinstance(a[0], list) and isinstance(b[0], list):
        (value_a, comment_a), (value_b, comment_b) = a[0], b[0]
        for found in compare_trees(value_a, value_b, (), tolerance, METADATA):
            yield found._replace(place=place, what=f"card {keyword}")
        if comment_a != comment_b:
            yield Difference(METADATA, place, f"comment of {keyword}", shown(comment_a), shown(comment_b))
        return
    if any(found.counts for found in compare_trees(a, b, (), tolerance, METADATA)):
        yield Difference(METADATA, place, f"card {keyword}", _card_text(a), _card_text(b))


def _card_text(cards: list[Any]) -> str:
    return shown("; ".join([shown(card[0]) if isinstance(card, list) else card for card in cards]))


# --- data -------------------------------------------------------------------------------------------------


def _compare_images(a: Image, b: Image, place: tuple[str, ...], tolerance: Tolerance | None) -> Iterator[Difference]:
    if a.shape != b.shape:
        yield Difference(STRUCTURE, place, "shape", _shape_text(a.shape), _shape_text(b.shape))
        return
    if not a.shape:
        return
    if a.decoding.type != b.decoding.type:
        yield Difference(STRUCTURE, place, "type", a.decoding.type, b.decoding.type)
    comparison = ArrayComparison(a.shape, place, tolerance)
    for block_a, block_b in in_step(a.blocks(), b.blocks()):
        comparison.add(block_a, block_b)
    yield from comparison.differences()


def _shape_text(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "no data"


def _compare_tables(a: Table, b: Table, place: tuple[str, ...], tolerance: Tolerance | None) -> Iterator[Difference]:
    if a.rows != b.rows:
        yield Difference(STRUCTURE, place, "rows", str(a.rows), str(b.rows))
    names_a, names_b = [column.name for column in a.columns], [column.name for column in b.columns]
    if names_a != names_b:
        yield Difference(STRUCTURE, place, "columns", shown(", ".join(names_a)), shown(", ".join(names_b)))
    common = _common(names_a, names_b)
    comparable = []
    for left, right in common:
        one, other = a.columns[left], b.columns[right]
        yield from _compare_columns(one, other, place)
        if (one.text, a.rows) == (other.text, b.rows):
            comparable.append((left, right))
    if comparable:
        yield from _compare_rows(a, b, comparable, place, tolerance)


def _common(a: list[str], b: list[str]) -> list[tuple[int, int]]:
    """Positions of the columns that both have: by name, where each name is there once; else by position."""
    if len({*a}) < len(a) or len({*b}) < len(b):
        return [(position, position) for position in range(min(len(a), len(b)))]
    return [(position, b.index(name)) for position, name in enumerate(a) if name in b]


def _compare_columns(a: Column, b: Column, place: tuple[str, ...]) -> Iterator[Difference]:
    if a.text != b.text:
        yield Difference(STRUCTURE, (*place, a.name), "type", a.text, b.text)
    if a.comment != b.comment:
        yield Difference(METADATA, (*place, a.name), "comment", shown(a.comment), shown(b.comment))


def _compare_rows(
    a: Table, b: Table, columns: list[tuple[int, int]], place: tuple[str, ...], tolerance: Tolerance | None
) -> Iterator[Difference]:
    rows = min(a.rows_of_block(), b.rows_of_block())
    comparisons = [ColumnComparison(a.columns[left], a.rows, place, tolerance) for left, _ in columns]
    for block_a, block_b in zip(a.blocks(rows), b.blocks(rows), strict=True):
        for comparison, (left, right) in zip(comparisons, columns, strict=True):
            comparison.add(block_a[left], block_b[right])
    for comparison in comparisons:
        yield from comparison.differences()


class ColumnComparison:
    """Compares one column of two tables, block by block, by the arrays that `Table.blocks` gives."""

    def __init__(self, column: Column, rows: int, place: tuple[str, ...], tolerance: Tolerance | None) -> None:
        self._place = (*place, column.name)
        self._is_variable = column.variable is not None
        self._values = ArrayComparison(() if self._is_variable else (rows, *column.shape), self._place, tolerance)
        self._nothing = 0
        self._lengths = 0

    def add(self, a: tuple[Any, ...], b: tuple[Any, ...]) -> None:
        """Compares the next rows."""
        if self._is_variable:
            differ = int((a[0] != b[0]).sum())
            self._lengths += differ
            a, b = a[1:], b[1:]
            if differ:  # their elements are not those of the same cells
                return
        if a[1:]:
            self._nothing += int((a[1] != b[1]).sum())
        self._values.add(a[0], b[0])

    def differences(self) -> Iterator[Difference]:
        """What there was: lengths of arrays, cells that are nothing, values."""
        if self._lengths:
            yield Difference(VALUES, self._place, "lengths", numbers=_count(self._lengths))
        if self._nothing:
            yield Difference(VALUES, self._place, "cells that are nothing", numbers=_count(self._nothing))
        yield from self._values.differences()


def _count(count: int) -> Numbers:
    return Numbers(count, count, None, None, None, ())


# --- storage ----------------------------------------------------------------------------------------------


def _storage_differences(a: Content, b: Content, place: tuple[str, ...]) -> Iterator[Difference]:
    """Of cards that do not count."""
    if a.hdu.kind != b.hdu.kind and a.kind == b.kind:
        yield Difference(STORAGE, place, "compression", _compression(a), _compression(b))
    for what, keywords in IGNORED.items():
        texts = [", ".join([_value_text(content, keyword) for keyword in keywords]) for content in (a, b)]
        if texts[0] != texts[1] and (what != "compression" or a.hdu.kind == b.hdu.kind):
            yield Difference(STORAGE, place, what, shown(texts[0].strip(", ")), shown(texts[1].strip(", ")))
    orders = [[card.keyword for card in content.hdu.cards if card.keyword in content.cards] for content in (a, b)]
    if orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1]):
        yield Difference(STORAGE, place, "card order")


def _compression(content: Content) -> str:
    return str(content.hdu.value("ZCMPTYPE", "none")) if content.hdu.kind == "compressed image" else "none"


def _value_text(content: Content, keyword: str) -> str:
    value = content.hdu.value(keyword)
    return "" if value is None else str(value)


def _layout_differences(a: Content, b: Content, place: tuple[str, ...]) -> Iterator[Difference]:
    """Of how equal data are laid down."""
    if isinstance(a.data, Image):
        scales = [", ".join([_value_text(content, keyword) for keyword in sorted(OF_INTEGERS)]) for content in (a, b)]
        if scales[0] != scales[1]:
            yield Difference(STORAGE, place, "scaling", scales[0].strip(", "), scales[1].strip(", "))
    elif isinstance(a.data, Table) and isinstance(b.data, Table):
        forms = [_forms(content) for content in (a, b)]
        if forms[0] != forms[1]:
            yield Difference(STORAGE, place, "forms of columns", shown(forms[0]), shown(forms[1]))
        elif not _have_same_bytes(a, b):
            has_heap = any(column.variable is not None for column in a.data.columns)
            yield Difference(STORAGE, place, "heap order" if has_heap else "padding of cells")


def _forms(content: Content) -> str:
    return ", ".join(
        [_value_text(content, f"TFORM{number}") for number in range(1, content.hdu.integer("TFIELDS") + 1)]
    )


def _have_same_bytes(a: Content, b: Content) -> bool:
    if a.hdu.size != b.hdu.size:
        return False
    with a.data.path.open("rb") as left, b.data.path.open("rb") as right:
        left.seek(a.hdu.start)
        right.seek(b.hdu.start)
        for start in range(0, a.hdu.size, CHUNK):
            size = min(CHUNK, a.hdu.size - start)
            if left.read(size) != right.read(size):
                return False
    return True

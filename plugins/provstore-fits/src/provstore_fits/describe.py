"""What a file holds, from its headers: for descriptions and previews."""

from __future__ import annotations

from provstore.plugin import shown
from provstore_fits.tables import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore_fits.content import Content
    from provstore_fits.images import Image

MOST_HDUS = 12
"""That are listed in a preview."""
MOST_ROWS = 5
MOST_COLUMNS = 8
TITLES = ("OBJECT", "DATE-OBS", "TELESCOP", "INSTRUME", "FILTER", "EXPTIME")
"""Cards that tell people what they look at."""


def facts_of(contents: list[Content]) -> dict[str, Any]:
    """Facts about all HDUs, in values that JSON can write."""
    titles = {keyword: value for keyword in TITLES if (value := _plain(contents[0].hdu.value(keyword))) is not None}
    facts: dict[str, Any] = {"hdus": [_facts(content) for content in contents]}
    return {**facts, "header": titles} if titles else facts


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str)) else None


def _facts(content: Content) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": content.place, "kind": content.hdu.kind, "cards": len(content.hdu.cards)}
    if isinstance(content.data, Table):
        return {**facts, "rows": content.data.rows, "columns": _columns(content, content.data)}
    if content.data.shape:
        facts |= {"type": content.data.decoding.type, "shape": list(content.data.shape)}
    unit = _plain(content.hdu.value("BUNIT"))
    return facts if unit is None else {**facts, "unit": unit}


def _columns(content: Content, table: Table) -> dict[str, str]:
    """Type and unit by name; columns without a name go by their number."""
    found = {}
    for number, column in enumerate(table.columns, 1):
        unit = _plain(content.hdu.value(f"TUNIT{number}"))
        found[column.name or f"column {number}"] = f"{column.text} [{unit}]" if unit else column.text
    return found


def lines_of(contents: list[Content]) -> list[str]:
    """A line for each HDU, and the first rows of the first table."""
    lines = [line for content in contents[:MOST_HDUS] for line in _lines(content)]
    if len(contents) > MOST_HDUS:
        lines.append(f"… and {len(contents) - MOST_HDUS} more HDUs")
    table = next((content.data for content in contents if isinstance(content.data, Table)), None)
    return [*lines, *_rows(table)] if table is not None and table.rows and table.columns else lines


def _lines(content: Content) -> Iterator[str]:
    if isinstance(content.data, Table):
        names = ", ".join([column.name for column in content.data.columns])
        yield f"{content.place}: {content.kind}, {content.data.rows:,} rows: {shown(names)}"
    else:
        yield f"{content.place}: {_image_text(content.data)}"


def _image_text(image: Image) -> str:
    if not image.shape:
        return "no data"
    return f"{image.hdu.kind}, {image.decoding.type}, {'×'.join(map(str, image.shape))}"


def _rows(table: Table) -> Iterator[str]:
    """The first rows, tab by tab; of variable-length arrays their lengths."""
    columns = table.columns[:MOST_COLUMNS]
    yield "\t".join([column.name for column in columns])
    block = next(iter(table.blocks(min(MOST_ROWS, table.rows))))
    for row in range(min(MOST_ROWS, table.rows)):
        yield "\t".join([_cell(arrays, row) for arrays in block[:MOST_COLUMNS]])


def _cell(arrays: tuple[Any, ...], row: int) -> str:
    value = arrays[0][row]
    if hasattr(value, "tolist"):
        value = value.tolist()
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return text if len(text) <= 20 else text[:19] + "…"

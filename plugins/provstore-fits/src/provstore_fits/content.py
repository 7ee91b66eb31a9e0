"""What a file says, HDU by HDU: its cards, and its pixels or rows. For the digest and for comparisons."""

from __future__ import annotations

from typing import NamedTuple

from provstore.plugin import Hasher
from provstore_fits.cards import counted
from provstore_fits.images import Image, image_of
from provstore_fits.layout import hdus_of
from provstore_fits.tables import Table, table_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from provstore_fits.layout import Hdu

BOILERPLATE = (
    "FITS (Flexible Image Transport System) format is defined in 'Astronomy",
    "and Astrophysics', volume 376, page 359; bibcode: 2001A&A...376..359H",
)
"""The comment that CFITSIO puts into every primary header."""


class Content(NamedTuple):
    """One HDU as data.

    Attributes:
        kind: "image", "table" or "ASCII table".
        place: For a person: its position, with its name where it has one.
        cards: Those that count, see `counted`.
        data: An image has no pixels if its shape is ().
    """

    kind: str
    place: str
    hdu: Hdu
    cards: dict[str, list[Any]]
    data: Image | Table


def contents_of(path: Path) -> list[Content]:
    """All HDUs of a file as data, in order; of their data nothing is read yet.

    Raises:
        Unavailable: Something in the file is not understood.
    """
    hdus = hdus_of(path)
    if len(hdus) > 1 and hdus[1].value("ZSIMPLE") is True and _is_empty(hdus[0]):
        hdus = hdus[1:]  # a program moved the primary image to where it can be compressed
    return [_content(path, hdu, position) for position, hdu in enumerate(hdus)]


def _is_empty(hdu: Hdu) -> bool:
    """The header has nothing of its own, and no data."""
    cards = counted(hdu)
    comments = tuple(text.strip() for text in cards.pop("COMMENT", []))
    return not hdu.shape and not cards and comments in ((), BOILERPLATE)


def _content(path: Path, hdu: Hdu, position: int) -> Content:
    cards = counted(hdu)
    name = hdu.name if "EXTNAME" in cards else ""
    place = f"{position} {name}" if name else str(position)
    is_image = hdu.kind in ("image", "compressed image")
    data = image_of(path, hdu) if is_image else table_of(path, hdu)
    return Content("image" if is_image else hdu.kind, place, hdu, cards, data)


def digest_of(contents: list[Content]) -> str:
    """Digest of all HDUs."""
    hasher = Hasher().add("fits", len(contents))
    for content in contents:
        hasher.add(content.kind, content.cards)
        if isinstance(content.data, Table):
            _add_table(hasher, content.data)
        elif content.data.shape:
            _add_image(hasher, content.data)
    return hasher.digest


def _add_image(hasher: Hasher, image: Image) -> None:
    hasher.begin_array(image.decoding.type, image.shape)
    for block in image.blocks():
        hasher.part(block)


def _add_table(hasher: Hasher, table: Table) -> None:
    """Rows come in blocks of all columns, so each column has a digest of its own."""
    hasher.add(table.rows)
    parts: list[list[Hasher]] = [[] for _ in table.columns]
    for block in table.blocks(table.rows_of_block()):
        for hashers, arrays in zip(parts, block, strict=True):
            hashers.extend(Hasher() for _ in arrays[len(hashers) :])
            for inner, array in zip(hashers, arrays, strict=True):
                inner.part(array)
    for column, hashers in zip(table.columns, parts, strict=True):
        hasher.add(column.name, column.comment, column.type, column.shape, [inner.digest for inner in hashers])

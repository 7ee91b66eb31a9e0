"""Which cards of a header count, and in which form.

A card counts by its keyword, its value and its comment. Its place does not, but among cards of one keyword (COMMENT,
HISTORY, and those that are there twice). How it is written does not: ``1.0`` is ``1.0E0``, a long text may be cut
anywhere. Blank cards without text are space that a program reserved.

Not counted:

- `VOLATILE`: says when or how the file was written. ``DATE`` is "the date on which the HDU was created" (FITS Standard
  4.0, 4.4.2.1); every other ``DATE-…`` is data.
- `LAYOUT` and what `structural` lists: says how the values are laid down. Their type, shape, names and values are
  counted as they are decoded.
"""

from __future__ import annotations

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore_fits.layout import Card, Hdu

VOLATILE = frozenset({"DATE", "CHECKSUM", "DATASUM", "LONGSTRN", "ZHECKSUM", "ZDATASUM"})
"""LONGSTRN announces that long texts are continued; ZHECKSUM and ZDATASUM are of the image before compression."""
LAYOUT = frozenset({"SIMPLE", "XTENSION", "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "EXTEND"})
OF_INTEGERS = frozenset({"BSCALE", "BZERO", "BLANK"})
OF_TABLES = frozenset({"TFIELDS", "THEAP"})
OF_COLUMNS = ("TTYPE", "TFORM", "TSCAL", "TZERO", "TNULL", "TDIM", "TBCOL")
OF_COMPRESSION = frozenset(
    {"ZIMAGE", "ZSIMPLE", "ZEXTEND", "ZBLOCKED", "ZTENSION", "ZBITPIX", "ZNAXIS", "ZPCOUNT", "ZGCOUNT"}
    | {"ZCMPTYPE", "ZMASKCMP", "ZQUANTIZ", "ZDITHER0", "ZBLANK", "ZSCALE", "ZZERO"}
)
OF_COMPRESSED_AXES = ("ZNAXIS", "ZTILE", "ZNAME", "ZVAL")
NAMES = frozenset({"EXTNAME", "EXTVER", "EXTLEVEL"})
"""Cards whose comments programs write as they like ("name of this binary table extension"): only the value counts."""
DEFAULT_NAME = "COMPRESSED_IMAGE"
"""What programs call the table of a compressed image that has no name."""


def counted(hdu: Hdu) -> dict[str, list[Any]]:
    """The cards that count, by keyword: of each its value and comment, in order.

    Raises:
        Unavailable: A card that says how the values are laid down is there twice.
    """
    layout = structural(hdu)
    found: dict[str, list[Any]] = {}
    seen: set[str] = set()
    for card in hdu.cards:
        if card.keyword in layout and card.has_value:
            if card.keyword in seen:
                raise Unavailable(f"HDU {hdu.position}: {card.keyword} is there twice")
            seen.add(card.keyword)
        elif _counts(hdu, card):
            found.setdefault(card.keyword, []).append(_plain(card))
    return found


def structural(hdu: Hdu) -> frozenset[str]:
    """Keywords of the cards that are counted by what is decoded with their help."""
    axes = {f"NAXIS{axis}" for axis in range(1, len(hdu.shape) + 1)}
    if hdu.kind == "image":
        return LAYOUT | axes | (OF_INTEGERS if hdu.bitpix > 0 else OF_INTEGERS - {"BLANK"})
    columns = hdu.integer("TFIELDS")
    if columns > 999:
        raise Unavailable(f"HDU {hdu.position}: {columns} columns; the limit is 999")
    layout = LAYOUT | axes | OF_TABLES | {f"{name}{column}" for name in OF_COLUMNS for column in range(1, columns + 1)}
    if hdu.kind == "compressed image":
        several = {f"{name}{number}" for name in OF_COMPRESSED_AXES for number in range(1, 1000)}
        return layout | OF_COMPRESSION | several | OF_INTEGERS
    return layout


def _counts(hdu: Hdu, card: Card) -> bool:
    if card.keyword in VOLATILE:
        return False
    if hdu.kind == "compressed image" and (card.keyword, card.value) == ("EXTNAME", DEFAULT_NAME):
        return False
    return card.keyword != "" or bool(card.comment)


def _plain(card: Card) -> Any:
    if not card.has_value:
        return card.comment
    value = card.value
    if isinstance(value, complex):
        value = ["complex", value.real, value.imag]
    elif not isinstance(value, (bool, int, float, str)):
        value = ["undefined"]
    return [value, "" if card.keyword in NAMES else card.comment]

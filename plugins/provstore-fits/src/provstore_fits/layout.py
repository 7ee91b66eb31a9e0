"""Where the HDUs of a file lie, by its own headers; nothing behind the headers is read.

astropy is lenient with files that are cut or go on in an unknown way; a digest must not be. So the blocks of a file are
walked here, and everything that is not accounted for is refused. astropy parses the cards.

Source: FITS Standard 4.0, sections 3 (file organisation) and 4 (headers).
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO, Any

BLOCK = 2880
CARD = 80
MOST_CARDS = 100_000
"""Cards of one header, and HDUs of one file: a bound on the time that hostile files take."""
MOST_HDUS = 10_000
PRINTABLE = frozenset(range(0x20, 0x7F))
KINDS = {"IMAGE": "image", "BINTABLE": "table", "A3DTABLE": "table", "TABLE": "ASCII table"}
SIZES = (8, 16, 32, 64, -32, -64)
"""Of values, in bits; negative for floating point numbers."""


class Card(NamedTuple):
    """One card of a header, its long text put together.

    Attributes:
        value: Text, number, truth value; None for commentary, which has its text as `comment`; else of `Undefined`.
    """

    keyword: str
    value: Any
    comment: str
    has_value: bool


class Hdu(NamedTuple):
    """One header and where its data lie.

    Attributes:
        kind: "image", "table", "ASCII table", or "compressed image", which is stored in a table.
        position: In the file, from 0.
        shape: Of the array of the HDU itself, slowest axis first: (NAXISn, …, NAXIS1).
        start: Offset of the data.
        size: Bytes of the data, without padding.
    """

    kind: str
    position: int
    cards: tuple[Card, ...]
    bitpix: int
    shape: tuple[int, ...]
    start: int
    size: int

    def value(self, keyword: str, default: Any = None) -> Any:
        """The value of the first card of this name."""
        return next((card.value for card in self.cards if card.keyword == keyword and card.has_value), default)

    def integer(self, keyword: str, default: int | None = None) -> int:
        """The value of a card that has to be an integer from 0.

        Raises:
            Unavailable: It is missing, and there is no default; or it is something else.
        """
        return integer(self.value(keyword, default), keyword)

    @property
    def name(self) -> str:
        """EXTNAME, or "" where it has none."""
        name = self.value("EXTNAME")
        return name if isinstance(name, str) else ""


def hdus_of(path: Path) -> list[Hdu]:
    """All HDUs of a file, in order.

    Raises:
        Unavailable: It is no FITS file, is cut, or has something between or behind its HDUs.
    """
    size = path.stat().st_size
    found: list[Hdu] = []
    with path.open("rb") as file:
        position = 0
        while position < size:
            file.seek(position)
            if found and not _begins_extension(file):
                _check_padding(file, position)
                break
            if len(found) >= MOST_HDUS:
                raise Unavailable(f"more than {MOST_HDUS:,} HDUs")
            hdu = _hdu(file, position, len(found))
            position = hdu.start + _padded(hdu.size)
            if position > size:
                raise Unavailable(f"HDU {hdu.position} ends at byte {position:,}, the file at {size:,}")
            found.append(hdu)
    if not found:
        raise Unavailable("the file is empty")
    return found


def _begins_extension(file: IO[bytes]) -> bool:
    start = file.read(8)
    file.seek(-len(start), 1)
    return start == b"XTENSION"


def _check_padding(file: IO[bytes], position: int) -> None:
    """Some programs fill up their last tape record. Anything else behind the last HDU is data that nobody reads."""
    while block := file.read(1 << 20):
        if block.strip(b"\0 "):
            raise Unavailable(f"something that is no HDU begins at byte {position:,}")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


# --- one header -------------------------------------------------------------------------------------------


def _hdu(file: IO[bytes], position: int, number: int) -> Hdu:
    text = _header_text(file, position, number)
    cards = _cards(text, number)
    start = position + _padded(len(text) + CARD)  # END is not part of the text
    hdu = Hdu("image", number, cards, 8, (), start, 0)
    kind = _kind(hdu)
    bitpix = hdu.value("BITPIX")
    if type(bitpix) is not int or bitpix not in SIZES:
        raise Unavailable(f"HDU {number}: found BITPIX {bitpix!r}, expected one of {SIZES}")
    axes = hdu.integer("NAXIS")
    if axes > 999:
        raise Unavailable(f"HDU {number}: {axes} axes; the limit is 999")
    shape = tuple(hdu.integer(f"NAXIS{axis}") for axis in range(axes, 0, -1))
    if number == 0 and hdu.value("GROUPS") is True and axes and not shape[-1]:
        raise Unavailable("random groups, which are not read")
    size = _size(hdu, kind, bitpix, shape)
    return hdu._replace(kind=kind, bitpix=bitpix, shape=shape, size=size)


def _header_text(file: IO[bytes], position: int, number: int) -> str:
    """The cards of a header before END, as they stand there."""
    text = bytearray()
    while len(text) <= MOST_CARDS * CARD:
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            raise Unavailable(f"HDU {number}: the file ends within the header that begins at byte {position:,}")
        for offset in range(0, BLOCK, CARD):
            card = block[offset : offset + CARD]
            if card.rstrip(b" ") == b"END":
                if block[offset + CARD :].strip(b"\0 "):
                    raise Unavailable(f"HDU {number}: something stands behind END")
                return _ascii(bytes(text + block[:offset]), number)
        text += block
        if len(text) == BLOCK and not text.startswith((b"SIMPLE  =", b"XTENSION=")):
            raise Unavailable(f"found {bytes(text[:9])!r} at byte {position:,}, expected SIMPLE or XTENSION")
    raise Unavailable(f"HDU {number}: more than {MOST_CARDS:,} cards")


def _ascii(text: bytes, number: int) -> str:
    if not PRINTABLE.issuperset(text):
        raise Unavailable(f"HDU {number}: the header has bytes that are no printable ASCII")
    return text.decode("ascii")


def _cards(text: str, number: int) -> tuple[Card, ...]:
    from astropy.io.fits import Header

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what astropy would mend, should it write the header
            return tuple(_card(card) for card in Header.fromstring(text).cards)
    except Exception as error:  # VerifyError, ValueError and others, for what is no card
        raise Unavailable(f"HDU {number}: {error}") from error


def _card(card: Any) -> Card:
    """A card with its value and comment as they are meant; of a record-valued card as they are written."""
    image = card.image
    keyword = card.rawkeyword
    has_value = image[8:10] == "= " or image.startswith("HIERARCH")
    if not has_value:
        return Card(keyword, None, _commentary(card, image), has_value=False)
    return Card(keyword, card.rawvalue, card.comment, has_value=True)


def _commentary(card: Any, image: str) -> str:
    if card.keyword in ("COMMENT", "HISTORY", ""):
        return str(card.value).rstrip()
    return image[8:].rstrip()


def _kind(hdu: Hdu) -> str:
    if hdu.position == 0:
        if hdu.value("SIMPLE") is not True:
            raise Unavailable("found no SIMPLE = T, so the file does not keep to the standard")
        return "image"
    extension = hdu.value("XTENSION")
    kind = KINDS.get(extension) if isinstance(extension, str) else None
    if kind is None:
        raise Unavailable(f"HDU {hdu.position}: {extension!r} is an extension of an unknown kind")
    if kind == "table" and hdu.value("ZTABLE") is True:
        raise Unavailable(f"HDU {hdu.position}: a compressed table, which is not read")
    return "compressed image" if kind == "table" and hdu.value("ZIMAGE") is True else kind


def _size(hdu: Hdu, kind: str, bitpix: int, shape: tuple[int, ...]) -> int:
    more, groups = hdu.integer("PCOUNT", 0), hdu.integer("GCOUNT", 1)
    if groups != 1 or (more and kind not in ("table", "compressed image")):
        raise Unavailable(f"HDU {hdu.position}: PCOUNT {more} and GCOUNT {groups} of an {kind}, which are not read")
    if kind != "image" and (bitpix != 8 or len(shape) != 2):
        raise Unavailable(f"HDU {hdu.position}: a {kind} with {len(shape)} axes of {bitpix} bits, expected 2 of 8")
    return (math.prod(shape) if shape else 0) * abs(bitpix) // 8 + more


def integer(value: Any, keyword: str) -> int:
    """A value that has to be an integer from 0.

    Raises:
        Unavailable: It is something else, or missing.
    """
    if type(value) is not int or value < 0:
        raise Unavailable(f"found {keyword} {value!r}, expected an integer from 0")
    return value

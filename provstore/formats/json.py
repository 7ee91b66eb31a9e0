r"""The format `json`: plain values as text, by RFC 8259.

Rules: the order of keys, white space, escapes ("\u00e9" or "é") and the encoding (UTF-8, 16 or 32, with a byte order
mark or none) do not count. Types and values do: ``1`` and ``1.0`` are two, ``1.0`` and ``1e0`` are one, ``0.0`` and
``-0.0`` are two; numbers are compared with all their digits, however many, and not as floats. Two keys of one name
are an error, since every reader takes another of the two. ``NaN`` and ``Infinity``, which Python writes and RFC 8259
does not know, are read; they are not written.
"""

from __future__ import annotations

import codecs
import json
import re
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from provstore.plugin import STORAGE, Difference, Format, Hasher, Preview, Unavailable, compare_trees, hookimpl, shown
from provstore.plugin.hasher import EXACT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from provstore.model.values import JSON
    from provstore.plugin import Tolerance

DIGITS = 4300
"""Of an integer, at most: the time to read one grows with the square of its digits."""
TOKENS = r'(?P<text>"[^"\\]*(?:\\.[^"\\]*)*")|(?P<space>[ \t\r\n]+)|(?P<number>-?[0-9][-+.0-9eE]*)|[][{}:,A-Za-z]+'
MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
"""Byte order marks; that of UTF-32, little endian, begins like one of UTF-16."""
PLAIN = 24
"""Characters, below which a number is spelt without an exponent for a digest."""
DEEPEST = 200
"""Lists and mappings in each other, at most."""
MARK = "\x7f"
"""Before what is no text in a canonical spelling: the one control character that JSON does not escape."""
ESCAPES = re.compile(r"\\u00(?:3[aA]|7[fF])")
"""Of a colon, and of a mark."""
NEGATIVE_ZERO = re.compile(r"-0(?![.0-9eE])(?<![^ \t\r\n\[,:]-0)")
"""The integer, or something like it in a text."""
AS_LISTS = bytes.maketrans(b"{}", b"[]")
NO_BRACKETS = bytes(sorted({*range(256)} - {*b'[]{}"'}))
"""All other bytes."""
LINES = 30
"""Of a preview."""
WIDTH = 120
"""Characters of a line of a preview."""
SPELT = 1 << 22
"""Characters, up to which it is told whether white space, escapes or numbers are written otherwise; that takes time."""
DESCRIBED = 1 << 24
"""Bytes of a file, up to which it is read to be described."""


class Json(Format):
    """JSON as plain values: mappings, lists, texts, numbers, true, false and null."""

    name = "json"
    suffixes = (".json", ".geojson")
    python_type = (dict, list, str, int, float, bool, type(None))

    def read(self, path: Path, component: str | None = None, **parameters: object) -> object:
        """The value in a file; numbers with a fraction or an exponent are floats.

        Raises:
            LookupError: A component or a parameter was asked for; there are none.
            ValueError: The file is no JSON, or has two keys of one name in one place.
        """
        if component is not None or parameters:
            raise LookupError(f"json has no {component or ', '.join(parameters)}")
        try:
            return parse(text_of(path.read_bytes()), exact=False)
        except Unavailable as error:
            raise ValueError(str(error)) from error

    def write(self, value: object, path: Path) -> None:
        """Writes a value for people to read: UTF-8, indented by two blanks, keys in their order.

        Raises:
            TypeError: A value that JSON does not have, or a key that is no text.
            ValueError: NaN or an infinity, or a value that contains itself.
        """
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        check_keys(value)
        # What UTF-8 does not have, halves of pairs, becomes "\\ud800", which is how JSON spells it.
        path.write_bytes(f"{text}\n".encode("utf-8", "backslashreplace"))

    def digest(self, path: Path) -> str:
        """Of the values, see the rules above.

        Raises:
            Unavailable: No JSON, two keys of one name, or nested too deep.
        """
        return Hasher().stream([canonical(text_of(path.read_bytes()))]).digest

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Values by their keys and positions; if there is no difference, how the files are written."""
        bytes_a, bytes_b = a.read_bytes(), b.read_bytes()
        text_a, text_b = text_of(bytes_a), text_of(bytes_b)
        tree_a, tree_b = parse(text_a), parse(text_b)
        are_equal = True
        try:
            for entry in compare_trees(tree_a, tree_b, (), tolerance):
                are_equal = False
                yield entry
        except RecursionError as error:
            raise Unavailable(str(error)) from error
        if are_equal and bytes_a != bytes_b:
            yield from differences_of_encoding(bytes_a, bytes_b)
            yield from _differences_of_spelling(text_a, text_b, tree_a, tree_b)

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """What the outermost value is, and the keys of a mapping."""
        if path.stat().st_size > DESCRIBED:
            return {"bytes": path.stat().st_size}
        return describe_value(parse(text_of(path.read_bytes())))

    def preview(self, path: Path) -> Preview:
        """The first lines of the value, indented."""
        if path.stat().st_size > DESCRIBED:
            raise Unavailable(f"more than {DESCRIBED:,} bytes")
        value = parse(text_of(path.read_bytes()), exact=False)
        return Preview("text", first_lines(_beginning(value)))


def describe_value(value: Any) -> dict[str, JSON]:
    """Facts about a plain value."""
    if isinstance(value, dict):
        return {"type": "mapping", "length": len(value), "keys": [shown(key) for key in list(value)[:LINES]]}
    if isinstance(value, list):
        return {"type": "list", "length": len(value)}
    names = {str: "text", int: "integer", bytes: "integer", Decimal: "float", bool: "boolean", type(None): "null"}
    return {"type": names[type(value)], "value": shown(value)}


def _beginning(value: Any) -> str:
    """As many lines of a value, indented, as a preview has."""
    pieces, lines = [], 0
    for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        pieces.append(piece)
        lines += piece.count("\n")
        if lines > LINES:
            break
    return "".join(pieces)


def first_lines(text: str) -> bytes:
    """The first lines of a text, cut to a moderate width."""
    lines = text.split("\n", LINES)
    kept = [line if len(line) <= WIDTH else line[: WIDTH - 1] + "…" for line in lines[:LINES]]
    more = ["…"] if len(lines) > LINES else []
    return "\n".join([*kept, *more]).encode("utf-8", "replace")


def check_keys(value: object) -> None:
    """Refuses keys that are no text, which the standard library would make to text without a word.

    Raises:
        TypeError: There is one.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"found the key {key!r}, expected text")
            check_keys(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            check_keys(inner)


# --- reading ----------------------------------------------------------------------------------------------


def text_of(data: bytes) -> str:
    """The characters of a JSON file, by its byte order mark or, where it has none, by the zeros in its first bytes.

    Raises:
        Unavailable: They are none.
    """
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unavailable(f"byte {error.start} is no {encoding.removesuffix('-sig').upper()}") from error


def parse(text: str, exact: bool = True) -> Any:
    """The value of a JSON text.

    Args:
        exact: Numbers with a fraction or an exponent are decimals and no floats, and ``-0`` is kept apart.

    Raises:
        Unavailable: It is no JSON, or one of those that the rules of this module refuse.
    """
    pairs = Pairs()
    kinds: dict[str, Any] = {"parse_float": _decimal, "parse_constant": Decimal} if exact else {}
    read_integer = _exact_integer if exact else _integer
    try:
        value = json.loads(text, object_pairs_hook=pairs.mapping, parse_int=read_integer, **kinds)
    except json.JSONDecodeError as error:
        raise Unavailable(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise Unavailable("nested too deep") from error
    if pairs.twice:
        raise Unavailable(f"{pairs.place_in(value)}: the key {shown(pairs.twice[1])!r} is there twice")
    return value


class Pairs:
    """Makes mappings of the keys and values that the parser finds, and notes the first with a key twice.

    Attributes:
        twice: That mapping, and the key.
    """

    def __init__(self) -> None:
        self.twice: tuple[dict[str, Any], str] | None = None

    def mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """The parser's `object_pairs_hook`."""
        found = dict(pairs)
        if len(found) != len(pairs) and self.twice is None:
            keys = sorted(key for key, _ in pairs)
            self.twice = found, next(key for key, after in pairwise(keys) if key == after)
        return found

    def place_in(self, tree: Any) -> str:
        """Where the noted mapping is: ``images[3].header``; the parser itself does not tell."""
        waiting = [(tree, "")]
        while waiting:
            value, place = waiting.pop()
            if self.twice and value is self.twice[0]:
                return place or "the outermost mapping"
            if isinstance(value, dict):
                waiting += [(inner, f"{place}.{key}".lstrip(".")) for key, inner in value.items()]
            elif isinstance(value, list):
                waiting += [(inner, f"{place}[{position}]") for position, inner in enumerate(value)]
        return "a mapping that a later one replaced"


def _integer(text: str) -> int:
    digits = len(text.removeprefix("-"))
    if digits > DIGITS:
        raise Unavailable(f"an integer of {digits:,} digits; the limit is {DIGITS:,}")
    return int(text)


def _exact_integer(text: str) -> int | bytes:
    """An integer; ``-0`` is of a type that JSON does not have: some read 0 for it and some -0.0, so it is neither."""
    return _integer(text) if text != "-0" else b"-0"


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Unavailable(f"the exponent of {shown(text)} is too large") from error


def digest_of(values: Callable[[], Iterable[Any]]) -> str:
    """Digest of exact values, one after the other.

    Raises:
        Unavailable: They are nested too deep.
    """
    hasher = Hasher()
    try:
        for value in values():
            hasher.add(value)
    except RecursionError as error:
        raise Unavailable(str(error)) from error
    return hasher.digest


# --- for a digest -----------------------------------------------------------------------------------------


def canonical(text: str) -> bytes:
    """A JSON text in its one spelling, the same for all that are equal as data, and for no others.

    It is JSON as well: keys sorted, no white space; a number with a fraction or an exponent is a text that begins with
    `MARK`, and a text that begins with one has "s" behind it.

    Raises:
        Unavailable: As `parse`; or nested too deep.
    """
    try:
        spelling = _fast_spelling(text) or _dumped(_plain(parse(text)))
    except RecursionError as error:
        raise Unavailable("nested too deep") from error
    found = spelling.encode("utf-8", "surrogatepass")
    _check_depth(found)
    return found


def _fast_spelling(text: str) -> str:
    """The same by the standard library alone, which takes a third of the time; "" where that might overlook something.

    It sees neither two keys of one name (then there are fewer colons afterwards), nor ``-0``, nor texts that begin
    with a mark. Whatever is wrong, the careful way says it better.
    """
    colons = text.count(":")
    if MARK in text or ("-" in text and NEGATIVE_ZERO.search(text)):
        return ""
    if "\\" in text:
        escapes = ESCAPES.findall(text)
        if any(escape.endswith(("f", "F")) for escape in escapes):
            return ""
        colons += len(escapes)
    decoder = json.JSONDecoder(parse_float=_spelt, parse_constant=_marked)
    try:
        found = _dumped(decoder.decode(text))
    except (ValueError, ArithmeticError):
        return ""
    return found if found.count(":") == colons else ""


def _dumped(value: Any) -> str:
    encoder = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))
    return encoder.encode(value)


def _plain(value: Any) -> Any:
    """An exact value with texts for all that a canonical spelling writes as such."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return _marked(_number(value))
    if isinstance(value, bytes):
        return _marked("i-0")
    return _marked(f"s{value}") if isinstance(value, str) and value.startswith(MARK) else value


def _marked(text: str) -> str:
    return MARK + text


def _spelt(text: str) -> str:
    """A number with a fraction or an exponent, in its one spelling."""
    if len(text) < PLAIN and "e" not in text and "E" not in text:
        return MARK + (text if text[-1] != "0" else text.rstrip("0").rstrip("."))
    return _marked(_number(Decimal(text)))


def _number(value: Decimal) -> str:
    """Without an exponent where that is short, see `PLAIN`."""
    value = EXACT.normalize(value)
    if abs(value.adjusted()) < PLAIN and len(plain := f"{value:f}") < PLAIN:
        return plain
    return str(value)


def _check_depth(spelling: bytes) -> None:
    """Refuses what is nested more than `DEEPEST` levels deep, so that it does not depend on Python's own limit.

    Of the canonical spelling, the brackets outside of texts are left, and then taken away from the inside.
    """
    if b"\\" in spelling:
        spelling = spelling.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = spelling.translate(AS_LISTS, NO_BRACKETS).replace(b'""', b"")
    if b'"' in brackets:
        brackets = b"".join(brackets.split(b'"')[::2])
    for _ in range(DEEPEST):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise Unavailable(f"nested more than {DEEPEST} levels deep")


# --- how it is written ------------------------------------------------------------------------------------


def differences_of_encoding(a: bytes, b: bytes) -> Iterator[Difference]:
    """How the characters of two files became bytes."""
    name_a, name_b = (json.detect_encoding(data).removesuffix("-sig").upper() for data in (a, b))
    if name_a != name_b:
        yield Difference(STORAGE, (), "encoding", name_a, name_b)
    if a.startswith(MARKS) != b.startswith(MARKS):
        marks = ("yes", "no") if a.startswith(MARKS) else ("no", "yes")
        yield Difference(STORAGE, (), "byte order mark", marks[0], marks[1])


def _differences_of_spelling(a: str, b: str, tree_a: Any, tree_b: Any) -> Iterator[Difference]:
    """In what two texts of one value differ."""
    is_sorted_otherwise = keys_in_order(tree_a) != keys_in_order(tree_b)
    if is_sorted_otherwise:
        yield Difference(STORAGE, (), "key order")
    if max(len(a), len(b)) > SPELT:
        if not is_sorted_otherwise:
            yield Difference(STORAGE, (), "white space or spelling")
        return
    tokens_a, tokens_b = _tokens(a), _tokens(b)
    for kind, what in (("space", "white space"), ("text", "escapes"), ("number", "spelling of numbers")):
        if tokens_a[kind] != tokens_b[kind]:
            yield Difference(STORAGE, (), what)


def _tokens(text: str) -> dict[str, Counter[str]]:
    """How often each spelling of a text, a number and the space between stands in a JSON text."""
    from collections import Counter

    found: dict[str, Counter[str]] = {"text": Counter(), "space": Counter(), "number": Counter()}
    token: re.Match[str]
    for token in re.finditer(TOKENS, text):
        if token.lastgroup is not None:
            found[token.lastgroup][token.group()] += 1
    return found


def keys_in_order(tree: Any) -> list[str]:
    """All keys of plain values in each other, from the outside to the inside, in the order of the file.

    Of mappings that are equal as data, the values are visited by sorted keys, so that only their order can differ.
    """
    found: list[str] = []
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found += value
            waiting += [value[key] for key in sorted(value)]
        elif isinstance(value, list):
            waiting += value
    return found


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Json()]

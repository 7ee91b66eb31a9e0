"""The format `toml`: tables of plain values, TOML 1.0.

Rules: comments, the order of keys, white space, the style of strings, dotted keys and inline tables against headers,
and how a number is spelt (``0x10`` or ``16``, ``1_000.0`` or ``1e3``) do not count. Types and values do: ``1`` and
``1.0`` are two, ``0.0`` and ``-0.0`` are two; floats are compared with all their digits; of times, the kind and the
offset count.
"""

from __future__ import annotations

import codecs
import re
from decimal import Decimal, InvalidOperation

from provstore.formats.json import describe_value, digest_of, first_lines, keys_in_order
from provstore.plugin import STORAGE, Difference, Format, Preview, Unavailable, compare_trees, hookimpl, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from provstore.model.values import JSON
    from provstore.plugin import Tolerance

FINE = re.compile(
    r"(?<![0-9\"'])(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]|(?<![0-9][Tt ]))"
    r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}[0-9]*[1-9]"
)
"""A time with more digits than six after the point, which the reader would cut off; or one within a text."""
PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){PART}(?:[ \t]*+\.[ \t]*+{PART}){{100}}")
"""A key of more than a hundred parts: the reader's time grows with the square of them. Or such a text."""
LARGEST = 1 << 24
"""Bytes of a file, at most; it is for people to write."""


class Toml(Format):
    """TOML as a mapping of plain values."""

    name = "toml"
    suffixes = (".toml",)
    python_type = dict

    def read(self, path: Path, component: str | None = None, **parameters: object) -> dict[str, Any]:
        """The outermost table.

        Raises:
            LookupError: A component or a parameter was asked for; there are none.
            ValueError: The file is no TOML.
        """
        if component is not None or parameters:
            raise LookupError(f"toml has no {component or ', '.join(parameters)}")
        try:
            return parse(text_of(path), exact=False)
        except Unavailable as error:
            raise ValueError(str(error)) from error

    def write(self, value: object, path: Path) -> None:
        """Writes a mapping.

        Raises:
            TypeError: No mapping, or something in it that TOML does not have: None, say.
        """
        if not isinstance(value, dict):
            raise TypeError(f"found {type(value).__name__}, expected a mapping")
        import tomli_w

        path.write_bytes(tomli_w.dumps(value).encode())

    def digest(self, path: Path) -> str:
        """Of the values, see the rules above.

        Raises:
            Unavailable: No TOML, nested too deep, or a time with more digits than can be told apart.
        """
        return digest_of(lambda: [parse(text_of(path))])

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Values by their keys and positions; if there is no difference, how the files are written."""
        text_a, text_b = text_of(a), text_of(b)
        tree_a, tree_b = parse(text_a), parse(text_b)
        are_equal = True
        for entry in compare_trees(tree_a, tree_b, (), tolerance):
            are_equal = False
            yield entry
        if are_equal:
            yield from _differences_of_writing(a, b, text_a, text_b)
            if keys_in_order(tree_a) != keys_in_order(tree_b):
                yield Difference(STORAGE, (), "key order")

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """The keys of the outermost table."""
        return describe_value(parse(text_of(path)))

    def preview(self, path: Path) -> Preview:
        """The first lines of the file."""
        text = text_of(path)
        parse(text)
        return Preview("text", first_lines(text) or b"(an empty table)")


def text_of(path: Path) -> str:
    """The characters of a file, without a byte order mark.

    Raises:
        Unavailable: It is not UTF-8, or too large.
    """
    if path.stat().st_size > LARGEST:
        raise Unavailable(f"more than {LARGEST:,} bytes")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unavailable(f"byte {error.start} is no UTF-8") from error


def parse(text: str, exact: bool = True) -> dict[str, Any]:
    """The outermost table of a TOML text.

    Args:
        exact: Floats are decimals.

    Raises:
        Unavailable: It is no TOML, or one of those that this reader can't tell from another.
    """
    from tomli import TOMLDecodeError, loads

    _refuse(LONG_KEY, text, "a key of more than a hundred parts")
    if exact:
        _refuse(FINE, text, "a time with more than six digits of a second")
    try:
        return loads(text, parse_float=_decimal if exact else float)
    except TOMLDecodeError as error:
        raise Unavailable(str(error)) from error
    except RecursionError as error:
        raise Unavailable("nested too deep") from error
    except ValueError as error:  # more digits than Python reads
        raise Unavailable(str(error)) from error


def _refuse(pattern: re.Pattern[str], text: str, what: str) -> None:
    found = pattern.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise Unavailable(f"line {line}: {what}")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Unavailable(f"the exponent of {shown(text)} is too large") from error


def _differences_of_writing(a: Path, b: Path, text_a: str, text_b: str) -> Iterator[Difference]:
    """In what two files of the same values differ, beside the order of keys."""
    has_a, has_b = a.read_bytes().startswith(codecs.BOM_UTF8), b.read_bytes().startswith(codecs.BOM_UTF8)
    if has_a != has_b:
        yield Difference(STORAGE, (), "byte order mark", "yes" if has_a else "no", "yes" if has_b else "no")
    if ("\r\n" in text_a) != ("\r\n" in text_b):
        ends = ("CRLF", "LF") if "\r\n" in text_a else ("LF", "CRLF")
        yield Difference(STORAGE, (), "line ends", ends[0], ends[1])
    if _words(text_a) != _words(text_b):
        yield Difference(STORAGE, (), "comments, white space or spelling")


def _words(text: str) -> str:
    return text.replace("\r\n", "\n")


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Toml()]

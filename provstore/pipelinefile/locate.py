"""In which line of a TOML text does a key stand? The reader of TOML forgets their places.

Rules: this is no second parser. It reads what that one has accepted, so it may be lenient: what it does not
understand it passes over. A line with a key, a sign and a plain value costs one match; only arrays, inline
tables and strings over several lines are walked through.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEEPEST = 64
"""Only so many parts of a key count: the prefixes of longer ones would take memory by the square of their length."""

MOST_PARTS = 900
"""Keys of more parts are not even parsed: the time that takes grows with the square of their length."""

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_STATEMENT = re.compile(rf"""[ \t]*(?:\[\[?[ \t]*({_KEY})[ \t]*\]|({_KEY})[ \t]*=[ \t]*(\"\"\"|'''|[\[{{])?)""")
_DEEP = re.compile(rf"^[ \t]*\[{{0,2}}[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{MOST_PARTS}}}", re.MULTILINE)
_BARE = re.compile(r"[A-Za-z0-9_.-]+")
_PARTS = re.compile(_PART)
_LONG_END = {'"""': re.compile(r'\\.|"{3,5}', re.DOTALL), "'''": re.compile(r"'{3,5}")}
_INNER = re.compile(rf"""\"\"\"|'''|#[^\n]*|[\[\]{{}},]|({_KEY})([ \t]*=)?""")


def deep_key(text: str) -> re.Match[str] | None:
    """The first key, of a line or a table, with more than `MOST_PARTS` parts."""
    longest = max(map(len, text.split("\n")))
    return _DEEP.search(text) if longest > 2 * MOST_PARTS else None


def key_lines(text: str) -> Mapping[tuple[str, ...], int]:
    """Line, from 1, of every key and table header, and of every table that they imply.

    A key is the path of its parts: ``("stages", "a", "run")``. What is named several times, such as the
    table of ``inputs.a`` and ``inputs.b``, has the line of its first mention. Elements of an array have
    no part of their own. Takes about a microsecond a line.
    """
    lines: dict[tuple[str, ...], int] = {}
    match = _STATEMENT.match
    prefix: tuple[str, ...] = ()
    line, start = 1, 0
    while start >= 0:
        statement = match(text, start)
        end = start
        if statement is not None:
            header, key, opening = statement.groups()
            if header is not None:
                prefix = _note(lines, (), header, line)
            else:
                path = _note(lines, prefix, key, line)
                if opening is not None:
                    end = _value_end(lines, text, statement.end(), path, line)
                    line += text.count("\n", start, end)
        start = text.find("\n", end) + 1 or -1
        line += 1
    return lines


def _note(lines: dict[tuple[str, ...], int], prefix: tuple[str, ...], key: str, line: int) -> tuple[str, ...]:
    """Notes a written key and the tables that it implies; returns its whole path."""
    if key.isidentifier():
        path = (*prefix, key)
        lines.setdefault(path, line)
        return path
    path = prefix + parts(key)
    for length in range(len(prefix) + 1, min(len(path), DEEPEST) + 1):
        lines.setdefault(path[:length], line)
    return path


def parts(key: str) -> tuple[str, ...]:
    """The parts of a dotted key, without their quotes."""
    if _BARE.fullmatch(key):
        return tuple(key.split("."))
    return tuple(_plain(part) for part in _PARTS.findall(key))


def _plain(part: str) -> str:
    if part[0] == "'":
        return part[1:-1]
    if part[0] != '"':
        return part
    if "\\" not in part:
        return part[1:-1]
    from provstore.pipelinefile import toml

    try:
        return str(toml.loads(f"key = {part}")["key"])
    except toml.TOMLDecodeError:
        return part[1:-1]


def _value_end(lines: dict[tuple[str, ...], int], text: str, start: int, path: tuple[str, ...], line: int) -> int:
    """Where the value ends whose opening stands right before `start`; notes the keys of inline tables."""
    opening = text[start - 1]
    if opening in "\"'":
        return _string_end(text, start, opening * 3)
    open_tables, counted = [path], start
    while (token := _INNER.search(text, start)) is not None:
        start = token.end()
        mark, key = token[0], token[1]
        if mark in _LONG_END:
            start = _string_end(text, start, mark)
        elif key is not None and token[2] is not None:
            line += text.count("\n", counted, start)
            counted = start
            path = _note(lines, open_tables[-1], key, line)
        elif mark in "[{":
            open_tables.append(path)
        elif mark in "]}":
            path = open_tables.pop()
            if not open_tables:
                break
    return start


def _string_end(text: str, start: int, quotes: str) -> int:
    """Where a string over several lines ends; `start` is right behind its opening quotes."""
    for token in _LONG_END[quotes].finditer(text, start):
        if token[0][0] != "\\":
            return token.end()
    return len(text)

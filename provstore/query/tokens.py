"""A `where` text cut into words."""

from __future__ import annotations

import re

from provstore.noun import NamedTuple
from provstore.query.place import query_error, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.errors import QueryError

KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "TRUE", "FALSE", "NULL", "OVERLAPS"})

INSTEAD = {"==": "=", "<>": "!=", "&&": "AND", "||": "OR", "!": "NOT"}
"""What other languages write → what this one does."""

_TOKEN = re.compile(
    r"""
      (?P<time>   [Tt] '(?:[^']|'')*+' )
    | (?P<text>   '(?:[^']|'')*+' )
    | (?P<number> (?: \d+ (?:\.(?!\.)\d*)? | \.\d+ ) (?:[eE][+-]?\d+)? )
    | (?P<name>   [A-Za-z_]\w* (?:\.[A-Za-z_]\w*)* )
    | (?P<bind>   :[A-Za-z_]\w* )
    | (?P<sign>   <= | >= | != | \.\. | [=<>+\-*/%(),:] )
    """,
    re.VERBOSE | re.ASCII,
)
_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[\w.]+")


class Token(NamedTuple):
    """One word.

    Attributes:
        kind: time, text, number, name or bind; a sign as it is; a key word in capitals; "" at the end.
        text: As it was written.
        at: Where it begins, in characters from 0.
    """

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """All words of a text, and one of kind "" at its end.

    Raises:
        QueryError: A character that begins no word, or a string without an end.
    """
    found = []
    at = _end_of_space(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or text[at : at + 2] in INSTEAD:
            raise _unreadable(text, at)
        found.append(Token(_kind(match), match.group(), at))
        if match.lastgroup == "number" and _WORD.match(text, match.end()) and not text.startswith("..", match.end()):
            raise _misspelt(text, at)
        at = _end_of_space(text, match.end())
    found.append(Token("", "", len(text)))
    return found


def _end_of_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _kind(match: re.Match[str]) -> str:
    word = match.group()
    if match.lastgroup == "sign":
        return word
    if match.lastgroup == "name" and word.upper() in KEYWORDS:
        return word.upper()
    return match.lastgroup or ""


def _misspelt(text: str, at: int) -> QueryError:
    match = _WORD.match(text, at)
    word = match.group() if match else text[at]
    hint = "a name begins with a letter, and text stands in single quotes: band = 'r'"
    return query_error(text, at, f"found {quoted(word)}, expected a number", hint)


def _unreadable(text: str, at: int) -> QueryError:
    for wrong in (text[at : at + 2], text[at]):
        if wrong in INSTEAD:
            return query_error(text, at, f"found '{wrong}', expected {quoted(INSTEAD[wrong])}")
    character = text[at]
    if character == '"':
        return query_error(text, at, "found '\"', expected a single quote", "text stands in single quotes: band = 'r'")
    if character == "'":
        hint = "it ends with a single quote; a quote inside of it is written twice"
        return query_error(text, at, "this text has no end", hint)
    hint = "a name begins with a letter, and a number has a digit beside its point" if character == "." else ""
    return query_error(text, at, f"found {quoted(character)}, expected a name, a value or an operator", hint)

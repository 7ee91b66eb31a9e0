"""Messages that point at their place in a text."""

from __future__ import annotations

from provstore.errors import QueryError, TargetError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BEFORE, _AFTER = 60, 40  # characters of the line that are shown on either side of the caret
_LISTED = 20  # names that one message lists
_LONGEST_COMPARED = 100  # characters of a name that is compared with all others


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """Where the character `at` stands, both counted from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def located(text: str, at: int, message: str) -> str:
    """The message with line and column in front, and below it the line with a caret."""
    line, column = line_and_column(text, at)
    whole = text.split("\n")[line - 1]
    start, end = max(0, column - 1 - _BEFORE), column - 1 + _AFTER
    shown = ("…" if start else "") + whole[start:end] + ("…" if end < len(whole) else "")
    # What a terminal would obey, or draw wider than one cell (a tab), must not move the caret.
    shown = "".join(character if character.isprintable() else " " for character in shown)
    caret = " " * (_width(shown[: column - 1 - start + bool(start)])) + "^"
    return f"line {line}, column {column}: {message}\n  {shown}\n  {caret}"


def _width(text: str) -> int:
    """The cells that a terminal takes for a text: two for a Chinese character, none for an accent of its own."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def query_error(text: str, at: int, message: str, hint: str = "") -> QueryError:
    """An error about one place of a query."""
    return QueryError(located(text, at, message), text=text, column=line_and_column(text, at)[1], hint=hint)


def target_error(text: str, at: int, message: str, hint: str = "") -> TargetError:
    """An error about one place of a target."""
    return TargetError(located(text, at, message), hint=hint)


def quoted(text: str) -> str:
    """What was found, for a message: short, and printable."""
    text = "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
    return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the most similar of `known`; empty if none is similar."""
    from provstore.model import values

    close = values.nearest(name, known)
    return f"did you mean '{close}'?" if close else ""


def meant(name: str, known: Iterable[str]) -> str:
    """A hint for a name of a query that is not known: as we spell what others call so, else the most similar one."""
    dimension, _, field = name.partition(".")
    spellings = (name.replace("timespan.", ""), dimension if field in ("id", dimension) else "", f"dataset.{name}")
    names = frozenset(known)
    found = next((spelling for spelling in spellings if spelling in names), None)
    return f"did you mean '{found}'?" if found else nearest(name, names)


def listed(names: Iterable[str], near: str = "") -> str:
    """Names for a message, sorted; of very many, some: those most like `near`, else the first."""
    ordered = sorted(names)
    if not ordered:
        return "none"
    more = f", … ({len(ordered) - _LISTED} more)" if len(ordered) > _LISTED else ""
    if more and 0 < len(near) <= _LONGEST_COMPARED:
        from difflib import SequenceMatcher

        likeness = SequenceMatcher(b=near.lower(), autojunk=False)

        def unlike(name: str) -> float:
            likeness.set_seq1(name.lower())
            return -likeness.ratio()

        ordered.sort(key=unlike)
    return ", ".join(ordered[:_LISTED]) + more

"""Comparisons of files → text for people and JSON for programs. Pure functions; colour is added last, by `style`.

The text is a headline, which says how far the two are equal and in what they differ; then a tree by place, with a
line for each difference.
"""

from __future__ import annotations

import re
from collections import Counter

from provstore.cli.render import plain
from provstore.cli.tables import columns_of, fitted
from provstore.model.comparison import DIFFERENT, EQUIVALENT, IDENTICAL, WITHIN_TOLERANCE
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.cli.render import Style
    from provstore.model.comparison import Comparison, Difference, Numbers
    from provstore.model.values import JSON
    from provstore.operations.diff import DiffReport

CONTENT = "content"
"""What differs between two files, in the words of `diff`."""
KEPT = 40
"""Differences or places that are shown of those at one place; the others are counted."""
LONGEST_VALUE = 200
"""Characters that are shown of one side of a difference, unless it is of several lines."""
NARROWEST = 24
"""Columns below which a text is not made narrower."""
ONE_SIDED = ("missing", "added")
"""What only one of the two has."""
NOTHING = "nothing"
VALUE = ("value", "values")
"""What differs where the place says all: it is not named again."""
STEP = 2
DEEPEST = 10
"""Levels of the tree that are indented."""
KINDS = ("structure", "values", "metadata", "storage", "bytes only")
"""In the order in which they are listed at one place."""


# --- JSON -------------------------------------------------------------------------------------------------


def diff_json(report: DiffReport) -> dict[str, JSON]:
    """The contract of `diff`."""
    found = report.comparison
    return {
        "kind": report.kind,
        "a": report.a,
        "b": report.b,
        "verdict": found.verdict,
        "format": found.format,
        "digests": list(found.digests),
        "unavailable": found.unavailable or None,
        "truncated": found.truncated,
        "differences": [difference_json(entry) for entry in found.differences],
    }


def difference_json(entry: Difference) -> dict[str, JSON]:
    """One difference of content, as the contract of `diff` has it."""
    return {
        "what": CONTENT,
        "name": "/".join(entry.place),
        "kind": entry.kind,
        "detail": entry.what,
        "a": entry.a,
        "b": entry.b,
        "numbers": None if entry.numbers is None else entry.numbers._asdict(),
    }


# --- headline ---------------------------------------------------------------------------------------------


def diff_text(report: DiffReport, style: Style = plain, width: int | None = None) -> str:
    """How two files differ, on a screen.

    Args:
        width: Columns of the terminal; None: lines are as long as they are.
    """
    return "\n".join(comparison_lines(report.comparison, style, width))


def comparison_lines(found: Comparison, style: Style = plain, width: int | None = None) -> list[str]:
    """The same as lines, for a report in which it is a part."""
    word = style(found.verdict, found.verdict)
    first, *others = wrapped(f"{found.verdict}{_headline(found)}", width, STEP)
    lines = [word + first.removeprefix(found.verdict), *others]
    if found.unavailable:
        lines += wrapped(f"semantic: unavailable: {harmless(found.unavailable)}", width, STEP)
    lines += _tree_lines(found.differences, style, width)
    if found.truncated:
        lines.append("… and more, which are not listed")
    return lines


def _headline(found: Comparison) -> str:
    """What stands behind the verdict."""
    if found.verdict == IDENTICAL:
        return ": the same bytes"
    except_for = ", ".join(dict.fromkeys(harmless(entry.what) for entry in found.differences if not entry.counts))
    if found.verdict == EQUIVALENT:
        return f": equal as {found.format} data, except: {except_for}"
    as_what = "in bytes" if _is_by_bytes(found) else f"as {found.format} data"
    if found.verdict == WITHIN_TOLERANCE:
        return f": {as_what} nothing differs by more" + (f"; besides: {except_for}" if except_for else "")
    return f" {as_what}" + _counted(found) + (f"; besides: {except_for}" if except_for else "")


def _counted(found: Comparison) -> str:
    """How many differences of each kind there are."""
    if _is_by_bytes(found):
        return ""
    counts = Counter(entry.kind for entry in found.differences if entry.counts)
    parts = [f"{counts[kind]:,} of {kind}" for kind in sorted(counts, key=_rank)]
    if not parts:
        return ""
    more = "more than " if found.truncated else ""
    noun = "difference" if parts[0].startswith("1 ") else "differences"
    return f": {more}{parts[0].replace(' of ', f' {noun} of ', 1)}" + "".join(f", {part}" for part in parts[1:])


def _rank(kind: str) -> int:
    """Place of a kind among those at one place; a plug-in may have made one up."""
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def _is_by_bytes(found: Comparison) -> bool:
    return found.verdict == DIFFERENT and (found.format == "bytes" or bool(found.unavailable))


# --- tree -------------------------------------------------------------------------------------------------


class _Place:
    """One place of the tree: what differs there, and the places in it, in the order in which they came."""

    def __init__(self) -> None:
        self.entries: list[Difference] = []
        self.inner: dict[str, _Place] = {}

    def add(self, entry: Difference) -> None:
        """Enters a difference at its place."""
        place = self
        for name in entry.place:
            place = place.inner.setdefault(name, _Place())
        place.entries.append(entry)

    @property
    def number(self) -> int:
        """Of differences, those of inner places included."""
        found, pending = 0, [self]
        while pending:
            place = pending.pop()
            found += len(place.entries)
            pending += place.inner.values()
        return found


def _tree_lines(differences: Sequence[Difference], style: Style, width: int | None) -> list[str]:
    """The tree; walked with a stack, since places may lie as deep as files nest."""
    root = _Place()
    for entry in differences:
        root.add(entry)
    lines: list[str] = []
    most = STEP * DEEPEST if width is None else min(STEP * DEEPEST, max(0, width - NARROWEST - 2 * STEP))
    pending: list[tuple[str, _Place | None, int]] = [("", root, 0)]
    while pending:
        name, place, level = pending.pop()
        indent = min(STEP * level, most)
        if name:
            lines += wrapped(name, width, indent + STEP, indent)
        if place is not None:
            lines += _entry_lines(place.entries, style, width, indent + STEP)
            pending += reversed(_shown_inside(place, level + 1))
    return lines


def _shown_inside(place: _Place, level: int) -> list[tuple[str, _Place | None, int]]:
    """The places in one, with their names; one in which there is nothing but another one shares a line with it."""
    found: list[tuple[str, _Place | None, int]] = []
    for name, inner in list(place.inner.items())[:KEPT]:
        names, last = [name], inner
        while not last.entries and len(last.inner) == 1:
            [(below, last)] = last.inner.items()
            names.append(below)
        found.append(("/".join(harmless(part) or "''" for part in names), last, level))
    left = list(place.inner.values())[KEPT:]
    if left:
        number = sum(other.number for other in left)
        found.append((f"… and {len(left):,} more places, with {number:,} differences", None, level))
    return found


def _entry_lines(entries: Sequence[Difference], style: Style, width: int | None, indent: int) -> Iterator[str]:
    ordered = sorted(entries, key=lambda entry: _rank(entry.kind))
    for entry in ordered[:KEPT]:
        is_block = "\n" in entry.a + entry.b
        kind = harmless(entry.kind)
        text = f"{kind}: {harmless(entry.what) if is_block else _told(entry)}"
        first, *others = wrapped(text, width, indent + STEP, indent)
        yield first.replace(kind, style(kind, kind), 1)
        yield from others
        if is_block:
            yield from _block_lines(entry, style, width, indent)
    if len(entries) > KEPT:
        yield " " * indent + f"… and {len(entries) - KEPT:,} more here"


def _told(entry: Difference) -> str:
    """What differs, in a line."""
    a, b = _value(entry.a), _value(entry.b)
    is_named = entry.kind == "metadata" or entry.what not in VALUE
    label = f"{harmless(entry.what)}: " if is_named else ""
    if entry.numbers is not None:
        return label + numbers_text(entry.numbers, a, b)
    if not (a or b):
        return harmless(entry.what)
    both = a or b if entry.what in ONE_SIDED else f"{a or NOTHING} → {b or NOTHING}"
    return label + both


def _value(text: str) -> str:
    shown = harmless(text)
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"


def numbers_text(numbers: Numbers, a: str, b: str) -> str:
    """How far numbers are apart, of which the first that differ are `a` and `b`."""
    values = f"{a} → {b}" if a or b else ""
    if numbers.total == 1 and not numbers.first:
        return ", ".join(filter(None, [values, *_errors(numbers, "")]))
    first = f"first at {list(numbers.first)}" + (f": {values}" if values else "")
    return ", ".join([f"{numbers.count:,} of {numbers.total:,}", *_errors(numbers, "largest "), *_nans(numbers), first])


def _errors(numbers: Numbers, largest: str) -> list[str]:
    if numbers.count == numbers.nan_gained + numbers.nan_lost:
        return []
    parts = []
    if numbers.absolute is not None:
        parts.append(f"{largest}absolute error {numbers.absolute:.2g}")
    if numbers.relative is not None:
        parts.append(f"relative {numbers.relative:.2g}")
    if numbers.ulps is not None:
        parts.append(f"{numbers.ulps:,} ULP{'' if numbers.ulps == 1 else 's'}")
    return parts


def _nans(numbers: Numbers) -> list[str]:
    changes = {"gained": numbers.nan_gained, "lost": numbers.nan_lost}
    text = ", ".join(f"{word} {number:,}" for word, number in changes.items() if number)
    return [f"NaN {text}"] if text else []


def _block_lines(entry: Difference, style: Style, width: int | None, indent: int) -> Iterator[str]:
    """The lines of a difference of several lines, as `diff -u` shows them."""
    for mark, text in (("-", entry.a), ("+", entry.b)):
        for line in text.removesuffix("\n").split("\n") if text else ():
            shown = " " * indent + mark + harmless(line.expandtabs())
            yield style(shown if width is None else fitted(shown, width), mark)


# --- width ------------------------------------------------------------------------------------------------


def wrapped(text: str, width: int | None, hanging: int, indent: int = 0) -> list[str]:
    """The text in lines of at most `width` columns, broken at spaces where there are some.

    Args:
        indent, hanging: Spaces before the first line, and before each of the others.
    """
    if width is None or indent + columns_of(text) <= width:
        return [" " * indent + text]
    lines: list[str] = []
    line, room = "", max(width - indent, NARROWEST)
    for word in _words(text, max(width - max(indent, hanging), NARROWEST)):
        if line and columns_of(line) + columns_of(word.rstrip(" ")) > room:
            lines.append(" " * (hanging if lines else indent) + line.rstrip(" "))
            line, room = "", max(width - hanging, NARROWEST)
        line += word
    lines.append(" " * (hanging if lines else indent) + line.rstrip(" "))
    return lines


def _words(text: str, longest: int) -> Iterator[str]:
    """Words with the spaces behind them; one that is too long is cut."""
    for word in re.findall(r"[^ ]+ *| +", text):
        rest = word
        while columns_of(rest.rstrip(" ")) > longest:
            number = len(rest)
            while columns_of(rest[:number]) > longest:
                number -= 1
            yield rest[:number]
            rest = rest[number:]
        yield rest

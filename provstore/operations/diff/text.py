"""The difference of two texts, as `diff -u` shows it, of bounded length. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 1 << 20
"""Bytes up to which a file is shown as text."""
COMPARED = 4_000
"""Lines of each text from the first that differs on: finding the fewest changes between more of them takes minutes."""
SHOWN = 300
"""Lines of a difference that are shown."""
AROUND = 3
"""Equal lines that are shown around each change."""


def as_text(data: bytes | None) -> str | None:
    """The bytes as text; None where they are none, or too many, or there are no bytes."""
    if data is None or len(data) > LONGEST or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def unified(a: str, b: str) -> str:
    """What differs between two texts: lines that begin with "@", " ", "-" or "+"; "" where nothing does.

    What is left out is said in a line that begins with "…".
    """
    import difflib

    before, after = _lines(a), _lines(b)
    start = _equal_at_the_start(before, after)
    skipped = max(0, start - AROUND)
    old, new = before[skipped:], after[skipped:]
    is_cut = max(len(old), len(new)) > COMPARED
    found = list(difflib.unified_diff(old[:COMPARED], new[:COMPARED], lineterm="", n=AROUND))[2:]
    lines = [_moved(line, skipped) for line in found]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"… and {len(lines) - SHOWN:,} more lines of difference"]
    if is_cut:
        lines.append(f"… compared are {COMPARED:,} lines of each from line {skipped + 1:,} on")
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    """Lines by newlines alone; a last one without its newline says so, as that is a difference too."""
    lines = text.split("\n")
    if not lines[-1]:
        return lines[:-1]
    return [*lines[:-1], f"{lines[-1]}\\ no newline at the end"]


def _equal_at_the_start(a: Sequence[str], b: Sequence[str]) -> int:
    for number, (ours, theirs) in enumerate(zip(a, b, strict=False)):
        if ours != theirs:
            return number
    return min(len(a), len(b))


def _moved(line: str, lines: int) -> str:
    """The head of a hunk with the lines counted that were left out before; any other line as it is."""
    if not line.startswith("@@ ") or not lines:
        return line
    _, old, new, _ = line.split(" ", 3)
    return f"@@ -{_from(old, lines)} +{_from(new, lines)} @@"


def _from(place: str, lines: int) -> str:
    first, comma, count = place[1:].partition(",")
    return f"{int(first) + lines}{comma}{count}"

"""What people read instead of numbers, times and raw bytes. Pure functions."""

from __future__ import annotations

import re

from provstore.model.values import harmless

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
LONGEST_LINE = 1000
MOST_LINES = 60

ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, movements of the cursor
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC and its like: titles, links; up to the end where nothing ends them
    r"|\x1b[ -/]*[0-~]",  # what has two characters or a few more
    re.DOTALL,
)
"""Sequences that steer a terminal (ECMA-48, section 5.4)."""


def size_text(number: int) -> str:
    """Bytes as people say them: ``12 B``, ``3.4 MiB``."""
    size = float(number)
    for unit in UNITS[:-1]:
        if size < 1024:
            return f"{number} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {UNITS[-1]}"


def seconds_text(seconds: float | None) -> str:
    """A duration as people say it: ``4 ms``, ``7.4 s``, ``3 min 07 s``, ``2 h 05 min``."""
    if seconds is None:
        return "–"
    if seconds < 0.9995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment_text(time: str) -> str:
    """A time of the store to the second: ``2026-11-21 10:00:00 UTC``."""
    return f"{time[:19].replace('T', ' ')} UTC"


def count_text(number: int, one: str, many: str = "") -> str:
    """A number and what it counts: ``1 task``, ``5,000 tasks``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def log_lines(data: bytes, *, is_cut: bool) -> list[str]:
    """The last lines of a log as a terminal would show them, without colours; nothing in them can do any harm.

    Args:
        is_cut: Something came before: the first line may be half of one, and is left out if others follow.
    """
    text = ESCAPES.sub("", data.decode("utf-8", "replace"))
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if is_cut and len(lines) > 1:
        lines = lines[1:]
    shown = [harmless(_overwritten(line).expandtabs()) for line in lines[-MOST_LINES:]]
    return [line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "…" for line in shown]


def _overwritten(line: str) -> str:
    """What is left of a line that goes back to its beginning, as progress bars do."""
    return line.rstrip("\r").rpartition("\r")[2]


def text_lines(data: bytes) -> list[str]:
    """The lines of a text; nothing in them can do any harm."""
    text = data.decode("utf-8", "replace").rstrip("\n").removeprefix("\ufeff")
    return [harmless(line.rstrip("\r").expandtabs()) for line in text.split("\n")]

"""Events of a run → a view on a terminal: what has ended scrolls by, what runs now stands below.

Rules: an event costs no more than a note, as ten thousand quick tasks must not wait for a terminal: one thread
writes, at most ten times a second, in one piece, and only when there is something new to see. Between two
writes the cursor stands at the beginning of the live area, so that erasing from there down is right also after
the window's size has changed. The cursor is never hidden: there is nothing to be put right after a kill.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from provstore.cli.duration import about, exact
from provstore.cli.main import say
from provstore.cli.plain import Unstarted, ended_lines, remark_line
from provstore.cli.progress import Progress
from provstore.cli.style import coloured, has_colour
from provstore.events import Remark, RunStarted, TaskEnded, TasksFound, TaskStarted
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console
    from rich.text import Text

    from provstore.cli.progress import Running
    from provstore.cli.render import Style
    from provstore.events import Event

INTERVAL = 0.1
"""Seconds between two looks at what is new."""

PATIENCE = 0.4
"""Seconds after which a run, and each task in it, is slow enough to be shown while it runs."""

ROWS = 8
"""Tasks that are shown at once; of the others, their number."""

BAR = 30
"""Columns of the bar."""

NARROW = 50
"""Columns below which there is no bar."""

ERASE = "\r\x1b[J"
"""From the beginning of the cursor's line to the end of the screen."""

NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"
"""A line of the area takes one row, also in a window that has just become narrower than it says it is."""


class LiveView:
    """Shows a run on the terminal that standard error is.

    Args:
        ended: How a task ended, in lines.
    """

    def __init__(self, ended: Callable[[TaskEnded, Style], list[str]] = ended_lines) -> None:
        self._ended = ended
        self._colour = has_colour(sys.stderr)
        self._progress: Progress | None = None
        self._lines: list[str] = []
        self._unstarted = Unstarted()
        self._over = threading.Event()
        self._painter: _Painter | None = None
        self._thread: threading.Thread | None = None
        self._mutex = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Takes an event. Never waits for the terminal once the run has begun."""
        now = time.monotonic()
        with self._mutex:
            if isinstance(event, RunStarted):
                self._begin(event, now)
            elif isinstance(event, Remark):
                self._lines.append(remark_line(event, self._style))
            elif isinstance(event, TaskEnded) and not self._unstarted.took(event):
                self._lines += self._ended(event, self._style)
            if self._progress is not None:
                self._note(self._progress, event, now)
        if self._thread is None:
            self._say_lines()

    def close(self) -> None:
        """Ends the view: what has ended stands on the terminal, and nothing below it."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._lines += self._unstarted.lines(self._style)
        self._say_lines()

    def _begin(self, event: RunStarted, now: float) -> None:
        self._progress = Progress(event.tasks, event.seconds, now)
        self._painter = _Painter(colour=self._colour)
        self._thread = threading.Thread(target=self._watch, args=(self._painter, self._progress), daemon=True)
        self._thread.start()

    def _note(self, progress: Progress, event: Event, now: float) -> None:
        if isinstance(event, TaskStarted):
            progress.start(event.execution, event.task, now)
        elif isinstance(event, TaskEnded):
            progress.end(event)
        elif isinstance(event, TasksFound):
            progress.add(event.tasks, event.seconds)

    def _style(self, text: str, state: str) -> str:
        return coloured(text, state) if self._colour else text

    def _say_lines(self) -> None:
        """Writes what waits, where no live area is in the way."""
        lines, self._lines = self._lines, []
        for line in lines:
            say(line)

    def _watch(self, painter: _Painter, progress: Progress) -> None:
        """Until the end: paints what is new. The one place that writes while a run is under way."""
        while not self._over.wait(INTERVAL):
            now = time.monotonic()
            with self._mutex:
                lines, self._lines = self._lines, []
                slow = [task for task in progress.running if now - task.began >= PATIENCE]
                summary = _summary(progress, now) if now - progress.began >= PATIENCE else None
            painter.paint(lines, slow, summary, now)
        painter.clear()


class _Summary:
    """What the last line says.

    Attributes:
        share: Of the tasks, those that have ended; 0 to 1.
    """

    __slots__ = ("failed", "share", "text")

    def __init__(self, share: float, text: str, failed: str) -> None:
        self.share, self.text, self.failed = share, text, failed


def _summary(progress: Progress, now: float) -> _Summary:
    left = progress.seconds_left(now)
    text = f"{progress.ended} of {progress.tasks}"
    if left is not None:
        text += f"  {about(left)} left"
    return _Summary(progress.share, text, f"  {progress.failed} failed" if progress.failed else "")


class _Painter:
    """Draws the live area below the lines that scroll by.

    Args:
        colour: Colours are wanted.
    """

    def __init__(self, *, colour: bool) -> None:
        from rich.console import Console

        self._console: Console = Console(stderr=True, highlight=False, no_color=not colour, force_terminal=True)
        self._full, self._empty = ("#", "-") if self._console.options.ascii_only else ("━", "─")
        self._shown = ""

    def paint(self, lines: Iterable[str], running: Iterable[Running], summary: _Summary | None, now: float) -> None:
        """Writes the lines that are new, and the live area below them if anything in it changed."""
        columns, rows = _size_of_terminal()
        area = self._area(list(running), summary, now, columns - 1, rows) if summary is not None else []
        drawn = self._drawn(area)
        text = "".join(line + "\n" for line in lines)
        if text or drawn != self._shown:
            _write(f"{ERASE}{text}{drawn}")
            self._shown = drawn

    def clear(self) -> None:
        """Takes the live area away."""
        if self._shown:
            _write(ERASE)
            self._shown = ""

    def _drawn(self, area: list[Text]) -> str:
        """The area as characters for the terminal; leaves the cursor at its beginning."""
        if not area:
            return ""
        with self._console.capture() as captured:
            for number, line in enumerate(area):
                self._console.print(line, soft_wrap=True, end="" if number == len(area) - 1 else "\n")
        up = f"\x1b[{len(area) - 1}A" if len(area) > 1 else ""
        return f"{NO_WRAP}{captured.get()}{WRAP}{up}\r"

    def _area(self, running: list[Running], summary: _Summary, now: float, columns: int, rows: int) -> list[Text]:
        from rich.text import Text

        room = max(0, min(ROWS, rows - 3))
        shown = running if len(running) <= room else running[: max(0, room - 1)]
        lines = [self._row(task, now, columns) for task in shown]
        if len(shown) < len(running):
            lines.append(Text(f"{' ' * 10}and {len(running) - len(shown)} more", style="dim"))
        lines.append(self._last(summary, columns))
        for line in lines:
            line.truncate(columns, overflow="ellipsis")
        return lines

    def _row(self, task: Running, now: float, columns: int) -> Text:
        """A task that runs: its name gives way when the times would not fit."""
        from rich.text import Text

        times = f"  {exact(now - task.began)}"
        if task.expected is not None:
            times += f" of {about(task.expected)}"
        name = Text(harmless(task.name))
        name.truncate(max(8, columns - 10 - len(times)), overflow="ellipsis")
        return Text.assemble(("running   ", "cyan"), name, (times, "dim"))

    def _last(self, summary: _Summary, columns: int) -> Text:
        from rich.text import Text

        words = Text.assemble(summary.text, (summary.failed, "red"))
        if columns < NARROW:
            return words
        full = int(summary.share * BAR)
        return Text.assemble((self._full * full, "green"), (self._empty * (BAR - full), "dim"), "  ", words)


def _size_of_terminal() -> tuple[int, int]:
    """Columns and rows, at least 10 and 2; those of the first terminals where it does not say."""
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        return 80, 24
    return max(10, size.columns or 80), max(2, size.lines or 24)


def _write(text: str) -> None:
    """Writes to the terminal in one piece; one that went away is no error."""
    try:
        sys.stderr.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))
        sys.stderr.flush()
    except (OSError, ValueError):
        pass

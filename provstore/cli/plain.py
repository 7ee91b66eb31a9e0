"""Events of a run → one plain line each, on standard error."""

from __future__ import annotations

from provstore.cli.main import say
from provstore.cli.render import plain
from provstore.events import Remark, TaskEnded
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.cli.render import Style
    from provstore.events import Event

SHOWN_LINES = 20
"""Lines of a failed task's log that are shown."""


class PlainView:
    """Writes a line for each task that ended, and what a person should know."""

    def __init__(self) -> None:
        self._unstarted = Unstarted()

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        if isinstance(event, Remark):
            say(remark_line(event))
        elif isinstance(event, TaskEnded) and not self._unstarted.took(event):
            for line in ended_lines(event):
                say(line)

    def close(self) -> None:
        """Writes what was not started: a line for each stage."""
        for line in self._unstarted.lines():
            say(line)


class Unstarted:
    """Tasks that a failure or a signal kept from starting: thousands share a line, and do not bury the failure."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, str], list[TaskEnded]] = {}

    def took(self, event: TaskEnded) -> bool:
        """Notes a task that was not started; False: it was."""
        if event.outcome not in {"blocked", "cancelled"} or event.message:
            return False
        self._tasks.setdefault((event.outcome, event.task.partition("@")[0]), []).append(event)
        return True

    def lines(self, style: Style = plain) -> list[str]:
        """One for each stage and outcome."""
        lines = []
        for (outcome, stage), events in self._tasks.items():
            name = events[0].task if len(events) == 1 else f"{stage} ({len(events)} tasks)"
            lines.append(style(outcome.ljust(10), outcome) + harmless(name))
        self._tasks = {}
        return lines


def remark_line(event: Remark, style: Style = plain) -> str:
    """What a person should know, in one line."""
    return f"{style('remark:', 'remark')} {harmless(event.text)}"


def ended_lines(event: TaskEnded, style: Style = plain) -> list[str]:
    """How a task ended; for a failure with the end of its log."""
    word = "done" if event.outcome == "executed" else event.outcome
    seconds = f"  {event.seconds:.1f} s" if event.outcome == "executed" else ""
    did_something = event.outcome in {"executed", "restored"}
    why = event.message or (event.reasons[0].text if did_something and event.reasons else "")
    message = f"  ({why})" if why else ""
    again = "; trying again" if event.will_retry else ""
    first = style(word.ljust(10), event.outcome) + harmless(f"{event.task}{seconds}{message}{again}")
    return [first, *log_lines(event.log_tail)]


def log_lines(tail: bytes) -> list[str]:
    """The last lines of a log, indented."""
    return [f"    {line}" for line in printed_lines(tail, SHOWN_LINES)]


def printed_lines(tail: bytes, number: int) -> list[str]:
    """So many last lines of a log, as a terminal would leave them: of a progress line its last state.

    Bytes that are no text, and characters that would steer the terminal, are spelled out.
    """
    if not tail:
        return []
    import re

    lines = tail.decode("utf-8", "backslashreplace").rstrip("\r\n").split("\n")[-number:]
    last = (re.sub(r"\x1b\[[0-9;]*[mK]", "", line.rstrip("\r").rpartition("\r")[2]) for line in lines)
    return [harmless(line.expandtabs()) for line in last]


def say_remarks(texts: Sequence[str]) -> None:
    """Writes what a person should know to standard error, a line for each."""
    for text in texts:
        say(remark_line(Remark(text)))

"""Events of a run → one plain line each, on standard error."""

from __future__ import annotations

from provstore.cli.main import say
from provstore.events import Remark, TaskEnded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.events import Event

SHOWN_LINES = 20
"""Lines of a failed task's log that are shown."""


class PlainView:
    """Writes a line for each task that ended, and what a person should know."""

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        if isinstance(event, Remark):
            say(f"remark: {event.text}")
        elif isinstance(event, TaskEnded):
            for line in ended_lines(event):
                say(line)

    def close(self) -> None:
        """Nothing is left to be written."""


def ended_lines(event: TaskEnded) -> list[str]:
    """How a task ended; for a failure with the end of its log."""
    if event.outcome == "fresh":
        return [f"fresh     {event.task}"]
    seconds = f"  {event.seconds:.1f} s" if event.outcome == "executed" else ""
    why = event.message or (event.reasons[0].text if event.reasons else "")
    message = f"  ({why})" if why else ""
    again = "; trying again" if event.will_retry else ""
    word = "done" if event.outcome == "executed" else event.outcome
    return [f"{word.ljust(10)}{event.task}{seconds}{message}{again}", *log_lines(event.log_tail)]


def log_lines(tail: bytes) -> list[str]:
    """The last lines of a log, indented; bytes that are no text are shown as such."""
    lines = tail.decode("utf-8", "backslashreplace").splitlines()[-SHOWN_LINES:]
    return [f"    {line}" for line in lines]

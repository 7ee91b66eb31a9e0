"""Events of a verification → verdicts on standard output as they come; remarks and progress on standard error."""

from __future__ import annotations

import sys

from provstore.cli.main import say
from provstore.cli.plain import remark_line
from provstore.cli.style import can_redraw, style_for, width_of
from provstore.cli.verify_text import verified_lines, verify_checks
from provstore.events import Remark, TaskEnded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.cli.ci import Announcer
    from provstore.cli.live import LiveView
    from provstore.cli.render import Style
    from provstore.events import Event
    from provstore.operations.verify import VerifyReport


class VerifyView:
    """Shows a verification.

    Args:
        as_json: Standard output is for the report alone.

    Attributes:
        is_live: Progress is shown, on a terminal.
        report: Given by whoever has it.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._style = style_for(sys.stdout)
        self._width = width_of(sys.stdout)
        self._live: LiveView | None = None
        if not as_json and can_redraw(sys.stderr):
            from provstore.cli.live import LiveView

            self._live = LiveView(self._beside_progress)
        self._tails: dict[str, bytes] = {}
        self._remarks: list[str] = []
        self.is_live = self._live is not None
        self.report: VerifyReport | None = None

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        if isinstance(event, Remark):
            self._remarks.append(event.text)
        elif isinstance(event, TaskEnded):
            self._tails[event.task] = event.log_tail
        if self._live is not None:
            self._live(event)
        elif isinstance(event, Remark):
            say(remark_line(event))
        elif isinstance(event, TaskEnded):
            for line in verified_lines(event, self._style, self._width):
                self._say(line)

    def _beside_progress(self, event: TaskEnded, style: Style) -> list[str]:
        """Lines that the live view is to write, if standard output is its terminal, too; else they are written here."""
        if sys.stdout.isatty():
            return verified_lines(event, style, self._width)
        for line in verified_lines(event, self._style, self._width):
            self._say(line)
        return []

    def _say(self, line: str) -> None:
        if self._as_json:
            say(line)
            return
        try:
            print(line, flush=True)
        except BrokenPipeError:  # who has seen enough of it does not end what is under way
            return

    def close(self) -> None:
        """Ends the live view."""
        if self._live is not None:
            self._live.close()

    def announce(self, announcer: Announcer) -> None:
        """Tells CI what came of it."""
        if self.report is not None:
            announcer.take(verify_checks(self.report, self._tails), self._remarks)

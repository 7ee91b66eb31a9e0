"""Signals that end a command which has tasks under way."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager

from provstore.apart.client import StoppedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from provstore.ports import Executor

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def heard_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Gives a handler the signals that are to end what is under way, but those that are ignored: nohup ignores one."""
    heard = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


GRACE = 5.0
"""Seconds that a format may read on when a signal told the command to end, as long as its tasks have."""


class Stop:
    """What a signal asked for, and how it is obeyed: by the loop that has tasks under way, not by the handler.

    Attributes:
        signal: The last one that was obeyed; 0: none was.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._asked: tuple[int, bool] | None = None
        self._read_until = 0.0
        self.signal = 0

    def ask(self, number: int, *, at_once: bool) -> None:
        """Takes note of a signal. All that a handler does.

        Args:
            at_once: End what is under way without grace.
        """
        self._asked = number, at_once

    @property
    def is_wanted(self) -> bool:
        """A signal came, obeyed or not."""
        return self._asked is not None or self.signal != 0

    def obey(self) -> None:
        """Ends all tasks if a signal asked for that."""
        if self._asked is None:
            return
        (self.signal, at_once), self._asked = self._asked, None
        self._read_until = time.monotonic() + (0.0 if at_once else GRACE)
        if at_once:
            self._executor.kill()
        else:
            self._executor.stop(self.signal)

    def while_reading(self) -> None:
        """A format reads what may be huge, or never comes to its end: a signal is obeyed meanwhile.

        Raises:
            StoppedError: It has had its time.
        """
        self.obey()
        if self.signal and time.monotonic() >= self._read_until:
            raise StoppedError

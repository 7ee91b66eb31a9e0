"""The entry: runs a command, and turns whatever goes wrong into one message and an exit status."""

from __future__ import annotations

import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from signal import SIG_IGN, SIGHUP, SIGINT, SIGTERM, getsignal, signal
    from types import FrameType

    from provstore.errors import ProvstoreError
    from provstore.model.values import JSON
else:
    # What `signal` is made of: that adds names to the numbers, and takes 2 ms to import for it.
    from _signal import SIG_IGN, SIGHUP, SIGINT, SIGTERM, getsignal, signal

FAULT_OF_OURS = 70
"""EX_SOFTWARE of sysexits.h: a fault in provstore itself."""


OUTPUT_LOST = 3
"""What standard output goes to is full or broken."""


def main() -> None:
    """Runs the command line and ends the process."""
    try:
        prepare_signals()
        prepare_streams()
        sys.unraisablehook = _leave_unsaid
        status = run_command(sys.argv[1:])
        if not flush_output():
            status = status or OUTPUT_LOST
    except KeyboardInterrupt as error:
        status = status_of(error)
    # Everything is written and closed: tearing the interpreter down would only take time.
    os._exit(status)


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to end; everything cleans up behind itself on its way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_status = 128 + number


def status_of(interrupt: KeyboardInterrupt) -> int:
    """The exit status of a command that a signal ended."""
    return interrupt.exit_status if isinstance(interrupt, Interrupted) else 130


def prepare_signals() -> None:
    """SIGINT, SIGTERM and SIGHUP end a command alike, and at once if they come again. `run` has ways of its own."""
    for number in (SIGINT, SIGTERM, SIGHUP):
        if getsignal(number) != SIG_IGN:  # nohup ignores one, and so do we then
            signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raises the first signal; what comes next, or finds no way to be raised, ends the process as it is."""
    del frame

    def end(*_: object) -> None:
        os._exit(128 + number)

    for other in (SIGINT, SIGTERM, SIGHUP):
        if getsignal(other) is _interrupt:
            signal(other, end)
    sys.unraisablehook = end
    raise Interrupted(number)


def _leave_unsaid(unraisable: object) -> None:
    """What goes wrong where nobody can be told (a wake-up that could not be written, say) is no traceback either."""
    del unraisable


class Output(io.TextIOWrapper):
    """Standard output. When it can't be written any more, what is still written goes nowhere, and the command goes on.

    Attributes:
        lost: What was wrong with it; None also when its reader went away, which is no error.
    """

    lost: OSError | None = None

    def write(self, text: str, /) -> int:
        """Writes text."""
        try:
            return super().write(text)
        except OSError as error:
            self.lose(error)
            return len(text)

    def flush(self) -> None:
        """Writes what is still buffered."""
        try:
            super().flush()
        except OSError as error:
            self.lose(error)

    def lose(self, error: OSError) -> None:
        """Nothing more can be written."""
        if not isinstance(error, BrokenPipeError):
            self.lost = error
        silence_output()


def prepare_streams() -> None:
    """Makes the standard streams take whatever is written: they may be closed, or of any encoding."""
    descriptor = 0
    while descriptor <= 2:  # else the store's file might become somebody's standard output
        descriptor = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.close(descriptor)
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding, is_terminal = sys.stdout.encoding, sys.stdout.isatty()
        buffer = sys.stdout.detach()
    else:
        encoding, is_terminal = "utf-8", False
        buffer = open(1, "wb", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = Output(buffer, encoding=encoding, errors="backslashreplace", line_buffering=is_terminal)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    else:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def run_command(words: list[str]) -> int:
    """Runs one command; returns the exit status. Nothing that goes wrong leaves as an exception."""
    from provstore.errors import ProvstoreError

    if words in (["--version"], ["-V"]):
        from provstore import __version__

        print(f"provstore {__version__}")
        return 0
    try:
        claim_text(words)
        from provstore.cli.quick import quick_call

        status = quick_call(words)
        if status is None:
            from provstore.cli.group import call

            status = call(words)
        return status
    except ProvstoreError as error:
        report(error)
        return error.exit_status
    except KeyboardInterrupt as error:
        return status_of(error)
    except OSError as error:
        from provstore.errors import error_from_os

        explained = error_from_os(error, "a file")
        report(explained)
        return explained.exit_status
    except RecursionError:
        say("error: something is nested too deeply to be read")
        return 2
    except MemoryError:
        say("error: out of memory")
        return 3
    except Exception as error:
        cause = error.__cause__  # a signal that came while a class was made: Python 3.11 wraps it
        return status_of(cause) if isinstance(cause, KeyboardInterrupt) else report_fault(error)


def claim_text(words: list[str]) -> None:
    """Refuses words that are not UTF-8, which no record can hold; only the folder behind `-C` may be any bytes."""
    for before, word in zip(["", *words], words, strict=False):
        if not word.isascii() and before != "-C" and not word.startswith("-C"):
            try:
                word.encode()
            except UnicodeEncodeError:
                from provstore.errors import UsageError

                raise UsageError(f"{word!r}: this word is not UTF-8") from None


def report(error: ProvstoreError) -> None:
    """Shows an error: message, hint, and where to read more; names in it can't steer the terminal."""
    from provstore.model.values import harmless

    lines = [harmless(line) for line in error.message.split("\n")]
    separator = "\n" if len(lines) > 1 else " "
    shown = [f"error[{error.slug}]:{separator}" + "\n".join(lines)]
    if error.hint:
        shown.append(f"hint: {harmless(error.hint)}")
    if "GITHUB_ACTIONS" in os.environ:
        from provstore.cli.ci.github import disarmed

        shown = [disarmed(text) for text in shown]
    for text in shown:
        say(text)


def report_fault(error: Exception) -> int:
    """Shows a fault of our own in one line; the details only for those who ask for them."""
    if os.environ.get("PROVSTORE_DEBUG"):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" at {os.path.basename(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}" if place is not None else ""
    say(f"error[internal]: a fault in provstore{where}: {type(error).__name__}: {error}")
    say("hint: set PROVSTORE_DEBUG=1 to see where it comes from, and report it")
    return FAULT_OF_OURS


def say(text: str) -> None:
    """Writes a line to standard error, whatever bytes are in it and whether or not anybody reads it."""
    if "##[" in text and "GITHUB_ACTIONS" in os.environ:  # obeyed anywhere in a line: see `cli.ci.github`
        text = text.replace("##[", "## [")
    try:
        sys.stderr.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    except (BrokenPipeError, ValueError, OSError, UnicodeEncodeError):
        pass


def show_report(found: JSON, text: Callable[[], str], *, as_json: bool) -> None:
    """Prints a report, as JSON or as text; no text is no line."""
    from provstore.cli import render

    shown = render.to_json(found) if as_json else text()
    if shown:
        print(shown)


def show_bytes(data: bytes) -> bool:
    """Writes bytes to standard output as they are; False when they can't be written, or nobody reads them any more."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        if isinstance(sys.stdout, Output):
            sys.stdout.lose(error)
        return False
    return True


def flush_output() -> bool:
    """Writes what is still buffered; a reader that went away is no error. False: it could not be written."""
    wrong: Exception | None = None
    try:
        sys.stdout.flush()
    except (ValueError, OSError) as error:
        silence_output()
        wrong = error
    if isinstance(sys.stdout, Output):
        wrong = wrong or sys.stdout.lost
    if wrong is not None:
        say(f"error: standard output can't be written: {wrong}")
    return wrong is None


def silence_output() -> None:
    """Nobody reads standard output any more: what is still written goes nowhere."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError:
        pass

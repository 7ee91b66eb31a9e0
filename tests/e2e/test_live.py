"""The view of a run on a terminal: a real one, by a pseudo-terminal and a small model of what a screen does."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .project import PROVSTORE, Project, stage

SECONDS = 30  # patience with one run
ESCAPE = re.compile(r"\x1b(?:\[([?0-9;]*)([A-Za-z])|\]([^\x07\x1b]*)\x07)")

LONGEST_SEQUENCE = 200


class Screen:
    """What a terminal of some columns shows, with all that has scrolled by; lines are never wrapped in these tests."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = self.column = 0
        self.coloured = False
        self.titles: list[str] = []
        self._rest = ""

    def feed(self, text: str) -> None:
        """Takes what was written; a sequence that is cut off waits for its other half."""
        text, self._rest = self._rest + text, ""
        position = 0
        while position < len(text):
            if (
                text[position] == "\x1b"
                and not ESCAPE.match(text, position)
                and len(text) - position < LONGEST_SEQUENCE
            ):
                self._rest = text[position:]
                return
            found = ESCAPE.match(text, position)
            if found:
                self._obey(found)
                position = found.end()
            else:
                self._put(text[position])
                position += 1

    def _obey(self, found: re.Match[str]) -> None:
        if found[2] == "J":
            self.lines = [*self.lines[: self.row], self.lines[self.row][: self.column]]
        elif found[2] == "A":
            self.row -= int(found[1])
        elif found[2] == "m":
            self.coloured |= any(31 <= int(number) <= 36 for number in found[1].split(";") if number)
        elif found[3] is not None:
            self.titles.append(found[3])
        else:
            assert found[0] in {"\x1b[?7l", "\x1b[?7h"}, found[0]

    def _put(self, char: str) -> None:
        if char == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif char == "\r":
            self.column = 0
        else:
            assert char.isprintable(), repr(char)
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + char + line[self.column + 1 :]
            self.column += 1

    @property
    def text(self) -> str:
        return "\n".join(self.lines).rstrip()


class Terminal:
    """A command that runs on a terminal of its own."""

    def __init__(self, project: Project, *words: str, columns: int = 80, rows: int = 24, **env: str) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(columns, rows)
        environment = {**project.environment, "TERM": "xterm-256color", **env}
        self.process = subprocess.Popen(
            [PROVSTORE, *words],
            cwd=project.root,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one thread, one call
        )
        os.close(theirs)
        self.screen = Screen()
        self.seen: list[str] = []
        self.written = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def resize(self, columns: int, rows: int = 24) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def read_until(self, happened: Callable[[], bool]) -> None:
        """Reads what the command writes until something has happened, or it has ended."""
        until = time.monotonic() + SECONDS
        while not happened():
            assert time.monotonic() < until, self.screen.text
            if not select.select([self._ours], [], [], 0.5)[0]:
                continue
            try:
                data = os.read(self._ours, 1 << 16)
            except OSError:  # EIO: nobody has the other end open any more
                return
            self.written += data
            self.screen.feed(self._decoder.decode(data))
            self.seen.append(self.screen.text)

    def finish(self) -> int:
        """Reads to the end; returns the exit status."""
        self.read_until(lambda: False)
        os.close(self._ours)
        return self.process.wait(SECONDS)


def shown(project: Project, *words: str, **how: object) -> tuple[int, Terminal]:
    """A command from beginning to end."""
    terminal = Terminal(project, *words, **how)  # type: ignore[arg-type]
    return terminal.finish(), terminal


@pytest.fixture
def slow(tmp_path: Path) -> Project:
    """Two tasks, one after the other, that take long enough to be seen."""
    first = stage("first", "sleep 0.9; echo a > a.txt", "", "a.txt")
    second = stage("second", "sleep 0.1; cat a.txt > b.txt", "a.txt", "b.txt")
    return Project(tmp_path / "slow", {"Pipelinefile.toml": first + second})


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d s", "N s", text)


def test_what_has_ended_stands_and_the_live_area_is_gone(slow: Project) -> None:
    """At the end there are the lines that a pipe gets, one for each task, and the summary."""
    status, terminal = shown(slow, "run")

    assert status == 0
    assert without_times(terminal.screen.text).splitlines() == [
        "done      first  N s  (never run)",
        "done      second  N s  (never run)",
        "succeeded: 2 executed",
    ]


def test_what_runs_is_shown_while_it_runs(slow: Project) -> None:
    """Name and elapsed time, and how many of how many have ended."""
    _, terminal = shown(slow, "run")

    assert any(re.search(r"^running   first  0 s\n━*─+  0 of 2$", seen, re.MULTILINE) for seen in terminal.seen)


def test_what_ran_before_leaves_no_rests(tmp_path: Path) -> None:
    """A row of the live area that becomes shorter is erased first."""
    text = stage("first", "sleep 0.7; touch a", "", "a") + stage("b", "sleep 0.7; touch b", "a", "b")
    _, terminal = shown(Project(tmp_path / "chain", {"Pipelinefile.toml": text}), "run")

    assert any(re.search(r"^running   b  0 s\n━+─+  1 of 2  about 1 s left$", seen, re.M) for seen in terminal.seen)


def test_the_second_time_the_view_says_how_long_it_takes(slow: Project) -> None:
    """From the recorded durations: for what runs, and for the rest."""
    slow.provstore("run")
    _, terminal = shown(slow, "run", "--force")

    assert any("running   first  0 s of about 1 s" in seen for seen in terminal.seen)
    assert any("0 of 2  about 1 s left" in seen for seen in terminal.seen)


def test_tasks_that_come_to_light_are_counted(tmp_path: Path) -> None:
    """A dimension that is found in an output makes the whole larger; nothing ever ends beyond it."""
    text = (
        '[dimensions]\npart = { from = "parts/{part}.txt" }\n'
        + stage("split", "sleep 0.6; mkdir -p parts; echo 1 > parts/x.txt; echo 2 > parts/y.txt", "", "parts/")
        + stage("work", "sleep 0.6; cp {inputs[0]} {outputs[0]}", "parts/{part}.txt", "out/{part}.txt")
        + 'dimensions = ["part"]\n'
    )
    _, terminal = shown(Project(tmp_path / "found", {"Pipelinefile.toml": text}), "run", "-j", "1")

    assert any("0 of 1" in seen for seen in terminal.seen)
    assert any("2 of 3" in seen for seen in terminal.seen)


def test_a_failed_task_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """Twenty lines at most, the last ones."""
    text = stage("bad", "seq 100; exit 3")
    status, terminal = shown(Project(tmp_path / "bad", {"Pipelinefile.toml": text}), "run")
    lines = terminal.screen.text.splitlines()

    assert status == 1
    assert lines[0] == "failed    bad  (exit status 3)"
    assert lines[1:-1] == [f"    {number}" for number in range(81, 101)]
    assert lines[-1] == "failed: 1 failed"


def test_what_a_task_prints_does_not_steer_the_terminal(tmp_path: Path) -> None:
    """Colours fall away, a line that was written over shows its last state, everything else is spelled out."""
    printed = r"printf '10%%\r20%%\n\033[31mred\033[0m\n\033]0;title\007\033[2J\377\n'; exit 1"
    _, terminal = shown(Project(tmp_path / "bad", {"Pipelinefile.toml": stage("bad", printed)}), "run")

    assert terminal.screen.titles == []
    assert terminal.screen.text.splitlines()[1:4] == ["    20%", "    red", r"    \x1b]0;title\x07\x1b[2J\xff"]


def test_names_do_not_steer_the_terminal(tmp_path: Path) -> None:
    """Values of dimensions are text from outside."""
    text = '[dimensions]\nname = ["a\\u001b[2Jb"]\n' + stage("slow", "sleep 0.8") + 'dimensions = ["name"]\n'
    _, terminal = shown(Project(tmp_path / "names", {"Pipelinefile.toml": text}), "run")

    assert any(r"running   slow@name=a\x1b[2Jb" in seen for seen in terminal.seen)


@pytest.mark.parametrize("columns", [12, 40, 200])
def test_the_live_area_fits_into_the_window(tmp_path: Path, columns: int) -> None:
    """No line of it is as wide as the window, however long a name is; times stay in sight where there is room."""
    name = "a" * 100
    project = Project(tmp_path / "wide", {"Pipelinefile.toml": stage(name, "sleep 0.8")})
    _, terminal = shown(project, "run", columns=columns)
    rows = [line for seen in terminal.seen for line in seen.splitlines() if line.startswith("runn")]

    assert rows
    assert max(map(len, rows)) < columns
    assert columns == 12 or all(re.search(r"  \d s$", row) for row in rows)


def test_many_tasks_at_once_leave_room_in_a_low_window(tmp_path: Path) -> None:
    """Of those that don't fit, the number is shown."""
    text = '[dimensions]\nn = "1..6"\n' + stage("slow", "sleep 1") + 'dimensions = ["n"]\n'
    project = Project(tmp_path / "many", {"Pipelinefile.toml": text})
    _, terminal = shown(project, "run", "-j", "6", rows=6)

    assert any("and 4 more\n" in seen for seen in terminal.seen)


def test_a_window_that_changes_its_size_leaves_no_rests(slow: Project) -> None:
    """The area is erased from its beginning, which stays right whatever the width."""
    terminal = Terminal(slow, "run", columns=100)
    terminal.read_until(lambda: "running" in terminal.screen.text)
    terminal.resize(30)
    terminal.finish()

    assert without_times(terminal.screen.text).splitlines()[0] == "done      first  N s  (never run)"
    assert len(terminal.screen.text.splitlines()) == 3


def test_ctrl_c_ends_the_run_and_the_view(slow: Project) -> None:
    """The exit status is 130, and no live area is left."""
    terminal = Terminal(slow, "run")
    terminal.read_until(lambda: "running" in terminal.screen.text)
    terminal.type(b"\x03")
    status = terminal.finish()

    assert status == 128 + signal.SIGINT
    assert "running" not in terminal.screen.text
    assert terminal.screen.text.endswith("cancelled: 2 cancelled")
    slow.claim_rest()


def test_colours_are_for_terminals_that_want_them(slow: Project) -> None:
    """States have colours, but not with NO_COLOR and not on a dumb terminal."""
    coloured = shown(slow, "run")[1]
    status = shown(slow, "status")[1]
    without = shown(slow, "run", "--force", NO_COLOR="1")[1]
    dumb = shown(slow, "run", "--force", TERM="dumb")[1]

    assert coloured.screen.coloured
    assert status.screen.coloured
    assert not without.screen.coloured
    assert any("running" in seen for seen in without.seen)
    assert b"\x1b" not in dumb.written


def test_a_pipe_gets_no_escapes(slow: Project) -> None:
    """Nor does a file."""
    assert "\x1b" not in slow.provstore("run").err
    assert "\x1b" not in slow.provstore("status").out


def test_nothing_to_do_needs_no_view(slow: Project) -> None:
    """One line, written at once."""
    slow.provstore("run")
    _, terminal = shown(slow, "run")

    assert terminal.screen.text == "Everything is up to date."


def test_quick_tasks_cost_few_writes(tmp_path: Path) -> None:
    """Their lines are written together, ten times a second; none is lost."""
    text = '[dimensions]\nn = "1..200"\n' + stage("quick", "true") + 'dimensions = ["n"]\n'
    started = time.monotonic()
    _, terminal = shown(Project(tmp_path / "quick", {"Pipelinefile.toml": text}), "run")
    seconds = time.monotonic() - started
    lines = terminal.screen.text.splitlines()

    assert sum(line.startswith("done      quick@n=") for line in lines) == 200
    assert terminal.written.count(b"\x1b[J") <= 10 * seconds + 2

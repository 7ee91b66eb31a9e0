"""The process apart: whatever a file does to its reader, the one that asks gets an answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.apart.client import Apart, AskingError, StoppedError
from provstore.claims import Claims

FORMAT = '''
import os, sys, time
from provstore.plugin import Format, Hasher, Preview, hookimpl

class Acting(Format):
    """Does what the file says."""

    name = "acting"
    suffixes = (".act",)
    python_type = str

    def read(self, path, component=None, **parameters):
        return path.read_text()

    def write(self, value, path):
        path.write_text(value)

    def digest(self, path):
        text = path.read_text()
        print("noise on standard output", flush=True)
        print("noise on standard error", file=sys.stderr, flush=True)
        exec(text)
        return Hasher().add(text).digest

    def describe(self, path):
        text = path.read_text()
        return eval(text) if text.startswith("{") else {"length": len(text)}

    def preview(self, path):
        text = path.read_text()
        return Preview("gif" if text == "gif" else "text", text.encode())

@hookimpl
def provstore_formats():
    return [Acting()]
'''


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    """A process with a format that does what a file says."""
    (tmp_path / "acting.py").write_text(FORMAT)
    with Apart(Claims(str(tmp_path), ["acting.py"], {})) as found:
        yield found


def reason(apart: Apart, tmp_path: Path, text: str) -> str:
    """What a file comes to that says this; "": a digest."""
    path = tmp_path / "file.act"
    path.write_text(text)
    found = apart.digest(str(path), "file.act", "acting")

    assert (found.digest is None) == bool(found.reason)
    return found.reason


ACTS = {
    "nothing": ("", ""),
    "an error": ("raise ValueError('line 3 is\\nno number')", "line 3 is no number"),
    "an error without a text": ("raise ValueError", "ValueError"),
    "a bug": ("{}['flux']", "KeyError: 'flux'"),
    "endless nesting": ("f = lambda: f(); f.__globals__['f'] = f; f()", "it is nested too deep"),
    "the end": ("os._exit(3)", "the process that reads it ended with status 3"),
    "a crash": ("os.abort()", "the process that reads it was ended by SIGABRT"),
    "too much memory": ("bytearray(1 << 44)", "it takes more than half of this machine's memory to read"),
    "questions at standard input": ("assert sys.stdin.read() == ''", ""),
    "a fork that comes back": ("os.fork()", ""),
    "a fork that stays": (
        "if os.fork(): os._exit(4)\ntime.sleep(600)",
        "the process that reads it ended with status 4",
    ),
    "a long story": ("raise ValueError('x' * 100_000)", "x" * 399 + "…"),
}


@pytest.mark.parametrize("act", ACTS)
def test_whatever_a_file_does_there_is_an_answer(apart: Apart, tmp_path: Path, act: str) -> None:
    """With the reason in one line; and the next file is read as if nothing had been."""
    text, expected = ACTS[act]

    assert reason(apart, tmp_path, text) == expected
    assert reason(apart, tmp_path, "x = 1") == ""


def test_a_request_to_end_is_for_the_one_that_asks(apart: Apart, tmp_path: Path) -> None:
    """Ctrl-C in a terminal reaches both: the digest that is under way comes to its end."""
    text = "import signal\nfor number in (2, 15, 1): os.kill(os.getpid(), number)"

    assert reason(apart, tmp_path, text) == ""


def test_other_questions(apart: Apart, tmp_path: Path) -> None:
    """Facts and previews; an unknown format is an error that says what there is."""
    (tmp_path / "a.act").write_text("pass")
    asked = {"path": str(tmp_path / "a.act"), "name": "a.act"}

    assert apart.ask("describe", format="acting", **asked) == {"facts": {"length": 4}, "components": []}
    assert apart.ask("preview", format="acting", **asked)["kind"] == "text"
    with pytest.raises(AskingError, match="there is no format 'actin'"):
        apart.ask("describe", format="actin", **asked)


FACTS = {
    "{'a': (1, 2.5, None, True, 'x'), 3: {'b': []}}": {"a": [1, 2.5, None, True, "x"], "3": {"b": []}},
    "{'nan': float('nan'), 'inf': -float('inf')}": {"nan": "nan", "inf": "-inf"},
}


@pytest.mark.parametrize("said", FACTS)
def test_facts_are_plain(apart: Apart, tmp_path: Path, said: str) -> None:
    """What JSON has no word for is text."""
    (tmp_path / "a.act").write_text(said)

    asked = {"path": str(tmp_path / "a.act"), "name": "a.act", "format": "acting"}
    assert apart.ask("describe", **asked)["facts"] == FACTS[said]


WRONG = {
    "{'a': b'x'}": ("describe", "the format gave a builtins.bytes, expected plain values as in JSON"),
    "{'a': (d := [], d.append(d), d)}": ("describe", "it is nested too deep"),
    "gif": ("preview", "preview gave the kind 'gif', expected 'text', 'svg' or 'png'"),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_is_not_as_agreed_is_said(apart: Apart, tmp_path: Path, said: str) -> None:
    """And the process goes on."""
    question, message = WRONG[said]
    (tmp_path / "a.act").write_text(said)
    asked = {"path": str(tmp_path / "a.act"), "name": "a.act", "format": "acting"}
    with pytest.raises(AskingError) as caught:
        apart.ask(question, **asked)

    assert str(caught.value) == message
    assert reason(apart, tmp_path, "x = 1") == ""


def test_who_wants_no_answer_any_more_gets_none(tmp_path: Path) -> None:
    """What is raised while a format works ends its process."""
    (tmp_path / "acting.py").write_text(FORMAT)
    (tmp_path / "a.act").write_text(f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)")

    def stop() -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            raise StoppedError

    with Apart(Claims(str(tmp_path), ["acting.py"], {}), stop) as apart, pytest.raises(StoppedError):
        apart.digest(str(tmp_path / "a.act"), "a.act", "acting")

    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_names_of_any_bytes_are_found(apart: Apart, tmp_path: Path) -> None:
    """What is no UTF-8 as well."""
    name = os.fsdecode(os.path.join(os.fsencode(tmp_path), b"\xff \n.act"))
    with open(name, "w") as file:
        file.write("pass")

    assert apart.digest(name, "x.act", "acting").reason == ""


def test_it_ends_with_the_one_that_asks(tmp_path: Path) -> None:
    """Also when that is killed while a file is being read."""
    (tmp_path / "acting.py").write_text(FORMAT)
    (tmp_path / "a.act").write_text(f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    text = (
        "import sys; from provstore.apart.client import Apart; from provstore.claims import Claims; "
        "Apart(Claims(sys.argv[1], ['acting.py'], {})).digest(sys.argv[1] + '/a.act', 'a.act', 'acting')"
    )
    asking = subprocess.Popen([sys.executable, "-c", text, tmp_path])
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
    reader = int((tmp_path / "pid").read_text())
    asking.send_signal(signal.SIGKILL)
    asking.wait()
    wait_for(lambda: not is_alive(reader))

    assert not is_alive(reader)


def wait_for(happened) -> None:  # type: ignore[no-untyped-def]
    """Waits until something has happened."""
    until = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """The process runs; zombies do not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

"""Every name the file system allows works; what can't is refused by name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import unicodedata
from pathlib import Path

import pytest

from .project import PROVSTORE, Project

ECHO = "[stages.go]\nrun = 'echo x > {outputs}'\noutputs = ['b']\n"
NAMES = [
    "with space",
    "  leading and trailing  ",
    "single'quote",
    'double"quote',
    "back\\slash",
    "new\nline",
    "tab\tbell\a",
    "-rf",
    "--help",
    "-",
    "$HOME",
    "$(touch hacked)",
    "`touch hacked`",
    "%s%d%%",
    "semi;colon",
    "amp&pipe|",
    "<redirect>",
    "{braces}",
    "{",
    "}}{{",
    "star*",
    "question?",
    "[bracket]",
    "[",
    "a:b",
    "hash#tag",
    "at@sign=1,b=2",
    "comma,",
    "!bang",
    "~tilde",
    ".hidden",
    "...",
    "a..b",
    "<d",
    "ünïcödé",
    "日本語",
    "🦆",
    "\u202ertl",
    "x" * 250,
    "\x7f\x01",
    "a.provstore",
    "store.db",
    "store.db-journal",
    "con",
    "null\u2028line",
]


def quoted(name: str) -> str:
    """As a path of the Pipelinefile that means just this name."""
    name = name.replace("{", "{{").replace("}", "}}")
    for character in "[*?":
        name = name.replace(character, f"\0{character}\0\0")
    text = json.dumps(name.replace("\0\0", "]").replace("\0", "["), ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")


@pytest.mark.parametrize("place", ["input", "output", "folder"])
def test_every_name_works(tmp_path: Path, place: str) -> None:
    """As an input, as an output and as a folder, by placeholder, with the right bytes; the second run does nothing."""
    text, files = "", {}
    for number, name in enumerate(NAMES):
        read, made = f"in-{number}", f"out-{number}"
        if place == "input":
            read = name
        elif place == "output":
            made = f"out/{name}"
        else:
            read, made = f"in/{name}/file", f"out/{name}/file"
        files[read] = f"content {number}\n"
        text += f"[stages.s{number}]\nrun = 'cat {{inputs[0]}} > {{outputs[0]}}; cat < {{inputs}} > /dev/null'\n"
        text += f"inputs = [{quoted(read)}]\noutputs = [{quoted(made)}]\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **files})
    done = project.run()
    assert done.report["summary"]["executed"] == len(NAMES)
    for number, name in enumerate(NAMES):
        made = {"input": f"out-{number}", "output": f"out/{name}"}.get(place, f"out/{name}/file")
        assert project.read(made) == f"content {number}\n"
    assert not project.exists("hacked")
    assert project.run().report["run"] is None
    for name in NAMES[::7]:
        made = f"out/{name}" if place == "output" else f"out/{name}/file"
        if place != "input":
            project.remove(made)
    restored = project.run().report["summary"]["restored"]
    assert restored == (0 if place == "input" else len(NAMES[::7]))
    recorded = {path for (path,) in project.rows("SELECT path FROM dataset")}
    assert set(files) <= recorded


def test_every_name_works_as_a_found_value(tmp_path: Path) -> None:
    """Values of a dimension are names of files, too: each is one task, and reaches the command as one word."""
    names = [name for name in NAMES if not name.startswith(".") and len(name) < 200]
    text = "[dimensions]\nname = { from = 'in/{name}' }\n[stages.go]\ndimensions = ['name']\n"
    text += "run = 'printf %s {name} > {outputs}; cat {inputs} >> {outputs}'\n"
    text += "inputs = ['in/{name}']\noutputs = ['out/{name}']\n"
    text += "[stages.all]\nrun = 'cat -- {inputs} > {outputs}'\ninputs = ['out/{name}']\noutputs = ['all']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **{f"in/{name}": "!" for name in names}})
    done = project.run()
    assert done.report["summary"]["executed"] == len(names) + 1
    assert {path.name: path.read_text() for path in (project.root / "out").iterdir()} == {
        name: name + "!" for name in names
    }
    assert not project.exists("hacked")
    assert len(project.read("all")) == sum(len(name) + 1 for name in names)
    assert project.run().report["run"] is None
    project.provstore("status")


def test_composed_and_decomposed_letters_are_two_names(tmp_path: Path) -> None:
    """NFC and NFD are kept apart, as the file system keeps them."""
    nfc, nfd = unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")
    text = f"[stages.a]\nrun = 'cat {{inputs[0]}} > a; cat {{inputs[1]}} > b'\ninputs = ['{nfc}', '{nfd}']\n"
    text += "outputs = ['a', 'b']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, nfc: "composed\n", nfd: "decomposed\n"})
    if len(os.listdir(project.root)) != 3:
        pytest.skip("this file system takes both for one name")
    project.run()
    assert project.read("a") == "composed\n"
    assert project.read("b") == "decomposed\n"
    project.write(nfd, "changed\n")
    assert project.run().reasons("a") == [f"input {nfd} changed"]


@pytest.mark.parametrize("pattern", ["in/*", "in/**", "in/{name}", "in"])
def test_a_name_that_is_not_utf8_is_refused_by_name(tmp_path: Path, pattern: str) -> None:
    """Before anything runs, exit status 2, no traceback; no matter how it is found."""
    text = "[dimensions]\nname = { from = 'in/{name}' }\n" if "{" in pattern else ""
    more = "dimensions = ['name']\n" if "{" in pattern else ""
    made = "out/{name}" if "{" in pattern else "out"
    text += "[stages.first]\nrun = 'touch first'\noutputs = ['first']\n"
    text += f"[stages.go]\n{more}run = 'touch {{outputs}}'\ninputs = ['{pattern}']\noutputs = ['{made}']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in/good": ""})
    bad = os.fsencode(project.root) + b"/in/bad-\xff\xfe"
    with open(bad, "wb"):
        pass
    for words in (["run"], ["status"], ["run", "-n"]):
        done = project.provstore(*words, status=2)
        assert "bad-" in done.err
        assert "UTF-8" in done.err
    assert not project.exists("first")
    os.unlink(bad)
    project.run()


def test_other_names_that_are_not_utf8_do_no_harm(tmp_path: Path) -> None:
    """A file nobody asks for may be called what it likes."""
    text = "[stages.go]\nrun = 'cat {inputs} > out'\ninputs = ['in/*.txt']\noutputs = ['out']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in/a.txt": "a"})
    for name in (b"/in/\xff", b"/\xfe"):
        with open(os.fsencode(project.root) + name, "wb"):
            pass
    assert project.run().executed == ["go"]


def test_an_output_directory_with_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    """The task that makes one fails, by name."""
    text = '[stages.go]\nrun = """mkdir out; touch "$(printf \'out/bad\\\\377\')" """\noutputs = [\'out/\']\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run(status=None)
    assert done.status in (1, 2)
    assert "out" in done.err


@pytest.mark.parametrize(
    "name", ["with space", "ümläut", "-dash", "quote'\"", "100%?#x", "{brace}", "st*r[1]", "new\nline"]
)
def test_a_project_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    """Run, restore, no-op: the store's own path is any path."""
    text = "[stages.go]\nrun = 'cat {inputs} > {outputs[0]}; head -c 50000 /dev/zero > {outputs[1]}'\n"
    text += "inputs = ['src/*.txt']\noutputs = ['out/a', 'out/big']\n"
    project = Project(tmp_path / name / "p", {"Pipelinefile.toml": text, "src/a.txt": "a"}, home=tmp_path)
    project.run()
    assert project.run().report["run"] is None
    project.remove("out")
    assert project.run().restored == ["go"]
    assert project.read("out/a") == "a"


def test_absolute_and_outside_inputs(tmp_path: Path) -> None:
    """An input may lie outside of the project; it is recorded as external, and noticed when it changes."""
    outside = tmp_path / "out side.txt"
    outside.write_text("1\n")
    text = f"[stages.go]\nrun = 'cat {{inputs}} > b'\ninputs = ['../out side.txt', '{outside}.abs']\noutputs = ['b']\n"
    Path(f"{outside}.abs").write_text("2\n")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    assert project.read("b") == "1\n2\n"
    assert project.rows("SELECT count(*) FROM dataset WHERE location = 'external'") == [(2,)]
    outside.write_text("3\n")
    assert project.run().executed == ["go"]


def test_an_output_behind_a_link_that_leaves_the_project_is_refused(tmp_path: Path) -> None:
    """Nothing outside is touched."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b").write_text("precious\n")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": ECHO.replace("'b'", "'l/b'")})
    (project.root / "l").symlink_to(elsewhere)
    done = project.provstore("run", status=None)
    assert done.status in (1, 2)
    assert "outside" in done.err
    assert (elsewhere / "b").read_text() == "precious\n"


def test_an_output_that_is_a_link_out_of_the_project_is_not_written_through(tmp_path: Path) -> None:
    """The link is moved out of the way, what it points to stays as it is."""
    precious = tmp_path / "precious"
    precious.write_text("precious\n")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": ECHO})
    (project.root / "b").symlink_to(precious)
    project.run()
    assert project.read("b") == "x\n"
    assert not (project.root / "b").is_symlink()
    assert precious.read_text() == "precious\n"


def test_a_project_reached_by_a_link(tmp_path: Path) -> None:
    """One project, whichever way one comes."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": ECHO})
    project.run()
    (tmp_path / "link").symlink_to(project.root)
    assert project.run(cwd=tmp_path / "link").report["run"] is None
    assert project.run("-C", str(tmp_path / "link"), cwd=tmp_path).report["run"] is None


def test_targets_with_any_name(tmp_path: Path) -> None:
    """An output with operators of selections in its name is still an output."""
    names = ["a&b", "a|b", "~a", "<d", "a..b", "a@b=1", "with space", "(x)"]
    text = "".join(
        f"[stages.s{n}]\nrun = 'echo {n} > {{outputs}}'\noutputs = [{quoted(name)}]\n" for n, name in enumerate(names)
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    for number, name in enumerate(names):
        assert project.run("--", name).executed == [f"s{number}"]


def test_a_command_gets_the_very_bytes(tmp_path: Path) -> None:
    """argv hands each name over as one word, without a shell."""
    text = "[stages.go]\nargv = ['sh', '-c', 'printf \"%s|\" \"$@\" > out', 'sh', '{inputs}']\n"
    names = ["a b", "-n", "$x", "new\nline", "*"]
    text += f"inputs = [{', '.join(map(quoted, names))}]\noutputs = ['out']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **dict.fromkeys(names, "")})
    project.run()
    assert project.read("out") == "a b|./-n|$x|new\nline|*|"


def test_no_home_no_user(tmp_path: Path) -> None:
    """Neither $HOME nor $USER nor $PATH's usual friends are needed."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": ECHO})
    bare = {"HOME": None, "LANG": None, "USER": None, "LOGNAME": None}
    project.run(env=bare)
    assert project.run(env=bare).report["run"] is None
    other = subprocess.run(["id", "-un"], capture_output=True, text=True, check=False).stdout.strip()
    assert project.rows("SELECT user FROM run") == [(other or str(os.getuid()),)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without a name")
def test_a_user_without_a_name() -> None:
    """A number will do, as in a container."""
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        project = Project(folder / "p", {"Pipelinefile.toml": ECHO})
        project.root.chmod(0o777)
        other = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
        if subprocess.run([*other, PROVSTORE, "--version"], capture_output=True, check=False).returncode:
            pytest.skip("another user can't start provstore here")
        project.run(before=other, env={"USER": None, "LOGNAME": None})
        assert project.rows("SELECT user FROM run") == [("54321",)]
    finally:
        shutil.rmtree(folder)

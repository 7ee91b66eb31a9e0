"""Names of every kind, through every command: the right bytes, the right task, and nothing that steers a terminal."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.project import TRACED, Project
from e2e.test_names import NAMES as USUAL
from e2e.test_names import quoted

from .aftermath import claim_sound

NAMES = [
    *USUAL,
    *(
        "^caret",
        "(paren)",
        "nul",
        "aux.txt",
        "trailing.",
        "trailing ",
        "..leading",
        "-",
        "-rf",
        "--",
        "a=b",
        "@",
        "@1",
        "a@",
    ),
    *("\x1b[31mred", "\x9b31m", "\x01", "\r", "\u200b", "\ufeff", "\u2066x\u2069", "\x7f"),
    *(
        "Case",
        "case",
        "CASE",
        "\u212b",
        "\u00c5",
        "A\u030a",
        "ﬁ",
        "fi",
        "日" * 85,
        "🦆" * 63,
        "y" * 255,
        "z" * 251 + ".csv",
    ),
    *("{x}", "{inputs}", "{{}}", "${HOME}", "%(x)s", "\\n", "\\", "'", '"', "''", '"""', "#", "||x"),
    *("[!a]", "[a-z]", "[[]", "a]b", "**", "*.*", "?x", "a,b;c", "0", "007", "1e5", "true", "null", "nan", "0..3"),
]
NAMES = list(dict.fromkeys(NAMES))
LITERAL = [name for name in NAMES if not name.startswith(".")]
"""What a glob or a dimension finds: no hidden ones."""

SOME = ["new\nline", "\x1b[31mred", "-rf", "{x}", "[!a]", "trailing ", "🦆" * 63]
"""Where each name costs several commands."""


def in_out(names: list[str]) -> str:
    """A stage for each name, which is that of its input and of its output."""
    run = json.dumps(f"{TRACED}cat < {{inputs}} > {{outputs}}; echo {{outputs}}")
    return "".join(
        f"[stages.s{number}]\nrun = {run}\ninputs = [{quoted('in/' + name)}]\noutputs = [{quoted('out/' + name)}]\n"
        for number, name in enumerate(names)
    )


def claim_harmless(text: str) -> None:
    """Nothing in it steers a terminal, or is not seen."""
    assert all(char.isprintable() or char == "\n" for char in text), repr(text)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All names as inputs and as outputs; run once."""
    files = {f"in/{name}": f"content {number}\n" for number, name in enumerate(NAMES)}
    project = Project(tmp_path_factory.mktemp("names") / "p", {"Pipelinefile.toml": in_out(NAMES), **files})
    assert project.run().report["summary"]["executed"] == len(NAMES)
    return project


def test_each_name_has_its_own_bytes(project: Project, tally: Callable[[str, int], None]) -> None:
    """None is taken for another, and a second run has nothing to do."""
    assert {name: project.read(f"out/{name}") for name in NAMES} == {
        name: f"content {number}\n" for number, name in enumerate(NAMES)
    }
    assert sorted(os.listdir(project.root / "out")) == sorted(NAMES)
    before = project.store_bytes()
    assert project.run().report["run"] is None
    assert project.store_bytes() == before
    recorded = {path for (path,) in project.rows("SELECT path FROM dataset")}
    assert {f"{folder}/{name}" for folder in ("in", "out") for name in NAMES} == recorded
    tally("names of files", len(NAMES))


def test_an_edit_runs_its_own_task_only(project: Project) -> None:
    """Whichever of two names that look alike was edited."""
    for name in ("case", "A\u030a", "\x1b[31mred", "**", "-rf", "a=b"):
        counted = project.count()
        project.write(f"in/{name}", project.read(f"in/{name}") + "more\n")
        task = f"s{NAMES.index(name)}"
        assert project.run().executed == [task]
        assert project.count() == {**counted, task: counted[task] + 1}
        assert project.read(f"out/{name}").endswith("more\n")


def test_every_version_of_every_name_can_be_restored(project: Project) -> None:
    """By `run`, by PATH, and by PATH@ID, to the very bytes."""
    wanted = {name: project.read(f"out/{name}") for name in NAMES}
    for name in NAMES:
        project.remove(f"out/{name}")
    assert project.run().report["summary"]["restored"] == len(NAMES)
    assert {name: project.read(f"out/{name}") for name in NAMES} == wanted
    for name in (*SOME[:3], "at@sign=1,b=2", "@", "a@", "y" * 255):
        path = f"out/{name}"
        rows = project.rows("SELECT id, path FROM dataset ORDER BY rowid DESC")
        dataset = next(id for id, found in rows if found == path)
        project.remove(path)
        assert json.loads(project.provstore("restore", "--json", f"{path}@{dataset}").out)["path"] == path
        assert project.read(path) == wanted[name]
        project.remove(path)
        claim_harmless(project.provstore("restore", "--", f"./{path}").out)
        assert project.read(path) == wanted[name]
    assert project.run().report["run"] is None


def test_every_answer_is_harmless_and_right(project: Project) -> None:
    """What people read is bounded and steers no terminal; what programs read has the very names."""
    for words in (["status"], ["check"], ["log"], ["graph"], ["graph", "--tasks"]):
        done = project.provstore(*words)
        claim_harmless(done.out + done.err)
        assert len(done.out) < 200 * len(NAMES) + 2 * sum(map(len, NAMES)) * 12
    for form in ("dot", "mermaid"):
        claim_harmless(project.provstore("graph", "--format", form).out.replace("\t", " "))
    outputs = [task["outputs"] for task in project.status().report["tasks"]]
    assert outputs == [[f"out/{name}"] for name in NAMES]
    for name in SOME[:3]:
        rows = project.rows(
            f"SELECT id FROM execution WHERE stage = 's{NAMES.index(name)}' ORDER BY rowid DESC LIMIT 1"
        )
        claim_harmless(project.provstore("show", rows[0][0]).out)
        assert f"out/{name}" in [
            made["path"] for made in project.provstore("show", "--json", rows[0][0]).report["outputs"]
        ]
    assert project.provstore("logs", f"s{NAMES.index('nul')}").out == "out/nul\n"
    claim_sound(project)


def test_all_names_in_one_output_directory(tmp_path: Path) -> None:
    """The directory is kept, restored and judged with each of them; one of its files can be restored alone."""
    files = {f"in/{name}": f"content of {name}" for name in NAMES}
    text = "[stages.all]\nrun = 'mkdir out; cp -R in/. out/'\ninputs = ['in/']\noutputs = ['out/']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **files})
    project.run()
    assert project.run().report["run"] is None
    for name in SOME:
        project.write(f"out/{name}", "spoilt")
        assert project.status().outcomes == {"all": "restorable"}
        project.provstore("restore", "--", f"out/{name}")
        assert project.read(f"out/{name}") == f"content of {name}"
    project.remove("out")
    assert project.run().restored == ["all"]
    assert {
        path.removeprefix("out/"): data.decode() for path, data in project.files().items() if path[:4] == "out/"
    } == {name: f"content of {name}" for name in NAMES}
    assert project.run().report["run"] is None


def test_all_names_are_found_and_gathered(tmp_path: Path) -> None:
    """By a dimension and by a glob; each is one word of the command, and one task."""
    names = [name for name in LITERAL if len(name.encode()) < 240]
    text = "[dimensions]\nname = { from = 'in/{name}' }\n[stages.go]\ndimensions = ['name']\n"
    text += "run = 'printf %s {name} > {outputs}; cat {inputs} >> {outputs}'\n"
    text += "inputs = ['in/{name}']\noutputs = ['out/{name}.of']\n"
    text += "[stages.gather]\nrun = 'cat -- {inputs} > {outputs}'\ninputs = ['out/{name}.of']\noutputs = ['gathered']\n"
    text += "[stages.glob]\nrun = 'cat -- {inputs} > {outputs}'\ninputs = ['in/*']\noutputs = ['globbed']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **{f"in/{name}": "!" for name in names}})
    assert project.run().report["summary"]["executed"] == len(names) + 2
    assert {path.name: path.read_bytes().decode() for path in (project.root / "out").iterdir()} == {
        f"{name}.of": name + "!" for name in names
    }
    assert project.read("globbed") == "!" * len(names)
    assert len(project.read("gathered")) == sum(len(name) + 1 for name in names)
    assert project.run().report["run"] is None
    found = [task["data_id"]["name"] for task in project.status().report["tasks"] if task["stage"] == "go"]
    assert sorted(found) == sorted(names)
    for words in (["status"], ["graph", "--tasks"], ["check"]):
        claim_harmless(project.provstore(*words).out)
    project.write("in/Case", "?")
    assert project.run().executed == ["gather", "glob", "go@name=Case"]


@pytest.mark.parametrize("name", SOME)
def test_a_project_and_an_included_file_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    """Its paths are relative to itself, and its commands run there, whatever the folder is called."""
    inner = "[stages.inner]\nrun = 'cat data > made'\ninputs = ['data']\noutputs = ['made']\n"
    text = f"[project]\ninclude = [{json.dumps(name + '/x.toml', ensure_ascii=False)}]\n".replace("\x7f", "\\u007f")
    files = {"Pipelinefile.toml": text, f"{name}/x.toml": inner, f"{name}/data": "1"}
    project = Project(tmp_path / name / "p", files, home=tmp_path)
    assert project.run().executed == ["inner"]
    assert project.read(f"{name}/made") == "1"
    assert project.run().report["run"] is None
    project.remove(f"{name}/made")
    assert project.run("-C", str(project.root), cwd=tmp_path).restored == ["inner"]
    project.write(f"{name}/x.toml", "[stages.inner]\nrun = 5\n")
    done = project.provstore("run", status=2)
    claim_harmless(done.err)
    assert "x.toml:2: stage 'inner': run: found 5" in done.err


def test_a_long_path(tmp_path: Path) -> None:
    """Almost as long as a system call takes: run, restored, and run again."""
    room = 3700 - len(str(tmp_path))
    deep = "/".join(["d" * 200] * (room // 201))
    text = f"[stages.go]\nrun = 'cat {{inputs}} > {{outputs}}'\ninputs = ['{deep}/in']\noutputs = ['{deep}/out']\n"
    text += "[stages.tree]\nrun = 'cat {inputs} > tree'\ninputs = ['**/in']\noutputs = ['tree']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, f"{deep}/in": "deep"})
    project.run()
    assert project.read("tree") == "deep"
    project.remove(f"{deep}/out")
    assert project.run().restored == ["go"]
    assert project.read(f"{deep}/out") == "deep"


def test_names_that_differ_only_in_form_or_case_are_never_mixed_up(tmp_path: Path) -> None:
    """Composed and decomposed letters, capitals, look-alikes: each is its own output, its own task, its own version."""
    letters = [
        "é",
        "É",
        unicodedata.normalize("NFD", "é"),
        unicodedata.normalize("NFD", "É"),
        "e",
        "E",
        "е",
    ]  # Cyrillic
    project = Project(
        tmp_path / "p", {"Pipelinefile.toml": in_out(letters), **{f"in/{name}": name for name in letters}}
    )
    if len(os.listdir(project.root / "in")) != len(letters):
        pytest.skip("this file system takes some of them for one name")
    project.run()
    for number, name in enumerate(letters):
        assert project.read(f"out/{name}") == name
        project.write(f"in/{name}", name + "!")
        assert project.run().executed == [f"s{number}"]


@pytest.mark.parametrize("place", ["in/a/", "in/"])
def test_names_that_are_not_utf8_are_refused_wherever_they_lie(tmp_path: Path, place: str) -> None:
    """By name, before anything runs, in each command that has to look; afterwards the project works."""
    text = "[stages.first]\nrun = 'touch first'\noutputs = ['first']\n"
    text += "[stages.go]\nrun = 'touch out'\ninputs = ['in/']\noutputs = ['out']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in/a/good": ""})
    bad = os.path.join(os.fsencode(project.root), place.encode(), b"bad-\xff\xfe")
    os.mkdir(bad)
    with open(bad + b"/file", "wb"):
        pass
    for words in (["run"], ["check"], ["graph"]):
        done = project.provstore(*words, status=2)
        assert "bad-" in done.err
        assert "UTF-8" in done.err
        claim_harmless(done.err)
    assert not project.exists("first")
    assert not project.store.exists()
    os.rename(bad, os.fsencode(project.root / "in" / "good"))
    project.run()
    assert project.run().report["run"] is None


def test_a_project_in_a_folder_that_is_not_utf8(tmp_path: Path) -> None:
    """The folder's own name is no part of any record, so it may be anything."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad-\xff"))
    text = "[stages.go]\nrun = 'cat {inputs} > out'\ninputs = ['in']\noutputs = ['out']\n"
    project = Project(folder, {"Pipelinefile.toml": text, "in": "1"}, home=tmp_path)
    project.run()
    assert project.run("-C", str(folder), cwd=tmp_path).report["run"] is None
    project.remove("out")
    assert project.run().restored == ["go"]
    for words in (["status"], ["check"], ["log"], ["graph"]):
        claim_harmless(project.provstore(*words).out)
    project.write("Pipelinefile.toml", "x")
    claim_harmless(project.provstore("run", status=2).err)

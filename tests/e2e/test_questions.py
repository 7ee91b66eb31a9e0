"""The commands that ask and draw: init, graph, log, show, logs, restore, sql, plugins, completion."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from .project import PROVSTORE, Project, stage

PIPELINEFILE = (
    '[project]\nname = "demo"\n'
    + stage("sort", "echo sorting; sort names.txt > out/sorted.txt", "names.txt", "out/sorted.txt")
    + stage("count", "wc -l < out/sorted.txt > out/count.txt", "out/sorted.txt", "out/count.txt")
    + '[subsets]\nall = ["sort", "count"]\n'
)
FILES = {"Pipelinefile.toml": PIPELINEFILE, "names.txt": "b\na\n", "sub/": ""}
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """Two stages in a row; nothing has run."""
    return Project(tmp_path / "p", FILES)


@pytest.fixture
def project(fresh: Project) -> Project:
    """The same, up to date."""
    fresh.run()
    return fresh


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same, for tests that change nothing."""
    project = Project(tmp_path_factory.mktemp("shared") / "p", FILES)
    project.run()
    return project


def run_ids(project: Project) -> list[str]:
    """Ids of the runs, newest first."""
    return [run["id"] for run in project.provstore("log", "--json").report["runs"]]


def executions(project: Project) -> dict[str, str]:
    """Stage → id of its last execution."""
    return dict(project.rows("SELECT stage, id FROM execution ORDER BY rowid"))


def rows(project: Project, query: str) -> list[dict[str, Any]]:
    """What ``sql --json`` says."""
    found = json.loads(project.provstore("sql", "--json", query).out)
    assert isinstance(found, list)
    return found


# --- init -----------------------------------------------------------------------------------------------


def test_a_new_project_runs_at_once(tmp_path: Path) -> None:
    """`init` in an empty folder, then `run`: tasks are executed, and a second run has nothing to do."""
    project = Project(tmp_path / 'odd "name', {})
    said = project.provstore("init").out

    assert "provstore run" in said
    assert sorted(project.files()) == ["Pipelinefile.toml", "text.txt"]
    assert project.run().report["summary"]["executed"] == 2
    assert project.run().report["run"] is None


def test_init_never_overwrites(tmp_path: Path) -> None:
    """What is there stays, byte by byte; the second `init` makes nothing."""
    project = Project(tmp_path / "p", {"text.txt": "mine\n"})
    first = project.provstore("init", "--json").report["made"]
    before = project.files()
    second = project.provstore("init", "--json").report["made"]

    assert first == [".provstore/", "Pipelinefile.toml"]
    assert second == []
    assert project.files() == before
    assert before["text.txt"] == b"mine\n"
    assert project.run().status == 0


def test_init_in_a_project_makes_the_folder_only(fresh: Project) -> None:
    """With a Pipelinefile of one's own, no starter and no text appear."""
    before = fresh.files()
    fresh.provstore("init")

    assert fresh.files() == before
    assert os.listdir(fresh.root / ".provstore") == [".gitignore"]


def test_init_says_when_a_project_lies_above(fresh: Project) -> None:
    """A project in a project is made, and remarked on."""
    said = fresh.provstore("init", cwd=fresh.root / "sub").out

    assert fresh.exists("sub/Pipelinefile.toml")
    assert f"another project, {fresh.root}" in said


# --- graph ----------------------------------------------------------------------------------------------


def test_graph_needs_no_store_and_writes_nothing(fresh: Project) -> None:
    """Before the first run there are steps and edges, and no states."""
    report = fresh.provstore("graph", "--format", "json").report

    assert [(node["id"], node["state"], node["inputs"]) for node in report["nodes"]] == [
        ("sort", None, ["names.txt"]),
        ("count", None, []),
    ]
    assert report["edges"] == [{"from": "sort", "to": "count", "paths": ["out/sorted.txt"]}]
    assert not fresh.exists(".provstore")


def test_graph_shows_states(project: Project) -> None:
    """After a run all is fresh; after a change, what must run and what waits for it."""
    before = [node["state"] for node in project.provstore("graph", "--json").report["nodes"]]
    project.write("names.txt", "c\n")
    after = [node["state"] for node in project.provstore("graph", "--json").report["nodes"]]

    assert before == ["fresh", "fresh"]
    assert after == ["stale", "waiting"]


def test_graph_as_text(shared: Project) -> None:
    """One line a stage: what it makes, and what it reads that no stage makes."""
    assert shared.provstore("graph").out == (
        "●  sort   fresh  → out/sorted.txt  ← names.txt\n●  count  fresh  → out/count.txt\n"
    )


def test_graph_of_a_target(shared: Project) -> None:
    """The target and what it needs, nothing else."""
    assert "count" not in shared.provstore("graph", "out/sorted.txt").out


def test_graph_of_tasks_names_data_ids(tmp_path: Path) -> None:
    """Each task is a node with its data ID; a gather has an edge from each."""
    text = (
        '[dimensions]\nn = [1, 2]\n[stages.a]\ndimensions = ["n"]\nrun = "echo {n} > {outputs.o}"\n'
        'outputs.o = "a_{n}.txt"\n[stages.b]\nrun = "cat {inputs.i} > {outputs.o}"\n'
        'inputs.i = "a_{n}.txt"\noutputs.o = "b.txt"\n'
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    report = project.provstore("graph", "--tasks", "--json").report

    assert [(node["id"], node["data_id"]) for node in report["nodes"]] == [
        ("a@n=1", {"n": 1}),
        ("a@n=2", {"n": 2}),
        ("b", {}),
    ]
    assert report["edges"] == [
        {"from": "a@n=1", "to": "b", "paths": ["a_1.txt"]},
        {"from": "a@n=2", "to": "b", "paths": ["a_2.txt"]},
    ]
    stages = project.provstore("graph", "--json").report
    assert [(node["id"], node["tasks"]) for node in stages["nodes"]] == [("a", 2), ("b", 1)]
    assert stages["edges"] == [{"from": "a", "to": "b", "paths": ["a_1.txt", "a_2.txt"]}]


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("g.svg", b"<?xml"),
        ("g.png", b"\x89PNG\r\n"),
        ("g.dot", b"digraph"),
        ("g.mmd", b"flowchart"),
        ("g.json", b"{"),
        ("g.txt", "●".encode()),
    ],
)
def test_the_ending_of_the_file_says_the_form(fresh: Project, name: str, beginning: bytes) -> None:
    """`-o` writes relative to the current folder, and nothing to standard output."""
    if name in ("g.svg", "g.png"):
        pytest.importorskip("graphviz")
        if subprocess.run(["sh", "-c", "command -v dot"], capture_output=True, check=False).returncode:
            pytest.skip("Graphviz's program dot is not installed")
    done = fresh.provstore("graph", "-o", name, cwd=fresh.root / "sub")

    assert done.out == ""
    assert (fresh.root / "sub" / name).read_bytes().startswith(beginning)


def test_a_picture_without_graphviz_names_what_to_install(fresh: Project, tmp_path: Path) -> None:
    """With nothing on the PATH: one message, exit status 2; text and dot go on working."""
    (tmp_path / "empty").mkdir()
    env = {"PATH": str(tmp_path / "empty")}
    done = fresh.provstore("graph", "--format", "svg", status=2, env=env)

    assert done.err.startswith("error[missing-program]: svg")
    assert "install Graphviz" in done.err
    assert done.out == ""
    assert fresh.provstore("graph", "--format", "dot", env=env).out.startswith("digraph")


def test_a_file_that_can_not_be_written_is_named(fresh: Project) -> None:
    """No traceback for a folder that is not there."""
    assert "no/such.dot" in fresh.provstore("graph", "-o", "no/such.dot", status=2).err


# --- log and show ---------------------------------------------------------------------------------------


def test_log_is_newest_first(project: Project) -> None:
    """Each run with times in UTC, outcome, arguments and counts; a run with nothing to do is not among them."""
    project.run()
    project.write("names.txt", "c\n")
    project.run("sort")
    newest, oldest = project.provstore("log", "--json").report["runs"]

    assert newest["arguments"] == ["run", "--json", "sort"]
    assert newest["summary"]["executed"] == 1
    assert oldest["summary"]["executed"] == 2
    assert newest["started"] > oldest["ended"]
    assert all(UTC.fullmatch(run[name]) for run in (newest, oldest) for name in ("started", "ended"))
    assert project.provstore("log", "--json", "-n", "1").report["runs"] == [newest]


def test_log_without_a_store_is_empty(fresh: Project) -> None:
    """Nothing has run: no error, no runs."""
    assert fresh.provstore("log", "--json").report == {"runs": []}
    assert fresh.provstore("log").out == "no runs yet\n"


def test_log_shows_ids_that_show_understands(project: Project) -> None:
    """The first word of each line is an id, shortened, of that very run."""
    project.write("names.txt", "c\n")
    project.run()
    shown = [line.split()[0] for line in project.provstore("log").out.splitlines()[1:]]
    found = [project.provstore("show", "--json", id).report["id"] for id in shown]

    assert found == run_ids(project)
    assert all(len(id) < 36 for id in shown)


def test_show_of_each_kind(shared: Project) -> None:
    """Run, execution and dataset are one another's neighbours, with JSON values where the store has JSON text."""
    run = shared.provstore("show", "--json", run_ids(shared)[0]).report
    execution = shared.provstore("show", "--json", run["executions"][1]["id"]).report
    dataset = shared.provstore("show", "--json", execution["inputs"][0]["dataset"]).report

    assert (run["record"], execution["record"], dataset["record"]) == ("run", "execution", "dataset")
    assert (execution["stage"], execution["data_id"], execution["run"]) == ("count", {}, run["id"])
    assert execution["exit_status"] == 0
    assert "wc -l" in execution["command"]
    assert (dataset["path"], dataset["executable"], dataset["status"]) == ("out/sorted.txt", False, "valid")
    assert dataset["execution"] == run["executions"][0]["id"]
    assert [reader["execution"] for reader in dataset["readers"]] == [execution["id"]]
    assert execution["host"] == run["host"]


def test_show_as_text(shared: Project) -> None:
    """Command, inputs with digests, outputs and what it printed, for people."""
    text = shared.provstore("show", executions(shared)["sort"]).out

    assert re.search(r"^  command +echo .*sort names.txt > out/sorted.txt$", text, re.M)
    assert re.search(r"^  inputs +names.txt  blake3:[0-9a-f]{12}  \S+  \(0\)$", text, re.M)
    assert re.search(r"^  printed +8 B$", text, re.M)


@pytest.mark.parametrize("kind", ["run", "execution", "dataset"])
def test_show_gives_the_pipelinefile_of_then(project: Project, kind: str) -> None:
    """On request the text as the run read it, whatever it is now."""
    ids = {"run": "SELECT id FROM run", "execution": "SELECT id FROM execution", "dataset": MADE_BY_TASKS}
    id = project.rows(ids[kind])[0][0]
    project.write("Pipelinefile.toml", "# another\n" + PIPELINEFILE)

    assert project.provstore("show", "--json", "--pipelinefile", id).report["pipelinefile_text"] == {
        "Pipelinefile.toml": PIPELINEFILE
    }
    assert 'name = "demo"' in project.provstore("show", "--pipelinefile", id).out
    assert "pipelinefile_text" not in project.provstore("show", "--json", id).report


MADE_BY_TASKS = "SELECT id FROM dataset WHERE execution IS NOT NULL"


@pytest.mark.parametrize("id", ["", "xyz", "ffffffff", "%", "0_", "a'b"])
def test_an_unknown_id_is_a_usage_error(shared: Project, id: str) -> None:
    """Exit status 2, and nothing on standard output."""
    done = shared.provstore("show", id, status=2)

    assert done.err.startswith("error[unknown-id]")
    assert done.out == ""


def test_an_ambiguous_prefix_lists_candidates(shared: Project) -> None:
    """Exit status 2; every whole id that begins so is named with its kind."""
    run = run_ids(shared)[0]
    done = shared.provstore("show", run[:2], status=2)

    assert f"run        {run}" in done.err
    assert shared.provstore("show", run.upper(), "--json").report["id"] == run


# --- logs -----------------------------------------------------------------------------------------------

NOISY = stage("noisy", "head -c 3000000 blob; printf '\\377\\000end' >&2", "blob", "", "always = true")


def test_logs_are_raw_bytes_of_any_size(tmp_path: Path) -> None:
    """What a task printed comes back byte for byte, by stage, execution and run; nothing is added to it."""
    blob = os.urandom(3_000_000)
    project = Project(tmp_path / "p", {"Pipelinefile.toml": NOISY, "blob": blob})
    project.run()
    for name in ("noisy", executions(project)["noisy"], run_ids(project)[0]):
        process = project.start("logs", name)
        out, err = process.communicate(timeout=60)

        assert (process.returncode, err) == (0, b"")
        assert out == blob + b"\xff\x00end"


def test_logs_of_a_stage_are_the_last_of_each_task(tmp_path: Path) -> None:
    """One log for each data ID, with a line between on standard error; `-n` for more, a task for one."""
    text = (
        '[dimensions]\nn = [1, 2]\n[stages.a]\ndimensions = ["n"]\nalways = true\n'
        'run = "cat word; echo {n}"\ninputs.word = "word"\n'
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "word": "old "})
    project.run("-j1")
    project.write("word", "new ")
    project.run("-j1")
    both = project.provstore("logs", "a")

    assert both.out == "new 1\nnew 2\n"
    assert re.findall(r"^== (a@n=\d)  \S+  succeeded$", both.err, re.M) == ["a@n=1", "a@n=2"]
    assert project.provstore("logs", "a@n=2").out == "new 2\n"
    assert project.provstore("logs", "-n", "2", "a@n=2").out == "old 2\nnew 2\n"


def test_logs_of_failures_only(tmp_path: Path) -> None:
    """`--failed` passes over what succeeded; without failures it says so and is no error."""
    text = stage("a", "cat word; test ! -e broken", "word", "")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "word": "bad\n", "broken": ""})
    project.run(status=1)
    project.remove("broken")
    project.write("word", "good\n")
    project.run()

    assert project.provstore("logs", "a").out == "good\n"
    assert project.provstore("logs", "--failed", "a").out == "bad\n"


@pytest.mark.parametrize(("name", "hint"), [("srot", "did you mean 'sort'?"), ("sort", "provstore run 'sort'")])
def test_logs_of_what_never_ran(fresh: Project, name: str, hint: str) -> None:
    """A mistyped stage and one without an execution: exit status 2, and what to do."""
    assert hint in fresh.provstore("logs", name, status=2).err


def started(project: Project, *words: str) -> subprocess.Popen[bytes]:
    """A run under way, whose task has begun to print."""
    run = project.start("run", *words)
    project.wait_for(lambda: project.exists("begun"))
    return run


SLOW = stage(
    "slow",
    "echo one; touch begun; while test ! -e go; do sleep 0.02; done; echo two; test ! -e fail",
    "",
    "",
    "always = true",
) + stage("next", "head -c 100000 /dev/zero | tr '\\0' x", "", "", 'after = ["slow"]\nalways = true')


@pytest.mark.parametrize("outcome", ["succeeds", "fails", "is followed by another"])
def test_logs_follow_a_task_to_its_end(tmp_path: Path, outcome: str) -> None:
    """`-f` shows what the task prints, all of it and nothing of the next task in its place, and ends with it."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SLOW})
    if outcome == "fails":
        project.write("fail")
    run = started(project, "-j1", *([] if outcome == "is followed by another" else ["slow"]))
    following = project.start("logs", "-f", "slow")
    assert following.stdout is not None
    first = os.read(following.stdout.fileno(), 4)
    sofar = project.finish(project.start("logs", "slow")).out
    project.write("go")
    rest = project.finish(following).out
    project.finish(run, None)

    assert (first, sofar, rest) == (b"one\n", "one\n", "two\n")


def test_logs_follow_ends_when_the_run_is_killed(tmp_path: Path) -> None:
    """A runner that is no more records nothing: whoever follows does not wait for ever."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SLOW})
    run = started(project)
    following = project.start("logs", "-f", "slow")
    assert following.stdout is not None
    os.read(following.stdout.fileno(), 4)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.communicate()

    assert project.finish(following).out == ""
    project.wait_for(lambda: project.alive() == [])


def test_logs_follow_of_what_has_ended_shows_it(shared: Project) -> None:
    """With nothing under way `-f` waits for nothing."""
    assert shared.provstore("logs", "-f", "sort").out == "sorting\n"


def test_a_reader_that_goes_away_ends_logs(tmp_path: Path) -> None:
    """`| head` on a large log: no message, exit status 0."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": NOISY, "blob": b"x" * 3_000_000})
    project.run()
    process = project.start("logs", "noisy")
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None

    assert process.stderr.read() == b""
    assert process.wait(60) == 0
    process.stderr.close()


# --- restore --------------------------------------------------------------------------------------------


def digest_at(project: Project, path: str) -> str:
    """Digest of the newest version of a path."""
    return str(project.rows(f"SELECT digest FROM dataset WHERE path = '{path}' ORDER BY rowid DESC")[0][0])


def test_restore_puts_the_made_version_back(project: Project) -> None:
    """After an edit by hand; the edit is kept, and comes back by its digest. A path is seen from the current folder."""
    project.write("out/sorted.txt", "edited\n")
    said = project.provstore("restore", "../out/sorted.txt", cwd=project.root / "sub")

    assert project.read("out/sorted.txt") == "a\nb\n"
    assert "out/sorted.txt@blake3:" in said.err
    assert project.status().report["summary"]["fresh"] == 2
    short = digest_at(project, "out/sorted.txt").removeprefix("blake3:")[:10]
    for id in (short, f"blake3:{short}"):
        project.provstore("restore", f"out/sorted.txt@{id}")
        assert project.read("out/sorted.txt") == "edited\n"
        project.provstore("restore", "out/sorted.txt")


@pytest.mark.parametrize("kind", ["run", "execution", "dataset"])
def test_restore_an_older_version_by_any_id(project: Project, kind: str) -> None:
    """The id of its run, its execution or itself, as short as it may be."""
    project.write("names.txt", "c\n")
    first = project.rows(
        "SELECT e.run, e.id, d.id FROM dataset AS d JOIN execution AS e ON e.id = d.execution "
        "WHERE d.path = 'out/sorted.txt'"
    )[0]
    project.run()
    id = dict(zip(("run", "execution", "dataset"), first, strict=True))[kind]
    report = project.provstore("restore", "--json", f"out/sorted.txt@{id[:30]}").report

    assert (report["outcome"], report["dataset"]) == ("restored", first[2])
    assert project.read("out/sorted.txt") == "a\nb\n"
    assert project.run().restored == ["sort"]


def test_restore_takes_the_version_that_is_current(project: Project) -> None:
    """After going back to an older input, the older result is the current one, though a newer one is recorded."""
    project.write("names.txt", "c\n")
    project.run()
    project.write("names.txt", "b\na\n")
    project.run()
    project.remove("out/sorted.txt")
    project.provstore("restore", "out/sorted.txt")

    assert project.read("out/sorted.txt") == "a\nb\n"


def test_restore_to_another_place(project: Project, tmp_path: Path) -> None:
    """Inside the project and outside; a directory, the store and what could not be kept are refused."""
    project.provstore("restore", "../out/sorted.txt", "--to", "old@version.txt", cwd=project.root / "sub")
    project.provstore("restore", "out/sorted.txt", "--to", str(tmp_path / "outside.txt"))

    assert project.read("sub/old@version.txt") == "a\nb\n"
    assert (tmp_path / "outside.txt").read_text() == "a\nb\n"
    for place in (str(tmp_path / "outside.txt"), "sub", ".", "..", ".provstore/x", str(tmp_path)):
        assert project.provstore("restore", "out/sorted.txt", "--to", place, status=2).out == ""


def test_restore_of_a_path_with_an_at_sign(tmp_path: Path) -> None:
    """A name that is known as a whole is no PATH@ID; the last @ divides."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "echo a > 'x@y@1'", "", "x@y@1")})
    project.run()
    digest = digest_at(project, "x@y@1")
    for text in ("x@y@1", f"x@y@1@{digest}"):
        project.remove("x@y@1")
        project.provstore("restore", text)

        assert project.read("x@y@1") == "a\n"


def test_restore_of_a_directory_and_of_a_file_in_it(tmp_path: Path) -> None:
    """Executable bits, links and empty folders come back; a file of the directory comes back alone."""
    made = "mkdir -p d/empty d/e; echo x > d/e/tool; chmod +x d/e/tool; ln -s e/tool d/link; echo y > d/plain"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", made, "", "d/")})
    project.run()
    project.remove("d")
    project.write("d/new", "unknown\n")
    project.provstore("restore", "d")

    assert not project.exists("d/new")
    assert (project.root / "d/empty").is_dir()
    assert (project.root / "d/e/tool").stat().st_mode & stat.S_IXUSR
    assert os.readlink(project.root / "d/link") == "e/tool"
    project.write("d/e/tool", "broken")
    project.provstore("restore", "d/e/tool")
    assert project.read("d/e/tool") == "x\n"
    assert project.provstore("check").status == 0


def test_restore_keeps_an_input_before_it_replaces_it(project: Project) -> None:
    """The bytes of inputs are not kept by runs; going back to another version does not lose the present one."""
    project.write("names.txt", "z\ny\n")
    project.run()
    source = digest_at(project, "names.txt")
    project.provstore("restore", "out/count.txt", "--to", "names.txt")
    project.provstore("restore", f"names.txt@{source}")

    assert project.read("names.txt") == "z\ny\n"


def test_restore_of_what_is_not_kept_is_a_failure(project: Project) -> None:
    """The bytes of an input: exit status 1 where they are gone; where they lie in place there is nothing to do."""
    assert project.provstore("restore", "--json", "names.txt").report["outcome"] == "already there"
    project.write("names.txt", "c\n")

    assert "not kept" in project.provstore("restore", "names.txt", status=1).out
    assert project.read("names.txt") == "c\n"


@pytest.mark.parametrize(
    "text", ["out/nothing", "out/sorted.txt@ffff", "out/sorted.txt@", "out/sorted.txt@zz", "@", ""]
)
def test_restore_of_an_unknown_version(shared: Project, text: str) -> None:
    """Exit status 2, and nothing is touched."""
    before = shared.files()

    assert shared.provstore("restore", text, status=2).err.startswith("error[unknown-id]")
    assert shared.files() == before


def test_restore_of_an_ambiguous_id_lists_versions(project: Project) -> None:
    """Two contents whose ids begin alike: exit status 2, both are named."""
    project.write("names.txt", "c\n")
    project.run()
    ids = [row[0] for row in project.rows("SELECT id FROM dataset WHERE path = 'out/sorted.txt'")]
    done = project.provstore("restore", f"out/sorted.txt@{ids[0][:3]}", status=2)

    assert all(id in done.err for id in ids)


def test_restore_waits_for_a_run(tmp_path: Path) -> None:
    """One at a time: what a run is about is not changed under its hands."""
    files = {"Pipelinefile.toml": SLOW + stage("a", "echo a > a.txt", "", "a.txt")}
    project = Project(tmp_path / "p", files)
    project.run("a")
    project.remove("a.txt")
    run = started(project, "slow")
    said = tmp_path / "said"
    with said.open("wb") as file:
        restoring = project.start("restore", "a.txt", stderr=file.fileno())
    project.wait_for(lambda: "waiting for a run" in said.read_text())
    assert restoring.poll() is None
    assert not project.exists("a.txt")
    project.write("go")
    project.finish(run)
    project.finish(restoring)

    assert project.read("a.txt") == "a\n"


@pytest.mark.parametrize("way", ["restored", "changed in place"])
def test_an_edit_is_kept_before_a_task_can_be_killed(tmp_path: Path, way: str) -> None:
    """An output edited by hand that is then replaced or rewritten comes back, even if the run is killed at once."""
    keep = "keep = true" if way == "changed in place" else ""
    text = stage("a", "if test -e x; then kill -9 $PPID; fi; cat a.in > a.out", "a.in", "a.out", keep)
    text += stage("b", "if test -e die; then kill -9 $PPID; fi; cat a.out b.in", "a.out b.in", "")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.in": "1\n", "b.in": "1\n"})
    project.run()
    project.write("a.out", "edited\n")
    if way == "restored":
        project.write("b.in", "2\n")
        project.write("die")
    else:
        project.write("a.in", "2\n")
        project.write("x")
    project.finish(project.start("run"), -signal.SIGKILL)
    project.wait_for(lambda: project.alive() == [])
    for name in ("die", "x"):
        (project.root / name).unlink(missing_ok=True)
    project.run(status=None)
    project.provstore("restore", f"a.out@{digest_at_edit(project)}")

    assert project.read("a.out") == "edited\n"


def digest_at_edit(project: Project) -> str:
    """Digest of the version of a.out that no task made."""
    return str(project.rows("SELECT digest FROM dataset WHERE path = 'a.out' AND execution IS NULL")[0][0])


# --- sql ------------------------------------------------------------------------------------------------


def test_sql_answers_as_a_table_and_as_a_list(shared: Project) -> None:
    """Names above, numbers at the right; with `--json` a list of objects."""
    query = "SELECT stage, outcome, 12 AS number FROM v_execution ORDER BY stage"

    assert shared.provstore("sql", query).out == (
        "stage  outcome    number\ncount  succeeded      12\nsort   succeeded      12\n"
    )
    assert rows(shared, query) == [
        {"stage": "count", "outcome": "succeeded", "number": 12},
        {"stage": "sort", "outcome": "succeeded", "number": 12},
    ]


def test_sql_shows_every_kind_of_value(shared: Project) -> None:
    """NULL, bytes, text that is no UTF-8, control characters, infinity, and two columns of one name."""
    query = "SELECT NULL AS a, x'00ff' AS b, CAST(x'ff41' AS TEXT) AS c, char(27) || 'x' AS d, 9e999 AS e, 1 AS a"

    assert rows(shared, query) == [{"a": None, "b": "00ff", "c": "\\xffA", "d": "\x1bx", "e": "inf", "a:1": 1}]
    assert shared.provstore("sql", query).out.splitlines()[1].split() == [
        "NULL", "x'00ff'", "\\xffA", "\\x1bx", "inf", "1"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM run",
        "INSERT INTO alias VALUES ('a', 'b', 'c', 'd')",
        "CREATE TEMP TABLE t (a)",
        "ATTACH 'other.db' AS o",
        "VACUUM INTO 'copy.db'",
        "VACUUM",
        "BEGIN IMMEDIATE",
        "PRAGMA query_only = OFF",
        "PRAGMA user_version = 9",
        "PRAGMA journal_mode = WAL",
        "PRAGMA writable_schema = ON",
        "SELECT load_extension('x')",
        "SELECT 1; DELETE FROM run",
        "SELEC 1",
        "SELECT nothing FROM run",
        "SELECT * FROM nowhere",
        "SELECT ?",
        "",
    ],
)
def test_sql_only_reads(shared: Project, query: str) -> None:
    """Whatever would write or is no question: exit status 2, and neither the store nor the folder changes."""
    before = shared.store_bytes(), sorted(shared.files())
    done = shared.provstore("sql", query, status=2)

    assert done.err.startswith("error[query]")
    assert (shared.store_bytes(), sorted(shared.files())) == before


def test_sql_without_a_store(fresh: Project) -> None:
    """Exit status 2, and what to do first; none is made."""
    assert "provstore run" in fresh.provstore("sql", "SELECT 1", status=2).err
    assert not fresh.exists(".provstore")


ENDLESS = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def test_sql_without_an_end_is_given_up_by_ctrl_c(shared: Project) -> None:
    """Exit status 130, at once."""
    process = shared.start("sql", ENDLESS)
    try:
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)

        assert process.wait(10) == 130
    finally:
        process.kill()
        process.communicate()


# --- plug-ins -------------------------------------------------------------------------------------------

PLUGIN = """
from provstore.plugin import Format, hookimpl

class Lines(Format):
    name = "lines"
    suffixes = (".lst",)
    python_type = list

    def read(self, path, component=None, **parameters):
        return path.read_text().splitlines()

    def write(self, value, path):
        path.write_text("".join(f"{line}\\n" for line in value))

@hookimpl
def provstore_formats():
    return [Lines()]
"""


def test_plugins_shows_what_is_plugged_in_and_what_failed(tmp_path: Path) -> None:
    """A file of the project offers a format; one that can't be imported is named, and a run goes on without it."""
    text = '[project]\nplugins = ["tools/lines.py", "tools/broken.py", "nowhere"]\n' + stage("a", "true")
    files = {"Pipelinefile.toml": text, "tools/lines.py": PLUGIN, "tools/broken.py": "import nothing_of_this_name\n"}
    project = Project(tmp_path / "p", files)
    report = project.provstore("plugins", "--json").report
    shown = project.provstore("plugins").out

    assert {"name": "lines", "suffixes": [".lst"], "digest": False} in report["plugins"][-1]["formats"]
    assert [failure["name"] for failure in report["failures"]] == ["tools/broken.py", "nowhere"]
    assert "ModuleNotFoundError: No module named 'nothing_of_this_name'" in shown
    assert sorted(project.files()) == sorted(files), "compiled files were left in the project"
    assert project.run().report["summary"]["executed"] == 1


def test_plugins_outside_of_a_project(tmp_path: Path) -> None:
    """provstore's own and those of packages."""
    project = Project(tmp_path / "nothing", {})

    assert "bytes" in project.provstore("plugins").out


# --- completion -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shared: Project, shell: str) -> None:
    """A script that asks `provstore` itself what to offer."""
    assert f"_PROVSTORE_COMPLETE={shell}_complete" in shared.provstore("completion", shell).out


def completed(project: Project, *words: str, cwd: Path | None = None) -> list[str]:
    """What a real bash offers for the last of these words."""
    line = " ".join(f"'{word}'" for word in words)
    script = (
        f'eval "$({PROVSTORE} completion bash)"\n'
        f"COMP_WORDS=(provstore {line}) COMP_CWORD={len(words)} COMPREPLY=()\n"
        "compopt() { :; }\n"
        '_provstore_completion provstore\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=cwd or project.root, env=project.environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("command", ["run", "status", "check", "graph", "logs"])
def test_bash_completes_targets(fresh: Project, command: str) -> None:
    """Stages and subsets of the Pipelinefile, without a store."""
    assert completed(fresh, command, "") == ["sort", "count", "all"]
    assert completed(fresh, command, "so") == ["sort"]


def test_bash_completes_commands_options_and_other_places(fresh: Project) -> None:
    """Commands by their beginning, options of a command, and targets of the project that `-C` names."""
    assert completed(fresh, "comp") == ["completion"]
    assert "--pipelinefile" in completed(fresh, "show", "--")
    assert completed(fresh, "-C", str(fresh.root), "run", "c", cwd=fresh.root.parent) == ["count"]


def test_completion_survives_whatever_is_wrong(project: Project) -> None:
    """A broken Pipelinefile: the stages of the last run; no project: nothing. Never a word on standard error."""
    project.write("Pipelinefile.toml", "[[[")

    assert completed(project, "run", "so") == ["sort"]
    assert completed(project, "run", "so", cwd=project.root.parent) == []


# --- every command ---------------------------------------------------------------------------------------

QUESTIONS = (("init",), ("graph",), ("log",), ("sql", "SELECT 'ü→' AS x"), ("plugins",), ("logs", "sort"), ("--help",))
ODD = {
    "a plain terminal": {"LANG": "C", "LC_ALL": "C"},
    "ascii output": {"PYTHONIOENCODING": "ascii:strict", "LANG": None},
    "latin output": {"PYTHONIOENCODING": "latin-1:strict"},
    "no variables": {"LANG": None, "HOME": None},
}


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
@pytest.mark.parametrize("odd", ODD)
def test_commands_work_on_odd_terminals(shared: Project, words: tuple[str, ...], odd: str) -> None:
    """Whatever the encoding of the terminal, a command ends well and says something."""
    assert shared.provstore(*words, env=ODD[odd]).out


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_commands_work_with_closed_streams(shared: Project, words: tuple[str, ...], closed: str) -> None:
    """Nobody listens, and still the command does its work; the store stays whole."""
    script = f'"$@" {closed}'
    done = subprocess.run(
        ["sh", "-c", script, "sh", PROVSTORE, *words], cwd=shared.root, env=shared.environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert rows(shared, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_that_can_not_be_written_is_no_success(shared: Project) -> None:
    """A full disk behind standard output: a message and exit status 3."""
    for words in (["log"], ["graph", "--format", "dot"]):
        with open("/dev/full", "wb") as full:
            done = shared.finish(shared.start(*words, stdout=full.fileno()), 3)

        assert done.err == "error: standard output can't be written: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("command", ["init", "graph", "log", "show", "logs", "restore", "sql", "plugins", "completion"])
def test_help_has_an_example(shared: Project, command: str) -> None:
    """Each command shows a real call of itself."""
    assert re.search(rf"^ +.*\$ .*provstore {command}\b", shared.provstore(command, "--help").out, re.M)

"""`accept`: a person's word that outputs are right, which every answer repeats and any change takes back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from provstore.operations.accept import AcceptRequest, accept
from provstore.operations.run import RunRequest, run
from provstore.operations.status import status
from provstore.operations.targets import Targets
from provstore.project import Project as Opened
from provstore.testing import project as testing

from .project import Project, stage

COUNT = stage("count", "sort {inputs} | wc -l > {outputs}", "in.txt", "count.txt")
NEXT = stage("next", "cat {inputs} > {outputs}", "count.txt", "out/next.txt")
PARAMS = "[params]\nseed = 1\n"
ACCEPTED = "accepted by a person, not executed"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two stages, of which the first was edited without a meaning since it ran."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": COUNT + NEXT, "in.txt": "a\nb\n"})
    project.run()
    project.write("Pipelinefile.toml", COUNT.replace("sort {", "sort  {") + NEXT)
    return project


def states(project: Project) -> dict[str, str]:
    """State of each task; `check` exits 0 when all are fresh."""
    check = project.provstore("check", "--json", status=None)
    assert check.status == int(set(check.outcomes.values()) != {"fresh"})
    return check.outcomes


def executions(project: Project) -> list[tuple[object, ...]]:
    """Each with its task and outcome, and whether it has neither a run nor a key."""
    return project.rows("SELECT stage, outcome, run IS NULL, key IS NULL FROM execution ORDER BY rowid")


# --- what an execution made -------------------------------------------------------------------------------


def test_what_is_accepted_is_fresh_and_says_so(project: Project) -> None:
    """The execution that made it stays the one that made it; nothing ran, nothing will."""
    before = executions(project)
    found = project.provstore("accept", "count", "-m", "only\na space", "--json").report

    assert found["summary"] == {"accepted": 1, "fresh": 0}
    assert [reason["text"] for reason in found["tasks"][0]["reasons"]] == ["command changed"]
    assert states(project) == {"count": "fresh", "next": "fresh"}
    assert project.status().reasons("count") == project.run("-n").reasons("count") == [ACCEPTED]
    assert project.run().report["run"] is None
    assert executions(project) == before
    assert project.count() == {"count": 1, "next": 1}
    project.provstore("fsck")


def test_why_and_show_tell_who_when_and_what_had_changed(project: Project) -> None:
    """And go on telling what made the file."""
    project.provstore("accept", "count", "-m", "only\na space")
    report = project.provstore("why", "count.txt", "--json").report
    text = project.provstore("why", "count.txt").out
    shown = project.provstore("show", report["execution"]["id"]).out

    (acceptance,) = report["execution"]["acceptances"]
    assert acceptance["execution"] == report["execution"]["id"]
    assert (acceptance["message"], acceptance["changed"]) == ("only a space", ["command changed"])
    assert acceptance["key"] != report["execution"]["key"]
    for told in (text, shown):
        assert ": only a space\n" in told
        assert "not executed with another key: command changed\n" in told
    assert "sort in.txt |" in text  # what was run, not what would be


def test_any_further_change_takes_it_back_and_going_back_gives_it_again(project: Project) -> None:
    """An acceptance holds for one key; those before it go on holding for theirs."""
    accepted, other = project.read("Pipelinefile.toml"), COUNT.replace("wc -l", "wc  -l") + NEXT
    project.provstore("accept", "count")
    project.write("Pipelinefile.toml", other)

    assert states(project)["count"] == "stale"
    project.write("Pipelinefile.toml", COUNT + NEXT)
    assert project.status().report["tasks"][0]["reasons"] == []
    project.write("Pipelinefile.toml", accepted)
    assert project.status().reasons("count") == [ACCEPTED]
    project.write("in.txt", "a\nb\nc\n")
    assert states(project)["count"] == "stale"
    project.write("in.txt", "a\nb\n")
    assert project.status().reasons("count") == [ACCEPTED]


def test_an_execution_with_the_key_supersedes(project: Project) -> None:
    """What was really done needs nobody's word any more."""
    project.provstore("accept", "count")

    assert project.run("count", "--force").executed == ["count"]
    assert project.status().reasons("count") == []
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute("DELETE FROM task_memo")
    assert project.status().reasons("count") == []


def test_lost_outputs_come_back_without_running(project: Project) -> None:
    """`gc` keeps what an acceptance needs, also where nothing is remembered."""
    project.provstore("accept", "count")
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute("DELETE FROM task_memo")
    project.provstore("gc")
    project.remove("count.txt")

    assert states(project) == {"count": "restorable", "next": "fresh"}
    assert project.status().reasons("count")[0] == ACCEPTED
    assert project.run().restored == ["count"]
    assert project.status().reasons("count") == [ACCEPTED]


def test_a_preview_says_what_has_changed_and_writes_nothing(project: Project) -> None:
    """The reasons of `status`."""
    before = project.store_bytes()
    done = project.provstore("accept", "count", "next", "-n")

    assert done.out.splitlines()[0] == "would be accepted  count  (command changed)"
    assert done.out.splitlines()[-1] == "1 would be accepted, 1 fresh"
    assert project.store_bytes() == before
    assert states(project)["count"] == "stale"


def test_what_is_fresh_needs_no_word(project: Project) -> None:
    """It is said to be so, and nothing is written."""
    project.provstore("accept", "count")
    before = project.store_bytes()

    assert project.provstore("accept", "count", "next").out.splitlines()[-1] == "2 fresh"
    assert project.store_bytes() == before


def test_the_lock_file_follows(project: Project) -> None:
    """As it does after a run: what is accepted is what CI expects from now on."""
    project.write("Pipelinefile.toml", COUNT + NEXT)
    project.provstore("lock")
    project.write("Pipelinefile.toml", COUNT.replace("sort {", "sort  {") + NEXT)
    assert project.provstore("check", "--locked", status=None).status == 1
    project.provstore("accept", "count")

    assert project.provstore("check", "--locked", status=None).status == 0
    assert "is written" not in project.provstore("lock").out


def test_a_renamed_stage_takes_over_what_it_made(project: Project) -> None:
    """The lineage is that of the execution that made it, whatever its stage was called."""
    project.write("Pipelinefile.toml", COUNT.replace("stages.count", "stages.lines") + NEXT)
    maker = project.provstore("why", "count.txt", "--json").report["execution"]["id"]
    found = project.provstore("accept", "lines", "--json").report["tasks"][0]

    assert (found["execution"], found["by_hand"]) == (maker, False)
    assert states(project) == {"lines": "fresh", "next": "fresh"}
    assert project.provstore("why", "count.txt", "--json").report["execution"]["stage"] == "count"


def test_a_task_without_outputs_is_taken_for_done(tmp_path: Path) -> None:
    """There is nothing that could be missing."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("test", "true", "a"), "a": ""})
    project.provstore("accept", "test")

    assert project.status().reasons("test") == [ACCEPTED]
    assert project.run().executed == []


# --- what no execution made -------------------------------------------------------------------------------


def test_what_another_tool_made_is_recorded_and_not_computed_again(tmp_path: Path) -> None:
    """A project that comes from make: several tasks at once, in the order of the graph, without a store before."""
    files = {"Pipelinefile.toml": COUNT + NEXT, "in.txt": "a\nb\n", "count.txt": "2\n", "out/next.txt": "2\n"}
    project = Project(tmp_path / "p", files)
    project.provstore("accept", "next", "count", "-m", "from make")

    assert states(project) == {"count": "fresh", "next": "fresh"}
    assert project.run().report["run"] is None
    assert project.count() == {}
    assert executions(project) == [("count", "succeeded", 1, 1), ("next", "succeeded", 1, 1)]
    assert "by count (by hand)" in project.provstore("lineage", "out/next.txt").out
    why = project.provstore("why", "out/next.txt").out
    assert "made by   hand, in the place of next" in why
    assert "not executed: never run" in why
    assert "count.txt  made by count (by hand)" in why
    project.provstore("fsck")
    project.remove("count.txt")
    project.write("out/next.txt", "other\n")
    assert project.run().restored == ["count", "next"]
    assert project.files() == {name: text.encode() for name, text in files.items()}


def test_an_edit_by_hand_counts_from_now_on_and_is_never_lost(project: Project) -> None:
    """What is below becomes stale by content; a run that replaces the edit has kept it."""
    project.write("Pipelinefile.toml", COUNT + NEXT)
    project.write("count.txt", "three\n")
    task = project.provstore("accept", "count", "--json").report["tasks"][0]

    assert task["by_hand"]
    assert states(project) == {"count": "fresh", "next": "stale"}
    assert project.run().executed == ["next"]
    assert project.read("out/next.txt") == "three\n"
    assert "count (by hand)" in project.provstore("history", "count.txt").out
    project.run("count", "--force")
    assert project.read("count.txt") == "2\n"
    project.provstore("gc")
    project.provstore("restore", f"count.txt@{task['execution']}")
    assert project.read("count.txt") == "three\n"


def test_bytes_that_are_not_kept_are_kept_before_they_give_way(tmp_path: Path) -> None:
    """No command can make again what a person made."""
    text = stage("a", "echo made > out", "in", "out", "cache = false")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "", "out": "by hand\n"})
    execution = project.provstore("accept", "a", "--json").report["tasks"][0]["execution"]
    project.write("in", "2")
    told = project.run().err
    project.provstore("restore", f"out@{execution}")

    assert "out holds what no task made; it is kept: provstore restore out@blake3:" in told
    assert project.read("out") == "by hand\n"


def test_directories_and_executables_are_accepted_as_they_are(tmp_path: Path) -> None:
    """Names with quotes and spaces as well."""
    text = "[stages.a]\nrun = 'false'\noutputs = ['dir/', \"it's $x\"]\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "dir/x/1": "1", "dir/empty/": "", "it's $x": "2"})
    (project.root / "it's $x").chmod(0o755)
    project.provstore("accept", "a")
    before = project.files()
    project.remove("dir")
    project.remove("it's $x")

    assert project.run().restored == ["a"]
    assert project.files() == before
    assert (project.root / "it's $x").stat().st_mode & 0o111


def test_a_failed_attempt_after_it_takes_nothing_back(tmp_path: Path) -> None:
    """The last good version, which comes back, is what was accepted."""
    text = stage("a", "echo bad > out; test -e in", "src", "out")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "src": "", "out": "good\n"})
    project.provstore("accept", "a")
    project.run("--force", status=1)

    assert project.read("out") == "good\n"
    assert project.status().reasons("a") == [ACCEPTED]


# --- what can't be accepted -------------------------------------------------------------------------------


def test_nothing_is_accepted_where_something_is_missing(project: Project) -> None:
    """Each of what can't be is named, and all of it is left as it was."""
    project.remove("out/next.txt")
    project.remove(".provstore")
    for words, message in [
        (("next",), "next: waits for count: run or accept that first"),
        (("count", "next"), "next: output out/next.txt is missing"),
        ((), "found no target"),
        (("nothing",), "nothing: no stage, subset, task or output has this name"),
    ]:
        assert message in project.provstore("accept", *words, status=2).err
    assert not project.exists(".provstore")


@pytest.mark.parametrize(
    ("more", "message"),
    [("always = true", "this stage always runs"), ("", "output out is a symbolic link that leads out of the project")],
)
def test_what_no_run_would_leave_alone_is_refused(tmp_path: Path, more: str, message: str) -> None:
    """Neither what always runs, nor what is no output."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "true", "", "out", more)})
    (tmp_path / "elsewhere").write_text("1")
    (project.root / "out").symlink_to("../elsewhere")

    assert message in project.provstore("accept", "a", status=2).err


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    """It would have failed the task."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "true", "", "out/"), "out": "1"})

    assert "output out is a file, declared as a directory" in project.provstore("accept", "a", status=2).err


def test_tasks_that_are_not_known_yet_are_named(tmp_path: Path) -> None:
    """They are, once what they depend on is accepted."""
    text = (
        "[dimensions]\npart = { from = 'split/{part}.csv' }\n" + stage("split", "false", "", "split/")
        + "[stages.each]\ndimensions = ['part']\nrun = 'false'\ninputs = ['split/{part}.csv']\n"
        "outputs = ['each/{part}.csv']\n"
    )  # fmt: skip
    made = {f"{folder}/{part}.csv": part for folder in ("split", "each") for part in "ab"}
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **made})

    assert "each: its tasks are known once split is fresh" in project.provstore("accept", "each", status=2).err
    project.provstore("accept", "split")
    assert project.provstore("accept", "each").out.splitlines()[-1] == "2 accepted"
    assert set(states(project).values()) == {"fresh"}


def test_a_task_cannot_accept(tmp_path: Path) -> None:
    """It would wait for its own run."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "provstore accept a", "", "out"), "out": ""})

    assert "a task of this project can't accept" in project.run(status=1).err


def test_damage_is_found_before_it_is_shown(project: Project) -> None:
    """Who has changed what a person said is found out by every answer that would show it."""
    project.provstore("accept", "count", "-m", "fine")
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute("UPDATE acceptance SET message = 'splendid'")

    assert "is not what was recorded" in project.provstore("why", "count.txt", status=3).err


def test_a_recovered_store_still_has_it(project: Project) -> None:
    """Acceptances are facts of the chain."""
    project.provstore("accept", "count")
    project.write("out/next.txt", "edit\n")
    project.provstore("accept", "next")
    with project.store.open("r+b") as file:
        file.write(b"damaged")
    testing.Project.provstore(project, "recover")
    for damaged in (project.root / ".provstore").glob("store.db.damaged-*"):
        damaged.unlink()

    assert [project.status().reasons(name) for name in ("count", "next")] == [[ACCEPTED], [ACCEPTED]]
    project.provstore("fsck")


# --- the law ----------------------------------------------------------------------------------------------

STEPS = st.one_of(
    st.tuples(st.just("seed"), st.sampled_from("12")),
    st.tuples(st.just("src"), st.sampled_from("ab")),
    st.tuples(st.just("one"), st.sampled_from(["1a", "mine"])),
    st.tuples(st.just("two"), st.sampled_from(["1a!", "mine"])),
    st.just(("run", "")),
    st.just(("accept", "one")),
    st.just(("accept", "two")),
    st.just(("accept", "both")),
)
TEXT = """
[params]
seed = "{seed}"
[stages.one]
run = "printf %s {{params.seed}} > one; cat src >> one"
inputs = ["src"]
outputs = ["one"]
[stages.two]
run = "cat one > two; printf '!' >> two"
inputs = ["one"]
outputs = ["two"]
"""


class Model:
    """What should be: the files, and of each stage its last success with each key, as (content, is accepted)."""

    def __init__(self) -> None:
        self.files = {"seed": "1", "src": "a", "one": "", "two": ""}
        self.successes: dict[tuple[str, str], tuple[str, bool]] = {}

    def key(self, name: str) -> tuple[str, str]:
        files = self.files
        return (name, files["seed"] + files["src"]) if name == "one" else (name, self.content_of_one)

    @property
    def content_of_one(self) -> str:
        return self.successes[self.key("one")][0] if self.key("one") in self.successes else self.files["one"]

    def state(self, name: str) -> tuple[str, bool]:
        """(state, is accepted); of "two" only where it is known what "one" makes."""
        if name == "two" and self.state("one")[0] not in ("fresh", "restorable"):
            return "waiting", False
        found = self.successes.get(self.key(name))
        if found is None:
            return "must run", False
        return ("fresh" if found[0] == self.files[name] else "restorable"), found[1]

    def run(self) -> None:
        for name in ("one", "two"):
            if self.state(name)[0] == "must run":
                self.successes[self.key(name)] = (self.key(name)[1] + "!" * (name == "two"), False)
            self.files[name] = self.successes[self.key(name)][0]

    def accept(self, names: list[str]) -> bool:
        """Whether it can be done: all or nothing."""
        before = dict(self.successes)
        for name in names:
            if self.state(name)[0] == "fresh":
                continue
            if not self.files[name] or (name == "two" and self.state("one")[0] != "fresh"):
                self.successes = before
                return False
            self.successes[self.key(name)] = (self.files[name], True)
        return True


@given(steps=st.lists(STEPS, min_size=4, max_size=10))
@example(steps=[("run", ""), ("one", "mine"), ("accept", "two"), ("accept", "both")])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_accepted_holds_for_its_key_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    """Edits, runs and acceptances in any order: states are those of a small model, with memory and without."""
    project, model = Project(tmp_path_factory.mktemp("law") / "p", {}), Model()
    for name in ("seed", "src"):
        put(project, model, name, model.files[name])
    for what, value in steps:
        if what == "run":
            with Opened.find(str(project.root)) as opened:
                run(opened, RunRequest(jobs=1), lambda event: None)
            model.run()
        elif what == "accept":
            names = ["one", "two"] if value == "both" else [value]
            assert accepts(project, names) == model.accept(names)
        else:
            put(project, model, what, value)
        expected = {name: model.state(name) for name in ("one", "two")}
        assert seen(project) == expected
        assert without_memory(project) == expected
    assert all(project.read(name) == model.files[name] for name in ("one", "two") if model.files[name])


def put(project: Project, model: Model, name: str, value: str) -> None:
    model.files[name] = value
    if name == "seed":
        project.write("Pipelinefile.toml", TEXT.format(seed=value))
    else:
        project.write(name, value)


def accepts(project: Project, names: list[str]) -> bool:
    from provstore.errors import UsageError

    try:
        with Opened.find(str(project.root)) as opened:
            accept(opened, AcceptRequest(Targets(tuple(names), str(project.root))), lambda event: None)
    except UsageError:
        return False
    return True


def seen(project: Project) -> dict[str, tuple[str, bool]]:
    """State of each stage, and whether it is said to be accepted."""
    known = {"new": "must run", "stale": "must run", "failed": "must run"}
    with Opened.find(str(project.root)) as opened:
        tasks = status(opened, Targets(everything=True), {}).tasks
        return {
            task.stage: (
                known.get(task.state, task.state),
                any(reason.kind == "accepted" for reason in task.reasons),
            )
            for task in tasks
        }


def without_memory(project: Project) -> dict[str, tuple[str, bool]]:
    """The same where each task's last success has to be looked up; memory is as before afterwards."""
    if not project.store.exists():
        return seen(project)
    with closing(sqlite3.connect(project.store)) as conn:
        rows = list(conn.execute("SELECT * FROM task_memo"))
        with conn:
            conn.execute("DELETE FROM task_memo")
        found = seen(project)
        with conn:
            conn.executemany("INSERT INTO task_memo VALUES (?, ?, ?, ?, ?, ?)", rows)
    return found

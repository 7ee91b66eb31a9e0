"""`Pipelinefile.lock`: what each task made, the same on every machine; compared with where there is no store at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from provstore.operations.lock.file import read_lock, write_text
from provstore.operations.verdicts import key_from
from provstore.pipelinefile.lock import text_of
from provstore.pipelinefile.lock_merge import merged
from provstore.project import Project as Opened

from .project import Project, stage

LOCK = "Pipelinefile.lock"
TEXT = """
[params]
rows = 3

[dimensions]
v = { from = "raw/{v}.csv" }

[stages.sort]
dimensions = ["v"]
run = "sort {inputs.raw} > {outputs.sorted}"
inputs.raw = "raw/{v}.csv"
outputs.sorted = "out/{v}.csv"

[stages.count]
run = "wc -l {inputs.all} | head -n {params.rows} > {outputs.count}"
inputs.all = "out/{v}.csv"
outputs.count = "count.txt"
"""
FILES = {"Pipelinefile.toml": TEXT, "raw/x.csv": "b,1\na,2\n", "raw/y.csv": "c,1\na,2\n"}
MADE = ("out", "count.txt", ".provstore")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Three tasks that ran, and their lock."""
    return locked(tmp_path / "p", FILES)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same, for tests that only look at it."""
    return locked(tmp_path_factory.mktemp("made") / "p", FILES)


def locked(folder: Path, files: dict[str, str]) -> Project:
    """A project whose tasks ran, with its lock."""
    project = Project(folder, files)
    project.run()
    project.provstore("lock")
    return project


def checkout(project: Project, folder: Path) -> Project:
    """What git would give somebody else: sources and lock, no store, no outputs."""
    shutil.copytree(project.root, folder / "checkout", ignore=shutil.ignore_patterns(*MADE))
    return Project(folder / "checkout", {})


def check(project: Project, *words: str, status: int) -> dict[str, tuple[str, list[str]]]:
    """State and reasons of each task by ``check --locked``."""
    done = project.provstore("check", "--locked", "--json", *words, status=status)
    assert done.report["ok"] == (status == 0)
    return {name: (state, done.reasons(name)) for name, state in done.outcomes.items()}


def edit(project: Project, path: str, old: str, new: str) -> None:
    """Replaces a text in a file."""
    text = project.read(path)
    assert old in text
    project.write(path, text.replace(old, new))


# --- writing ----------------------------------------------------------------------------------------------


def test_a_lock_is_written_from_what_is_fresh(tmp_path: Path) -> None:
    """Before that it is refused, and every task that keeps it from being written is named."""
    project = Project(tmp_path / "p", FILES)
    refused = project.provstore("lock", status=1)
    project.run()
    written = project.provstore("lock")

    assert [line.split()[1] for line in refused.out.splitlines()[:3]] == ["sort@v=x", "sort@v=y", "count"]
    assert "is not written: 3 tasks are not fresh" in refused.out
    assert written.out == f"{LOCK} is written: 3 tasks, 3 outputs\n"
    assert project.provstore("lock").out == f"{LOCK} is unchanged: 3 tasks, 3 outputs\n"


def test_two_machines_write_the_same_bytes(made: Project, tmp_path: Path) -> None:
    """Another folder, another time, another store."""
    other = locked(tmp_path / "q", FILES)

    assert other.read(LOCK) == made.read(LOCK)
    assert str(made.root) not in made.read(LOCK)


def test_every_run_keeps_the_lock_up_to_date(project: Project) -> None:
    """As `provstore lock` would write it: what ran, what was restored, what is gone, what is new."""
    edit(project, "raw/x.csv", "b,1", "b,3")
    project.run()
    assert project.provstore("lock", "--json").report["outcome"] == "unchanged"
    edit(project, "raw/x.csv", "b,3", "b,1")
    assert project.run().restored
    assert project.provstore("lock", "--json").report["outcome"] == "unchanged"
    project.remove("raw/y.csv")
    project.write("raw/z.csv", "z,1\n")
    project.run()

    found = tomllib.loads(project.read(LOCK))
    assert sorted(found["task"]["sort"]) == ['{"v":"x"}', '{"v":"z"}']
    assert sorted(found["input"]) == ["raw/x.csv", "raw/z.csv"]
    assert project.provstore("lock", "--json").report["outcome"] == "unchanged"


def test_a_run_of_some_targets_changes_their_entries_alone(project: Project) -> None:
    """The others wait for a run of their own."""
    before = tomllib.loads(project.read(LOCK))
    edit(project, "raw/x.csv", "b,1", "b,3")
    edit(project, "raw/y.csv", "c,1", "c,3")
    project.run("sort@v=y")
    after = tomllib.loads(project.read(LOCK))

    assert after["task"]["sort"]['{"v":"x"}'] == before["task"]["sort"]['{"v":"x"}']
    assert after["task"]["sort"]['{"v":"y"}'] != before["task"]["sort"]['{"v":"y"}']
    assert after["task"]["count"] == before["task"]["count"]
    assert after["input"]["raw/x.csv"] == before["input"]["raw/x.csv"]


def test_what_failed_keeps_its_entry(project: Project) -> None:
    """And what succeeded in the same run gets a new one."""
    before = tomllib.loads(project.read(LOCK))
    edit(project, "raw/x.csv", "b,1", "b,3")
    edit(project, "Pipelinefile.toml", "head -n", "false -n")
    project.run(status=1)
    after = tomllib.loads(project.read(LOCK))

    assert after["task"]["count"] == before["task"]["count"]
    assert after["task"]["sort"]['{"v":"x"}'] != before["task"]["sort"]['{"v":"x"}']


def test_with_nothing_to_do_nothing_is_written(project: Project) -> None:
    """Neither lock nor store; a lock that was changed by hand is put right, whatever was right before."""
    project.run()
    project.run()
    before = os.stat(project.root / LOCK), project.store_bytes(), project.read(LOCK)
    project.run()
    assert (os.stat(project.root / LOCK), project.store_bytes(), project.read(LOCK)) == before
    edit(project, LOCK, 'key = "blake3:', 'key = "blake3:' + "0" * 64 + '"\n#"')
    project.run()

    assert project.read(LOCK) == before[2]


def test_with_nothing_to_do_a_right_lock_costs_two_digests(project: Project) -> None:
    """It is neither parsed nor compared again: a run imports nothing for it that takes long."""
    probe = "import sys; from provstore.cli.main import run_command as run; run(['run']); print(*sys.modules)"
    for _ in range(2):
        project.run()
    command = [sys.executable, "-c", probe]
    done = subprocess.run(
        command, cwd=project.root, env=project.environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())

    assert "Everything is up to date." in done.stderr
    assert "provstore.operations.lock.shortcut" in loaded
    assert not loaded & {"json", "re", "tomli", "tomllib", "provstore.operations.lock.write"}


def test_without_a_lock_no_run_writes_one(tmp_path: Path) -> None:
    """It is there for those who want it."""
    project = Project(tmp_path / "p", FILES)
    project.run()
    project.run()

    assert not project.exists(LOCK)


def test_overrides_leave_the_lock_alone(project: Project) -> None:
    """They are for one run, and the run says so."""
    before = project.read(LOCK)
    done = project.provstore("run", "-P", "rows=1")

    assert project.read(LOCK) == before
    assert f"{LOCK} is left as it is: -P is for this run alone" in done.err


def test_a_damaged_lock_hinders_no_run(project: Project) -> None:
    """It is said, and left as it is, until somebody writes it anew."""
    whole = project.read(LOCK)
    project.write(LOCK, whole.replace("version = 1", "version = 'one'"))
    edit(project, "raw/x.csv", "b,1", "b,3")
    done = project.provstore("run")

    assert f"{LOCK}:4: version: found 'one', expected 1; it is left as it is" in done.err
    assert "version = 'one'" in project.read(LOCK)
    assert project.provstore("check", "--locked", status=2).err.startswith("error[lockfile]: ")
    assert "is written" in project.provstore("lock").out


def test_another_pipelinefile_has_a_lock_of_its_own(project: Project) -> None:
    """Beside it, under its name."""
    project.write("other.toml", stage("copy", "cp raw/x.csv copy.csv", "raw/x.csv", "copy.csv"))
    project.run("-f", "other.toml")

    assert "other.lock is written: 1 task, 1 output" in project.provstore("lock", "-f", "other.toml").out
    assert check(project, "-f", "other.toml", status=0) == {"copy": ("fresh", [])}


def test_a_lock_that_is_a_link_or_has_a_mode_keeps_it(project: Project) -> None:
    """It is written in its place, as a whole."""
    os.rename(project.root / LOCK, project.root / "kept.lock")
    os.symlink("kept.lock", project.root / LOCK)
    os.chmod(project.root / "kept.lock", 0o600)
    edit(project, "raw/x.csv", "b,1", "b,3")
    project.run()

    assert os.readlink(project.root / LOCK) == "kept.lock"
    assert os.stat(project.root / "kept.lock").st_mode & 0o777 == 0o600
    assert check(project, status=0)["count"] == ("fresh", [])


def test_names_of_any_kind_are_locked(tmp_path: Path) -> None:
    """Quotes, newlines, executable files and directories."""
    name, script = "a 'b'\n\"c\" é.txt", 'cp "$1" "$2" && chmod +x "$2" && mkdir -p d/e && cp "$1" d'
    argv = ["sh", "-c", script, "sh", "{inputs.a}", "{outputs.b}"]
    text = "[stages.odd]\n" + "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in {"argv": argv, "inputs.a": name, "outputs.b": 'out "x".txt', "outputs.d": "d/"}.items()
    )
    project = locked(tmp_path / "p", {"Pipelinefile.toml": text, name: "1\n"})
    found = tomllib.loads(project.read(LOCK))

    assert found["task"]["odd"]["{}"]["output"]['out "x".txt']["executable"] is True
    assert found["task"]["odd"]["{}"]["output"]["d"]["kind"] == "directory"
    assert list(found["input"]) == [name]
    copy = Project(tmp_path / "copy", {"Pipelinefile.toml": text, name: "1\n", LOCK: project.read(LOCK)})
    assert check(copy, status=0) == {"odd": ("fresh", [])}


# --- comparing --------------------------------------------------------------------------------------------


def test_a_checkout_without_store_and_outputs_is_compared(made: Project, tmp_path: Path) -> None:
    """Nothing is written, and what is not there is counted."""
    copy = checkout(made, tmp_path)
    done = copy.provstore("check", "--locked")

    assert done.out.splitlines()[-1] == f"{LOCK}: as locked; 3 outputs are not here"
    assert not copy.exists(".provstore")
    assert check(copy, status=0) == {"sort@v=x": ("fresh", []), "sort@v=y": ("fresh", []), "count": ("fresh", [])}


def test_the_json_is_a_contract(made: Project, tmp_path: Path) -> None:
    """That of `check`, with what is to say of the lock; and of `lock`."""
    copy = checkout(made, tmp_path)
    os.rename(copy.root / "raw/y.csv", copy.root / "raw/z.csv")
    report = copy.provstore("check", "--locked", "--json", status=1).report
    gone = [{"stage": "sort", "data_id": {"v": "y"}}]
    assert list(report) == ["ok", "tasks", "summary", "locked"]
    assert report["locked"] == {"file": LOCK, "gone": gone, "absent": 2, "remarks": []}
    refused = copy.provstore("lock", "--json", status=1).report

    assert list(refused) == ["file", "outcome", "tasks", "outputs", "not_fresh", "remarks"]
    assert refused["outcome"] == "refused"
    assert list(refused["not_fresh"][0]) == ["stage", "data_id", "state", "reasons"]


def test_each_task_that_differs_is_named_with_its_reasons(made: Project, tmp_path: Path) -> None:
    """A source, a parameter, a new task, one that is gone, an output; and what waits for those."""
    copy = checkout(made, tmp_path)
    edit(copy, "raw/x.csv", "b,1", "b,3")
    assert check(copy, status=1) == {
        "sort@v=x": ("stale", ["input raw/x.csv changed"]),
        "sort@v=y": ("fresh", []),
        "count": ("waiting", ["waits for sort@v=x"]),
    }
    edit(copy, "raw/x.csv", "b,3", "b,1")
    edit(copy, "Pipelinefile.toml", "rows = 3", "rows = 4")
    state, [reason] = check(copy, status=1)["count"]
    assert (state, reason[:15]) == ("stale", "its key differs")
    edit(copy, "Pipelinefile.toml", "rows = 4", "rows = 3")
    copy.write("out/x.csv", "other,1\n")
    assert check(copy, status=1)["sort@v=x"] == ("stale", ["output out/x.csv is not as locked"])
    copy.remove("out")
    os.rename(copy.root / "raw/y.csv", copy.root / "raw/z.csv")
    done = copy.provstore("check", "--locked", status=1)

    assert "new         sort@v=z  (not in Pipelinefile.lock)" in done.out
    assert done.out.splitlines()[-1].startswith(f"{LOCK}: gone from the Pipelinefile: sort@v=y; ")


def test_what_a_gone_task_made_counts_no_more(made: Project, tmp_path: Path) -> None:
    """A stage that was renamed is new, and what reads its output waits for it."""
    copy = checkout(made, tmp_path)
    edit(copy, "Pipelinefile.toml", "[stages.sort]", "[stages.order]")
    found = check(copy, status=1)

    assert found["order@v=x"] == ("new", ["not in Pipelinefile.lock"])
    assert found["count"] == ("waiting", ["waits for order@v=x and 1 more"])


def test_a_missing_source_is_a_difference(tmp_path: Path) -> None:
    """Of a path that is named, so that the task is still there."""
    text = stage("copy", "cp a.txt b.txt", "a.txt", "b.txt")
    copy = checkout(locked(tmp_path / "q", {"Pipelinefile.toml": text, "a.txt": "1\n"}), tmp_path)
    copy.remove("a.txt")

    assert check(copy, status=1) == {"copy": ("stale", ["input a.txt is missing"])}


def test_what_waits_says_so_once(project: Project) -> None:
    """The store and the lock say in their own words for which tasks it waits; one of them is enough."""
    project.write("raw/x.csv", "n,1\n")
    project.write("raw/y.csv", "n,2\n")

    assert check(project, status=1)["count"] == ("waiting", ["waits for 2 tasks of sort"])


def test_where_there_is_a_store_its_verdict_counts_too(project: Project) -> None:
    """With the reasons of both, and of a key in full where the store knows the locked one."""
    edit(project, "Pipelinefile.toml", "rows = 3", "rows = 4")
    assert check(project, status=1)["count"] == ("stale", ["param rows: 3 → 4", "command changed"])
    edit(project, "Pipelinefile.toml", "rows = 4", "rows = 3")
    project.remove("count.txt")
    assert check(project, status=1)["count"] == ("restorable", ["output count.txt missing"])
    project.remove(LOCK)
    done = project.provstore("check", "--locked", status=2)

    assert f"{LOCK}: there is no lock file" in done.err


def test_tasks_that_are_found_in_what_another_makes_are_compared_without_it(tmp_path: Path) -> None:
    """Their files are known by the lock; a change of what makes them shows all the same."""
    text = """
[dimensions]
part = { from = "split/{part}.txt" }

[stages.split]
run = "mkdir split && split -l 1 --additional-suffix=.txt {inputs.all} split/"
inputs.all = "all.txt"
outputs.parts = "split/"

[stages.use]
dimensions = ["part"]
run = "cat {inputs.one} > {outputs.copy}"
inputs.one = "split/{part}.txt"
outputs.copy = "used/{part}.txt"
"""
    project = locked(tmp_path / "p", {"Pipelinefile.toml": text, "all.txt": "1\n2\n"})
    copy = Project(tmp_path / "copy", {name: project.read(name) for name in ("Pipelinefile.toml", "all.txt", LOCK)})
    assert check(copy, status=0) == {"split": ("fresh", []), "use@part=aa": ("fresh", []), "use@part=ab": ("fresh", [])}
    edit(copy, "Pipelinefile.toml", "cat {inputs.one}", "cat -n {inputs.one}")
    assert check(copy, status=1)["use@part=aa"][0] == "stale"
    copy.write("all.txt", "3\n")

    assert check(copy, status=1)["split"] == ("stale", ["input all.txt changed"])


def test_a_folder_in_which_outputs_lie_is_in_doubt_without_them(tmp_path: Path) -> None:
    """It can't be compared, and that is said instead of a change."""
    text = stage("make", "cp a.txt d/b.txt", "a.txt", "d/b.txt") + stage("list", "ls d > list.txt", "d", "list.txt")
    project = locked(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n", "d/own.txt": "1\n"})
    assert check(project, status=0)["list"] == ("fresh", [])
    files = ("Pipelinefile.toml", "a.txt", "d/own.txt", LOCK)
    copy = Project(tmp_path / "copy", {name: project.read(name) for name in files})

    assert check(copy, status=1)["list"] == ("stale", ["input d can't be compared: d/b.txt is not here"])


def test_what_is_equal_as_data_is_as_locked(project: Project, tmp_path: Path) -> None:
    """On the disk, and in what a run writes: bytes that do not count change no line."""
    before = project.read(LOCK)
    copy = checkout(project, tmp_path)
    copy.write("raw/x.csv", '"b",1\r\na,2\r\n')
    copy.write("out/x.csv", '"a","2"\nb,1\n')
    assert check(copy, status=0)["sort@v=x"] == ("fresh", [])
    project.write("raw/x.csv", '"b",1\na,2\n')
    project.run()

    assert project.read(LOCK) == before


@pytest.mark.parametrize("digest", ["csv/0:" + "a" * 64, "gone/1:" + "b" * 64], ids=["older rules", "no plug-in"])
def test_digests_of_other_rules_are_neither_equal_nor_unequal(made: Project, tmp_path: Path, digest: str) -> None:
    """The same bytes are the same data; of other bytes a reason says that they were compared otherwise."""
    copy = checkout(made, tmp_path)
    for name in ("raw/x.csv", "raw/y.csv"):
        locked_digest = tomllib.loads(copy.read(LOCK))["input"][name]["semantic"]
        edit(copy, LOCK, locked_digest, digest)
    _relock_keys(copy)
    assert check(copy, status=0)["sort@v=x"] == ("fresh", [])
    copy.write("raw/x.csv", "b,1\na,2\n\n")
    kind = digest.partition(":")[0]

    assert check(copy, status=1)["sort@v=x"] == (
        "stale", [f"input raw/x.csv changed (was compared as {kind}, is now as csv/1)"]
    )  # fmt: skip


def _relock_keys(project: Project) -> None:
    """Gives the tasks the keys that a machine with those rules would have written."""
    with Opened(str(project.root)) as opened:
        lock, plan = read_lock(opened), opened.plan({}).plan
        known = {**lock.inputs, **{made.path: made for task in lock.tasks.values() for made in task.outputs}}
        tasks = dict(lock.tasks)
        for position, task in enumerate(plan.tasks):
            id = plan.stage_of(position).name, task.data_id
            identities = [known[plan.paths[number]].identity for number in task.inputs]
            tasks[id] = tasks[id]._replace(key=key_from(task.static, identities))
        write_text(opened, text_of(lock._replace(tasks=tasks)))


def test_secret_values_are_not_compared_and_that_is_said(tmp_path: Path) -> None:
    """Their digests are salted with the store's id; all else counts, and two machines still write the same."""
    text = "[project]\nsecret_env = ['TOKEN']\n" + stage("a", "echo $N > a", "", "a", "env = ['TOKEN', 'N']")
    found = []
    for name, token in (("p", "one"), ("q", "two")):
        project = Project(tmp_path / name, {"Pipelinefile.toml": text})
        project.environment |= {"TOKEN": token, "N": "1"}
        project.run()
        project.provstore("lock")
        found.append(project.read(LOCK))
    assert found[0] == found[1]
    copy = Project(tmp_path / "copy", {"Pipelinefile.toml": text, LOCK: found[0]})
    copy.environment |= {"TOKEN": "three", "N": "1"}
    assert "remark: a: the value of TOKEN is secret, and not compared" in copy.provstore("check", "--locked").out
    copy.environment |= {"N": "2"}

    assert check(copy, status=1)["a"][0] == "stale"


def test_frozen_and_always_stages_are_locked(tmp_path: Path) -> None:
    """Of what is frozen only the output counts; what always runs is as locked while its key is."""
    text = stage("old", "cp a.txt b.txt", "a.txt", "b.txt") + stage(
        "again", "cp b.txt c.txt", "b.txt", "c.txt", "always = true"
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    project.run()
    edit(project, "Pipelinefile.toml", '"b.txt"]\n\n', '"b.txt"]\nfrozen = true\n\n')
    project.write("a.txt", "2\n")
    project.provstore("lock")
    assert tomllib.loads(project.read(LOCK))["task"]["old"]["{}"]["key"] == "frozen"
    files = ("Pipelinefile.toml", "a.txt", LOCK)
    copy = Project(tmp_path / "copy", {name: project.read(name) for name in files})

    assert check(copy, status=0) == {"old": ("fresh", []), "again": ("fresh", [])}


def test_targets_and_a_bare_default_are_as_for_check(made: Project, tmp_path: Path) -> None:
    """Only what is named, and what it needs, is compared; what is gone is asked of everything."""
    copy = checkout(made, tmp_path)
    edit(copy, "raw/x.csv", "b,1", "b,3")

    assert check(copy, "sort@v=y", status=0) == {"sort@v=y": ("fresh", [])}
    assert copy.provstore("check", "--locked", "nothing", status=2).err.startswith("error[unknown-target]")


# --- merging ----------------------------------------------------------------------------------------------


def git(project: Project, *words: str, status: int = 0) -> str:
    """Calls git, as nobody in particular."""
    who = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": str(project.home)}
    names = {f"GIT_{role}_{what}": "x@y" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", *words],
        cwd=project.root,
        env={**os.environ, **who, **names},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def _key_of(stage: str, text: str) -> str:
    """The first key of a stage in a lock's text."""
    found = re.search(rf'\[task\.{stage}\..*\]\nkey = "(.*)"', text)
    assert found is not None
    return found[1]


def conflicted(project: Project, base: str, ours: str, theirs: str) -> None:
    """Writes the lock as a merge of two leaves it."""
    text, number = merged(base, ours, theirs, LOCK)
    assert number
    project.write(LOCK, text)


def test_a_merge_is_resolved_without_a_guess(project: Project, tmp_path: Path) -> None:
    """What one branch made stays; what neither has made from these sources is left out, and run."""
    project.write(".gitignore", "out/\ncount.txt\n.provstore/\n")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-qm", "1")
    git(project, "checkout", "-qb", "other")
    edit(project, "raw/y.csv", "c,1", "c,1\nd,1")
    project.run()
    git(project, "commit", "-qam", "2")
    git(project, "checkout", "-q", "main")
    edit(project, "raw/x.csv", "b,1", "b,1\nd,1")
    project.run()
    git(project, "commit", "-qam", "3")
    git(project, "merge", "other", status=1)
    before = project.read(LOCK)
    assert "provstore lock --resolve" in project.provstore("check", "--locked", status=2).err
    report = project.provstore("lock", "--resolve", "--json").report
    expected = {"file": LOCK, "outcome": "resolved", "tasks": 2, "decided": [], "left_out": ["count"], "remarks": []}
    assert report == expected
    assert check(checkout(project, tmp_path), status=1) == {
        "sort@v=x": ("fresh", []), "sort@v=y": ("fresh", []), "count": ("new", ["not in Pipelinefile.lock"])
    }  # fmt: skip
    project.write(LOCK, before)
    done = project.provstore("run")
    assert project.read(LOCK) == before
    assert "has conflicts of a merge in it; it is left as it is ('provstore lock --resolve' mends it)" in done.err
    project.provstore("lock", "--resolve")
    project.run()

    assert check(project, status=0)["count"] == ("fresh", [])
    assert project.provstore("lock", "--resolve").out == f"{LOCK} has no conflicts in it\n"


@pytest.mark.parametrize("with_base", [True, False])
def test_of_two_entries_the_one_that_fits_is_taken(made: Project, tmp_path: Path, with_base: bool) -> None:
    """By the key that the present Pipelinefile and sources give; without a store."""
    copy = checkout(made, tmp_path)
    base = copy.read(LOCK)
    ours, theirs = [base.replace(_key_of("count", base), "blake3:" + digit * 64) for digit in "45"]
    theirs = theirs.replace(_key_of("sort", base), "blake3:" + "6" * 64)
    conflicted(copy, base if with_base else "", ours, theirs)
    assert copy.provstore("lock", "--resolve", "--json").report["left_out"] == ["count"]
    conflicted(copy, ours if with_base else "", base, theirs)
    report = copy.provstore("lock", "--resolve", "--json").report

    assert "count" in report["decided"]
    assert tomllib.loads(copy.read(LOCK))["task"]["count"] == tomllib.loads(base)["task"]["count"]

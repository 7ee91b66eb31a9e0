"""Those who commit the store: git shows it as text, and unites what two branches recorded. With the real git."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from provstore.store.lock import RunLock

from .project import PATIENCE, PROVSTORE, Project, stage

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

COUNT = stage("count", "wc -l < in.txt > out.txt", "in.txt", "out.txt")
FILES = {"Pipelinefile.toml": COUNT, "in.txt": "1\n", ".gitignore": "/out.txt\n"}
STORE = ".provstore/store.db"
IDENTITY = {
    f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "a"), ("EMAIL", "a@b"))
}


def git(folder: Path, *words: str, status: int | None = 0) -> str:
    """What a git command prints; None: it may end with any status."""
    return git_bytes(folder, *words, status=status).decode()


def git_bytes(folder: Path, *words: str, status: int | None = 0) -> bytes:
    """The same, whatever it is."""
    environment = {
        **IDENTITY,
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent / "home"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, capture_output=True, check=False, timeout=PATIENCE
    )
    text = done.stdout + done.stderr
    assert status is None or done.returncode == status, text
    return text


def committed(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message)


def begun(folder: Path, top: Path | None = None) -> Project:
    """A project in git that ran, with its store committed and git told of it."""
    project = Project(folder, FILES)
    git(top or folder, "init", "-q", "-b", "main")
    project.run()
    project.provstore("git", "install")
    committed(top or folder, "first")
    return project


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a project that each test gets a copy of."""
    return begun(tmp_path_factory.mktemp("template") / "p").root


@pytest.fixture
def project(tmp_path: Path, template: Path) -> Project:
    return Project(Path(shutil.copytree(template, tmp_path / "p", copy_function=shutil.copy)), {})


def changed(project: Project, text: str) -> None:
    """Another run, committed."""
    project.write("in.txt", text)
    project.run()
    project.write("in.txt", "1\n")  # it is the store that the branches differ in
    committed(project.root, text)


def outcomes(project: Project) -> list[str]:
    return [run["outcome"] for run in project.json("log")["runs"]]


# --- merging ------------------------------------------------------------------------------------------------


def two_branches(project: Project) -> None:
    """`main` and `other` each ran once since they parted."""
    git(project.root, "checkout", "-qb", "other")
    changed(project, "1\n2\n")
    git(project.root, "checkout", "-q", "main")
    changed(project, "1\n2\n3\n")


def test_git_unites_what_two_branches_recorded(project: Project) -> None:
    """The merge needs nobody; every run of both is there, and all of it is proved."""
    two_branches(project)
    git(project.root, "merge", "-q", "-m", "both", "other")

    assert outcomes(project) == ["succeeded"] * 3
    project.provstore("fsck", "--objects")
    assert git(project.root, "status", "--short") == ""
    assert re.fullmatch(r"\.provstore/store\.db \(git\)", project.rows("SELECT source FROM merge")[0][0])


def test_branches_can_be_merged_again_and_again(project: Project) -> None:
    """To and fro, with runs between; each store proves the chains of all."""
    two_branches(project)
    git(project.root, "merge", "-q", "-m", "both", "other")
    changed(project, "3\n")
    git(project.root, "checkout", "-q", "other")
    changed(project, "4\n")
    git(project.root, "merge", "-q", "-m", "both", "main")
    changed(project, "5\n")
    git(project.root, "checkout", "-q", "main")
    git(project.root, "merge", "-q", "-m", "both", "other")

    assert len(outcomes(project)) == 6
    project.provstore("fsck", "--objects")


def test_two_stores_of_one_repository_are_united(tmp_path: Path) -> None:
    """Two clones each made a store of their own before they met."""
    project = Project(tmp_path / "p", FILES)
    git(project.root, "init", "-q", "-b", "main")
    project.provstore("git", "install")
    committed(project.root, "without a store")
    for branch in ("other", "main"):
        git(project.root, "checkout", "-q", *(["-b"] if branch == "other" else []), branch)
        shutil.rmtree(project.root / ".provstore", ignore_errors=True)
        project.remove("out.txt") if project.exists("out.txt") else None
        project.run()
        committed(project.root, branch)
    git(project.root, "merge", "-q", "-m", "both", "other")

    assert outcomes(project) == ["succeeded"] * 2
    project.provstore("fsck", "--objects")


def test_bytes_beside_the_store_stay_known(project: Project) -> None:
    """Objects in files are shared by the branches of a clone: after a merge nothing of them is unknown to `gc`."""
    project.write(
        "Pipelinefile.toml", stage("big", "yes $(cat in.txt) | head -c 100000 > out.txt", "in.txt", "out.txt")
    )
    two_branches(project)
    git(project.root, "merge", "-q", "-m", "both", "other")
    project.provstore("fsck", "--objects")
    versions = project.json("history", "out.txt")["versions"]

    assert len(versions) >= 3
    assert all(version["kept"] for version in versions)


def test_what_two_branches_say_otherwise_is_said(project: Project) -> None:
    """A record of a dimension is on one of them what it is not on the other: that of this one stays."""
    dimension = '\n[dimensions.visit]\ntype = "int"\nmetadata = { seeing = "float" }\n'
    project.write("Pipelinefile.toml", project.read("Pipelinefile.toml") + dimension)
    committed(project.root, "dimension")
    for branch, seeing in (("other", "0.7"), ("main", "0.9")):
        git(project.root, "checkout", "-q", *(["-b"] if branch == "other" else []), branch)
        project.provstore("dimension", "insert", "visit", "visit=1", f"seeing={seeing}")
        committed(project.root, branch)
    said = git(project.root, "merge", "other")

    assert 'provstore: left as it is here: dimension_record visit {"visit":1}' in said
    assert project.provstore("dimension", "show", "visit", "--json").report["records"] == [{"visit": 1, "seeing": 0.9}]
    assert 'dimension_record visit {"visit":1}  seeing = 0.9' in project.provstore("git", "textconv", STORE).out


def test_what_can_not_be_united_stays_as_it_is(project: Project) -> None:
    """Theirs is damaged: git says that there is a conflict and why; ours lies there, whole."""
    two_branches(project)
    git(project.root, "checkout", "-q", "other")
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute("UPDATE execution SET command = 'x'")
    committed(project.root, "forged")
    git(project.root, "checkout", "-q", "main")
    before = project.store_bytes()
    said = git(project.root, "merge", "-m", "both", "other", status=1)

    assert ".provstore/store.db (theirs): not merged, as it is damaged: execution" in said
    assert "CONFLICT (content): Merge conflict in .provstore/store.db" in said
    assert project.store_bytes() == before
    assert not list(project.root.glob(".merge_file*"))


def test_git_does_not_replace_what_a_run_is_writing(project: Project) -> None:
    """While a run holds the project, the merge is refused."""
    two_branches(project)
    gate = stage("gate", "touch ../began; while ! test -e ../go; do sleep 0.01; done", "in.txt", "")
    project.write("gate.toml", gate)
    running = project.start("run", "-f", "gate.toml")
    project.wait_for((project.root.parent / "began").exists)
    said = git(project.root, "merge", "-m", "both", "other", status=None)
    (project.root.parent / "go").touch()
    project.finish(running)

    assert "another run holds this project" in said or "would be overwritten" in said


def test_a_merge_that_was_refused_is_done_by_hand(project: Project) -> None:
    """As its message says; what was recorded meanwhile stays."""
    two_branches(project)
    lock = RunLock(str(project.root / ".provstore" / "lock"), "a run", wait=True, on_wait=print)
    said = git(project.root, "merge", "-m", "both", "other", status=1)
    lock.release()
    assert "(once it has ended: git show :3:.provstore/store.db > theirs.db, provstore merge theirs.db)" in said
    project.run("--force")
    (project.root / "theirs.db").write_bytes(git_bytes(project.root, "show", f":3:{STORE}"))
    project.provstore("merge", "theirs.db")

    assert len(outcomes(project)) == 4
    project.provstore("fsck", "--objects")


def test_lock_files_are_united_task_by_task(project: Project) -> None:
    """Two branches changed neighbouring tasks: lines that touch each other are no conflict; one task is."""
    stages = [stage(name, f"cat {name}.in > {name}.out", f"{name}.in", f"{name}.out") for name in "ab"]
    project.write("Pipelinefile.toml", "".join(stages))
    for name in "ab":
        project.write(f"{name}.in", "0\n")
    project.run()
    project.provstore("lock")
    committed(project.root, "locked")
    for branch, path in (("other", "a.in"), ("main", "b.in")):
        git(project.root, "checkout", "-q", *(["-b"] if branch == "other" else []), branch)
        project.write(path, branch)
        project.run()
        project.provstore("lock")
        committed(project.root, branch)
    git(project.root, "merge", "-q", "-m", "both", "other")
    project.run()

    project.provstore("check", "--locked")


def test_one_task_that_both_changed_is_left_to_a_person(project: Project) -> None:
    """Git says that there is a conflict, and its marks are in the file as in any other."""
    for branch in ("first", "other", "main"):
        if branch != "first":
            git(project.root, "checkout", "-q", *(["-b"] if branch == "other" else []), branch)
        project.write("in.txt", f"{branch}\n")
        project.run()
        project.provstore("lock")
        committed(project.root, branch)
    said = git(project.root, "merge", "-m", "both", "other", status=1)

    assert "Merge conflict in Pipelinefile.lock" in said
    assert "<<<<<<<" in project.read("Pipelinefile.lock")
    assert len(outcomes(project)) == 4
    project.write("in.txt", "other\n")
    project.provstore("lock", "--resolve")
    project.run()
    project.provstore("check", "--locked")


# --- showing ------------------------------------------------------------------------------------------------


def test_a_difference_shows_what_was_added(project: Project) -> None:
    """Lines of the new run only: its executions, what they read and made."""
    project.write("in.txt", "1\n2\n")
    project.run()
    lines = [line for line in git(project.root, "diff", STORE).splitlines() if line[:1] in "+-"][2:]

    assert {line[0] for line in lines} == {"+"}
    text = "\n".join(re.sub(r"[0-9a-f]{8}-[-0-9a-f]{27}|\d{4}-\S+ \S+Z", "ID", line[1:]) for line in lines)
    assert "execution ID  count  succeeded\n  read  in.txt  blake3:" in text
    assert "  made  out.txt  2 B  blake3:" in text
    assert "run_end ID  succeeded: 1 executed" in text


def test_the_log_of_a_merge_shows_text(project: Project) -> None:
    """`git log -p` of every commit, also of a damaged store in the history."""
    two_branches(project)
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute("UPDATE execution SET command = 'x' WHERE rowid = 1")
    committed(project.root, "forged")
    project.store.write_bytes(project.store_bytes()[:9000])
    committed(project.root, "cut")
    git(project.root, "merge", "-q", "-m", "both", "-s", "ours", "other")
    shown = git(project.root, "log", "-p", "--", STORE)

    assert "Binary files" not in shown
    assert shown.count("+run ") >= 2
    assert "DAMAGED: not what was recorded" in shown
    assert "the store: the file is cut" in shown


def test_whatever_lies_in_a_store_is_shown(project: Project) -> None:
    """Numbers that became bytes, JSON that is none, and names that steer a terminal: no traceback, nothing steered."""
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute("PRAGMA ignore_check_constraints = ON")
        conn.execute("UPDATE run_end SET summary = '['")
        conn.execute("UPDATE execution SET data_id = '7', stage = char(27) || '[1m'")
    done = project.provstore("git", "textconv", STORE)

    assert "\x1b" not in done.out
    assert done.out.count("DAMAGED: not what was recorded") == 2
    assert "the store: this is no SQLite file" in project.provstore("git", "textconv", "in.txt").out


def test_a_store_of_a_newer_provstore_is_not_shown(project: Project) -> None:
    """What is said of it would be kept by git for ever: it is an error that names both versions."""
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute("PRAGMA user_version = 99")
    said = git(project.root, "diff", STORE, status=128)

    assert "the store: the store has schema 99" in said
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute("PRAGMA user_version = 4")


# --- installing ---------------------------------------------------------------------------------------------


def test_installing_twice_changes_nothing(project: Project) -> None:
    """Neither the configuration nor the attributes."""
    files = [project.root / ".git" / "config", project.root / ".gitattributes"]
    before = [path.read_bytes() for path in files]
    report = project.json("git", "install")

    assert report["changed"] == []
    assert report["ok"]
    assert [path.read_bytes() for path in files] == before


def test_uninstalling_takes_out_what_was_put_in(tmp_path: Path) -> None:
    """Other lines and other settings stay as they were, to the byte."""
    project = Project(tmp_path / "p", {**FILES, ".gitattributes": b"*.csv -diff  \r\n# no line end"})
    git(project.root, "init", "-q")
    git(project.root, "config", "diff.csv.textconv", "cat")
    config = git(project.root, "config", "--list", "--local")
    project.provstore("git", "install")
    project.provstore("git", "install", "--local")
    assert not project.json("git", "uninstall")["ok"]

    assert (project.root / ".gitattributes").read_bytes() == b"*.csv -diff  \r\n# no line end\n"
    assert git(project.root, "config", "--list", "--local") == config
    assert not (project.root / ".git" / "info" / "attributes").exists()


def test_attributes_can_be_for_this_clone_only(tmp_path: Path) -> None:
    """`--local` writes no file of the project; folders above it may have any name."""
    top = tmp_path / 'it\'s [a] "top" %d'
    top.mkdir()
    project = Project(top / "sub dir *", FILES)
    git(top, "init", "-q", "-b", "main")
    project.run()
    report = project.json("git", "install", "--local")

    assert report["applies"] == {STORE: True, "Pipelinefile.lock": True}
    assert report["folder"] == "sub dir *"
    assert not project.exists(".gitattributes")


def test_a_project_in_a_folder_of_any_name_is_united(tmp_path: Path) -> None:
    """Spaces, quotes and `%` in the names of folders, and of the program that git calls."""
    top = tmp_path / "it's a top %O"
    folder = top / 'sub "dir" $x'
    programs = tmp_path / "my % 'programs'"
    programs.mkdir()
    (programs / "provstore").write_text(f'#!/bin/sh\necho called >> "{tmp_path}/calls"\nexec {PROVSTORE} "$@"\n')
    (programs / "provstore").chmod(0o755)
    top.mkdir()
    project = begun(folder, top)
    commands = git(folder, "config", "--local", "--get-regexp", "provstore.*(driver|textconv)")
    for line in commands.splitlines():
        name, _, value = line.partition(" ")
        quoted = "'" + str(programs / "provstore").replace("'", "'\"'\"'") + "'"
        replaced = quoted.replace("%", "%%") if name.endswith("driver") else quoted
        git(folder, "config", "--local", name, value.replace(PROVSTORE, replaced))
    two_branches(project)
    git(folder, "merge", "-q", "-m", "both", "other")
    git(folder, "diff", "HEAD^1", "HEAD")

    assert outcomes(project) == ["succeeded"] * 3
    assert (tmp_path / "calls").read_text().count("called") >= 2


def test_worktrees_share_what_was_installed(project: Project) -> None:
    """A second worktree of the clone is merged in like a branch."""
    other = project.root.parent / "tree"
    git(project.root, "worktree", "add", "-q", "-b", "other", str(other))
    second = Project(other, {}, home=project.home)
    assert second.json("git", "status")["ok"]
    second.write("in.txt", "1\n2\n")
    second.run()
    committed(other, "second")
    changed(project, "1\n2\n3\n")
    git(project.root, "merge", "-q", "-m", "both", "other")

    assert outcomes(project) == ["succeeded"] * 3


def test_a_program_that_is_gone_is_looked_for_and_then_said(project: Project) -> None:
    """Instead of the one that installed, another one on the path serves; else the message says what to do."""
    for name in ("diff.provstore.textconv", "merge.provstore.driver"):
        value = git(project.root, "config", "--local", name).rstrip("\n")
        git(project.root, "config", "--local", name, value.replace(PROVSTORE, "/no/such/program"))
    project.write("in.txt", "1\n2\n")
    project.run()
    assert not project.json("git", "status")["ok"]
    environment = {**IDENTITY, "PATH": "/usr/bin:/bin", "HOME": str(project.home)}
    found = subprocess.run(["git", "diff", STORE], cwd=project.root, env=environment, capture_output=True, check=False)

    if shutil.which("provstore", path=environment["PATH"]) is None:
        assert b"provstore is not there any more: install it, then 'provstore git install'" in found.stderr
    environment["PATH"] = f"{os.path.dirname(PROVSTORE)}:{environment['PATH']}"
    found = subprocess.run(["git", "diff", STORE], cwd=project.root, env=environment, capture_output=True, check=False)
    assert b"+run " in found.stdout


def test_whoever_has_no_name_sees_text_as_well(tmp_path: Path) -> None:
    """To keep texts for the next time, git needs to know who commits; in a container it may not."""
    project = Project(tmp_path / "p", FILES)
    git(project.root, "init", "-q")
    git(project.root, "config", "user.useConfigOnly", "true")
    project.run()
    project.provstore("git", "install")
    git(project.root, "add", "-A")
    project.write("in.txt", "1\n2\n")
    project.run()
    environment = {"PATH": os.environ["PATH"], "HOME": str(project.home), "GIT_CONFIG_NOSYSTEM": "1"}
    found = subprocess.run(["git", "diff", STORE], cwd=project.root, env=environment, capture_output=True, check=False)

    assert b"+run " in found.stdout


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    """A rule by which git passes over the store, and attributes that say something else."""
    project = Project(tmp_path / "p", {**FILES, ".gitignore": "*.db\n.provstore/\n"})
    git(project.root, "init", "-q")
    project.run()
    done = project.provstore("git", "install")
    assert "git passes over the store, by .gitignore:2:.provstore/: take that line out" in done.out
    project.write(".gitattributes", project.read(".gitattributes") + "*.db !merge\n")

    assert "other attributes hold for .provstore/store.db" in project.provstore("git", "status").out


def test_outside_of_git_it_is_said(tmp_path: Path) -> None:
    """No repository, or no git at all."""
    project = Project(tmp_path / "p", FILES)
    environment = {"GIT_CEILING_DIRECTORIES": str(tmp_path)}
    done = project.provstore("git", "install", status=2, env=environment)

    assert "not a git repository" in done.err
    assert "git is not installed" in project.provstore("git", "status", status=2, env={"PATH": "/nowhere"}).err
    done = project.provstore("check", "--refactor", "HEAD:Pipelinefile.toml", status=2, env={"PATH": "/nowhere"})
    assert "git is not installed" in done.err


def test_a_message_says_what_a_name_of_git_stands_for(tmp_path: Path) -> None:
    """Only where the name stands: its letters in other words stay."""
    project = Project(tmp_path / "p", FILES)
    done = project.provstore("git", "merge-store", "a", "b", "c", "store.db", status=1)

    assert "store.db (theirs): No such file or directory" in done.err

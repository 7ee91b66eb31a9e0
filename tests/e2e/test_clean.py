"""`clean`: what the store can restore goes, to the byte, and comes back without running; all else stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .project import Project, stage

TEXT = (
    stage("make", "mkdir -p dir/deep dir/empty; cat in.txt > dir/deep/1; ln -s deep/1 dir/link", "in.txt", "dir/")
    + stage("use", "touch out/none", "dir", "out/none")
    + "[stages.odd]\nrun = 'sort < in.txt > {outputs}; chmod +x {outputs}'\ninputs = ['in.txt']\n"
    + 'outputs = ["out/a/it\'s $x"]\n'
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Outputs of all kinds, everything made."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "in.txt": "b\na\n"})
    project.run()
    return project


def look(project: Project) -> dict[str, tuple[str, bytes]]:
    """Everything in the project, links and empty folders too, with modes; `.provstore` aside."""
    found = {}
    for path in sorted(project.root.rglob("*")):
        name = str(path.relative_to(project.root))
        if name.partition("/")[0] == ".provstore":
            continue
        kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "x" if os.access(path, os.X_OK) else "f"
        data = os.readlink(path).encode() if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()
        found[name] = kind, data
    return found


def removed(project: Project, *words: str, status: int = 0) -> list[str]:
    """Paths that `clean` removes."""
    return [entry["path"] for entry in project.provstore("clean", "--json", *words, status=status).report["removed"]]


def left(project: Project, *words: str, status: int = 0) -> dict[str, str]:
    """Path → reason of what `clean` leaves."""
    report = project.provstore("clean", "--json", *words, status=status).report
    return {entry["path"]: entry["reason"] for entry in report["left"]}


# --- what goes --------------------------------------------------------------------------------------------


def test_all_that_goes_comes_back_without_running(project: Project) -> None:
    """Files, directories with links and empty folders, executables; the folders that held them go, too."""
    before, store = look(project), project.store_bytes()
    report = project.provstore("clean", "--json").report

    assert set(look(project)) == {"Pipelinefile.toml", "in.txt"}
    assert [entry["path"] for entry in report["removed"]] == ["dir", "out/none", "out/a/it's $x"]
    assert report["bytes"] == sum(entry["bytes"] for entry in report["removed"]) == 8
    assert report["folders"] == ["out/a", "out"]
    assert (report["left"], report["dry_run"]) == ([], False)
    assert project.store_bytes() == store
    assert set(project.status().outcomes.values()) <= {"restorable", "waiting"}
    assert project.run().executed == []
    assert look(project) == before
    assert project.run().report["run"] is None


def test_a_preview_changes_nothing(project: Project) -> None:
    """It names what would go, with sizes."""
    before, store = look(project), project.store_bytes()
    done = project.provstore("clean", "-n")

    assert done.out.splitlines() == [
        "would remove 3 outputs, 8 B; 'provstore run' puts them back", "  dir  4 B", "  out/none  0 B",
        "  out/a/it's $x  4 B",
    ]  # fmt: skip
    assert (look(project), project.store_bytes()) == (before, store)


def test_only_what_is_named_goes(project: Project) -> None:
    """By stage or by path; what is upstream of it stays."""
    assert removed(project, "odd") == ["out/a/it's $x"]
    assert removed(project, "out/none") == ["out/none"]
    assert removed(project, "use") == []
    assert project.exists("dir/deep/1")
    assert "no stage" in project.provstore("clean", "nothing", status=2).err


def test_a_second_clean_finds_nothing(project: Project) -> None:
    """Nor does one where nothing ever ran, whatever lies about there."""
    removed(project)

    assert project.provstore("clean").out == "there is nothing to remove\n"
    project.remove(".provstore")
    project.write("out/none", "mine")
    assert left(project) == {"out/none": "nothing was ever recorded"}
    assert not project.exists(".provstore")


def test_stale_outputs_go_and_can_be_restored(project: Project) -> None:
    """What was made of other sources is in the store as well."""
    project.write("in.txt", "c\n")

    assert len(removed(project)) == 3
    project.provstore("restore", "dir")
    assert project.read("dir/deep/1") == "b\na\n"


# --- what stays -------------------------------------------------------------------------------------------


def test_what_was_edited_by_hand_stays(project: Project) -> None:
    """A file, or the whole of a directory in which something is not as it was made; naming it makes that a failure."""
    project.write("out/none", "edit")
    project.write("dir/notes.txt", "mine")

    assert left(project) == {
        "dir": "holds what was not made in it: notes.txt",
        "out/none": "changed since it was made",
    }
    assert project.read("dir/notes.txt") == "mine"
    assert project.read("dir/deep/1") == "b\na\n"
    assert project.read("out/none") == "edit"
    assert not project.exists("out/a")
    assert left(project, "make", status=1)
    project.remove("dir/notes.txt")
    project.remove("dir/link")
    assert left(project, "make", status=1) == {"dir": "some of what was made in it is missing"}


def test_a_changed_mode_is_an_edit(project: Project) -> None:
    """It could not be brought back."""
    (project.root / "out/none").chmod(0o755)

    assert left(project) == {"out/none": "changed since it was made"}


def test_kept_bytes_that_are_damaged_or_gone_remove_nothing(project: Project) -> None:
    """Every byte is read before the other copy is removed."""
    big = stage("big", "head -c 100000 /dev/zero > big", "", "big") + stage(
        "no", "echo 1 > no", "", "no", "cache = false"
    )
    project.write("Pipelinefile.toml", big)
    project.run()
    (kept,) = (file for file in (project.root / ".provstore/objects").rglob("*") if file.is_file())
    kept.chmod(0o644)
    kept.write_bytes(b"1" * 100_000)

    assert left(project) == {"big": "its bytes are not kept", "no": "its bytes are not kept"}
    assert project.exists("big")


def test_no_link_is_followed(project: Project, tmp_path: Path) -> None:
    """Neither one in the place of an output, nor one on the way to it."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "a").mkdir(parents=True)
    (elsewhere / "none").write_bytes(b"")
    for path in ("out", "dir"):
        project.remove(path)
    (project.root / "out").symlink_to(elsewhere)
    (project.root / "dir").symlink_to(elsewhere)

    assert set(left(project).values()) == {"a symbolic link, or behind one"}
    assert (elsewhere / "none").exists()


def test_what_is_frozen_stays(tmp_path: Path) -> None:
    """It may be that nothing can make it again as it is."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "echo > a", "", "a", "frozen = true")})
    project.run()

    assert left(project) == {"a": "its stage is frozen"}


def test_folders_of_people_and_of_commands_stay(tmp_path: Path) -> None:
    """What holds something else; in which a command is to run; in which somebody works just now."""
    text = (
        stage("a", "echo > a", "", "work/a", "cwd = 'work'") + stage("b", "echo > b/1", "", "b/1")
        + stage("c", "mkdir -p c/mine; echo > c/1", "", "c/1")
    )  # fmt: skip
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "work/": "", "c/mine/": ""})
    project.run()
    folders = project.provstore("clean", "--json", cwd=project.root / "b").report["folders"]

    assert folders == []
    assert {name for name, (kind, _) in look(project).items() if kind == "folder"} == {"work", "b", "c", "c/mine"}
    assert len(project.run().restored) == 3


def test_what_cannot_be_removed_is_said(tmp_path: Path) -> None:
    """A folder in the place of a file, a named pipe."""
    text = stage("a", "echo > a", "", "a") + stage("b", "echo > b", "", "b")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    for path in ("a", "b"):
        project.remove(path)
    project.write("a/mine", "1")
    os.mkfifo(project.root / "b")

    assert left(project)["a"] == "changed since it was made"
    assert "b" in left(project)
    assert project.read("a/mine") == "1"


def test_an_acceptance_by_hand_is_restored_like_any_output(tmp_path: Path) -> None:
    """It is the only copy of what nobody can make again: kept as an object, and back after `clean`."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "false", "", "a"), "a": "mine"})
    project.provstore("accept", "a")

    assert removed(project) == ["a"]
    assert project.run().restored == ["a"]
    assert project.read("a") == "mine"


def test_a_task_cannot_clean(tmp_path: Path) -> None:
    """It would wait for its own run."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "provstore clean", "", "out")})

    assert "a task of this project can't remove" in project.run(status=1).err


# --- what is dead -----------------------------------------------------------------------------------------


def test_what_no_task_makes_any_more_goes(project: Project) -> None:
    """Of a stage that is gone, and of one that makes something else now; not what is read as a source by now."""
    project.write("Pipelinefile.toml", stage("use", "cat {inputs} > {outputs}", "dir/deep", "out/new"))

    assert removed(project, "--dead") == ["out/a/it's $x", "out/none"]
    assert project.exists("dir/deep/1")
    assert not project.exists("out")
    project.provstore("restore", "out/a/it's $x")
    assert project.read("out/a/it's $x") == "a\nb\n"


def test_dead_outputs_that_changed_stay_and_sources_are_not_looked_at(project: Project) -> None:
    """A source that nothing reads any more is no output."""
    project.write("Pipelinefile.toml", stage("new", "echo > new", "", "new"))
    project.write("dir/deep/2", "mine")

    report = project.provstore("clean", "--dead", "--json").report
    assert [entry["path"] for entry in report["removed"]] == ["out/a/it's $x", "out/none"]
    assert report["left"] == [{"path": "dir", "reason": "holds what was not made in it: deep/2"}]
    assert project.exists("in.txt")


def test_a_file_that_was_read_from_a_dead_directory_stays_with_it(project: Project) -> None:
    """It was recorded by itself, and yet is a part of the directory."""
    project.write("Pipelinefile.toml", TEXT.replace('"dir"', '"dir/deep/1"'))
    project.run(status=None)
    project.write("Pipelinefile.toml", stage("new", "echo > new", "", "new"))
    project.write("dir/mine", "mine")
    removed(project, "--dead")

    assert project.exists("dir/deep/1")


FOUND = (
    "[dimensions]\np = { from = 'parts/{p}' }\n"
    + stage("split", "mkdir parts; touch parts/1", "", "parts/")
    + "[stages.each]\ndimensions = ['p']\nrun = 'touch each/{p}'\ninputs = ['parts/{p}']\noutputs = ['each/{p}']\n"
)


def test_tasks_that_are_not_known_are_said_to_be_left(project: Project) -> None:
    """They came to light in a directory that was cleaned; naming their stage makes that a failure."""
    project.write("Pipelinefile.toml", FOUND)
    project.run()
    assert removed(project, "split") == ["parts"]
    done = project.provstore("clean", "each", status=1)

    assert done.out == "nothing was removed\n"
    assert done.err == "remark: the tasks of each are known once split is fresh: what they made is left\n"
    assert project.exists("each/1")
    assert project.provstore("clean", "--json").report["unknown"] == ["each"]
    project.run()
    assert removed(project) == ["parts", "each/1"]


def test_dead_needs_to_know_what_all_tasks_make(project: Project) -> None:
    """What is not known yet may be about to be made, or read."""
    project.write("Pipelinefile.toml", FOUND)

    assert "the tasks of each are known once split is fresh" in project.provstore("clean", "--dead", status=2).err
    assert "found targets beside --dead" in project.provstore("clean", "--dead", "split", status=2).err
    project.run()
    assert removed(project, "--dead") == ["dir", "out/a/it's $x", "out/none"]

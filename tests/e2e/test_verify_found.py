"""`verify` knows the tasks that are found in what another stage makes, on checkouts where that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .project import Project, stage
from .test_verify import project_in, verdicts, verify

PARTS = """
[dimensions]
part = { from = "split/{part}.txt" }
[stages.split]
run = "mkdir split; for p in $(cat a.txt); do echo $p > split/$p.txt; done; echo ${EXTRA:-} > split/extra.md; MORE"
inputs = ["a.txt"]
outputs = ["split/"]
[stages.each]
dimensions = ["part"]
run = "tr a-z A-Z < split/{part}.txt > each/{part}.txt"
inputs = ["split/{part}.txt"]
outputs = ["each/{part}.txt"]
[stages.all]
run = "cat each/*.txt > all.txt"
inputs = ["each/{part}.txt"]
outputs = ["all.txt"]
"""
FICKLE = PARTS.replace("MORE", "test -z $EXTRA || mv split/b.txt split/c.txt")
SECOND = """
[stages.cut]
dimensions = ["part"]
run = "mkdir -p {outputs}; for n in 1 2; do cat split/{part}.txt > {outputs}/$n.txt; done"
inputs = ["split/{part}.txt"]
outputs = ["cut/{part}/"]
[dimensions.n]
from = "cut/{part}/{n}.txt"
[stages.last]
dimensions = ["part", "n"]
run = "cat {inputs} > {outputs}"
inputs = ["cut/{part}/{n}.txt"]
outputs = ["last/{part}-{n}.txt"]
"""
NAMES = ["split", "each@part=a", "each@part=b", "all"]


def clean(tmp_path: Path, text: str, kept: str, *, objects: str = "all") -> Project:
    """A clean checkout of a project that was run, with its store or its lock file alone."""
    text = f'[store]\nobjects = "{objects}"\n{text}'
    project = project_in(tmp_path, text.replace("; MORE", ""), {"a.txt": "a b\n"})
    project.run()
    if kept == "lock":
        project.provstore("lock")
        project.remove(".provstore")
    for path in ("split", "each", "all.txt", "cut", "last"):
        if (project.root / path).exists():
            project.remove(path)
    return project


def words_for(kept: str) -> tuple[str, ...]:
    return ("--locked",) if kept == "lock" else ()


def listed(report: dict[str, Any]) -> dict[str, str]:
    return {task["stage"]: task.get("message") or "" for task in report["tasks"]}


KEPT = pytest.mark.parametrize(("kept", "objects"), [("store", "all"), ("store", "none"), ("lock", "all")])


@KEPT
def test_a_clean_checkout_is_verified_whole(tmp_path: Path, kept: str, objects: str) -> None:
    """What is recorded of the directory says which tasks there are, whether its bytes are kept or not."""
    project = clean(tmp_path, PARTS, kept, objects=objects)

    assert verdicts(verify(project, *words_for(kept))) == dict.fromkeys(NAMES, "identical")
    assert not (project.root / "split").exists()


@KEPT
def test_two_such_stages_one_behind_the_other(tmp_path: Path, kept: str, objects: str) -> None:
    """Tasks that are found in what a task makes that was found itself."""
    project = clean(tmp_path, PARTS + SECOND, kept, objects=objects)
    found = verdicts(verify(project, *words_for(kept)))

    assert set(found.values()) == {"identical"}
    assert {f"last@part={part},n={n}" for part in "ab" for n in "12"} <= found.keys()
    assert len(found) == 4 + 2 + 4
    if objects == "all":  # all of them are known before anything is made again
        assert "10 of 10 tasks" in project.provstore("verify", *words_for(kept), "--sample", "10").err


@KEPT
def test_such_tasks_can_be_targets_and_samples(tmp_path: Path, kept: str, objects: str) -> None:
    """They are named as ever, by values or by what they make; a choice at random may fall on them."""
    project = clean(tmp_path, PARTS, kept, objects=objects)
    for target in ("each@part=a", "each/a.txt"):
        assert verdicts(verify(project, *words_for(kept), target))["each@part=a"] == "identical"
    done = project.provstore("verify", "--json", *words_for(kept), "--sample", "4", "--seed", "1")
    if objects == "none":  # which tasks there are is known by what is made again alone
        assert verdicts(done.report) == {"split": "identical"}
        assert "left out, as their tasks are not known yet: all, each" in done.err
    else:
        assert verdicts(done.report) == dict.fromkeys(NAMES, "identical")
        assert "4 of 4 tasks" in done.err

    project.provstore("verify", *words_for(kept), "each@part=c", status=2)


@pytest.mark.parametrize("kept", ["store", "lock"])
def test_the_recorded_directory_decides_which_tasks_there_are(tmp_path: Path, kept: str) -> None:
    """A directory that comes out with other files is different; who reads it gets what is kept, or is said to fail."""
    project = clean(tmp_path, FICKLE, kept)
    report = verify(project, *words_for(kept), status=1, env={"EXTRA": "1"})
    found = verdicts(report)
    assert list(found) == NAMES
    assert found["split"] == "different"
    if kept == "store":
        assert set(found[name] for name in NAMES[1:]) == {"identical"}
        return

    assert set(found[name] for name in NAMES[1:]) == {"failed"}
    assert "not made again as it was recorded" in listed(report)["each"]


def test_an_edited_directory_counts_as_it_is_recorded(tmp_path: Path) -> None:
    """Files that somebody added or removed make no tasks and hide none."""
    project = clean(tmp_path, PARTS, "store")
    project.run()
    project.remove("split/a.txt")
    project.write("split/c.txt", "c\n")

    assert verdicts(verify(project)) == dict.fromkeys(NAMES, "identical")


@pytest.mark.parametrize("kept", ["store", "lock"])
def test_what_is_out_of_date_is_said_to_be(tmp_path: Path, kept: str) -> None:
    """Where nothing is recorded for what the directory would be made from now, nothing behind it is right."""
    project = clean(tmp_path, PARTS, kept)
    project.write("a.txt", "a b c\n")
    report = verify(project, *words_for(kept), status=1)

    assert set(verdicts(report).values()) == {"failed"}
    assert all("not up to date" in message for message in listed(report).values())
    assert listed(report).keys() == {"split", "each", "all"}


def test_a_directory_whose_files_are_listed_nowhere_leaves_the_tasks_unknown(tmp_path: Path) -> None:
    """Where it does not come out as it is recorded, that is a failure with its reason, and no silence."""
    project = clean(tmp_path, FICKLE, "store", objects="none")
    report = verify(project, status=1, env={"EXTRA": "1"})

    assert verdicts(report) == {"split": "different", "each": "failed", "all": "failed"}
    assert listed(report)["each"] == "part is known once split was made again as it is recorded"


def test_tasks_that_do_not_read_what_they_are_found_by_are_known_by_the_lock(tmp_path: Path) -> None:
    """Their values say under which names they were found."""
    text = PARTS.replace('inputs = ["split/{part}.txt"]', 'inputs = ["split"]')
    project = clean(tmp_path, text, "lock")

    assert verdicts(verify(project, "--locked")) == dict.fromkeys(NAMES, "identical")
    assert project.json("check", "--locked")["ok"]


def test_directories_are_found_in_a_directory(tmp_path: Path) -> None:
    """Tasks may be found by folders, and by empty ones."""
    text = (
        """
[dimensions]
part = { from = "split/{part}" }
"""
        + stage("split", "mkdir -p split/a split/b; echo x > split/a/x", "a.txt", "split/")
        + """
[stages.each]
dimensions = ["part"]
run = "ls split/{part} > each/{part}.txt"
inputs = ["split/{part}"]
outputs = ["each/{part}.txt"]
"""
    )
    project = clean(tmp_path, text, "store")
    found = verdicts(verify(project))
    assert found == dict.fromkeys(["split", "each@part=a", "each@part=b"], "identical")


def test_a_lock_that_knows_of_no_file_in_a_directory_leaves_it_to_what_is_made_again(tmp_path: Path) -> None:
    """An empty directory has no tasks behind it: that is right, and no failure."""
    project = project_in(tmp_path, PARTS.replace("; MORE", "").partition("[stages.all]")[0], {"a.txt": "\n"})
    project.run()
    project.provstore("lock")
    project.remove(".provstore")
    project.remove("split")

    assert verdicts(verify(project, "--locked")) == {"split": "identical"}

"""What a review found: each test is a fault that once was there."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.project import Project, stage

SPLIT = "[dimensions]\npart = { from = 'split/{part}.csv' }\n"
EACH = (
    "[stages.each]\ndimensions = ['part']\nrun = 'cp {inputs} {outputs}'\n"
    "inputs = ['split/{part}.csv']\noutputs = ['each/{part}.csv']\n"
)
CUT = "mkdir split; echo 1 > split/a.csv; echo 2 > split/b.csv"


def test_a_signal_ends_a_run_whose_tasks_are_not_all_known(tmp_path: Path) -> None:
    """Ctrl-C while the stage works in whose outputs a dimension is found: the run ends, and is recorded."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT + stage("split", "sleep 30", "", "split/") + EACH})
    process = project.start("run")
    project.wait_for(lambda: project.count() == {"split": 1})
    process.send_signal(signal.SIGINT)

    done = project.finish(process, status=130)

    project.claim_rest()
    assert "cancelled" in done.out + done.err
    assert project.rows("SELECT outcome FROM run_end") == [("cancelled",)]


def test_what_always_runs_does_so_once_in_a_run(tmp_path: Path) -> None:
    """A dimension found in the outputs of a stage that always runs is known when that has run once."""
    split = stage("split", CUT, "", "split/", "always = true")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT + split + EACH})

    assert project.run().executed == ["each@part=a", "each@part=b", "split"]
    assert project.run().executed == ["split"]
    assert project.count()["split"] == 2


def test_a_source_that_becomes_an_output_is_kept_first(tmp_path: Path) -> None:
    """That a stage has read a file is no reason to destroy its only copy."""
    count = "wc -c < {inputs} > {outputs}"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", count, "data", "size"), "data": "precious\n"})
    project.run()
    digest = project.rows("SELECT digest FROM dataset WHERE path = 'data'")[0][0]
    project.write("Pipelinefile.toml", stage("b", "echo new > {outputs}", "", "data"))

    told = project.run().err
    project.provstore("restore", f"data@{digest}")

    assert "data holds what no task made; it is kept" in told
    assert project.read("data") == "precious\n"


@pytest.mark.parametrize("read", ["inputs = ['a']", "after = ['a']"])
def test_stages_that_wait_for_each_other_are_an_error(tmp_path: Path, read: str) -> None:
    """`after` is part of a cycle as data are; it was a run without tasks and a success."""
    text = "[stages.a]\nrun = 'echo > a'\noutputs = ['a']\nafter = ['b']\n"
    text += f"[stages.b]\nrun = 'echo > b'\noutputs = ['b']\n{read}\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})

    error = project.provstore("run", status=2).err

    assert "Pipelinefile.toml:1: stage 'a': a cycle: " in error
    assert "a comes after b" in error


def test_a_frozen_result_needs_no_inputs(tmp_path: Path) -> None:
    """What is frozen stays as it is, also when what it was made from is gone."""
    text = stage("a", "cp {inputs} {outputs}", "source", "out", "frozen = true")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "source": "1"})
    project.run()
    project.remove("source")

    assert project.run().outcomes == {"a": "fresh"}


def test_the_pipelinefile_of_a_run_is_the_one_it_began_with(tmp_path: Path) -> None:
    """Who edits it while a run is under way changes the next run, not this one."""
    split = stage("split", CUT + "; echo 'what = 1' > Pipelinefile.toml", "", "split/")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT + split + EACH})

    assert project.run().executed == ["each@part=a", "each@part=b", "split"]
    assert "unknown key 'what'" in project.provstore("status", status=2).err


def test_a_mistake_that_comes_to_light_late_ends_the_run(tmp_path: Path) -> None:
    """Two parts with one output are seen when the parts are: the run is recorded as failed, nothing is left over."""
    each = EACH.replace("each/{part}.csv", "each/{part:.1s}")
    split = stage("split", "mkdir split; touch split/aa.csv split/ab.csv", "", "split/")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT + split + each})

    assert "output 'each/a' is also an output of" in project.provstore("run", status=2).err
    assert project.rows("SELECT outcome FROM run_end") == [("failed",)]


def test_only_refuses_what_is_not_known_yet(tmp_path: Path) -> None:
    """Without the stage that brings the tasks to light there is nothing to run, which is no success."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT + stage("split", CUT, "", "split/") + EACH})

    assert "each: its tasks are known once split is fresh" in project.provstore("run", "--only", "each", status=2).err
    assert not project.store.exists()


def test_a_task_can_be_named_before_it_is_known(tmp_path: Path) -> None:
    """The stage that brings it to light runs first; then it alone."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": SPLIT + stage("split", CUT, "", "split/") + EACH})

    assert project.run("each@part=b").executed == ["each@part=b", "split"]


def test_a_condition_of_the_wrong_type_is_named_with_its_place(tmp_path: Path) -> None:
    """File, line, stage and key, as for any other mistake."""
    text = "[dimensions]\nvisit = '1..3'\n[stages.a]\ndimensions = ['visit']\nrun = 'true'\nwhere = \"visit > 'x'\"\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})

    error = project.provstore("run", status=2).err

    assert "Pipelinefile.toml:6: stage 'a': where: line 1, column 7: a number is compared with text" in error


def test_what_a_failed_task_was_to_go_on_with_comes_back(tmp_path: Path) -> None:
    """With `keep` a command changes what is there; when it fails, the next attempt begins with the same."""
    run = "echo more >> {outputs}; wc -l < {outputs} >> seen; test $(wc -l < seen) -ge 3"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", run, "", "out", "keep = true\nretries = 1")})
    project.write("out", "mine\n")

    project.run(status=1)
    after_failure = project.read("out")
    project.run()

    assert after_failure == "mine\n"
    assert project.read("seen").split() == ["2", "2", "2"]


def test_a_kill_brings_back_what_a_task_was_to_go_on_with(tmp_path: Path) -> None:
    """Also when nobody was left to put it back: the next run does, before it starts the task again."""
    project = Project(
        tmp_path / "p", {"Pipelinefile.toml": stage("a", "echo more >> {outputs}; sleep 30", "", "out", "keep = true")}
    )
    project.write("out", "mine\n")
    process = project.start("run")
    project.wait_for(lambda: project.read("out") == "mine\nmore\n")
    process.kill()
    project.finish(process, status=-signal.SIGKILL)
    project.wait_for(lambda: project.alive() == [])
    project.write("Pipelinefile.toml", stage("a", "echo more >> {outputs}", "", "out", "keep = true"))

    project.run()

    assert project.read("out") == "mine\nmore\n"


def test_what_is_wrong_between_stages_comes_at_once(tmp_path: Path) -> None:
    """A cycle, two makers of one file and a glob that matches nothing: one look shows all three."""
    text = stage("a", "true", "b", "a") + stage("b", "true", "a", "b")
    text += stage("c", "true", "", "same") + stage("d", "true", "none*.txt", "same")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})

    error = project.provstore("run", status=2).err

    assert "a cycle: " in error
    assert "output 'same' is also an output of 'c'" in error
    assert "no file matches 'none*.txt'" in error


@pytest.mark.parametrize("folder", [".provstore", ".git"])
def test_no_link_leads_an_output_to_where_none_may_lie(tmp_path: Path, folder: str) -> None:
    """Else a stage could move the store itself out of its way."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "echo > {outputs}", "", "link/store.db")})
    project.write(f"{folder}/")
    (project.root / "link").symlink_to(folder)

    assert "a symbolic link puts this output into" in project.run(status=1).err
    assert project.count() == {}

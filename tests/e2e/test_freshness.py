"""A task is fresh by content: never by time stamps, never by accident."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from .project import TRACED, Project, stage

FILES = {
    "Pipelinefile.toml": stage("first", "tr a-z A-Z < a.txt > b.txt", "a.txt", "b.txt")
    + stage("second", "cut -c1-3 b.txt > c.txt", "b.txt", "c.txt")
    + stage("third", "cat c.txt d.txt > out/e.txt", "c.txt d.txt", "out/e.txt"),
    "a.txt": "abcdef\n",
    "d.txt": "delta\n",
}
ONCE = {"first": 1, "second": 1, "third": 1}


@pytest.fixture
def chain(tmp_path: Path) -> Project:
    """Three stages in a row, up to date."""
    project = Project(tmp_path / "p", FILES)
    assert project.run().executed == ["first", "second", "third"]
    return project


def age(project: Project) -> None:
    """Lets the last change be so long ago that a look is enough."""
    time.sleep(0.05)
    project.run()


def test_a_second_run_does_nothing(chain: Project) -> None:
    """Nothing is executed, and the store's bytes are the same before and after; again and again."""
    before, stat = chain.store_bytes(), chain.store.stat()
    for _ in range(3):
        done = chain.run()
        assert done.report["run"] is None
        assert set(done.outcomes.values()) == {"fresh"}
        assert chain.store_bytes() == before
    assert chain.store.stat().st_mtime_ns == stat.st_mtime_ns
    assert "up to date" in chain.provstore("run").err
    assert chain.count() == ONCE


def test_questions_change_nothing(chain: Project) -> None:
    """`status`, `check` and `run -n` leave the store's bytes alone, whether or not all is fresh."""
    for _ in range(2):
        before = chain.store_bytes()
        for words in (["status"], ["run", "-n"], ["status", "--json"]):
            chain.provstore(*words)
        chain.provstore("check", status=None)
        assert chain.store_bytes() == before
        chain.write("a.txt", "other\n")


def test_questions_need_no_store(tmp_path: Path) -> None:
    """`status`, `check` and `run -n` answer before anything was run, and make nothing."""
    project = Project(tmp_path / "p", FILES)
    assert project.status().outcomes == {"first": "new", "second": "waiting", "third": "waiting"}
    assert project.run("-n").outcomes["first"] == "new"
    project.provstore("check", status=1)
    assert not project.exists(".provstore")


def test_touching_everything_runs_nothing(chain: Project) -> None:
    """After a touch nothing runs, and the run after that is a plain no-op without a write."""
    for path in chain.files():
        os.utime(chain.root / path)
    assert chain.run().report["run"] is None
    age(chain)
    before = chain.store_bytes()
    assert chain.run().report["run"] is None
    assert chain.store_bytes() == before
    assert chain.count() == ONCE


def test_a_copied_checkout_is_fresh(chain: Project, tmp_path: Path) -> None:
    """Another place, other inodes, other times: the project's own location is no part of a key."""
    shutil.copytree(chain.root, tmp_path / "elsewhere" / "q")
    other = Project(tmp_path / "elsewhere" / "q", {})
    assert other.run().report["run"] is None
    assert other.status().report["summary"]["fresh"] == 3


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.txt", "xyzdef\n", ["first", "second", "third"]),
        ("a.txt", "abcdXX\n", ["first", "second"]),  # c.txt comes out as before
        ("a.txt", "ABCDEF\n", ["first"]),  # b.txt comes out as before
        ("d.txt", "other\n", ["third"]),
    ],
)
def test_an_edit_runs_exactly_what_depends_on_it(chain: Project, path: str, text: str, expected: list[str]) -> None:
    """Descendants run, and the wave stops where a stage makes what it made before."""
    chain.write(path, text)
    done = chain.run()
    assert done.executed == expected
    assert f"input {path} changed" in done.reasons(expected[0])
    assert chain.run().report["run"] is None


def test_an_edit_with_size_and_time_put_back_is_noticed(chain: Project) -> None:
    """Neither size nor mtime nor both hide a change."""
    age(chain)
    stat = (chain.root / "a.txt").stat()
    chain.write("a.txt", "zbcdef\n")
    os.utime(chain.root / "a.txt", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert chain.run().executed == ["first", "second", "third"]


def test_an_edit_right_after_the_run_with_time_put_back_is_noticed(chain: Project) -> None:
    """Also when it comes so soon that every time stamp may be the same."""
    for letter in "uvwxyz":
        stat = (chain.root / "a.txt").stat()
        chain.write("a.txt", f"{letter}bcdef\n")
        os.utime(chain.root / "a.txt", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert "first" in chain.run().executed
        assert chain.read("b.txt") == f"{letter.upper()}BCDEF\n"


def test_an_output_replaced_by_one_of_equal_size_and_time_is_noticed(chain: Project) -> None:
    """An output is looked at as closely as an input: the recorded bytes come back."""
    age(chain)
    stat = (chain.root / "c.txt").stat()
    chain.write("c.txt", "xyz\n")
    os.utime(chain.root / "c.txt", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert chain.status().outcomes["second"] == "restorable"
    assert chain.run().restored == ["second"]
    assert chain.read("c.txt") == "ABC\n"


@pytest.mark.parametrize("moment", [0, 2**33, 1])
def test_files_from_the_past_or_future_change_nothing(chain: Project, moment: int) -> None:
    """A time stamp from 1970 or 2242 gives neither a missed change nor an endless rerun."""
    for path in chain.files():
        os.utime(chain.root / path, (moment, moment))
    assert chain.run().report["run"] is None
    assert chain.run().report["run"] is None
    chain.write("a.txt", "qbcdef\n")
    os.utime(chain.root / "a.txt", (moment, moment))
    assert chain.run().executed == ["first", "second", "third"]
    assert chain.run().report["run"] is None


def test_going_back_to_older_content_restores(chain: Project) -> None:
    """What was made before from the same content comes back from the objects; nothing is executed."""
    wanted = chain.files()
    chain.write("a.txt", "xyz\n")
    chain.run()
    chain.write("a.txt", FILES["a.txt"])
    done = chain.run()
    assert done.executed == []
    assert done.restored == ["first", "second", "third"]
    assert chain.files() == wanted
    assert done.report["run"] is not None
    assert chain.run().report["run"] is None


def test_a_change_of_the_command_and_back_restores(chain: Project) -> None:
    """The same holds for the command."""
    text = chain.read("Pipelinefile.toml")
    chain.write("Pipelinefile.toml", text.replace("cut -c1-3", "cut -c1-2"))
    done = chain.run()
    assert done.executed == ["second", "third"]
    assert "command changed" in done.reasons("second")
    chain.write("Pipelinefile.toml", text)
    assert chain.run().restored == ["second", "third"]


def test_comments_descriptions_and_order_change_nothing(chain: Project) -> None:
    """What has no effect on a result is no part of a key; and the run after is a no-op that writes nothing."""
    parts = str(FILES["Pipelinefile.toml"]).split("[stages.")[1:]
    text = "# a comment\n" + "".join(f"[stages.{part}description = 'says more'\n" for part in reversed(parts))
    chain.write("Pipelinefile.toml", text)
    assert chain.run().report["run"] is None
    before = chain.store_bytes()
    assert chain.run().report["run"] is None
    assert chain.store_bytes() == before


@pytest.mark.parametrize("path", ["b.txt", "c.txt", "out/e.txt", "out"])
def test_a_deleted_output_is_restored(chain: Project, path: str) -> None:
    """Its folder as well; nothing is executed."""
    wanted = chain.files()
    chain.remove(path)
    done = chain.status()
    assert [name for name, state in done.outcomes.items() if state == "restorable"] == [
        {"b.txt": "first", "c.txt": "second"}.get(path, "third")
    ]
    assert len(chain.run().restored) == 1
    assert chain.files() == wanted
    assert chain.count() == ONCE


def test_everything_deleted_is_restored(chain: Project) -> None:
    """All outputs at once."""
    wanted = chain.files()
    for path in ("b.txt", "c.txt", "out"):
        chain.remove(path)
    assert chain.run().restored == ["first", "second", "third"]
    assert chain.files() == wanted


def test_a_hand_edited_output_is_kept_before_it_is_replaced(chain: Project) -> None:
    """The user is told, the recorded bytes come back, and the edited ones are in the store."""
    chain.write("c.txt", "edited by hand\n")
    assert "output c.txt changed" in chain.status().reasons("second")
    done = chain.run()
    assert done.restored == ["second"]
    assert "c.txt" in done.err
    assert "kept" in done.err
    assert chain.read("c.txt") == "ABC\n"
    assert chain.rows("SELECT count(*) FROM object WHERE content = CAST('edited by hand\n' AS BLOB)") == [(1,)]


def test_a_hand_edited_output_is_kept_before_its_task_runs(chain: Project) -> None:
    """Also where the task must run; and a large file as well as a small one."""
    big = "x" * 100_000
    chain.write("b.txt", big)
    chain.write("a.txt", "new\n")
    done = chain.run()
    assert "first" in done.executed
    assert "kept" in done.err
    assert chain.read("b.txt") == "NEW\n"
    objects = [path for path in (chain.root / ".provstore" / "objects").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in objects] == [big.encode()]


def test_reasons_name_all_that_changed(chain: Project) -> None:
    """An input and the command: two reasons."""
    chain.write("d.txt", "other\n")
    text = chain.read("Pipelinefile.toml").replace("cat c.txt d.txt", "cat d.txt c.txt")
    chain.write("Pipelinefile.toml", text)
    assert sorted(chain.status().reasons("third")) == ["command changed", "input d.txt changed"]


def test_check_says_by_its_exit_status_whether_all_is_fresh(chain: Project) -> None:
    """0 when nothing is to be done, else 1; also when something only has to be restored."""
    chain.provstore("check")
    chain.remove("c.txt")
    assert chain.provstore("check", "--json", status=1).report["ok"] is False
    assert not chain.exists("c.txt")
    chain.run()
    assert chain.provstore("check", "--json").report["ok"] is True


def test_what_status_says_is_what_run_does(chain: Project) -> None:
    """`run -n`, `status` and `run` give the same reasons."""
    chain.write("d.txt", "other\n")
    asked, planned, done = chain.status(), chain.run("-n"), chain.run()
    assert asked.out == planned.out
    for task in ("first", "second", "third"):
        assert asked.reasons(task) == done.reasons(task)


def test_an_added_or_removed_input_of_a_glob_is_noticed(tmp_path: Path) -> None:
    """A glob is what it matches now."""
    project = Project(
        tmp_path / "p",
        {"Pipelinefile.toml": stage("all", "cat {inputs} > all.txt", "src/**/*.txt", "all.txt"),
         "src/a.txt": "a\n", "src/deep/er/b.txt": "b\n"},
    )  # fmt: skip
    project.run()
    assert project.read("all.txt") == "a\nb\n"
    project.write("src/c.txt", "c\n")
    done = project.run()
    assert done.executed == ["all"]
    assert "input src/c.txt added" in done.reasons("all")
    project.remove("src/deep")
    assert "input src/deep/er/b.txt removed" in project.run().reasons("all")
    assert project.read("all.txt") == "a\nc\n"
    project.write("src/.hidden.txt", "h\n")
    assert project.run().report["run"] is None


def test_the_executable_bit_is_content(tmp_path: Path) -> None:
    """chmod +x of an input is a change; of an output it is put back; other bits are nothing."""
    text = stage("go", "cp tool copy; chmod +x copy", "tool", "copy")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "tool": "#!/bin/sh\n"})
    project.run()
    (project.root / "copy").chmod(0o644)
    assert project.run().restored == ["go"]
    assert os.access(project.root / "copy", os.X_OK)
    (project.root / "tool").chmod(0o600)
    assert project.run().report["run"] is None
    (project.root / "tool").chmod(0o755)
    assert project.run().executed == ["go"]


def test_a_replaced_store_is_all_it_takes(chain: Project, tmp_path: Path) -> None:
    """Copying store.db while nothing runs is a backup: small outputs come back from it alone."""
    wanted = chain.files()
    backup = tmp_path / "backup.db"
    shutil.copy(chain.store, backup)
    shutil.rmtree(chain.root / ".provstore")
    for path in ("b.txt", "c.txt", "out"):
        chain.remove(path)
    (chain.root / ".provstore").mkdir()
    shutil.copy(backup, chain.store)
    assert chain.run().restored == ["first", "second", "third"]
    assert chain.files() == wanted


LINKS = """
[stages.collect]
run = '''mkdir staged; ln -s ../raw/a staged/a; ln -s a staged/same; TRACED '''
inputs.r = "raw/a"
outputs.d = "staged/"
[stages.use]
run = '''TRACED cat {inputs.d}/same > {outputs.o}'''
inputs.d = "staged"
outputs.o = "o.txt"
[stages.read]
run = '''TRACED cat {inputs.d}/* > {outputs.o}'''
inputs.d = "data"
outputs.o = "p.txt"
""".replace("TRACED ", TRACED)


def test_a_change_behind_a_link_in_a_directory_is_a_change(tmp_path: Path) -> None:
    """In a directory that is an input, and in one that a stage fills with links; going back restores."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": LINKS, "raw/a": "1\n", "shared/b": "1\n", "data/own": ""})
    (project.root / "data/b").symlink_to("../shared/b")
    project.run()

    project.write("raw/a", "2\n")
    project.write("shared/b", "2\n")
    assert project.run().executed == ["collect", "read", "use"]
    assert (project.read("o.txt"), project.read("p.txt")) == ("2\n", "2\n")
    assert project.run().report["run"] is None

    project.write("raw/a", "1\n")
    project.write("shared/b", "1\n")
    done = project.run()
    assert done.executed == []
    assert (project.read("o.txt"), project.read("p.txt")) == ("1\n", "1\n")
    assert project.run().report["run"] is None
    project.provstore("fsck", "--objects")


def test_a_second_name_of_a_file_may_come_to_name_another(tmp_path: Path) -> None:
    """An included file that is read under its first name counts under both: the plan does not outlive the link."""
    stage = "[stages.{0}]\nrun = 'echo {0} > {{outputs.o}}'\noutputs.o = '{0}.txt'\n"
    project = Project(
        tmp_path / "p",
        {"Pipelinefile.toml": "[project]\ninclude = ['a.toml', 'b.toml']\n", "a.toml": stage.format("a")},
    )
    (project.root / "b.toml").symlink_to("a.toml")
    project.run()
    (project.root / "b.toml").unlink()
    project.write("b.toml", stage.format("b"))

    assert project.run().executed == ["b"]

"""What `run` and `check` tell CI: files, annotations, summaries, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .project import PROVSTORE, Project, stage
from .runner import Command, obeyed

TEXT = (
    "[project]\ninclude = ['sub/more.toml']\n"
    + stage("good", "cp in.txt good.txt", "in.txt", "good.txt")
    + stage("bad", "cat log >&2; exit 3", "log good.txt", "bad.txt")
    + stage("after", "cp bad.txt after.txt", "bad.txt", "after.txt")
)
LOG = b"::error::injected\n ##[set-output name=x]y\n  ::stop-commands::z\n\x1b[31mred\x1b[0m <b> ]]> \x00\xff\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One stage that does well, one that fails and prints what CI might obey, one behind it, one in another file."""
    more = '# a comment\n\n[stages.other]\nrun = "exit 1"\n'
    return Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "sub/more.toml": more, "in.txt": "i\n", "log": LOG})


def on_github(project: Project) -> Path:
    """From now on the project's commands are steps of a workflow; returns the file of its summary."""
    summary = project.root.parent / "summary.md"
    project.environment |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(project.root.parent),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    return summary


def annotated(text: str) -> list[Command]:
    """What GitHub obeys of what a command printed; that is nothing but annotations of ours."""
    found = obeyed(text.splitlines())
    assert {command.name for command in found} <= {"error", "notice"}
    return found


def cases(file: Path) -> dict[str, ElementTree.Element]:
    return {str(case.get("name")): case for case in ElementTree.parse(file).iter("testcase")}


def tags(file: Path) -> dict[str, str]:
    """How each test case of a JUnit file fared."""
    return {name: next((inner.tag for inner in case), "passed") for name, case in cases(file).items()}


def test_a_junit_file_of_a_run_has_every_task(project: Project) -> None:
    """Also of one that fails: with the reason, the end of the log, and the line of the stage."""
    project.provstore("run", "-k", "--junit", "reports/deep/junit.xml", status=1)
    found = cases(project.root / "reports/deep/junit.xml")

    assert tags(project.root / "reports/deep/junit.xml") == {
        "good": "passed",
        "bad": "failure",
        "after": "skipped",
        "other": "failure",
    }
    assert (found["bad"][0].get("message"), found["bad"].get("classname")) == ("exit status 3", "bad")
    assert "red <b> ]]>" in str(found["bad"][0].text)
    assert (found["other"].get("file"), found["other"].get("line")) == ("sub/more.toml", "3")
    assert "a task that it needs failed" in str(found["after"][0].get("message"))


def test_what_is_fresh_or_restored_passes(project: Project) -> None:
    """And the file of before is replaced."""
    project.provstore("run", "good", "--junit", "j.xml")
    (project.root / "good.txt").unlink()
    for _ in range(2):
        project.provstore("run", "good", "--junit", "j.xml")

        assert tags(project.root / "j.xml") == {"good": "passed"}


def test_check_fails_for_each_task_that_is_not_fresh(project: Project) -> None:
    """With its reasons."""
    project.provstore("run", "good")
    project.provstore("check", "--junit", "j.xml", "--code-quality", "q.json", status=1)
    found = json.loads((project.root / "q.json").read_text(encoding="utf-8"))

    assert tags(project.root / "j.xml") == {"good": "passed", **dict.fromkeys(["bad", "after", "other"], "failure")}
    assert cases(project.root / "j.xml")["bad"][0].get("message") == "never run"
    assert [entry["location"]["path"] for entry in found] == ["Pipelinefile.toml", "Pipelinefile.toml", "sub/more.toml"]
    assert project.provstore("check", "good", "--junit", "j.xml").out == project.provstore("check", "good").out


def test_a_file_that_can_not_be_written_is_known_before_anything_is_run(project: Project) -> None:
    """What lies there is not lost, and no task has run."""
    for words in (["--junit", "in.txt"], ["--junit", "sub"], ["--code-quality", "in.txt/x"], ["-n", "--junit", "x"]):
        done = project.provstore("run", *words, status=2)

        assert done.err.startswith("error[usage]: --")
    assert project.count() == {}
    assert (project.root / "in.txt").read_text(encoding="utf-8") == "i\n"


def test_a_wrong_pipelinefile_is_an_error_in_the_junit_file(project: Project) -> None:
    """A report that is missing would be taken for one that was forgotten."""
    project.write("sub/more.toml", "[stages.other]\nruns = 1\n")
    done = project.provstore("run", "--junit", "j.xml", "--code-quality", "q.json", status=2)

    assert tags(project.root / "j.xml") == {"provstore run": "error"}
    assert "unknown key 'runs'" in str(cases(project.root / "j.xml")["provstore run"][0].text)
    found = json.loads((project.root / "q.json").read_text(encoding="utf-8"))
    assert {entry["location"]["path"] for entry in found} == {"sub/more.toml"}
    assert len(found) == done.err.count("sub/more.toml:")


def test_an_interrupted_run_has_its_files(project: Project) -> None:
    """What ended counts; what did not is skipped."""
    project.write("Pipelinefile.toml", stage("good", "true") + stage("slow", "touch on; sleep 60", "", "on"))
    process = project.start("run", "-j1", "--junit", "j.xml")
    project.wait_for((project.root / "on").exists)
    process.send_signal(signal.SIGTERM)

    project.finish(process, 143)

    assert tags(project.root / "j.xml") == {"good": "passed", "slow": "skipped"}


def test_a_run_that_an_error_ends_has_its_files(project: Project) -> None:
    """What had ended by then counts, beside the error."""
    project.write(
        "Pipelinefile.toml",
        '[dimensions]\npart = { from = "parts/{part}" }\n'
        + stage("split", "mkdir -p parts; touch parts/a", "", "parts/")
        + stage("each", "true", "parts/{part}", "each/{part}", 'dimensions = ["part"]\nwhere = "part > 3"'),
    )
    done = project.provstore("run", "--junit", "j.xml", status=2)

    assert "each" in done.err
    assert tags(project.root / "j.xml") == {"split": "passed", "provstore run": "error"}


def test_a_report_that_can_no_longer_be_written_is_an_error(project: Project) -> None:
    """It names the file; what ran is recorded."""
    done = project.provstore("run", "good", "--junit", "/dev/full", status=3)

    assert done.err.count("error[store-unwritable]: /dev/full: ") == 1
    assert project.run("good").executed == []


def test_what_a_task_made_in_the_place_of_a_report_is_not_lost(project: Project) -> None:
    """It stays what was recorded."""
    done = project.provstore("run", "good", "--junit", "good.txt", status=2)

    assert "--junit" in done.err
    assert "by now there is a file that is no such report" in done.err
    assert project.run("good").executed == []
    assert (project.root / "good.txt").read_text(encoding="utf-8") == "i\n"


def test_a_report_may_go_to_standard_output(project: Project) -> None:
    """Behind the text, also where that goes to a file."""
    with (project.root / "both").open("wb") as both:
        command = [PROVSTORE, "check", "good", "--junit", "/dev/stdout"]
        subprocess.run(command, cwd=project.root, stdout=both, check=False)
    text, report = (project.root / "both").read_text(encoding="utf-8").split("<?xml")

    assert text == project.provstore("check", "good", status=1).out
    assert ElementTree.fromstring(f"<?xml{report}").tag == "testsuites"


# --- GitHub -----------------------------------------------------------------------------------------------


def test_github_shows_failures_at_their_lines_and_obeys_no_log(project: Project) -> None:
    """Each stage has one annotation, in the file that declares it, from the top of the repository."""
    on_github(project)
    done = project.provstore("run", "-k", status=1)
    found = annotated(done.err)

    assert "::error::injected" in done.err
    assert [(command.properties["file"], command.properties["line"]) for command in found] == [
        ("p/Pipelinefile.toml", "8"),
        ("p/sub/more.toml", "3"),
    ]
    assert [command.data for command in found] == ["failed: exit status 3", "failed: exit status 1"]
    assert done.out == ""


def test_github_gets_a_summary_of_each_command(project: Project) -> None:
    """What is there of other steps stays."""
    summary = on_github(project)
    summary.write_text("before\n", encoding="utf-8")
    project.provstore("run", "-k", status=1)
    project.provstore("check", "good")
    text = summary.read_text(encoding="utf-8")

    assert text.startswith("before\n### ❌ provstore run: 2 failed, 1 blocked, 1 executed")
    assert "### ✅ provstore check: 1 fresh\n" in text
    assert "red &lt;b&gt; ]]&gt; \\x00\\xff</pre>" in text


def test_a_summary_that_can_not_be_written_changes_nothing_else(project: Project) -> None:
    """It is for convenience."""
    project.environment["GITHUB_STEP_SUMMARY"] = on_github(project).name + "/no/such"
    done = project.provstore("run", "good")

    assert "remark: the summary can't be written" in done.err


def test_names_and_json_are_not_obeyed(project: Project) -> None:
    """Names come from whoever sends a change; JSON on standard output stays JSON."""
    project.write("Pipelinefile.toml", stage("x", "exit 1", "##[[]error]in", "##[set-output_name=x]out"))
    project.write("##[error]in", "")
    on_github(project)
    ran = project.run(status=1)
    checked = project.provstore("check", status=1)
    as_json = project.provstore("check", "--json", status=1)

    assert annotated(ran.out) == annotated(as_json.out) == []
    assert [command.name for command in annotated(ran.err) + annotated(checked.out)] == ["error", "error"]
    assert checked.err == ""
    assert as_json.report["tasks"][0]["outputs"] == ["##[set-output_name=x]out"]
    assert len(annotated(as_json.err)) == 1


def test_errors_of_a_pipelinefile_are_annotations(project: Project) -> None:
    """At their lines."""
    on_github(project)
    project.write("sub/more.toml", "[stages.other]\nrun = 'true'\nruns = 1\n")
    found = annotated(project.provstore("check", status=2).out)

    assert [(command.properties["file"], command.properties["line"]) for command in found] == [("p/sub/more.toml", "3")]


def test_an_error_is_not_obeyed(project: Project) -> None:
    """Its message has names in it."""
    on_github(project)
    for words in (["run", "##[error]x"], ["why", "##[error]x"], ["check", "##[error]x\n::error::y"]):
        done = project.provstore(*words, status=None)

        assert {command.properties.get("title") for command in annotated(done.err)} <= {"provstore run"}


def test_nothing_is_told_where_there_is_no_ci(project: Project) -> None:
    """No line, no file."""
    done = project.provstore("run", "-k", status=1)

    assert "stop-commands" not in done.err.replace("::stop-commands::z", "")
    assert sorted(os.listdir(project.root)) == [".provstore", "Pipelinefile.toml", "good.txt", "in.txt", "log", "sub"]


# --- GitLab -----------------------------------------------------------------------------------------------


def test_gitlab_gets_a_section(project: Project) -> None:
    """It can be folded away; what is in the logs can't end it."""
    project.environment |= {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(project.root)}
    done = project.provstore("run", "-k", status=1)
    before, _, section = done.err.partition("\x1b[0Ksection_start:")

    assert section.partition("\r\x1b[0K")[2].startswith("provstore run: 2 failed, 1 blocked, 1 executed\n")
    assert done.err.count("\x1b[0K") == 4
    assert "bad  (exit status 3)" in before


# --- check --refactor -------------------------------------------------------------------------------------


def test_a_refactored_pipelinefile_is_compared_with_an_old_one_from_anywhere(project: Project) -> None:
    """A file wherever it lies, what `git show` prints, or what git has; there need be no store, and none is made."""
    new = TEXT.replace("stages.good", "stages.better")
    outside = project.root.parent / "old.toml"
    outside.write_text(TEXT, encoding="utf-8")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(project.root)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True, env=project.environment)
    project.write("Pipelinefile.toml", new)
    for name in (str(outside), "HEAD:Pipelinefile.toml", "HEAD:./Pipelinefile.toml"):
        done = project.provstore("check", "--refactor", name)

        assert done.out == "renamed   good → better\nthe same 4 tasks, 1 of them renamed\n"
    piped = subprocess.run(
        [PROVSTORE, "-C", str(project.root), "check", "--refactor", "-", "--json"],
        input=TEXT.encode(),
        cwd=outside.parent,
        env=project.environment,
        capture_output=True,
        check=True,
    )
    assert json.loads(piped.stdout)["ok"] is True
    assert not project.store.exists()


def test_what_differs_is_shown_with_the_commands(project: Project) -> None:
    """And the exit status is 1."""
    old = TEXT.replace("exit 3", "exit 4").replace("stages.good", "stages.fine")
    project.write("old.toml", old + stage("gone", "true"))
    done = project.provstore("check", "--refactor", "old.toml", status=1)
    report = project.provstore("check", "--refactor", "old.toml", "--json", status=1).report

    lines = done.out.splitlines()
    assert lines[:2] == ["renamed   fine → good", "changed   bad  (command changed)"]
    assert [line[:5].strip() for line in lines[2:4]] == ["-", "+"]
    assert lines[4:] == ["removed   gone", "3 the same (1 of them renamed), 1 changed, 1 removed"]
    assert list(report) == ["ok", "same", "renamed", "changed", "removed", "added", "declared", "remarks"]
    assert report["removed"] == [{"stage": "gone", "data_id": {}}]


@pytest.mark.parametrize("words", [["bad"], ["--junit", "x"], ["--code-quality", "x"], ["--locked"]])
def test_a_comparison_with_an_old_pipelinefile_is_about_all_of_it(project: Project, words: list[str]) -> None:
    """What can't go with it is refused."""
    done = project.provstore("check", "--refactor", "Pipelinefile.toml", *words, status=2)

    assert done.err.startswith("error[usage]: --refactor ")

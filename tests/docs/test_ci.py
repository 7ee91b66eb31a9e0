"""The workflow files of docs/ci.md: they are what they claim to be, and their commands do what the page says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from e2e.project import Project

from provstore import __version__

from .page import ROOT, steps

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
FILES = {step.name: yaml.safe_load(step.output) for step in steps(PAGE) if step.name.endswith(".yml")}
GITHUB, GITLAB = FILES[".github/workflows/pipeline.yml"], FILES[".gitlab-ci.yml"]
INSTALL = f"python -m pip install provstore=={__version__}"
JOBS = ("locked", "results")
PIPELINE = """
[dimensions]
name = { from = "in/{name}.txt" }
[stages.sort]
dimensions = ["name"]
run = "sort {inputs.text} > {outputs.sorted}"
inputs.text = "in/{name}.txt"
outputs.sorted = "out/{name}.txt"
[stages.count]
run = "cat {inputs.all} | wc -l > {outputs.count}"
inputs.all = "out/{name}.txt"
outputs.count = "count.txt"
"""


def github_commands(job: str) -> list[tuple[str, bool]]:
    """What the steps of a job run, and whether they do so after a failure, too."""
    return [(step["run"], "if" in step) for step in GITHUB["jobs"][job]["steps"] if "run" in step]


def gitlab_commands(job: str) -> list[tuple[str, bool]]:
    """What a job runs, and whether it does so after a failure, too."""
    plain = [*GITLAB["default"]["before_script"], *GITLAB[job]["script"]]
    return [(command, False) for command in plain] + [(text, True) for text in GITLAB[job].get("after_script", [])]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A repository with a Pipelinefile, its sources and its lock file; no store, no outputs."""
    files = {
        "Pipelinefile.toml": PIPELINE,
        "in/a.txt": "2\n1\n",
        "in/b.txt": "3\n",
        ".gitignore": "out/\ncount.txt\n.provstore/\nreports/\n",
    }
    found = Project(tmp_path_factory.mktemp("ci") / "origin", files)
    found.provstore("run")
    found.provstore("lock")
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "a pipeline"]):
        git(found, *words)
    return found


def git(project: Project, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *words], cwd=project.root, check=True, capture_output=True)


def clone(origin: Project, folder: Path, service: str) -> Project:
    """A clean checkout on a machine of a CI service, with an empty home."""
    git(origin, "clone", "-q", str(origin.root), str(folder / "checkout"))
    found = Project(folder / "checkout", {})
    if service == "github":
        found.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(found.root)}
        found.environment |= {"CI": "true", "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    else:
        found.environment |= {"CI": "true", "GITLAB_CI": "true", "CI_PROJECT_DIR": str(found.root)}
    return found


def play(project: Project, commands: list[tuple[str, bool]]) -> dict[str, int]:
    """Runs the commands of a job as CI does; exit status of each that was run."""
    statuses: dict[str, int] = {}
    for command, always in commands:
        if command == INSTALL or (any(statuses.values()) and not always):
            continue
        done = subprocess.run(
            ["sh", "-e", "-c", command], cwd=project.root, env=project.environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        statuses[command] = done.returncode
    return statuses


# --- the files themselves ---------------------------------------------------------------------------------


def test_the_page_has_a_file_for_each_service() -> None:
    """Both parse as YAML."""
    assert set(FILES) == {".github/workflows/pipeline.yml", ".gitlab-ci.yml"}
    assert set(GITHUB["jobs"]) == {name for name in GITLAB if name != "default"} == set(JOBS)


def test_the_workflow_has_the_keys_that_github_knows() -> None:
    """A misspelt key is an error there, or silently does nothing."""
    assert {str(key) for key in GITHUB} == {"name", "True", "permissions", "jobs"}  # YAML 1.1 reads `on` as true
    assert GITHUB["permissions"] == {"contents": "read"}
    for job in GITHUB["jobs"].values():
        assert set(job) == {"runs-on", "timeout-minutes", "steps"}
        for step in job["steps"]:
            assert set(step) <= {"uses", "with", "run", "if"}
            assert ("uses" in step) != ("run" in step)


def test_what_is_used_is_pinned() -> None:
    """Actions by their commit, with the version for people; provstore by the version of this page; one for each."""
    uses = re.findall(r"uses: (\S+)@(\S+)  # (v\S+)$", PAGE, re.M)

    assert len(uses) == PAGE.count("uses:")
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for _, commit, _ in uses)
    assert len({commit for _, commit, _ in uses}) == len({"/".join(name.split("/")[:2]) for name, _, _ in uses})
    assert PAGE.count("pip install") == PAGE.count(INSTALL) == 3
    assert ":latest" not in PAGE


def test_the_jobs_have_the_keys_that_gitlab_knows() -> None:
    """Those of a job, of its cache, and of its artifacts."""
    assert set(GITLAB["default"]) == {"image", "before_script"}
    for name in JOBS:
        job = GITLAB[name]
        assert set(job) <= {"stage", "timeout", "cache", "script", "after_script", "artifacts"}
        assert set(job["artifacts"]) == {"when", "expire_in", "paths", "reports"}
        assert set(job["artifacts"]["reports"]) == {"junit", "codequality"}
        assert set(job.get("cache", {})) <= {"key", "fallback_keys", "paths", "when"}


def test_both_services_do_the_same() -> None:
    """But for the file that only GitLab reads."""
    for job in JOBS:
        mine = [re.sub(r" --code-quality \S+", "", command) for command, _ in gitlab_commands(job)]

        assert mine == [command for command, _ in github_commands(job)]


# --- what they do -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("service", ["github", "gitlab"])
def test_the_commands_do_well_on_a_clean_checkout(service: str, job: str, origin: Project, tmp_path: Path) -> None:
    """All of them, and what is uploaded is there; git sees nothing that it did not see before."""
    project = clone(origin, tmp_path, service)
    commands = github_commands(job) if service == "github" else gitlab_commands(job)
    statuses = play(project, commands)

    assert commands[0][0] == INSTALL
    assert len(statuses) == len(commands) - 1
    assert set(statuses.values()) == {0}
    for file in named(commands):
        assert (project.root / file).stat().st_size
    for file in (project.root / "reports").glob("*.xml"):
        assert {case.tag for case in ElementTree.parse(file).iter("testcase")} == {"testcase"}
    left = subprocess.run(["git", "status", "--porcelain"], cwd=project.root, capture_output=True, check=True)
    assert left.stdout == b""
    if service == "github":
        assert (tmp_path / "summary.md").read_text(encoding="utf-8").count("### ✅ provstore ") >= 2


def named(commands: list[tuple[str, bool]]) -> list[str]:
    """Files that the commands write."""
    return [name for command, _ in commands for name in re.findall(r"(?:--junit|--code-quality|-o) (\S+)", command)]


@pytest.mark.parametrize("service", ["github", "gitlab"])
def test_a_changed_source_stops_the_job_of_the_lock_file(service: str, origin: Project, tmp_path: Path) -> None:
    """At the first command, with a report that names the task."""
    project = clone(origin, tmp_path, service)
    project.write("in/a.txt", "4\n")
    commands = github_commands("locked") if service == "github" else gitlab_commands("locked")

    assert list(play(project, commands).values()) == [1]
    report = ElementTree.parse(project.root / "reports/check.xml")
    assert "sort@name=a" in [case.get("name") for case in report.iter("testcase") if len(case)]


def test_a_failure_leaves_its_reports(origin: Project, tmp_path: Path) -> None:
    """The job stops there, and the page is written all the same."""
    project = clone(origin, tmp_path, "github")
    project.write("Pipelinefile.toml", PIPELINE.replace("wc -l", "exit 3; wc -l"))
    statuses = play(project, github_commands("results"))

    assert list(statuses.values()) == [1, 0]
    assert (project.root / "reports/pipeline.html").stat().st_size
    assert "❌ provstore run: 1 failed, 2 executed" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_artifacts_are_what_the_commands_write() -> None:
    """And each report is written by one command only."""
    for job in JOBS:
        for commands in (github_commands(job), gitlab_commands(job)):
            files = named(commands)
            assert len(files) == len(set(files))
            assert all(file.startswith("reports/") for file in files)
        uploads: list[Any] = [step["with"] for step in GITHUB["jobs"][job]["steps"] if "upload" in step.get("uses", "")]
        assert [upload["path"] for upload in uploads] == ["reports/"]
        assert GITLAB[job]["artifacts"]["paths"] == ["reports/"]
        assert GITLAB[job]["artifacts"]["reports"]["codequality"] in named(gitlab_commands(job))

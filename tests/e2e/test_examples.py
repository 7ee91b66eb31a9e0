"""The numbered examples: what their READMEs say is what happens."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from provstore.formats.hdf5 import Hdf5

from .project_copy import MADE, ROOT, Copy

EXAMPLES = sorted(folder for folder in (ROOT / "examples").iterdir() if folder.is_dir())
ALL_TARGETS = {"05-parameters": ["everyday", "space"]}  # where a bare `run` leaves something out
AS_DATA = {"out/harbour.h5"}
"""What is not the same bytes each time, and the same data."""
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda folder: str(folder.name))


def copy_of(example: Path | str, where: Path) -> Copy:
    """A fresh copy of an example, named by its folder or its name."""
    folder = ROOT / "examples" / example
    return Copy(Path(shutil.copytree(folder, where / "a project", ignore=MADE)))


def contents(project: Copy) -> dict[object, object]:
    """Every file but the store, by path."""
    return {
        (path := str(file.relative_to(project.folder))): Hdf5().digest(file) if path in AS_DATA else file.read_bytes()
        for file in project.folder.rglob("*")
        if file.is_file() and not {".provstore", "__pycache__"} & set(file.relative_to(project.folder).parts)
    }


def typed(readme: str) -> list[tuple[str, str]]:
    """The commands of a README's console blocks, each with the output that it shows; empty: none is shown."""
    return [
        (command, output)
        for block in CONSOLE.findall(readme)
        for command, _, output in (part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])
    ]


def test_commands_are_read_with_their_output() -> None:
    """A line with a dollar sign is a command, the lines below are what it prints."""
    readme = "text\n```console\n$ a\n$ b c\n1\n2\n```\n```json\n$ d\n```\n```console\n$ e\n```\n"

    assert typed(readme) == [("a", ""), ("b c", "1\n2\n"), ("e", "")]


def test_examples_are_numbered_and_listed() -> None:
    """The numbers have no gaps, and the overview names each example."""
    overview = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")

    assert [example.name[:3] for example in EXAMPLES] == [f"{number:02d}-" for number in range(1, len(EXAMPLES) + 1)]
    assert re.findall(r"\]\((.+?)/README\.md\)", overview) == [example.name for example in EXAMPLES]


@each_example
def test_every_command_of_a_readme_works(example: Path, tmp_path: Path) -> None:
    """Typed in order in a copy, each ends with 0 and prints what the README shows."""
    project = copy_of(example, tmp_path)
    commands = typed(project.text("README.md"))

    assert commands
    for command, output in commands:
        done = project.shell(command)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
        if output:
            assert done.stdout == output, command


@each_example
def test_a_second_run_does_nothing(example: Path, tmp_path: Path) -> None:
    """It says so, leaves the store's bytes alone, and `check` agrees."""
    project = copy_of(example, tmp_path)
    targets = ALL_TARGETS.get(example.name, [])
    assert project.executed(*targets)
    before = project.store()
    report = project.report("run", *targets)

    assert report["run"] is None
    assert report["summary"]["executed"] == report["summary"]["restored"] == 0
    assert project.store() == before
    assert project.report("check")["ok"]


@each_example
def test_the_work_done_again_gives_the_same_bytes(example: Path, tmp_path: Path) -> None:
    """Every output is reproducible: two copies that know nothing of each other end with the same files, or data."""
    made = []
    for name in "ab":
        (tmp_path / name).mkdir()
        project = copy_of(example, tmp_path / name)
        tasks = project.report("run", *ALL_TARGETS.get(example.name, []))["tasks"]
        made.append({(task["stage"], str(task["data_id"])): task["outcome"] for task in tasks} | contents(project))

    assert made[0] == made[1]


def test_hello_stops_where_nothing_changed(tmp_path: Path) -> None:
    """A touched poem runs nothing; a second question mark runs `words`, which makes the same again."""
    project = copy_of("01-hello", tmp_path)
    assert project.executed() == ["count", "words"]
    poem = project.folder / "poem.txt"
    poem.touch()
    after_touch = project.executed()
    poem.write_text(project.text("poem.txt").replace("wind?", "wind??"), encoding="utf-8")

    assert after_touch == []
    assert project.executed() == ["words"]


def test_dimensions_give_the_tasks_that_can_exist(tmp_path: Path) -> None:
    """Four exposures have a sky; width 1 is for one star; two numbers for each star; one table."""
    project = copy_of("02-dimensions", tmp_path)
    executed = project.executed()

    assert [task for task in executed if task.startswith("net")] == [
        "net@night=1,star=deneb",
        "net@night=1,star=vega",
        "net@night=2,star=altair",
        "net@night=2,star=vega",
    ]
    assert sum(task.startswith("smooth") for task in executed) == 10
    assert sum(task.startswith("summary") for task in executed) == 6
    assert len(executed) == 21


def test_a_partner_that_arrives_runs_what_depends_on_it(tmp_path: Path) -> None:
    """With the sky of night 3, its exposure takes part, and the other nights stay fresh."""
    project = copy_of("02-dimensions", tmp_path)
    project.provstore("run")
    (project.folder / "sky" / "night03.txt").write_text("60\n", encoding="utf-8")

    assert project.executed() == [
        "net@night=3,star=vega",
        "smooth@night=3,star=vega,width=1",
        "smooth@night=3,star=vega,width=3",
        "smooth@night=3,star=vega,width=5",
        "summary@star=vega,statistic=mean",
        "summary@star=vega,statistic=peak",
        "table",
    ]


def test_a_parameter_of_the_second_stage_leaves_the_first_alone(tmp_path: Path) -> None:
    """Another threshold runs stages 2 and 3; without it the former results come back and nothing runs."""
    project = copy_of("03-data-registry", tmp_path)
    project.provstore("run")
    catalogue = project.text("my-first-pipeline/dataset_3p1/unknown.csv")

    assert project.executed("-P", "threshold=3.0") == ["pipeline-stage-2", "pipeline-stage-3"]
    assert project.text("my-first-pipeline/dataset_3p1/unknown.csv") != catalogue
    assert project.report("run")["summary"]["restored"] == 2
    assert project.text("my-first-pipeline/dataset_3p1/unknown.csv") == catalogue


def test_parts_are_found_once_they_are_made(tmp_path: Path) -> None:
    """One run makes the parts and works on each; a new part runs alone, with what gathers it."""
    project = copy_of("04-found-in-output", tmp_path)
    first = project.executed()
    project.append("sightings.csv", "lighthouse,8,22\n")

    stations = ["garden", "harbour", "meadow", "old-mill"]
    assert first == [*(f"mean@station={station}" for station in stations), "ranking", "split"]
    assert project.executed() == ["mean@station=lighthouse", "ranking", "split"]


def test_a_stage_depends_on_the_parameters_it_names(tmp_path: Path) -> None:
    """Digits and unit concern the report, the length everything, another variable nothing."""
    project = copy_of("05-parameters", tmp_path)

    assert project.executed() == ["period", "report", "swing"]
    assert project.executed("-P", "report.digits=1") == ["report"]
    assert project.executed("-P", "pendulum.length=4.0") == ["period", "report", "swing"]
    assert project.report("run")["summary"]["restored"] == 3
    assert project.executed(PENDULUM_UNIT="ms") == ["report"]
    assert project.executed(PENDULUM_COLOUR="red") == []
    assert project.executed("space") == ["moon"]


def test_a_script_is_an_input(tmp_path: Path) -> None:
    """A remark in a script runs its stage, and no other, as the result is the same."""
    project = copy_of("06-any-language", tmp_path)
    assert project.executed() == ["clean", "count", "report"]
    project.append("count.awk", "# a remark\n")

    assert project.executed() == ["count"]

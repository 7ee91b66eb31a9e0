"""The pipeline of this repository, on the real measurements that lie in it."""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .project_copy import MADE, ROOT, Copy

YEARS = [f"year@place={place},year={year}" for place in ("new-york", "seattle") for year in range(2012, 2016)]
EVERYTHING = [
    "climate@place=new-york",
    "climate@place=seattle",
    "figure",
    "hourly@city=san-francisco",
    "hourly@city=seattle",
    "months@place=new-york",
    "months@place=seattle",
    "split",
    "table",
    "warm_hours@city=san-francisco",
    "warm_hours@city=seattle",
    *YEARS,
]
FIGURE, TABLE = "out/report/when-is-it-warm.png", "out/report/months.csv"


def fresh_copy(where: Path) -> Copy:
    """Only what the pipeline may need: its file, its data, its scripts."""
    folder = where / "weather"
    for part in ("data", "analysis"):
        shutil.copytree(ROOT / part, folder / part, ignore=MADE)
    shutil.copy2(ROOT / "Pipelinefile.toml", folder)
    return Copy(folder)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy that has run once. No test changes it."""
    project = fresh_copy(tmp_path_factory.mktemp("finished"))
    assert project.executed() == EVERYTHING
    return project


@pytest.fixture
def project(finished: Copy, tmp_path: Path) -> Copy:
    """A copy that has run once, with its store, for one test to change."""
    return Copy(Path(shutil.copytree(finished.folder, tmp_path / "weather")))


def test_the_data_are_those_that_their_sources_name() -> None:
    """Each file of measurements has the digest that stands in SOURCES.md, and none is missing there."""
    data = ROOT / "data"
    listed = re.findall(r"^([0-9a-f]{64})  (\S+)$", (data / "SOURCES.md").read_text(encoding="utf-8"), re.MULTILINE)
    found = {
        file.relative_to(data).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in data.rglob("*.csv")
    }

    assert {name: digest for digest, name in listed} == found


def test_the_table_has_every_month_of_every_city(finished: Copy) -> None:
    """July is warmer than January everywhere, by the hour as by the day."""
    rows = list(csv.DictReader(finished.text(TABLE).splitlines()))
    values = {(row["city"], row["month"]): row for row in rows}

    assert len(rows) == len(values) == 36
    for city in ("San Francisco", "Seattle"):
        assert float(values[city, "Jul"]["mean_c"]) > float(values[city, "Jan"]["mean_c"])
    for city in ("New York", "Seattle"):
        assert float(values[city, "Jul"]["high_c"]) > float(values[city, "Jan"]["high_c"])


def test_the_picture_is_large_enough_to_print(finished: Copy) -> None:
    """It is a PNG of 1800 × 1800 pixels."""
    data = (finished.folder / FIGURE).read_bytes()

    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) == (1800, 1800)


def test_a_second_run_does_nothing(project: Copy) -> None:
    """The store's bytes are the same before and after."""
    project.provstore("run")  # the copy's files are new to the store, which remembers them once
    before = project.store()
    report = project.report("run")

    assert report["run"] is None
    assert report["summary"]["fresh"] == len(EVERYTHING)
    assert project.store() == before
    assert project.report("check")["ok"]


def test_two_copies_make_the_same_bytes(finished: Copy, tmp_path: Path) -> None:
    """Nothing that a run makes holds a time, a path or a version of that run."""
    other = fresh_copy(tmp_path)
    other.provstore("run", "-j", "1")

    def made(project: Copy) -> dict[str, bytes]:
        out = project.folder / "out"
        return {file.relative_to(out).as_posix(): file.read_bytes() for file in out.rglob("*") if file.is_file()}

    assert made(other) == made(finished)


def new_city(project: Copy) -> None:
    shutil.copy(project.folder / "data/hourly/seattle.csv", project.folder / "data/hourly/twin-city.csv")


CHANGES: dict[str, tuple[Callable[[Copy], object], list[str]]] = {
    "a remark in a script": (lambda project: project.append("analysis/split.py", "# a remark\n"), ["split"]),
    "a remark in the panels": (lambda project: project.append("analysis/panels.py", "# a remark\n"), ["figure"]),
    "a day of another year": (
        lambda project: project.append("data/daily.csv", "New York,2016-01-01,0.0,5.6,1.1,4.1,sun\n"),
        [
            "climate@place=new-york",
            "figure",
            "months@place=new-york",
            "split",
            "table",
            "year@place=new-york,year=2016",
        ],
    ),
    "another city": (new_city, ["figure", "hourly@city=twin-city", "table", "warm_hours@city=twin-city"]),
    "a touched file": (lambda project: (project.folder / "data/daily.csv").touch(), []),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_runs_what_depends_on_it(change: str, project: Copy) -> None:
    """Neither more nor less, and then everything is fresh."""
    apply, expected = CHANGES[change]
    apply(project)

    assert project.executed() == expected
    assert project.report("check")["ok"]


PARAMETERS = {
    "warm=20.0": [
        "figure",
        "months@place=new-york",
        "months@place=seattle",
        "table",
        "warm_hours@city=san-francisco",
        "warm_hours@city=seattle",
    ],
    "wet=5.0": ["months@place=new-york", "months@place=seattle", "table"],
    "window=31": ["climate@place=new-york", "climate@place=seattle", "figure"],
}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_parameter_runs_the_stages_that_name_it(parameter: str, project: Copy) -> None:
    """And without it the former results are put back; nothing runs."""
    table, picture = project.text(TABLE), (project.folder / FIGURE).read_bytes()
    executed = project.executed("-P", parameter)
    back = project.executed()

    assert executed == PARAMETERS[parameter]
    assert back == []
    assert (project.text(TABLE), (project.folder / FIGURE).read_bytes()) == (table, picture)


SOURCES = """
    WITH RECURSIVE source (id, path) AS (
        SELECT id, path FROM v_dataset WHERE path = 'out/report/when-is-it-warm.png'
        UNION
        SELECT step.input, step.input_path FROM v_lineage AS step JOIN source ON step.output = source.id
        UNION
        SELECT folder.id, folder.path FROM v_dataset AS folder
          JOIN source ON source.path LIKE folder.path || '/%' WHERE folder.kind = 'directory'
    )
    SELECT path FROM source
"""


def test_the_picture_knows_where_it_comes_from(project: Copy) -> None:
    """The store names the stage that made it, and every file of measurements far upstream."""
    made = project.asked(f"SELECT stage, status FROM v_dataset WHERE path = '{FIGURE}'")
    sources = {row["path"] for row in project.asked(SOURCES)}

    assert made == [{"stage": "figure", "status": "valid"}]
    assert {"data/daily.csv", "data/hourly/seattle.csv", "data/hourly/san-francisco.csv"} <= sources

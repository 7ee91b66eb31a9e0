"""Which files are found, and what their names say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from provstore_simulated.files import SIMULATED, Named, find

PATTERN = re.compile(SIMULATED)


def touched(folder: Path, *names: str) -> Path:
    """A folder with empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_names_of_the_simulator_are_known() -> None:
    """With all digits, whatever their number."""
    match = PATTERN.search("a/sim_exposure_000012_array_3.fits")

    assert match is not None
    assert match.groupdict() == {"exposure": "000012", "detector": "3"}


@pytest.mark.parametrize(
    "name",
    [
        "sim_exposure_000012_array_3_dark_current.fits",
        "sim_exposure_000012_array_3.fits.gz",
        "sim_exposure_array_3.fits",
    ],
)
def test_other_names_are_not(name: str) -> None:
    """Other products of the simulator are of another type, which another expression finds."""
    assert PATTERN.search(name) is None


def test_folders_are_looked_through(tmp_path: Path) -> None:
    """In all depths, hidden files and folders aside; in the order of the data IDs, not of the names."""
    names = ["b/sim_exposure_2_array_1.fits", "a/c/sim_exposure_10_array_1.fits", ".d/sim_exposure_1_array_1.fits", "x"]
    found = find([str(touched(tmp_path, *names))], PATTERN)

    assert [file.data_id for file in found.named] == [{"exposure": 2, "detector": 1}, {"exposure": 10, "detector": 1}]
    assert found.others == (str(tmp_path / "x"),)


def test_a_file_that_is_named_twice_is_one(tmp_path: Path) -> None:
    """By itself, and by its folder."""
    file = touched(tmp_path, "sim_exposure_2_array_1.fits") / "sim_exposure_2_array_1.fits"

    assert len(find([str(file), str(tmp_path)], PATTERN).named) == 1


def test_folders_can_be_dimensions(tmp_path: Path) -> None:
    """The expression is searched for in the whole path; what is no number stays text, what took no part is left out."""
    pattern = re.compile(r"/(?P<band>[a-z]+)/(?P<exposure>\d+)(?:_(?P<part>\d+))?\.fits$")
    found = find([str(touched(tmp_path, "red/007.fits", "blue/8_1.fits"))], pattern)

    assert found.named == (
        Named(str(tmp_path / "blue/8_1.fits"), {"band": "blue", "exposure": 8, "part": 1}),
        Named(str(tmp_path / "red/007.fits"), {"band": "red", "exposure": 7}),
    )

"""Files that a user names: which are taken, which format they have, and how they compare."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.errors import FileError, PluginError, ProvstoreError, UsageError
from provstore.operations.diff import DiffReport, DiffRequest, diff
from provstore.operations.files import Formats, named

pytestmark = pytest.mark.usefixtures("without_packages")

ONE = {"name": "Vega", "mass": [2.1, 2.2]}
OTHER = {"name": "Vega", "mass": [2.1, 2.3]}


@pytest.fixture(scope="module")
def without_packages() -> Iterator[None]:
    """No package with plug-ins is installed, whatever is: what is missing would be there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("provstore.claims.has_packages", lambda: False)
        patch.setattr("provstore.plugins.Plugins._plug_packages", lambda self: None)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Files of several formats, in a folder that is no project."""
    root = tmp_path_factory.mktemp("files")
    (root / "one.json").write_text(json.dumps(ONE))
    (root / "again.json").write_text(json.dumps(dict(reversed(ONE.items())), indent=1))
    (root / "other.json").write_text(json.dumps(OTHER))
    (root / "plain").write_text("x")
    (root / "plain2").write_text("y")
    (root / "sky.fits").write_text("x")
    (root / "link.json").symlink_to("one.json")
    (root / "nowhere").symlink_to("no such file")
    (root / "circle").symlink_to("circle")
    for number in (1, 2):
        (root / f"{number}.json.gz").write_bytes(gzip.compress(json.dumps(ONE, indent=number).encode(), mtime=number))
        (root / f"nights{number}").mkdir()
        (root / f"nights{number}" / "a").write_text(str(number))
    os.mkfifo(root / "pipe")
    return str(root)


def compared(folder: str, a: str, b: str, format: str | None = None,
             tolerance: tuple[float, float] | None = None) -> DiffReport:  # fmt: skip
    return diff(folder, None, DiffRequest(a, b, format, tolerance))


@pytest.mark.parametrize(
    ("a", "b", "format", "tolerance", "verdict"),
    [
        ("one.json", "link.json", None, None, "identical"),
        ("one.json", "again.json", None, None, "equivalent"),
        ("one.json", "again.json", "bytes", None, "different"),
        ("one.json", "other.json", None, (0.0, 0.1), "within tolerance"),
        ("one.json", "other.json", None, (0.0, 1e-9), "different"),
        ("1.json.gz", "2.json.gz", None, None, "equivalent"),
        ("nights1", "nights2", None, None, "different"),
        ("nights1/", "nights1", None, None, "identical"),
        ("nights1", "plain", None, None, "different"),
    ],
)
def test_two_files_are_compared_by_their_format(
    a: str, b: str, format: str | None, tolerance: tuple[float, float] | None, verdict: str, folder: str
) -> None:
    """The one that is wanted, else the one of their ending."""
    report = compared(folder, a, b, format, tolerance)

    assert (report.kind, report.a, report.b, report.comparison.verdict) == ("file", a, b, verdict)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("one.json", "nope.json", "nope.json: there is no such file or directory"),
        ("one.json", "one.json/x", "one.json/x: there is no such file or directory"),
        ("nowhere", "one.json", "nowhere: there is no such file or directory"),
        ("circle", "one.json", "circle: can't be read: Too many levels"),
        ("x" * 300, "one.json", "can't be read: File name too long"),
        ("one.json", "", "an empty name"),
        ("pipe", "one.json", "pipe: found a named pipe, expected a file or a directory"),
        ("one.json", "/dev/null", "/dev/null: found a device, expected a file or a directory"),
        (".", ".", "pipe is neither a file, nor a link, nor a folder"),
    ],
)
def test_what_is_no_file_is_refused_at_once(a: str, b: str, said: str, folder: str) -> None:
    """A pipe is not waited for."""
    with pytest.raises(ProvstoreError, match=said) as caught:
        compared(folder, a, b)
    assert caught.value.exit_status == 2


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs a file that nobody can read")
def test_a_file_that_cannot_be_read_is_named(folder: str) -> None:
    """By the operating system's own words; it is no fault of a format."""
    with pytest.raises(FileError, match=r"/proc/self/mem: can't be compared: .*Input/output error"):
        compared(folder, "one.json", "/proc/self/mem")


def test_paths_are_relative_to_the_folder(folder: str) -> None:
    """Which need not be the current one; an absolute path is what it is."""
    assert named(folder, "one.json").full == os.path.join(folder, "one.json")
    assert named("/", os.path.join(folder, "one.json")).full == os.path.join(folder, "one.json")
    with pytest.raises(UsageError):
        named(os.path.join(folder, "nights1"), "one.json")


def test_an_unknown_format_is_refused_with_what_to_do(folder: str) -> None:
    """A package of ours is named, or the nearest name."""
    with Formats(folder, None) as formats:
        file = named(folder, "one.json")
        with pytest.raises(PluginError, match="there is no format 'png'") as of_ours:
            formats.of(file, "png")
        with pytest.raises(PluginError, match="there is no format 'jsn'") as misspelt:
            formats.of(file, "jsn")

    assert of_ours.value.hint == "it comes with a package: pip install provstore-image"
    assert misspelt.value.hint == "did you mean 'json'?"


def test_remarks_say_what_is_not_seen(folder: str) -> None:
    """Two formats, and a package that would do more; each once; none where the bytes are the same."""
    two = compared(folder, "one.json", "plain").remarks
    package = compared(folder, "sky.fits", "plain2").remarks

    assert two == ("one.json is json, plain is bytes: their bytes are compared; --format NAME reads both as such",)
    assert compared(folder, "sky.fits", "sky.fits").remarks == ()
    assert package == ("sky.fits: its bytes are all that is seen; the format comes with: pip install provstore-fits",)


PIPELINEFILE = """
[formats]
".fits" = "bytes"
".lst" = "json"
[dimensions]
n = "1..2"
[datasets.flat]
path = "calib/{n}.flat"
format = "csv"
[stages.make]
dimensions = ["n"]
run = "true"
inputs.raw = { path = "raw/*.dat", format = "toml" }
inputs.flat = { dataset = "flat" }
outputs.x = { path = "out/{n:02d}.dat", format = "json" }
outputs.strange = { path = "out/{n}.strange", format = "png" }
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that declares formats; none of its files exists but these."""
    root = tmp_path_factory.mktemp("project")
    (root / "Pipelinefile.toml").write_text(PIPELINEFILE)
    (root / "sub").mkdir()
    return root


@pytest.mark.parametrize(
    ("path", "format"),
    [
        ("out/01.dat", "json"),
        ("out/1.dat", "bytes"),
        ("raw/a.dat", "toml"),
        ("calib/2.flat", "csv"),
        ("calib/x.flat", "bytes"),
        ("a.lst", "json"),
        ("a.fits", "bytes"),
        ("a.JSON", "json"),
        ("../out/01.dat", "bytes"),
    ],
)
def test_the_pipelinefile_says_which_format_a_file_has(path: str, format: str, project: Path) -> None:
    """By its declared paths, whether or not a task has that path today, by its choices, else by the ending."""
    file = project / path
    file.parent.mkdir(exist_ok=True, parents=True)
    file.touch()
    elsewhere = os.path.relpath(file, project / "sub")
    with Formats(str(project), None) as formats, Formats(str(project / "sub"), None) as below:
        assert formats.of(named(str(project), path), None) == format
        assert below.of(named(str(project / "sub"), elsewhere), None) == format
        assert formats.remarks == []


def test_a_project_that_is_reached_by_a_link_is_the_same(project: Path, tmp_path: Path) -> None:
    """Its paths are as they are declared."""
    (tmp_path / "alias").symlink_to(project)
    (project / "out").mkdir(exist_ok=True)
    (project / "out" / "02.dat").touch()
    alias = str(tmp_path / "alias")
    with Formats(alias, None) as formats:
        assert formats.of(named(alias, "out/02.dat"), None) == "json"


def test_a_declared_format_that_is_not_installed_is_named(project: Path) -> None:
    """Then the bytes are what is seen."""
    (project / "out").mkdir(exist_ok=True)
    (project / "out" / "1.strange").touch()
    with Formats(str(project), None) as formats:
        assert formats.of(named(str(project), "out/1.strange"), None) == "bytes"
        assert formats.remarks == [
            "out/1.strange: there is no format 'png'; it comes with a package: pip install provstore-image"
        ]

"""Data decide what is out of date, bytes decide what is the same file: semantic digests in a pipeline."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from provstore.digest import digest_bytes
from provstore.formats import KNOWN_PACKAGES

from .project import Project, stage

POINTS = '''
import os
from provstore.plugin import STORAGE, VALUES, Difference, Format, Hasher, Unavailable, hookimpl

class Points(Format):
    """Numbers, with any white space between them."""

    name = "points"
    suffixes = (".pts",)
    python_type = list
    version = 1

    def read(self, path, component=None, **parameters):
        try:
            return [float(word) for word in path.read_text().split()]
        except ValueError as error:
            raise Unavailable(str(error)) from None

    def write(self, value, path):
        path.write_text(" ".join(map(str, value)))

    def digest(self, path):
        if "crash" in path.read_text():
            os.abort()
        print("noise that nobody wants")
        return Hasher().add(self.read(path)).digest

    def diff(self, a, b, tolerance=None):
        if self.read(a) != self.read(b):
            yield Difference(VALUES, (), "values", "some", "others")
        elif a.read_bytes() != b.read_bytes():
            yield Difference(STORAGE, (), "white space")

@hookimpl
def provstore_formats():
    return [Points()]
'''
HEAD = '[project]\nplugins = ["tools/points.py"]\n'
PIPELINE = HEAD + stage("first", "cp a.pts b.pts", "a.pts", "b.pts") + stage("second", "wc -w < b.pts > c.txt",
                                                                             "b.pts", "c.txt")  # fmt: skip
FILES = {"Pipelinefile.toml": PIPELINE, "tools/points.py": POINTS, "a.pts": "1 2 3\n"}


@pytest.fixture
def points(tmp_path: Path) -> Iterator[Project]:
    """Two stages over numbers in text, up to date."""
    project = Project(tmp_path / "p", FILES)
    assert project.run().executed == ["first", "second"]
    yield project
    project.kill_all()


def digests(project: Project, path: str) -> list[tuple[str, str | None]]:
    """Byte and semantic digest of each recorded version of a path, oldest first."""
    return project.rows(f"SELECT digest, semantic_digest FROM dataset WHERE path = '{path}' ORDER BY rowid")


def edit_rules(project: Project, before: str, after: str) -> None:
    """Changes the plug-in."""
    project.write("tools/points.py", POINTS.replace(before, after))


# --- freshness --------------------------------------------------------------------------------------------


def test_other_bytes_of_equal_data_make_nothing_stale(points: Project) -> None:
    """Nothing is executed, and nothing is asked again by the next run, which writes nothing."""
    points.write("a.pts", "1.0\n2.0   3\n")

    assert points.status().outcomes == {"first": "fresh", "second": "fresh"}
    assert points.run().executed == []
    before = points.store_bytes()
    assert points.run().executed == []
    assert points.store_bytes() == before


def test_other_data_make_what_reads_them_stale(points: Project) -> None:
    """Also where only the least is changed."""
    points.write("a.pts", "1 2 3.0000000000000004\n")

    assert points.run().executed == ["first", "second"]


def test_equal_data_made_again_stop_the_wave(points: Project) -> None:
    """A task that runs and makes equal data in other bytes makes nothing behind it stale."""
    points.write("Pipelinefile.toml", PIPELINE.replace("cp a.pts b.pts", "tr ' ' '\\\\n' < a.pts > b.pts"))

    assert points.run().executed == ["first"]
    assert points.run().executed == []


def test_what_was_ignored_is_recorded(points: Project) -> None:
    """Of two versions that are equal as data: in what they differ, for everybody to see."""
    points.write("Pipelinefile.toml", PIPELINE.replace("cp a.pts b.pts", "tr ' ' '\\\\n' < a.pts > b.pts"))
    points.run()
    (row,) = points.rows(
        "SELECT q.ignored, d.path, d.rowid > o.rowid, d.semantic_digest = o.semantic_digest, d.id FROM equality AS q "
        "JOIN dataset AS d ON d.id = q.dataset JOIN dataset AS o ON o.id = q.other"
    )

    assert row[:4] == ('["white space"]', "b.pts", 1, 1)
    assert "except: white space" in points.provstore("show", row[4]).out
    assert points.provstore("fsck").out


def test_both_digests_are_recorded(points: Project) -> None:
    """The semantic one with the name and the version of its rules; the format, of what was read too."""
    (digest, semantic), *more = digests(points, "b.pts")

    assert digest.startswith("blake3:")
    assert (semantic or "").startswith("points/1:")
    assert more == []
    formats = dict(points.rows("SELECT path, format FROM dataset"))
    assert formats == {"a.pts": "points", "b.pts": "points", "c.txt": "text"}


def test_a_record_names_the_bytes_that_were_read(points: Project) -> None:
    """A source rewritten as equal data is another dataset, once something reads it that runs."""
    points.write("a.pts", "1.0 2 3")
    points.run()
    points.write("Pipelinefile.toml", PIPELINE.replace("cp a.pts b.pts", "cp a.pts b.pts; true"))
    points.run()
    read = points.rows(
        "SELECT d.digest FROM execution AS e JOIN usage AS u ON u.execution = e.id "
        "JOIN dataset AS d ON d.id = u.dataset WHERE e.stage = 'first' ORDER BY e.rowid"
    )

    assert len(set(read)) == 2
    assert len({semantic for _, semantic in digests(points, "a.pts")}) == 1


def test_an_edit_by_hand_that_changes_no_data_is_kept_before_it_goes(points: Project) -> None:
    """It is no reason to run; but its bytes are nobody else's, and are kept when a forced task replaces them."""
    points.write("b.pts", "1 2    3")
    assert points.run().executed == []
    points.run("--force", "first")

    assert any(digest == digest_bytes(b"1 2    3") for digest, _ in digests(points, "b.pts"))


# --- rules that change ------------------------------------------------------------------------------------


def test_new_rules_make_nothing_stale_whose_bytes_are_the_same(points: Project) -> None:
    """Neither what looks as it did, nor what has to be read again."""
    edit_rules(points, "version = 1", "version = 2")
    assert points.run().executed == []
    for path in ("a.pts", "b.pts"):
        os.utime(points.root / path)

    assert points.run().executed == []


def test_digests_of_other_rules_can_not_be_compared(points: Project) -> None:
    """Then the bytes decide, and the reason says why."""
    edit_rules(points, "version = 1", "version = 2")
    points.write("a.pts", "1  2  3")
    (reason,) = points.status().reasons("first")

    assert reason == "input a.pts changed (was compared as points/1, is now as points/2)"
    assert points.run().executed == ["first", "second"]


# --- where there is none ----------------------------------------------------------------------------------


def test_a_file_that_does_not_parse_is_decided_by_its_bytes(points: Project) -> None:
    """It is never equal to anything but itself, and the run names it with the reason."""
    points.write("a.pts", "1 two 3")
    done = points.run()

    assert done.executed == ["first", "second"]
    assert "a.pts: semantic: unavailable: could not convert string to float: 'two'; its bytes decide" in done.err
    assert points.run().executed == []
    points.write("a.pts", "1 two  3")
    assert points.run().executed == ["first", "second"]


def test_a_file_that_ends_its_reader_ends_nothing_else(points: Project) -> None:
    """A library in C that crashes is a reason, not the end of the run; the next file has a new reader."""
    points.write("a.pts", "crash")
    done = points.run()

    assert done.executed == ["first", "second"]
    assert "a.pts: semantic: unavailable: the process that reads it was ended by SIGABRT" in done.err
    points.write("a.pts", "4 5")
    points.run()
    assert (digests(points, "a.pts")[-1][1] or "").startswith("points/1:")


@pytest.mark.parametrize("fault", ["raise ImportError('no such library')", "def", "1 / 0"])
def test_a_plugin_that_can_not_be_used_is_named_and_the_rest_goes_on(points: Project, fault: str) -> None:
    """With the reason; its files are decided by their bytes."""
    points.write("tools/points.py", fault)
    points.write("a.pts", "1 2 3.0")
    done = points.run()

    assert "plug-in tools/points.py (file tools/points.py) can't be used" in done.err
    assert "a.pts: semantic: unavailable" in done.err
    assert done.executed == ["first", "second"]


def test_a_plugin_that_is_gone_is_missed_where_it_decided(points: Project) -> None:
    """The run names the file; what looks as it did stays fresh."""
    points.write("Pipelinefile.toml", PIPELINE.removeprefix(HEAD))
    assert points.run().executed == []
    points.write("a.pts", "1 2 3.0")
    done = points.run()

    assert "a.pts: semantic: unavailable: there is no format 'points' any more; its bytes decide" in done.err
    assert done.executed == ["first", "second"]


@pytest.mark.parametrize(("gave", "shown"), [("None", "None"), ("'x'", "'x'"), ("b'00'", "b'00'")])
def test_what_is_no_digest_is_refused(points: Project, gave: str, shown: str) -> None:
    """A plug-in that returns something else is told what was expected."""
    edit_rules(points, "return Hasher().add(self.read(path)).digest", f"return {gave}")
    points.write("a.pts", "1 2 3.0")

    assert f"format points: digest gave {shown}, expected text such as 'blake3:<hex digits>'" in points.run().err


# --- which format -----------------------------------------------------------------------------------------


def not_installed() -> tuple[str, str]:
    """A format of ours whose package is not installed here, and that package."""
    installed = {entry.dist.name for entry in entry_points(group="provstore") if entry.dist is not None}
    for name, package in KNOWN_PACKAGES.items():
        if package.name not in installed:
            return name, package.name
    pytest.skip("every package of ours is installed")


def declared(side: str, path: str, format: str) -> str:
    """The pipeline with a format declared for one path."""
    return PIPELINE.replace(f'{side} = ["{path}"]', f'{side}.x = {{ path = "{path}", format = "{format}" }}')


def test_a_declared_format_goes_before_the_ending(points: Project) -> None:
    """Of an input; of an output it is a part of the key."""
    points.write("Pipelinefile.toml", declared("inputs", "a.pts", "bytes"))
    points.run()
    points.write("a.pts", "1 2 3.0")
    assert points.run().executed == ["first"]
    points.write("Pipelinefile.toml", declared("outputs", "b.pts", "bytes"))

    points.run()
    points.write("Pipelinefile.toml", declared("outputs", "b.pts", "points"))
    (reason,) = points.status().reasons("first")

    assert reason == "format of output b.pts: bytes → points"


def test_the_pipelinefile_chooses_for_an_ending(points: Project) -> None:
    """`[formats]` goes before what plug-ins claim."""
    points.write("Pipelinefile.toml", PIPELINE + '[formats]\n".pts" = "bytes"\n')
    points.run()
    points.write("a.pts", "1 2 3.0")

    assert points.run().executed == ["first", "second"]


def test_a_format_of_a_dataset_type_is_that_of_its_path(points: Project) -> None:
    """Wherever a stage names the path."""
    points.write("Pipelinefile.toml", PIPELINE + '[datasets.numbers]\npath = "a.pts"\nformat = "bytes"\n')
    points.run()
    points.write("a.pts", "1 2 3.0")

    assert points.run().executed == ["first"]


UNKNOWN = {
    "output": (declared("outputs", "b.pts", "point"), "Pipelinefile.toml:6: stage 'first', outputs.x: there is no "
               "format 'point'", "did you mean 'points'?"),
    "ending": (PIPELINE + '[formats]\n".dat" = "nonsense"\n', "Pipelinefile.toml:14: [formats] \".dat\": there is no "
               "format 'nonsense'", "formats are: "),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN)
def test_an_unknown_format_is_an_error_before_anything_runs(points: Project, case: str) -> None:
    """With its place, and what to install or to write."""
    text, message, hint = UNKNOWN[case]
    points.write("Pipelinefile.toml", text)
    points.write("a.pts", "7")
    done = points.provstore("run", status=2)

    assert message in done.err
    assert hint in done.err
    assert points.count() == {"first": 1, "second": 1}


def test_a_format_that_is_not_installed_is_an_error_with_the_package(points: Project) -> None:
    """Where a stage asks for it; nothing is run."""
    name, package = not_installed()
    points.write("Pipelinefile.toml", declared("inputs", "b.pts", name))
    done = points.provstore("run", status=2)

    assert f"inputs.x: there is no format '{name}'" in done.err
    assert f"pip install {package}" in done.err


def test_a_dataset_type_may_have_a_format_that_is_not_installed(points: Project) -> None:
    """It describes; the bytes decide, and the run names the file and the package."""
    name, package = not_installed()
    points.write("Pipelinefile.toml", PIPELINE + f'[datasets.d]\npath = "a.pts"\nformat = "{name}"\n')
    points.write("a.pts", "7")
    done = points.run()

    assert f"a.pts: semantic: unavailable: there is no format '{name}' (it comes with a package: " in done.err
    assert f"pip install {package}); its bytes decide" in done.err
    assert done.executed == ["first", "second"]


def test_a_path_has_one_format(points: Project) -> None:
    """Two that are declared for it are an error that names both places."""
    text = declared("outputs", "b.pts", "bytes").replace(
        'inputs = ["b.pts"]', 'inputs.y = { path = "b.pts", format = "points" }'
    )
    points.write("Pipelinefile.toml", text)

    assert (
        "'b.pts' has the format 'points' here, and 'bytes' at Pipelinefile.toml:"
        in points.provstore("run", status=2).err
    )


def test_two_that_claim_one_ending_are_an_error_until_one_is_chosen(points: Project) -> None:
    """It names both; everything goes on once the Pipelinefile says which."""
    points.write("tools/other.py", POINTS.replace('name = "points"', 'name = "other"'))
    both = PIPELINE.replace('["tools/points.py"]', '["tools/points.py", "tools/other.py"]')
    points.write("Pipelinefile.toml", both)
    points.write("a.pts", "1 2")
    done = points.provstore("run", status=2)
    assert "suffix .pts: tools/points.py (file tools/points.py) and tools/other.py (file tools/other.py)" in done.err
    points.write("Pipelinefile.toml", both + '[formats]\n".pts" = "other"\n')

    assert points.run().executed == ["first", "second"]
    assert (digests(points, "a.pts")[-1][1] or "").startswith("other/1:")


def test_a_directory_has_a_format_by_its_ending(tmp_path: Path) -> None:
    """What a directory holds counts as its format says."""
    plugin = POINTS.replace("path.read_text()", "(path / 'numbers').read_text()")
    pipeline = HEAD + stage("only", "cat d.pts/* > c.txt", "d.pts", "c.txt")
    project = Project(
        tmp_path / "p", {"Pipelinefile.toml": pipeline, "tools/points.py": plugin, "d.pts/numbers": "1 2"}
    )
    assert project.run().executed == ["only"]
    project.write("d.pts/numbers", "1   2")
    project.write("d.pts/remark", "nothing that counts")
    assert project.run().executed == []
    project.write("d.pts/numbers", "1 3")

    assert project.run().executed == ["only"]


def test_json_is_compared_as_data(tmp_path: Path) -> None:
    """A format that comes with provstore needs no word in the Pipelinefile."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("only", "cp a.json b.txt", "a.json", "b.txt"),
                                       "a.json": json.dumps({"a": 1, "b": [1, 2]})})  # fmt: skip
    project.run()
    project.write("a.json", json.dumps({"b": [1, 2], "a": 1}, indent=4))
    assert project.run().executed == []
    project.write("a.json", json.dumps({"b": [1, 2], "a": 1.0}))

    assert project.run().executed == ["only"]


def test_ctrl_c_ends_a_run_whose_format_never_comes_to_its_end(points: Project) -> None:
    """Commands are ended at once, the reading by a second Ctrl-C (or after five seconds); nothing half is recorded."""
    edit_rules(
        points,
        'if "crash"',
        'if "hang" in path.read_text(): open("reading", "w").close(); __import__("time").sleep(60)\n        if "crash"',
    )
    points.write("a.pts", "4 5\n")
    slow = stage("slow", "sleep 60 > d.txt", "a.pts", "d.txt")
    points.write("Pipelinefile.toml", PIPELINE.replace("cp a.pts b.pts", "echo hang > b.pts") + slow)
    process = points.start("run", "-j2", "--json")
    points.wait_for(lambda: points.exists("reading"))
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    done = points.finish(process, 130)

    assert time.monotonic() - began < 4
    assert set(done.outcomes.values()) == {"cancelled"}
    assert points.read("b.pts") == "1 2 3\n", "the last good version is back"
    points.write("Pipelinefile.toml", PIPELINE)
    assert points.run().executed == ["first", "second"]


def test_what_a_plugin_prints_is_no_part_of_an_answer(points: Project) -> None:
    """Neither when it is imported nor when it works: programs read the JSON."""
    points.write("tools/points.py", "print('hello')\n" + POINTS)
    points.write("a.pts", "1 2 3.0")

    assert points.status().outcomes == {"first": "fresh", "second": "fresh"}
    assert points.json("plugins")["plugins"]

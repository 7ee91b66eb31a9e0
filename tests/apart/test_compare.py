"""How two files differ: the verdict agrees with bytes and digests, whatever the format says."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.apart.compare import LISTED_AT_MOST, LONGEST_TEXT, compare
from provstore.formats.bytes import Bytes
from provstore.model.comparison import Comparison, Difference
from provstore.model.comparison import Numbers as PlainNumbers
from provstore.plugin import (
    STORAGE,
    VALUES,
    Format,
    Hasher,
    Numbers,
    Tolerance,
    Unavailable,
    compare_trees,
)
from provstore.plugin import Difference as Found
from provstore.plugin.inner import formats_at_work


class Settings(Format):
    """Lines of ``name=number``: their order does not count."""

    name = "settings"
    python_type = dict
    version = 3

    def read(self, path: Path, component: str | None = None, **parameters: object) -> dict[str, float]:
        return dict(self._entries(path))

    def write(self, value: object, path: Path) -> None:
        raise NotImplementedError

    def _entries(self, path: Path) -> list[tuple[str, float]]:
        entries = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            name, equals, value = line.partition("=")
            if not equals:
                raise Unavailable(f"line {number} has no '='")
            entries.append((name, float(value)))
        return entries

    def digest(self, path: Path) -> str:
        return Hasher().add(self.read(path)).digest

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Found]:
        yield from compare_trees(self.read(a), self.read(b), (), tolerance)
        if list(self.read(a)) != list(self.read(b)):
            yield Found(STORAGE, (), "order")


class Silent(Settings):
    """Says nothing of how files differ."""

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Found]:
        yield from ()


class Broken(Settings):
    """Can't compare."""

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Found]:
        yield Found(VALUES, (), "the first")
        raise KeyError("x")


class Contradicting(Settings):
    """Finds a difference, whatever the digests say."""

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Found]:
        yield Found(VALUES, (), "all")


class Undigested(Format):
    """Has no digest: its bytes decide."""

    name = "undigested"
    python_type = str

    def read(self, path: Path, component: str | None = None, **parameters: object) -> str:
        return path.read_text()

    def write(self, value: object, path: Path) -> None:
        raise NotImplementedError

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Found]:
        return compare_trees(float(self.read(a)), float(self.read(b)), (), tolerance)


Pair = Callable[[str, str], tuple[Path, Path]]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Writes two files."""

    def write(a: str, b: str) -> tuple[Path, Path]:
        (tmp_path / "a").write_text(a)
        (tmp_path / "b").write_text(b)
        return tmp_path / "a", tmp_path / "b"

    return write


def kinds(found: Comparison) -> list[str]:
    return [entry.kind for entry in found.differences]


# --- files ------------------------------------------------------------------------------------------------


TABLE: list[tuple[type[Format], str, str, Tolerance | None, str, list[str]]] = [
    (Settings, "x=1\n", "x=1\n", None, "identical", []),
    (Settings, "no", "no", None, "identical", []),
    (Settings, "x=1\ny=2\n", "y=2\nx=1\n", None, "equivalent", ["storage"]),
    (Settings, "x=1\n", "x=1.0\n", None, "equivalent", ["bytes only"]),
    (Settings, "x=1\n", "x=2\n", None, "different", ["values"]),
    (Settings, "x=1\ny=1\n", "y=2\nx=1\n", None, "different", ["values", "storage"]),
    (Settings, "x=1\n", "x=1\ny=1\n", None, "different", ["structure", "storage"]),
    (Settings, "x=1\n", "x=1.1\n", Tolerance(0.2), "within tolerance", []),
    (Settings, "x=1\n", "x=1.1\n", Tolerance(0.01), "different", ["values"]),
    (Settings, "x=1\n", "x=1.1\n", Tolerance(), "different", ["values"]),
    (Settings, "x=1\ny=2\n", "y=2\nx=1.1\n", Tolerance(0.2), "within tolerance", ["storage"]),
    (Settings, "x=1\n", "x=1\ny=1\n", Tolerance(9), "different", ["structure", "storage"]),
    (Settings, "x=1\n", "x=1.0\n", Tolerance(9), "equivalent", ["bytes only"]),
    (Settings, "x=1\n", "no", None, "different", ["structure", "values"]),
    (Settings, "no", "x=1\n", Tolerance(9), "different", ["structure", "values"]),
    (Silent, "x=1\n", "x=1.0\n", None, "equivalent", ["bytes only"]),
    (Silent, "x=1\n", "x=2\n", None, "different", ["bytes only"]),
    (Silent, "x=1\n", "x=2\n", Tolerance(9), "different", ["bytes only"]),
    (Broken, "x=1\n", "x=1.0\n", None, "equivalent", ["bytes only"]),
    (Broken, "x=1\n", "x=2\n", None, "different", ["values"]),
    (Contradicting, "x=1\n", "x=1.0\n", None, "different", ["values"]),
    (Undigested, "1", "2", None, "different", ["values"]),
    (Undigested, "1", "1.0", None, "different", ["bytes only"]),
    (Undigested, "1", "1.5", Tolerance(1), "within tolerance", []),
    (Undigested, "1", "one", Tolerance(1), "different", ["structure", "values"]),
    (Bytes, "1", "2", None, "different", ["values"]),
    (Bytes, "1", "2", Tolerance(9), "different", ["values"]),
    (Bytes, "1", "1", None, "identical", []),
]


@pytest.mark.parametrize(("format", "a", "b", "tolerance", "verdict", "found"), TABLE)
def test_the_verdict_follows_from_bytes_digests_and_format(
    format: type[Format], a: str, b: str, tolerance: Tolerance | None, verdict: str, found: list[str], pair: Pair
) -> None:
    """Each case says in what the files differ, too."""
    comparison = compare(format(), *pair(a, b), tolerance)

    assert comparison.verdict == verdict
    assert list(dict.fromkeys(kinds(comparison))) == found


def test_digests_are_named_by_format_and_version(pair: Pair) -> None:
    """Equal ones for what is equal as data; none where nobody asked."""
    equal = compare(Settings(), *pair("x=1\n", "x=1.0\n"))
    different = compare(Settings(), *pair("x=1\n", "x=2\n"))

    assert equal.digests[0] is not None
    assert equal.digests[0].startswith("settings/3:")
    assert equal.digests[0] == equal.digests[1]
    assert different.digests[0] == equal.digests[0] != different.digests[1]
    assert compare(Settings(), *pair("x=1", "x=1")).digests == (None, None)


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ("x=1", "no", "the second file: line 1 has no '='"),
        ("x=1\nno", "x=1", "the first file: line 2 has no '='"),
        ("no", "nor this", "both files: line 1 has no '='"),
        ("no", "x=1\nno", "the first file: line 1 has no '='; the second file: line 2 has no '='"),
    ],
)
def test_what_the_format_cannot_read_is_compared_by_its_bytes_with_the_reason(
    a: str, b: str, reason: str, pair: Pair
) -> None:
    """It says which of the files it is."""
    found = compare(Settings(), *pair(a, b))

    assert (found.verdict, found.unavailable, found.digests) == ("different", reason, (None, None))


def test_a_comparison_that_fails_leaves_bytes_and_its_reason(pair: Pair) -> None:
    """What it found before is not taken for all."""
    found = compare(Broken(), *pair("x=1\n", "x=2\n"))

    assert "KeyError" in found.unavailable
    assert [entry.what for entry in found.differences] != ["the first"]
    assert found.digests[0] != found.digests[1]


def test_a_contradiction_is_named(pair: Pair) -> None:
    """A format that finds differences between equal digests is not believed."""
    assert "are not trusted" in compare(Contradicting(), *pair("x=1\n", "x=1.0\n")).unavailable


def test_bytes_that_differ_are_shown_at_the_first_place(pair: Pair) -> None:
    """With the sizes of both; where one ends, it says so."""
    found = compare(Settings(), *pair("x=1\n", "x=1.00\n")).differences[0]

    assert (found.what, found.a, found.b) == ("bytes", "0x0a at offset 3 of 4 bytes", "0x2e at offset 3 of 7 bytes")
    found = compare(Settings(), *pair("x=1", "x=1\n")).differences[0]
    assert (found.a, found.b) == ("the end, after 3 bytes", "0x0a at offset 3 of 4 bytes")


@pytest.mark.parametrize("offset", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_the_first_byte_that_differs_is_found_in_large_files(offset: int, tmp_path: Path) -> None:
    """On both sides of a block's end."""
    data = bytearray(3 << 20 | 1)
    (tmp_path / "a").write_bytes(data)
    data[offset] = 7
    (tmp_path / "b").write_bytes(data)

    assert compare(Silent(), tmp_path / "a", tmp_path / "a").verdict == "identical"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Silent, "digest", lambda *_: "0" * 64)
        found = compare(Silent(), tmp_path / "a", tmp_path / "b")
    assert f"offset {offset:,} of 3,145,729" in found.differences[0].b


class Many(Settings):
    """Never stops finding differences: half of them count."""

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Found]:
        for number in itertools.count():
            yield Found(VALUES if number % 2 else STORAGE, (str(number),), "x" * LONGEST_TEXT * 2)


class ManyOfStorage(Settings):
    """Finds much that does not count before what does."""

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Found]:
        yield from (Found(STORAGE, (str(number),), "order") for number in range(3 * LISTED_AT_MOST))
        yield Found(VALUES, (), "all")


def test_differences_without_end_are_cut(pair: Pair) -> None:
    """At a number, with a mark that there are more; long texts are cut, too."""
    found = compare(Many(), *pair("x=1", "x=2"))

    assert found.truncated
    assert kinds(found) == ["values"] * LISTED_AT_MOST + ["storage"] * LISTED_AT_MOST
    assert {len(entry.what) for entry in found.differences} == {LONGEST_TEXT}


def test_what_does_not_count_never_hides_what_does(pair: Pair) -> None:
    """However much of it comes first."""
    found = compare(ManyOfStorage(), *pair("x=1", "x=2"))

    assert found.truncated
    assert kinds(found)[0] == "values"


class OfNumpy(Settings):
    """Gives numbers as a library has them."""

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Found]:
        import numpy

        one = numpy.int64(1)
        yield Found(VALUES, ("x",), "values", "1", "2", Numbers(one, one, numpy.float32(1), float("inf"), one, (one,)))  # type: ignore[arg-type]


def test_numbers_become_plain(pair: Pair) -> None:
    """So that JSON can write them; an infinite error is not known."""
    found = compare(OfNumpy(), *pair("x=1", "x=2"))

    assert json.dumps(found.to_json(), allow_nan=False)
    assert found.differences[0].numbers == PlainNumbers(1, 1, 1.0, None, 1, (1,))


entries = st.builds(
    Difference,
    st.text(max_size=3),
    st.booleans(),
    st.lists(st.text(max_size=3)).map(tuple),
    st.text(),
    st.text(),
    st.text(),
    st.none() | st.builds(PlainNumbers, st.integers(), st.integers(), st.none() | st.floats(allow_nan=False), st.none(),
                          st.none() | st.integers(), st.lists(st.integers()).map(tuple)),
)  # fmt: skip


@given(st.builds(Comparison, st.text(), st.text(), st.lists(entries, max_size=3).map(tuple), st.text(),
                 st.tuples(st.none() | st.text(), st.none() | st.text()), st.booleans()))  # fmt: skip
def test_a_comparison_comes_back_from_json(comparison: Comparison) -> None:
    """The same, with tuples for tuples."""
    assert Comparison.from_json(json.loads(json.dumps(comparison.to_json()))) == comparison


# --- directories ------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two directories that are equal."""
    for name in ("a", "b"):
        (tmp_path / name / "deep" / "er").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_text("1")
        (tmp_path / name / "other").write_text("2")
        (tmp_path / name / "link").symlink_to("other")
    return tmp_path / "a", tmp_path / "b"


def test_equal_directories_are_identical(folders: tuple[Path, Path]) -> None:
    """Whatever their times."""
    os.utime(folders[1] / "other", (1, 1))

    assert compare(Bytes(), *folders).verdict == "identical"


def remove(path: Path) -> None:
    path.rmdir() if path.is_dir() else path.unlink()


CHANGES: dict[str, tuple[Callable[[Path], object], list[tuple[str, tuple[str, ...]]]]] = {
    "a file's bytes": (lambda b: (b / "deep" / "file").write_text("3"), [("values", ("deep", "file"))]),
    "a file less": (lambda b: remove(b / "other"), [("structure", ("other",))]),
    "a file more": (lambda b: (b / "deep" / "new").write_text(""), [("structure", ("deep", "new"))]),
    "an empty folder less": (lambda b: remove(b / "deep" / "er"), [("structure", ("deep", "er"))]),
    "an empty folder more": (lambda b: (b / "more").mkdir(), [("structure", ("more",))]),
    "the executable bit": (lambda b: (b / "other").chmod(0o755), [("metadata", ("other",))]),
    "where a link leads": (
        lambda b: (remove(b / "link"), (b / "link").symlink_to("deep")),
        [("structure", ("link",))],
    ),
    "a file in the place of a link": (
        lambda b: (remove(b / "link"), (b / "link").write_text("2")),
        [("structure", ("link",))],
    ),
    "a name": (lambda b: (b / "other").rename(b / "öther\n"), [("structure", ("other",)), ("structure", ("öther\n",))]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_a_directory_is_found_at_its_place(change: str, folders: tuple[Path, Path]) -> None:
    """Names, kinds, executable bits, links, bytes, empty folders."""
    how, expected = CHANGES[change]
    how(folders[1])
    found = compare(Bytes(), *folders)
    places = [
        (entry.kind, tuple(part for part in entry.place if not part.startswith("byte "))) for entry in found.differences
    ]

    assert found.verdict == "different"
    assert places == expected


def test_a_link_in_a_directory_is_not_followed(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """It is equal by its text, also where it leads nowhere, or in a circle."""
    for folder in folders:
        (folder / "circle").symlink_to(".")
        (folder / "nowhere").symlink_to("/no/such/file")

    assert compare(Bytes(), *folders).verdict == "identical"


def test_a_directory_with_a_pipe_is_refused_and_not_waited_for(folders: tuple[Path, Path]) -> None:
    """It is named."""
    for folder in folders:
        os.mkfifo(folder / "deep" / "pipe")

    with pytest.raises(Unavailable, match="deep/pipe is neither"):
        compare(Bytes(), *folders)


def test_files_in_a_directory_are_compared_by_their_formats(folders: tuple[Path, Path]) -> None:
    """So that it can be said in what they differ; the verdict is that of the bytes."""
    for folder, first, second in zip(folders, ("x=1\ny=2\n", "y=2\nx=1\n"), ("z=1\n", "z=2\n"), strict=True):
        (folder / "deep" / "order.set").write_text(first)
        (folder / "value.set").write_text(second)
    with formats_at_work(lambda name: Settings() if name.endswith(".set") else None):
        found = compare(Bytes(), *folders)
        within = compare(Bytes(), *folders, Tolerance(9))

    assert found.verdict == within.verdict == "different"
    assert [(entry.kind, entry.place) for entry in found.differences] == [
        ("values", ("value.set", "z")),
        ("storage", ("deep", "order.set")),
    ]
    assert [entry.kind for entry in within.differences] == ["storage"]


def test_a_file_is_no_directory(folders: tuple[Path, Path]) -> None:
    """Also for a format that reads only files."""
    for format in (Bytes(), Settings()):
        found = compare(format, folders[0], folders[1] / "other")
        assert found.verdict == "different"
        assert [(entry.what, entry.a, entry.b) for entry in found.differences] == [("kind", "directory", "file")]

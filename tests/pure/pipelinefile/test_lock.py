"""The text of a lock file, and two of them becoming one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.digest import canonical_json
from provstore.errors import LockfileError
from provstore.model.files import RecordedContent
from provstore.model.lock import EMPTY, FROZEN, Lock, LockedTask
from provstore.pipelinefile import toml
from provstore.pipelinefile.lock import parse, text_of
from provstore.pipelinefile.lock_merge import Sides, merged, sides_of, unite

FILE = "Pipelinefile.lock"
DIGESTS = tuple("blake3:" + digit * 64 for digit in "0a3")
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUES = st.one_of(NAMES, st.integers(-9, 9), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
DATA_IDS = st.dictionaries(st.sampled_from(["visit", "band"]), VALUES).map(canonical_json)
DATASETS = st.builds(
    RecordedContent,
    NAMES,
    st.sampled_from(["file", "directory"]),
    st.booleans(),
    st.sampled_from(DIGESTS),
    st.sampled_from([None, "csv/1:0af", "my-format/12:" + "b" * 64]),
)


def task(stage: str, data_id: str = "{}", key: str = DIGESTS[0], *outputs: RecordedContent) -> LockedTask:
    """A task; its outputs are sorted."""
    return LockedTask(stage, data_id, key, tuple(sorted(outputs)))


def dataset(path: str, digest: str = DIGESTS[0]) -> RecordedContent:
    """A plain file."""
    return RecordedContent(path, "file", False, digest, None)


def lock(*tasks: LockedTask, inputs: tuple[RecordedContent, ...] = ()) -> Lock:
    """A lock of these."""
    return Lock({(task.stage, task.data_id): task for task in tasks}, {read.path: read for read in inputs})


TASKS = st.builds(
    lambda stage, data_id, key, outputs: task(stage, data_id, key, *{out.path: out for out in outputs}.values()),
    st.one_of(st.sampled_from(["sort", "a b", "é"]), NAMES),
    DATA_IDS,
    st.sampled_from([*DIGESTS, FROZEN]),
    st.lists(DATASETS, max_size=3),
)
LOCKS = st.builds(lambda tasks, inputs: lock(*tasks, inputs=tuple(inputs)), st.lists(TASKS), st.lists(DATASETS))


@settings(max_examples=40)
@given(LOCKS)
def test_parsing_what_was_printed_gives_the_lock_again(locked: Lock) -> None:
    """Whatever the names are; and any reader of TOML reads it."""
    text = text_of(locked)

    assert parse(text, FILE) == locked
    assert toml.loads(text)["version"] == 1


@settings(max_examples=40)
@given(LOCKS)
def test_what_is_equal_has_one_text(locked: Lock) -> None:
    """The order in which entries came does not count."""
    turned = Lock(dict(reversed(list(locked.tasks.items()))), dict(reversed(list(locked.inputs.items()))))

    assert text_of(turned) == text_of(locked)


def test_there_is_a_line_for_each_file() -> None:
    """So a review shows which file changed."""
    locked = lock(task("a", "{}", DIGESTS[0], dataset("x"), dataset("y")), inputs=(dataset("s"),))

    assert [line.split(" =")[0] for line in text_of(locked).splitlines() if "kind" in line] == [
        "output.x",
        "output.y",
        "s",
    ]


GOOD = text_of(lock(task("a", '{"v":1}', DIGESTS[0], dataset("x.txt")), inputs=(dataset("s.txt"),)))


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ("version = 1", "version = 2", 4, "version: found 2, this provstore knows up to 1"),
        ("version = 1", "", 1, "version: found nothing, expected 1"),
        ("version = 1", "version = true", 4, "version: found True, expected 1"),
        ("version = 1", "version = 1\nextra = 1", 5, "unknown key 'extra', expected input, task, version"),
        ("version = 1", "version = 1\n=======", 5, "has conflicts of a merge in it"),
        ('key = "blake3:', 'key = "sha1:', 7, "key: found"),
        ("key =", "keys =", 7, "unknown key 'keys', expected key, output"),
        ('"x.txt" = {', '"x.txt" = [', 8, "is no TOML"),
        ('kind = "file"', 'kind = "link"', 8, "kind: found 'link', expected 'file' or 'directory'"),
        ('"x.txt" = { kind = "file",', '"x.txt" = { kind = "file", executable = 1,', 8, "executable: found 1"),
        ('"s.txt" = {', '"s.txt" = { mode = 1,', 12, "unknown key 'mode'"),
        ("'{\"v\":1}'", "'{\"v\": 1}'", 6, "found '{\"v\": 1}', expected a data ID as canonical JSON"),
        ("[input]", "[[input]]", 10, "input: found ["),
    ],
)
def test_a_damaged_file_is_one_error_with_its_line(old: str, new: str, line: int, text: str) -> None:
    """Found before expected."""
    with pytest.raises(LockfileError) as caught:
        parse(GOOD.replace(old, new, 1), FILE)

    assert caught.value.message.startswith(f"{FILE}:{line}: ")
    assert text in caught.value.message


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(["", "\n", '"', "[", "=", "\0", "}", "é", "9" * 5000]))
def test_no_text_is_more_than_an_error(place: int, put: str) -> None:
    """A file that was cut, or mangled by a tool, is a lock that can be written again, or a `LockfileError`."""
    for text in (GOOD[:place] + put, GOOD[:place] + put + GOOD[place + 1 :]):
        try:
            found = parse(text, FILE)
        except LockfileError:
            continue
        assert parse(text_of(found), FILE) == found


# --- merging ----------------------------------------------------------------------------------------------

BASE = lock(task("a"), task("b"), task("c"), inputs=(dataset("s"),))
OURS = lock(task("a", "{}", DIGESTS[1]), task("b"), task("c"), inputs=(dataset("s"),))
THEIRS = lock(task("a"), task("c", "{}", DIGESTS[2]), task("d"), inputs=(dataset("s", DIGESTS[1]),))


def test_an_entry_that_one_side_changed_is_that_sides() -> None:
    """Changed, removed and added ones; nothing is left to decide."""
    union = unite(Sides(BASE, OURS, THEIRS))

    assert union.lock == lock(
        task("a", "{}", DIGESTS[1]), task("c", "{}", DIGESTS[2]), task("d"), inputs=(dataset("s", DIGESTS[1]),)
    )
    assert not union.tasks
    assert not union.inputs


@settings(max_examples=40)
@given(LOCKS, LOCKS)
def test_a_side_that_changed_nothing_gives_way(base: Lock, other: Lock) -> None:
    """So does one that made the same change."""
    assert unite(Sides(base, base, other)).lock == other
    assert unite(Sides(base, other, base)).lock == other
    assert unite(Sides(base, other, other)).lock == other


@settings(max_examples=40)
@given(LOCKS, LOCKS, LOCKS)
def test_marked_conflicts_can_be_read_back(base: Lock, ours: Lock, theirs: Lock) -> None:
    """What `merged` leaves to be decided is what `unite` leaves, whether or not the base is told."""
    text, number = merged(text_of(base), text_of(ours), text_of(theirs), FILE)
    union = unite(Sides(base, ours, theirs))
    sides = sides_of(text, FILE)

    assert number == len(union.tasks) + len(union.inputs)
    assert (sides is None) == (number == 0)
    if sides is not None:
        again = unite(sides)
        assert (again.lock, again.tasks, again.inputs) == (union.lock, union.tasks, union.inputs)


def test_where_there_was_no_file_before_all_is_added() -> None:
    """Git gives an empty file as the base."""
    text, number = merged("", text_of(lock(task("a"))), text_of(lock(task("b"))), FILE)

    assert number == 0
    assert parse(text, FILE) == lock(task("a"), task("b"))


@pytest.mark.parametrize("style", ["--diff3", "--zdiff3", "-q"])
def test_the_conflicts_of_git_are_read(tmp_path: Path, style: str) -> None:
    """In each of its styles: the sides are the two files, and only what both changed is left to decide."""
    before = lock(*[task(name, "{}", DIGESTS[0], dataset(name)) for name in "abcd"])
    ours = lock(*[task(name, "{}", DIGESTS[name in "bd"], dataset(name)) for name in "abcd"])
    other = {"b": DIGESTS[2], "c": DIGESTS[2]}
    theirs = lock(*[task(name, "{}", other.get(name, DIGESTS[0]), dataset(name)) for name in "abcd"])
    for name, side in (("base", before), ("ours", ours), ("theirs", theirs)):
        (tmp_path / name).write_text(text_of(side), encoding="utf-8")
    done = subprocess.run(
        ["git", "merge-file", "-p", style, "ours", "base", "theirs"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 1, done.stderr
    sides = sides_of(done.stdout.decode(), FILE)
    assert sides is not None
    union = unite(sides)

    assert list(union.tasks) == [("b", "{}")]
    assert union.lock.tasks["c", "{}"].key == DIGESTS[2]
    assert union.lock.tasks["d", "{}"].key == DIGESTS[1]


def test_different_stages_merge_as_text(tmp_path: Path) -> None:
    """Neighbours in the file, without anybody's help but git's."""
    names = [*"abc"]
    before = lock(*map(task, names), inputs=tuple(map(dataset, names)))
    ours = lock(
        task("a", "{}", DIGESTS[1]), task("b"), task("c"), inputs=(dataset("a", DIGESTS[1]), *map(dataset, "bc"))
    )
    theirs = lock(task("a"), task("b", "{}", DIGESTS[1]), task("c"),
                  inputs=(dataset("a"), dataset("b", DIGESTS[1]), dataset("c")))  # fmt: skip
    for name, side in (("base", before), ("ours", ours), ("theirs", theirs)):
        (tmp_path / name).write_text(text_of(side), encoding="utf-8")
    done = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert parse(done.stdout, FILE) == unite(Sides(before, ours, theirs)).lock


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("=======\n" + GOOD, 1),
        (GOOD + "<<<<<<< a\n", 14),
        (GOOD + "<<<<<<< a\n<<<<<<< b\n", 14),
        (GOOD + "<<<<<<< a\n>>>>>>> b\n", 14),
        (GOOD + "<<<<<<< a\n=======\nkey 3\n>>>>>>> b\n", 15),
    ],
)
def test_what_can_not_be_taken_apart_is_an_error_with_its_line(text: str, line: int) -> None:
    """Markers that do not go together, and a side that is no TOML; the line is that of the file with markers."""
    with pytest.raises(LockfileError) as caught:
        sides_of(text, FILE)

    assert caught.value.line == line


def test_a_text_without_markers_has_no_sides() -> None:
    """There is nothing to resolve."""
    assert sides_of(text_of(EMPTY), FILE) is None

"""The pure parts of `diff`: differences of texts, and what differs by what was recorded."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.operations.diff import changes
from provstore.operations.diff.changes import ANOTHER_PATH, ANOTHER_SECRET, Grouped, changed_words
from provstore.operations.diff.rendered import BY_BOTH, BY_INPUTS, BY_PARAMS
from provstore.operations.diff.report import Change
from provstore.operations.diff.text import COMPARED, SHOWN, as_text, unified
from provstore.store.materials import Material, Piece

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "+x", "-x", "@@ 1", "…", "\\"]), max_size=30)
PIECE = Piece("1", "in.csv", "raw", "file", "blake3:00", None, executable=False, size=1, format="csv", execution=None)
MATERIAL = Material("1", "r", "fit", {}, "fit 1 in.csv", "sh", "", {"n": 1}, {}, "", "succeeded", 0, None, "", (), ())


def patched(a: str, difference: str) -> str:
    """What `patch` makes of a text."""
    *before, last = a.split("\n")
    before += [last + MISSING] if last else []
    after: list[str] = []
    at = 0
    for line in difference.split("\n") if difference else ():
        if line.startswith("@@"):
            match = re.match(r"@@ -(\d+)(?:,(\d+))? ", line)
            assert match is not None
            start = int(match[1]) - (match[2] != "0")
            after += before[at:start]
            at = start
        elif line.startswith("+"):
            after.append(line[1:])
        else:
            assert before[at] == line[1:]
            after += [line[1:]] if line.startswith(" ") else []
            at += 1
    lines = after + before[at:]
    text = "".join(f"{line}\n" for line in lines)
    return text.removesuffix(MISSING + "\n") if lines and lines[-1].endswith(MISSING) else text


MISSING = "\\ no newline at the end"


@given(LINES, LINES, st.booleans(), st.booleans(), st.integers(0, 12))
@settings(max_examples=200)
def test_a_difference_leads_from_one_text_to_the_other(
    a: list[str], b: list[str], a_ends: bool, b_ends: bool, equal: int
) -> None:
    """Line by line, whatever the two have in common at their beginning; of equal texts there is none."""
    before = "\n".join(["same"] * equal + a) + ("\n" if a_ends else "")
    after = "\n".join(["same"] * equal + b) + ("\n" if b_ends else "")
    found = unified(before, after)

    assert patched(before, found) == after
    assert (found == "") == (before == after)


def test_a_difference_is_bounded_and_says_so() -> None:
    """However long the texts are, and however much of them differs."""
    lines = unified("".join(f"{n}\n" for n in range(9_000)), "".join(f"{n}!\n" for n in range(9_000))).split("\n")

    assert len(lines) == SHOWN + 2
    assert lines[-2:] == [
        f"… and {2 * COMPARED + 1 - SHOWN:,} more lines of difference",
        f"… compared are {COMPARED:,} lines of each from line 1 on",
    ]
    assert unified("x\n" * 50_000 + "a\n", "x\n" * 50_000 + "b\n").split("\n")[0] == "@@ -49998,4 +49998,4 @@"


@pytest.mark.parametrize("data", [None, b"a\0b", b"\xff\xfe", b"x" * ((1 << 20) + 1)])
def test_what_is_no_text_is_not_shown_as_text(data: bytes | None) -> None:
    """Binary data, other encodings, and what is too long."""
    assert as_text(data) is None
    assert as_text("ü\n".encode()) == "ü\n"


@given(st.lists(st.sampled_from("ab"), max_size=6), st.lists(st.sampled_from("ab"), max_size=6))
def test_changed_words_are_all_that_differs(a: list[str], b: list[str]) -> None:
    """None where commands are equal but for white space; else what is not in both."""
    found = changed_words(" ".join(a), "  ".join(b))

    assert (found == ()) == (a == b)
    assert all(old != new for old, new in found)


def test_a_command_that_differs_by_its_parameters_alone_says_so() -> None:
    """Also within a word; not if anything else differs."""
    a = MATERIAL._replace(command="fit -n=1 in.csv")

    def remark(command: str) -> str:
        found = changes.settings(a, a._replace(command=command, params={"n": 2}))
        return next(change.remark for change in found if change.what == "command")

    assert remark("fit -n=2 in.csv") == BY_PARAMS
    assert remark("fit -n=2 in.csv -v") == ""
    assert remark("fit -n=3 in.csv") == ""


@pytest.mark.parametrize(
    ("old", "new", "a", "b"),
    [
        (0.5, 0.25, "fit -t 0.50 007", "fit -t 0.25 007"),
        (0.5, 0.125, "fit --t=0.50", "fit --t=0.12"),
        (7, 8, "fit 007.csv", "fit 008.csv"),
        (1e-3, 2e-3, "fit 1.0e-03", "fit 2.0e-03"),
        ("a b", "c", "fit 'a b' --as='a b'", "fit c --as=c"),
        ("it's", "a b", "fit 'it'\"'\"'s' x", "fit 'a b' x"),
        ([1, 2], [1, 2, 3], "fit 1 2 -v", "fit 1 2 3 -v"),
        (["x y"], [], "fit 'x y' -v", "fit -v"),
    ],
)
def test_a_value_is_known_as_a_placeholder_writes_it(old: Any, new: Any, a: str, b: str) -> None:
    """With a format, quoted, or as several words."""
    first = MATERIAL._replace(command=a, params={"x": old})

    def remark(command: str, value: Any) -> str:
        found = changes.settings(first, first._replace(command=command, params={"x": value}))
        return next(change.remark for change in found if change.what == "command")

    assert remark(b, new) == BY_PARAMS
    assert remark(f"{b} more", new) == ""
    assert remark(b, old) == ""


def test_a_command_that_differs_by_its_inputs_alone_says_so() -> None:
    """However many came or went, from the folder in which it runs; with parameters that differ it is by both."""
    names = ("in.csv", "-b.csv", "sub/it's c.csv", "sub/d.csv")
    inputs = tuple(PIECE._replace(id=name, path=name) for name in names)
    a = MATERIAL._replace(command="fit in.csv -n 1", inputs=inputs[:1])
    b = a._replace(command="fit in.csv ./-b.csv 'sub/it'\"'\"'s c.csv' -n 1", inputs=inputs[:3])
    c = b._replace(command=b.command.replace("1", "2"), params={"n": 2})
    inner = MATERIAL._replace(cwd="sub", command="fit ../in.csv d.csv", inputs=(inputs[0], inputs[3]))

    def remark(one: Material, other: Material) -> str:
        return next(change.remark for change in changes.settings(one, other) if change.what == "command")

    assert [remark(a, b), remark(b, a), remark(a, c)] == [BY_INPUTS, BY_INPUTS, BY_BOTH]
    assert remark(inner, inner._replace(command="fit ../in.csv", inputs=inputs[:1])) == BY_INPUTS
    assert remark(a, b._replace(command=f"{b.command} -v")) == ""


def test_values_of_two_types_differ() -> None:
    """As in JSON, true is not 1, and 1 is not 1.0; what is not there is nothing."""
    found = changes.settings(
        MATERIAL._replace(params={"x": 1, "y": 1, "z": 1, "gone": 0}),
        MATERIAL._replace(params={"x": True, "y": 1.0, "z": 1}),
    )

    assert [(change.name, change.a, change.b) for change in found] == [("x", 1, True), ("y", 1, 1.0), ("gone", 0, None)]


def test_a_secret_is_only_said_to_be_another_one() -> None:
    """One that was not set before is told as that."""
    a = MATERIAL._replace(environment={"KEY": "salted-blake3:00", "NEW": None})
    b = MATERIAL._replace(environment={"KEY": "salted-blake3:01", "NEW": "salted-blake3:02"})

    assert [change.remark for change in changes.settings(a, b)] == [ANOTHER_SECRET, ""]


def test_inputs_belong_together_by_role_and_path() -> None:
    """Else if they are the only ones of their role; the others came and went."""
    moved, more = PIECE._replace(path="b.csv"), PIECE._replace(path="c.csv")
    executable = PIECE._replace(executable=True)

    def told(a: tuple[Piece, ...], b: tuple[Piece, ...]) -> list[tuple[object, ...]]:
        return [(one.name, one.a, one.b, one.remark) for one, _ in changes.pieces("input", a, b)]

    assert told((PIECE,), (PIECE._replace(id="2"),)) == []
    assert told((PIECE,), (executable,)) == [("in.csv", "blake3:00", "blake3:00+x", "")]
    assert told((PIECE,), (moved,)) == [("raw", "in.csv", "b.csv", f"{ANOTHER_PATH}, the same bytes")]
    assert told((PIECE,), (moved, more)) == [
        ("in.csv", "blake3:00", None, ""), ("b.csv", None, "blake3:00", ""), ("c.csv", None, "blake3:00", ""),
    ]  # fmt: skip


PIECES = st.lists(
    st.builds(
        lambda path, role, digest: PIECE._replace(path=path, role=role, digest=digest),
        st.sampled_from("abc"), st.sampled_from("rs"), st.sampled_from(["blake3:0", "blake3:1"]),
    ),
    max_size=5, unique_by=lambda piece: (piece.role, piece.path),
)  # fmt: skip


@given(PIECES, PIECES)
def test_every_input_is_in_one_pair(a: list[Piece], b: list[Piece]) -> None:
    """None is lost and none is told twice; and the other way round the same is told with its sides changed."""
    found = changes.pairs(a, b)
    turned = changes.pairs(b, a)

    assert sorted(one for one, _ in found if one is not None) == sorted(a)
    assert sorted(one for _, one in found if one is not None) == sorted(b)
    assert {(y, x) for x, y in turned} == set(found)


def test_what_several_tasks_have_in_common_is_told_once() -> None:
    """With their names; causes stand before what came of them, and are looked into once only."""
    grouped = Grouped()
    looked: list[Change] = []

    def explained(change: Change) -> Change:
        looked.append(change)
        return change._replace(text="more")

    for task in ("one", "two"):
        grouped.add(task, Change("output", "x", "1", "2"), explained)
        grouped.add(task, Change("command", "command", f"do 1 {task}", f"do 2 {task}"))
    grouped.add("three", Change("output", "x", "1", "3"))
    grouped.add("", Change("param", "x", 1, 2))

    assert [(one.what, one.b, one.tasks, one.text) for one in grouped.changes()] == [
        ("param", 2, (), ""), ("command", "do 2 one", ("one", "two"), ""), ("output", "2", ("one", "two"), "more"),
        ("output", "3", ("three",), ""),
    ]  # fmt: skip
    assert len(looked) == 1

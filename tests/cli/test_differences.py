"""Differences of records as text: what a person sees, at which width, and nothing that could steer the terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.cli import differences
from provstore.cli.tables import columns_of
from provstore.model.comparison import Comparison, Difference
from provstore.operations.diff.report import ORDER, Change, DiffReport, RecordsReport, Side

A = Side("01a2034f-c7ac", "01a2034f", "sample@n=1", "2026-11-21T10:01:20.000000Z", "succeeded")
B = Side("01a20350-1111", "01a20350-1", "sample@n=1", "2026-11-22T10:01:20.000000Z", "failed")
DIFFERENT = Comparison("different", "csv", (Difference("values", True, ("column y",), "value", "1", "2"),))


def shown(*changes: Change, kind: str = "execution", width: int | None = None, **more: object) -> list[str]:
    report = RecordsReport(kind, A, B, changes)._replace(**more)  # type: ignore[arg-type]
    return differences.report_text(report, width=width).splitlines()


def test_the_head_says_what_is_compared() -> None:
    """A line for each: kind, id as far as it has to be typed, time, task, outcome."""
    assert shown() == [
        "- execution 01a2034f    2026-11-21 10:01:20Z  sample@n=1  succeeded",
        "+ execution 01a20350-1  2026-11-22 10:01:20Z  sample@n=1  failed",
        "  nothing that was recorded of the two executions differs",
    ]


LINES = [
    (Change("param", "seed", 42, 43), ["  param     seed: 42 → 43"]),
    (Change("param", "on", True, None), ["  param     on: true → nothing"]),
    (Change("env", "LEVEL", None, "3"), ["  env       LEVEL: not set → 3"]),
    (Change("env", "KEY", "salted-blake3:0", "salted-blake3:1", remark="another secret"),
     ["  env       KEY: another value, which is secret"]),
    (Change("command", "command", "do a", "do b"), ["  command   - do a", "            + do b"]),
    (Change("command", "command", "do a", "do b", remark="by its parameters"),
     ["  command   a → b (by its parameters)"]),
    (Change("command", "command", "do  a", "do a", tasks=("x", "y")), ["  command   white space  (x, y)"]),
    (Change("command", "command", "a\nb", "a\nc", text="@@ -1,2 +1,2 @@\n a\n-b\n+c"),
     ["  command   the script", "              @@ -1,2 +1,2 @@", "               a", "              -b",
      "              +c"]),
    (Change("code", "commit", "a" * 40, "b" * 40, remark="git does not have both"),
     ["  code      commit: aaaaaaaaaaaa → bbbbbbbbbbbb (git does not have both)"]),
    (Change("code", "commit", "a" * 40, "b" * 40, inside=(Change("code", "x.py", 1, 12, remark="lines"),
                                                          Change("code", "x.bin", None, None, remark="no text"))),
     ["  code      commit: aaaaaaaaaaaa → bbbbbbbbbbbb", "              x.py  +12 −1",
      "              x.bin  (no text)"]),
    (Change("code", "uncommitted changes", None, "blake3:00"), ["  code      uncommitted changes: there are some now"]),
    (Change("code", "uncommitted changes", "blake3:01", "blake3:00"), ["  code      uncommitted changes: others"]),
    (Change("input", "a.csv", None, "blake3:" + "0" * 64), ["  input     a.csv: only now"]),
    (Change("input", "a.csv", "blake3:" + "0" * 64, None), ["  input     a.csv: no longer"]),
    (Change("input", "a.csv", "blake3:" + "0" * 64, "blake3:" + "1" * 64 + "+x"),
     ["  input     a.csv: blake3:000000000000 → blake3:111111111111+x"]),
    (Change("input", "raw", "a", "b", remark="another path"), ["  input     raw: a → b (another path)"]),
    (Change("output", "a.csv", "blake3:0", "blake3:1", comparison=DIFFERENT),
     ["  output    a.csv", "              different as csv data: 1 difference of values",
      "                column y", "                  values: 1 → 2"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "lines"), LINES)
def test_each_kind_of_change_is_told_in_its_way(change: Change, lines: list[str]) -> None:
    """In a line if it fits, with what differs in it below."""
    assert shown(change)[2:] == lines


def test_of_two_runs_outputs_are_told_in_short() -> None:
    """A line for each; tasks by their names, many by their number; inputs that tasks made by their names alone."""
    lines = shown(
        Change("input", "a.csv", "blake3:0", "blake3:1", tasks=("fit",)),
        Change("output", "a.csv", "blake3:0", "blake3:1", tasks=("one",), comparison=DIFFERENT),
        Change("output", "b.txt", "blake3:0", "blake3:1", tasks=("a@n=1", "a@n=2", "a@n=3", "b"),
               text="@@\n-a\n+b\n+c"),
        Change("output", "c", "blake3:0", "blake3:1", tasks=("c",), inside=(Change("output", "x", "1", "2"),)),
        kind="run", only_a=["x@n=1", "x@n=2", "x@n=3", "x@n=4"], only_b=["y"],
    )[2:]  # fmt: skip

    assert lines == [
        "  input     a.csv: other bytes  (fit)",
        "  output    a.csv: 1 difference of values  (one)",
        "            b.txt: +2 −1 lines  (a (3 tasks), b)",
        "            c: 1 of its files  (c)",
        "  only -    executed x (4 tasks)",
        "  only +    executed y",
    ]


def test_a_screen_is_not_flooded() -> None:
    """Files of one stage share a line; of what does not, so many are shown, and the others are counted."""
    files = [Change("output", f"out/{n}", "blake3:0", "blake3:1", tasks=(f"a@n={n}",)) for n in range(50)]
    others = [Change("param", f"p{n}", 0, 1) for n in range(50)]
    text = "\n".join(f"+{n}" for n in range(100))
    lines = shown(*others, Change("code", "Pipelinefile.toml", "1", "2", text=text), *files, kind="run")[2:]

    assert lines[12] == "            … and 38 more, which --json lists"
    assert lines[13] == "  code      Pipelinefile.toml"
    assert lines[-2:] == [
        "              … and 89 more lines",
        "  output    out/0, out/1 and 48 more: other bytes  (a (50 tasks))",
    ]


def test_versions_are_shown_with_what_they_are() -> None:
    """Texts by their lines; what is not at hand by its digest."""
    report = DiffReport("dataset", "1", "2", DIFFERENT, (), ("x.csv@1", "x.csv@2"))
    by_text = report._replace(text="@@ -1 +1 @@\n-a\n+b")
    by_digest = report._replace(changes=(Change("content", "x", "blake3:0", "blake3:1", remark="not at hand"),))

    assert differences.report_text(report).splitlines()[:3] == [
        "- x.csv@1", "+ x.csv@2", "different as csv data: 1 difference of values",
    ]  # fmt: skip
    assert differences.report_text(by_text).splitlines()[2:] == ["different:", "@@ -1 +1 @@", "-a", "+b"]
    assert differences.report_text(by_digest).splitlines()[2:] == [
        "different by its digest alone", "x: blake3:0 → blake3:1 (not at hand)",
    ]  # fmt: skip
    assert differences.report_json(by_digest)["differences"][-1]["remark"] == "not at hand"  # type: ignore[index, call-overload]


TEXTS = st.text(max_size=40)
VALUES = st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS, max_size=3)
CHANGES = st.builds(
    Change, st.sampled_from(ORDER), TEXTS, VALUES, VALUES, TEXTS, st.lists(TEXTS, max_size=5).map(tuple), TEXTS,
    st.none() | st.just(DIFFERENT), st.lists(st.builds(Change, st.just("input"), TEXTS, VALUES, VALUES), max_size=2)
    .map(tuple), TEXTS,
)  # fmt: skip


@given(st.lists(CHANGES, max_size=6), st.sampled_from(["run", "execution", "dataset"]), st.integers(60, 100))
@settings(max_examples=150)
def test_whatever_was_recorded_is_shown_harmlessly_and_fits(changes: list[Change], kind: str, width: int) -> None:
    """No character steers the terminal, no line is wider than it, and JSON says all of it."""
    report = RecordsReport(kind, A, B, sorted(changes, key=lambda change: ORDER.index(change.what)))
    text = differences.report_text(report, width=width)

    assert text.replace("\n", "").isprintable()
    assert all(columns_of(line) <= width for line in text.split("\n"))
    found = json.loads(json.dumps(differences.report_json(report)))
    assert [one["name"] for one in found["differences"]] == [change.name for change in report.differences]

"""Comparisons as text: a headline that says how far two files are equal, and a tree of what differs where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.cli import comparison
from provstore.cli.diff import tolerance_from
from provstore.cli.tables import columns_of
from provstore.errors import UsageError
from provstore.model.comparison import Comparison, Difference, Numbers
from provstore.operations.diff import DiffReport

DIGESTS = ("hdf5/1:00", "hdf5/1:01")


def differs(kind: str, place: str = "", what: str = "value", a: str = "1", b: str = "2",
            numbers: Numbers | None = None) -> Difference:  # fmt: skip
    """A difference at ``a/b/c``."""
    parts = tuple(place.split("/")) if place else ()
    return Difference(kind, kind not in ("storage", "bytes only"), parts, what, a, b, numbers)


def shown(found: Comparison, width: int | None = None) -> list[str]:
    return comparison.diff_text(DiffReport("file", "a", "b", found, ()), width=width).splitlines()


def compared(*differences: Difference, verdict: str = "different", unavailable: str = "", truncated: bool = False,
             format: str = "hdf5") -> Comparison:  # fmt: skip
    return Comparison(verdict, format, differences, unavailable, DIGESTS, truncated)


HEADLINES = [
    (compared(verdict="identical"), "identical: the same bytes"),
    (
        compared(differs("storage", "x", "chunking"), differs("storage", "y", "chunking"),
                 differs("storage", "x", "compression"), verdict="equivalent"),
        "equivalent: equal as hdf5 data, except: chunking, compression",
    ),
    (compared(differs("bytes only", what="bytes"), verdict="equivalent"),
     "equivalent: equal as hdf5 data, except: bytes"),
    (compared(verdict="within tolerance"), "within tolerance: as hdf5 data nothing differs by more"),
    (
        compared(differs("storage", what="order"), verdict="within tolerance"),
        "within tolerance: as hdf5 data nothing differs by more; besides: order",
    ),
    (compared(differs("values")), "different as hdf5 data: 1 difference of values"),
    (
        compared(differs("values"), differs("metadata"), differs("structure"), differs("values")),
        "different as hdf5 data: 1 difference of structure, 2 of values, 1 of metadata",
    ),
    (compared(differs("values"), differs("storage", what="order")),
     "different as hdf5 data: 1 difference of values; besides: order"),
    (compared(differs("values"), truncated=True), "different as hdf5 data: more than 1 difference of values"),
    (compared(differs("values"), format="bytes"), "different in bytes"),
    (compared(differs("values"), unavailable="line 3"), "different in bytes"),
    (compared(differs("bytes only", what="bytes")), "different as hdf5 data; besides: bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "headline"), HEADLINES)
def test_the_headline_says_how_far_they_are_equal(found: Comparison, headline: str) -> None:
    """And in which kinds they differ, in the order of their weight."""
    assert shown(found)[0] == headline


def test_why_bytes_decide_stands_below_the_headline() -> None:
    """In the words that a run has for it."""
    lines = shown(compared(differs("values"), unavailable="the first file: line 3: \x1b[1m"))

    assert lines[1] == "semantic: unavailable: the first file: line 3: \\x1b[1m"


def test_differences_stand_at_their_places() -> None:
    """A place without siblings shares a line with the one around it; what differs there comes by kind."""
    found = compared(
        differs("values", "images/flux"),
        differs("values"),
        differs("storage", "images/flux", "chunking", "(1,)", ""),
        differs("structure", "images/flux", "shape", "(3,)", "(4,)"),
        differs("metadata", "images/mask/deep/er", "attribute unit", "", "Jy"),
        differs("structure", "other", "missing", "float64", ""),
        differs("structure", "other", "order", "", ""),
    )

    assert shown(found)[1:] == [
        "  values: 1 → 2",
        "  images",
        "    flux",
        "      structure: shape: (3,) → (4,)",
        "      values: 1 → 2",
        "      storage: chunking: (1,) → nothing",
        "    mask/deep/er",
        "      metadata: attribute unit: nothing → Jy",
        "  other",
        "    structure: missing: float64",
        "    structure: order",
    ]


NUMBERS = [
    (
        Numbers(3, 1000, 1e-9, 4.9e-9, 36, (3, 4), 1),
        "3 of 1,000, largest absolute error 1e-09, relative 4.9e-09, 36 ULPs, NaN gained 1, first at [3, 4]: 1 → 2",
    ),
    (Numbers(1, 9, 0.5, None, 1, (0,)), "1 of 9, largest absolute error 0.5, 1 ULP, first at [0]: 1 → 2"),
    (Numbers(2, 9, 0.0, 0.0, 0, (0,), 1, 1), "2 of 9, NaN gained 1, lost 1, first at [0]: 1 → 2"),
    (Numbers(2, 9, None, None, None, (8,)), "2 of 9, first at [8]: 1 → 2"),
    (Numbers(1, 1, 1.0, 0.5, 4, ()), "1 → 2, absolute error 1, relative 0.5, 4 ULPs"),
    (Numbers(1, 1, None, None, None, ()), "1 → 2"),
    (Numbers(1, 1, 0.0, 0.0, None, (), 1), "1 → 2"),
]


@pytest.mark.parametrize(("numbers", "text"), NUMBERS)
def test_numbers_are_told_by_how_many_and_how_far(numbers: Numbers, text: str) -> None:
    """What is not known, or says nothing, is left out."""
    assert shown(compared(differs("values", what="values", numbers=numbers)))[1] == f"  values: {text}"


def test_what_is_said_of_the_data_is_named_beside_numbers() -> None:
    """An attribute that differs in numbers is told by its name; values have that of their place."""
    numbers = Numbers(1, 1, 1.0, 0.5, None, (), 0, 0)
    found = compared(differs("metadata", "x", "attribute gain", numbers=numbers),
                     differs("values", "x", "values", numbers=numbers))  # fmt: skip

    assert shown(found)[2:] == [
        "    values: 1 → 2, absolute error 1, relative 0.5",
        "    metadata: attribute gain: 1 → 2, absolute error 1, relative 0.5",
    ]


def test_texts_of_several_lines_are_shown_as_a_unified_diff() -> None:
    """Each line harmless, and marked with its side."""
    found = compared(differs("values", "line 3", "text", "old\n\x1b[2J\n", "new\n"))

    assert shown(found)[1:] == ["  line 3", "    values: text", "    -old", "    -\\x1b[2J", "    +new"]


def test_names_and_values_cannot_steer_the_terminal() -> None:
    """Neither a place, nor what differs, nor a value."""
    lines = shown(compared(Difference("values", True, ("a\x1b[1m\nb",), "w\rx", "1\x07", "\u202e2")))

    assert lines[1:] == ["  a\\x1b[1m\\nb", "    values: w\\rx: 1\\x07 → \\u202e2"]


def test_an_empty_name_is_seen() -> None:
    """JSON has such keys."""
    assert shown(compared(Difference("values", True, ("a", ""), "value", "1", "2")))[1:] == [
        "  a/''",
        "    values: 1 → 2",
    ]


def test_many_differences_are_counted() -> None:
    """Places beyond some forty at one place, and differences at it."""
    places = [differs("values", f"row {number}") for number in range(1000)]
    lines = shown(compared(*places, *[differs("metadata") for _ in range(50)], truncated=True))

    assert len(lines) < 150
    assert "  … and 10 more here" in lines
    assert "  … and 960 more places, with 960 differences" in lines
    assert lines[-1] == "… and more, which are not listed"


def test_the_deepest_places_can_be_shown() -> None:
    """No depth is too deep, and the tree stays on the screen."""
    deep = [Difference("values", True, tuple("x" * number), "value", "1", "2") for number in range(0, 3000, 100)]
    lines = shown(compared(*deep), 80)

    assert sum("1 → 2" in line for line in lines) == 30
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("width", [30, 80])
@settings(max_examples=50)
@given(st.lists(st.tuples(st.lists(st.text(max_size=9), max_size=3), st.text(), st.text(), st.text()), max_size=4))
def test_no_line_is_wider_than_the_terminal(width: int, entries: list[tuple[list[str], str, str, str]]) -> None:
    """Whatever is in it, wide characters too."""
    found = compared(*[Difference("values", True, tuple(place), what, a, b) for place, what, a, b in entries])

    assert max(map(columns_of, shown(found, width))) <= width


@given(st.text(alphabet="ab ö漢é\u0301", max_size=60), st.integers(24, 60))
def test_wrapping_loses_no_letter(text: str, width: int) -> None:
    """Only spaces at ends of lines."""
    lines = comparison.wrapped(text, width, 2)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert "\n".join(comparison.wrapped(text, None, 2)) == text


@pytest.mark.parametrize(
    ("text", "tolerance"),
    [
        ("rtol=1e-6,atol=0", (0.0, 1e-6)),
        ("atol=2", (2.0, 0.0)),
        ("rtol=.5", (0.0, 0.5)),
        ("atol=0.1, rtol=1", (0.1, 1.0)),
    ],
)
def test_a_tolerance_is_read(text: str, tolerance: tuple[float, float]) -> None:
    """As (absolute, relative); what is not named is 0."""
    assert tolerance_from(text) == tolerance


@pytest.mark.parametrize("text", ["", "1e-6", "rtol", "rtol=", "rtol=x", "rtol=-1", "rtol=nan", "rtol=inf", "x=1",
                                  "rtol=1,rtol=1", "rtol=1,", "rtol=1;atol=1"])  # fmt: skip
def test_what_is_no_tolerance_is_refused(text: str) -> None:
    """The message says what was found, and what a tolerance looks like."""
    with pytest.raises(UsageError, match=r"--tolerance: found '.*', expected rtol=NUMBER or atol=NUMBER"):
        tolerance_from(text)


def test_colour_is_for_verdicts_kinds_and_sides() -> None:
    """It is added last, and changes nothing else."""

    def style(text: str, state: str) -> str:
        return f"<{state}>{text}</>"

    found = compared(differs("values", "values", "values", "a\nb", "values"), differs("storage", what="storage"))
    text = comparison.diff_text(DiffReport("file", "a", "b", found, ()), style, 80)

    assert text.splitlines() == [
        "<different>different</> as hdf5 data: 1 difference of values; besides: storage",
        "  <storage>storage</>: storage: 1 → 2",
        "  values",
        "    <values>values</>: values",
        "<->    -a</>",
        "<->    -b</>",
        "<+>    +values</>",
    ]


def test_the_json_is_the_contract() -> None:
    """Fields may be added, and are never renamed."""
    numbers = Numbers(1, 2, 0.5, None, 1, (1,))
    found = compared(differs("values", "x/y", "values", numbers=numbers), differs("storage", what="order"))
    report = comparison.diff_json(DiffReport("file", "one", "two", found, ()))

    assert json.loads(json.dumps(report)) == {
        "kind": "file", "a": "one", "b": "two", "verdict": "different", "format": "hdf5", "digests": list(DIGESTS),
        "unavailable": None, "truncated": False,
        "differences": [
            {"what": "content", "name": "x/y", "kind": "values", "detail": "values", "a": "1", "b": "2",
             "numbers": {"count": 1, "total": 2, "absolute": 0.5, "relative": None, "ulps": 1, "first": [1],
                         "nan_gained": 0, "nan_lost": 0}},
            {"what": "content", "name": "", "kind": "storage", "detail": "order", "a": "1", "b": "2", "numbers": None},
        ],
    }  # fmt: skip

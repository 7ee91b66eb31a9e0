"""Expressions of the Rubin Butler's users and of its own tests in our language: which are understood, and which not."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from uuid import UUID

import numpy
import pytest

from provstore.errors import QueryError
from provstore.query import check_where, matches, parse_where, printed


@pytest.mark.parametrize(
    ("text", "printed_as"),
    [
        ("1 = 2", "1 = 2"),
        ("a = -5", "a = -5"),
        ("a = +1.5e-10", "a = 1.5e-10"),
        ("a in (.5e-2, -.25, 999., 1.e5, .2E5)", "a IN (0.005, -0.25, 999.0, 100000.0, 20000.0)"),
        ("+a = 1./2", "0 + a = 1.0 / 2"),
        ("a in (1 .. 5, 7..9)", "a IN (1..5, 7..9)"),
        ("(a = 1)", "a = 1"),
        ("((a = 1)) or (b = 2)", "a = 1 OR b = 2"),
        ("a.b = 123 AND c.d = 'x'", "a.b = 123 AND c.d = 'x'"),
        ("a.b.c != 'STRING'", "a.b.c != 'STRING'"),
        ("x > 0 and y < 0 or not z = 1", "x > 0 AND y < 0 OR NOT z = 1"),
        ("a = 1 OR b = 2 AND c = 3", "a = 1 OR b = 2 AND c = 3"),
        ("NOT a = 1 AND b = 2", "NOT a = 1 AND b = 2"),
        ("NOT (NOT a = 1)", "NOT NOT a = 1"),
        ("instrument = 'HSC' AND visit.exposure_time > 30", "instrument = 'HSC' AND visit.exposure_time > 30"),
        ("visit.exposure_time < 60.0 * 2", "visit.exposure_time < 60.0 * 2"),
        ("skymap = 'rings' and tract=9697 and patch in (4, 5..8)",
         "skymap = 'rings' AND tract = 9697 AND patch IN (4, 5..8)"),
        ("visit in (1, 2, 5..10:2, 100)", "visit IN (1, 2, 5..10:2, 100)"),
        ("visit Not In (1..3)", "visit NOT IN (1..3)"),
        ("visit IN (-5..-1, 0 .. 5 : 5)", "visit IN (-5..-1, 0..5:5)"),
        ("band in ('g', 'r', 'it''s')", "band IN ('g', 'r', 'it''s')"),
        ("band IN (:bands) and visit = :visit", "band IN (:bands) AND visit = :visit"),
        ("(detector + 1) * 2 - 3 / 4 % 5 = 0", "(detector + 1) * 2 - 3 / 4 % 5 = 0"),
        ("detector.purpose = 'SCIENCE' and exposure.day_obs = 20200101",
         "detector.purpose = 'SCIENCE' AND exposure.day_obs = 20200101"),
        ("GLOB(detector.full_name, 'A*')", "GLOB(detector.full_name, 'A*')"),
        ("glob(group, '2026-??-*')", "GLOB(group, '2026-??-*')"),
        ("NOT glob(group, :pattern)", "NOT GLOB(group, :pattern)"),
        ("visit = NULL or NULL != seq", "visit = NULL OR NULL != seq"),
        ("visit.begin > T'2020-03-30'", "visit.begin > T'2020-03-30T00:00:00'"),
        ("visit.end <= t'2020-03-30T12:20:33.5'", "visit.end <= T'2020-03-30T12:20:33.500000'"),
        ("visit.timespan OVERLAPS (T'2020-01-01', T'2020-01-02')",
         "visit.timespan OVERLAPS (T'2020-01-01T00:00:00', T'2020-01-02T00:00:00')"),
        ("(NULL, :end) overlaps visit.timespan", "(NULL, :end) OVERLAPS visit.timespan"),
        ("visit.timespan OVERLAPS T'2020-01-01T12:00:00'", "visit.timespan OVERLAPS T'2020-01-01T12:00:00'"),
        ("visit_detector_region.region OVERLAPS POINT(53.6, -32.7)",
         "visit_detector_region.region OVERLAPS POINT(53.6, -32.7)"),
        ("tract.region OVERLAPS circle(:ra, :dec, 1 / 60)", "tract.region OVERLAPS CIRCLE(:ra, :dec, 1 / 60)"),
        ("NOT (visit.region OVERLAPS Box(359, 1, -1, 1)) AND band = 'i'",
         "NOT visit.region OVERLAPS BOX(359, 1, -1, 1) AND band = 'i'"),
        ("POLYGON(0, 0, 1, 0, 1, 1) OVERLAPS tract.region", "POLYGON(0, 0, 1, 0, 1, 1) OVERLAPS tract.region"),
        ("visit.region OVERLAPS :region", "visit.region OVERLAPS :region"),
        ("raw.dataset.size > 0", "raw.dataset.size > 0"),
        ("", ""),
        ("  \n\t", ""),
    ],
)  # fmt: skip
def test_valid(text, printed_as):
    """They are read, and this is what is read."""
    assert printed(parse_where(text)) == printed_as


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "visit",
        "'string'",
        "visit AND band",
        "NOT visit",
        "a.b.c.d = 1",
        "a..b = 1",
        "a. = 1",
        "1a = 1",
        "visit = 1 visit = 2",
        "visit = ",
        "= 1",
        "visit = 1 AND",
        "OR visit = 1",
        "visit == 1",
        "visit <> 1",
        "visit = 1 && band = 'r'",
        "visit = 1; band = 'r'",
        "1 < visit < 3",
        "visit = 1 = 2",
        "visit IN 1",
        "visit IN ()",
        "visit IN (1, )",
        "visit IN (1 2)",
        "visit IN (1, 'r')",
        "visit IN (band)",
        "visit IN (10..1)",
        "visit IN (1..10:0)",
        "visit IN (1..10:-1)",
        "visit IN (1..10:2:3)",
        "visit IN (1..)",
        "visit IN (..5)",
        "visit IN (1...5)",
        "visit = 1.5.2",
        "visit = 1.x",
        "visit = .",
        "visit.5 = 1",
        "+'r' = band",
        "visit IN (1.5..2)",
        "visit IN (:first..:last)",
        "visit = 1..10",
        "visit = (1, 2)",
        "visit = 'r' + 1",
        "band = \"r\"",
        "band = 'r",
        "band = r'",
        "(visit = 1",
        "visit = 1)",
        "()",
        "band LIKE 'r%'",
        "band IS NULL",
        "visit BETWEEN 1 AND 2",
        "visit < NULL",
        "visit.begin > T'mjd/58938.5'",
        "visit.begin > T'2020-13-01'",
        "visit.begin > T 2020",
        "UUID('a') = x",
        "GLOB('a', band)",
        "GLOB(band)",
        "GLOB(band, 'a', 'b')",
        "GLOB(band, 1)",
        "band GLOB 'a'",
        "visit.region OVERLAPS",
        "visit.region OVERLAPS CIRCLE(1, 2)",
        "visit.region OVERLAPS POINT(1, 2, 3)",
        "visit.region OVERLAPS POLYGON(1, 2, 3, 4)",
        "visit.region OVERLAPS REGION('circle', 1)",
        "visit.region OVERLAPS CIRCLE('1', 2, 3)",
        "visit.region = POINT(1, 2)",
        "visit.timespan OVERLAPS (T'2020-01-01')  OVERLAPS x",
        "visit.timespan OVERLAPS (1, 2)",
        "visit.timespan OVERLAPS (T'2020-01-01', T'2020-01-02', NULL)",
        "visit.timespan OVERLAPS POINT(1, 2) AND (T'2020-01-01', NULL) OVERLAPS POINT(1, 2)",
        "a = $b",
        "a = ?",
        "a = :1",
        "a = #1",
        "a = b'x'",
        "[a] = 1",
        "a -> b = 1",
        "a || b = 'c'",
        "~a = 1",
        "a = TRUE AND TRUE",
        "TRUE < FALSE",
    ],
)  # fmt: skip
def test_invalid(text):
    """They are errors, with their place, before any name is looked at."""
    with pytest.raises(QueryError, match=r"^line 1, column \d+: "):
        parse_where(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("visit = :x", numpy.int16(101)),
        ("visit = :x", numpy.float32(101)),
        ("flag = :x", numpy.bool_(True)),
        ("visit in (:x)", numpy.array([100, 101])),
        ("visit not in (:x)", numpy.array([], dtype=int)),
        ("begin = :x", date(2026, 11, 21)),
        ("begin = :x", datetime(2026, 11, 21)),
        ("id in (:x)", {UUID("0190a1b2-0000-7000-8000-000000000001")}),
    ],
)
def test_bound(text, value):
    """Values of those libraries that people have their values from are values."""
    id = "0190a1b2-0000-7000-8000-000000000001"
    row = {"visit": 101, "flag": True, "begin": "2026-11-21T00:00:00Z", "id": id}
    tree = parse_where(text)
    check_where(tree, {"visit": "number", "flag": "boolean", "begin": "time", "id": "text"}, {"x": value})

    assert matches(tree, row, {"x": value})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (numpy.array([1]), "':x' is a list, which may stand inside IN"),
        (numpy.datetime64("2026-11-21", "ns"), "expected text, a number or a time"),
        (datetime.max.replace(tzinfo=timezone(-timedelta(hours=5))), "':x' is 9999-12-31T23:59:59.999999-05:00, which"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), "in no year of UTC from 1 to 9999"),
    ],
)
def test_not_bound(value, message):
    """A list outside of IN, a time in units that nobody names, and one that UTC does not have are errors."""
    with pytest.raises(QueryError, match=message):
        check_where(parse_where("visit = :x"), {"visit": None}, {"x": value})


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("visit.timespan.begin", "visit.begin"),
        ("timespan.end", "end"),
        ("visit.id", "visit"),
        ("visit.visit", "visit"),
        ("run", "dataset.run"),
    ],
)
def test_their_names(name, ours):
    """What they call otherwise, the hint says as we spell it."""
    known = dict.fromkeys(("visit", "visit.begin", "visit.timespan", "timespan", "end", "dataset.run", "rung"))
    with pytest.raises(QueryError) as caught:
        check_where(parse_where(f"{name} = 1"), known)

    assert caught.value.hint == f"did you mean '{ours}'?"

"""What pages are made of: colours that can be read, text that can do no harm, words for people."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.web import colours
from provstore.web.page import environment, style_text
from provstore.web.words import count_text, log_lines, seconds_text, size_text


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """From 1, the same, to 21, black on white."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def variables(dark: bool) -> dict[str, str]:
    """Colours of the page's own style, by name."""
    blocks = re.findall(r":root \{([^}]*)\}", style_text())
    return dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[1 if dark else 0]))


MODES = [
    (colours.LIGHT, colours.LIGHT_INK, colours.LIGHT_PAPER, False),
    (colours.DARK, colours.DARK_INK, colours.DARK_PAPER, True),
]


@pytest.mark.parametrize(("states", "ink", "paper", "dark"), MODES, ids=["light", "dark"])
def test_everything_can_be_read(states: dict[str, tuple[str, str]], ink: str, paper: str, dark: bool) -> None:
    """Text has a contrast of 4.5 to what it stands on, lines of 3 (WCAG 2.2, AA)."""
    own = variables(dark)
    texts = [(ink, fill) for fill, _ in states.values()]
    texts += [(own[name], ground) for name in ("quiet", "link") for ground in (paper, own["raised"])]
    texts += [(states["failed"][1], own["raised"]), (own["fresh-text"], own["raised"])]
    lines = [(line, ground) for fill, line in states.values() for ground in (paper, fill)] + [(own["edge"], paper)]

    assert {pair for pair in texts if contrast(*pair) < 4.5} == set()
    assert {pair for pair in lines if contrast(*pair) < 3} == set()


def test_every_state_has_colours_in_light_and_dark() -> None:
    """The same ones in both."""
    assert colours.LIGHT.keys() == colours.DARK.keys()
    assert set(colours.LIKE) <= colours.LIGHT.keys()


@given(st.text())
def test_no_text_becomes_markup(text: str) -> None:
    """Whatever it is: between tags and in an attribute."""
    page = environment().from_string('<p title="{{ text }}">{{ text }}</p>').render(text=text)
    inside = page.removeprefix('<p title="').removesuffix("</p>")

    assert inside.count('"') == 1
    assert not set("<>") & set(inside.replace('">', "", 1))
    assert inside.isprintable()


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        (b"\x1b[1;31mred\x1b[0m\n", ["red"]),
        (b"\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", ["textlink"]),
        (b"10 %\r50 %\r100 %\r\nend", ["100 %", "end"]),
        (b"a\tb\x00\x07\xff\n", ["a       b\\x00\\x07\ufffd"]),
        ("\u202egnp.exe\n\n".encode(), ["\\u202egnp.exe"]),
        (b"\x1b]never ends", [""]),
        (b"", [""]),
    ],
)
def test_logs_are_shown_as_a_terminal_would(log: bytes, lines: list[str]) -> None:
    """Without colours, titles and what was written over; what is left and not seen is spelled out."""
    assert log_lines(log, is_cut=False) == lines


@given(st.binary(max_size=300), st.booleans())
def test_no_log_can_do_any_harm(log: bytes, is_cut: bool) -> None:
    """Any bytes become lines of printable characters."""
    assert all(line.isprintable() for line in log_lines(log, is_cut=is_cut))


def test_the_first_line_of_a_cut_log_is_left_out() -> None:
    """It may be half of one; the only one is better than nothing."""
    assert log_lines(b"lf a line\nwhole\n", is_cut=True) == ["whole"]
    assert log_lines(b"all there is", is_cut=True) == ["all there is"]
    assert len(log_lines(b"line\n" * 1000, is_cut=True)) < 100
    assert len(log_lines(b"x" * 100_000, is_cut=False)[0]) < 2000


def test_numbers_are_words_for_people() -> None:
    """Durations, sizes, counts."""
    assert [seconds_text(value) for value in (None, 0.004, 0.9999, 7.44, 59.99, 187, 7500)] == [
        *("–", "4 ms", "1.0 s", "7.4 s", "0 min 59 s", "3 min 07 s", "2 h 05 min")
    ]
    assert [size_text(value) for value in (0, 1023, 1536, 5 << 30, 9 << 50)] == [
        *("0 B", "1023 B", "1.5 KiB", "5.0 GiB", "9216.0 TiB")
    ]
    assert [count_text(1, "task"), count_text(5000, "task"), count_text(2, "match", "matches")] == [
        *("1 task", "5,000 tasks", "2 matches")
    ]

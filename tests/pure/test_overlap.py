"""May two templates name one path? "No" is a promise."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.pipelinefile.overlap import relation, shape
from provstore.pipelinefile.templates import Axis, Matcher, fields

NAMES = st.text("ab.*?[]", min_size=1, max_size=4).filter(lambda name: name not in (".", "..") and name[0] != ".")
PATHS = st.lists(NAMES, min_size=1, max_size=4)
INVERSE = {"same": "same", "none": "none", "below": "above", "above": "below"}


def escaped(text):
    return re.sub(r"[*?\[]", r"[\g<0>]", text)


@st.composite
def segments(draw, name, *, glob):
    """A segment that the name fits: parts of it are fields or, in an input, globs."""
    cuts = sorted(draw(st.lists(st.integers(0, len(name)), max_size=2)))
    parts = [name[start:end] for start, end in zip([0, *cuts], [*cuts, len(name)], strict=True)]
    out = ""
    for part in parts:
        ways = ["literal"] + (["field"] if part else []) + (["star", "marks", "set", "not"] if glob else [])
        way = draw(st.sampled_from(ways))
        if way == "literal":
            out += escaped(part) if glob else part
        elif way == "field":
            out += "{field}"
        elif way == "star":
            out += "*"
        elif way == "marks":
            out += "?" * len(part)
        else:
            out += "".join(f"[{']' if letter == ']' else ''}b{letter if letter != ']' else ''}]" if way == "set"
                           else "[!z]" for letter in part)  # fmt: skip
    return "*" if glob and out == "**" else out


@st.composite
def templates(draw, names, *, glob):
    """A template that the path fits."""
    out = []
    for name in names:
        if glob and draw(st.integers(0, 4)) == 0:
            if not out or out[-1] != "**":
                out.append("**")
            if draw(st.booleans()):
                continue
        out.append(draw(segments(name, glob=glob)))
    count = itertools.count()
    return re.sub("{field}", lambda _: f"{{f{next(count)}}}", "/".join(out))


def belongs(template, path, *, glob):
    return Matcher(template, dict.fromkeys(fields(template), Axis(None, False)), glob=glob).match(path) is not None


@st.composite
def pairs(draw):
    """An input, an output, and a path that belongs to both."""
    names = draw(PATHS)
    return draw(templates(names, glob=True)), draw(templates(names, glob=False)), "/".join(names)


@given(pairs())
def test_templates_with_a_path_in_common_may_name_the_same(pair):
    """The law: never "none", and "same" is always among what may be."""
    wanted, made, path = pair
    assert belongs(wanted, path, glob=True)
    assert belongs(made, path, glob=False)

    assert relation(shape(wanted, glob=True), shape(made, glob=False)) == "same"


@st.composite
def nested(draw):
    """An input below an output directory, without ``**``."""
    names, more = draw(PATHS), draw(PATHS)
    inner = "/".join([draw(segments(name, glob=True)) for name in names + more])
    return inner.replace("{field}", "{x}"), draw(templates(names, glob=False))


@given(nested())
def test_what_may_lie_inside_is_below(pair):
    """And the other way round above."""
    inner, outer = shape(pair[0], glob=True), shape(pair[1], glob=False)

    assert relation(inner, outer) == "below"
    assert relation(outer, inner) == "above"


SHAPES = st.lists(st.sampled_from(["a", "ab", "b", "{x}", "a{x}", "{x}b", "*", "a*", "**"]), min_size=1, max_size=4)


@given(SHAPES, SHAPES)
def test_the_relation_looks_the_same_from_both_sides(one, other):
    """Without ``**``, which is an input's alone."""
    first, second = (
        shape("/".join(part for part in parts if part != "**") or "a", glob=True) for parts in (one, other)
    )

    assert relation(second, first) == INVERSE[relation(first, second)]


@given(SHAPES)
def test_a_template_may_name_what_it_names(one):
    """Whatever it is."""
    own = shape("/".join(one), glob=True)

    assert relation(own, own) == "same"


@pytest.mark.parametrize(
    ("wanted", "made", "expected"),
    [
        ("raw/{a}.fits", "cal/{a}.fits", "none"),
        ("raw/{a}.fits", "raw/{a}.h5", "none"),
        ("a{x}b", "b{x}a", "none"),
        ("{x}", "out", "same"),
        ("data/x", "data", "below"),
        ("data", "data/x", "above"),
        ("*.csv", "out/a.csv", "none"),
        ("**/*.csv", "out/a.csv", "same"),
        ("src/**", "out/a", "none"),
        ("split/*.csv", "split", "below"),
        ("split/**/*.csv", "split", "below"),
        ("split/**", "split", "below"),
        ("split/**/*.csv", "split/{x}", "same"),
        ("split/**/*.csv", "other", "none"),
        ("a[*]", "a*", "same"),
        ("a[*]", "ab", "none"),
        ("[]a]", "a", "same"),
        ("[!]", "[!]", "same"),
        ("[!]", "x", "none"),
        ("[[]x]", "[x]", "same"),
        ("a{{b", "a{{b", "same"),
    ],
)
def test_what_is_decided_without_any_data(wanted, made, expected):
    """As far as it can be known from templates alone."""
    assert relation(shape(wanted, glob=True), shape(made, glob=False)) == expected


def test_many_stars_cost_nothing():
    """The answer does not take longer than the reading."""
    stars = shape("/".join(["**", "a"] * 12), glob=True)

    assert relation(stars, shape("/".join(["a"] * 12 + ["b"] * 12), glob=False)) == "same"

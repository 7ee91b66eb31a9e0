"""Path templates: what they write they find, and nothing else."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provstore.pipelinefile.templates import (
    LISTED_AT_MOST,
    Axis,
    Field,
    Matcher,
    TemplateError,
    fields,
    is_pattern,
    natural_key,
    parse,
    unescaped,
    write,
)

TEXT = Axis(None, False)
INTEGER = Axis(None, True)
INTEGER_FORMATS = ["d", "02d", "03d", "1d", "4d", "x", "04X", "b", "o", "#x", "#o", "#b", "+d", " d", "+04d"]
WORDS = st.text("xyz0é .*?", min_size=1, max_size=4).filter(lambda text: text[0] != ".")
NUMBERS = st.integers(-1500, 1500)


def matched(template, path, *, glob=False, **axes):
    """The values in a path; dimensions are text unless said otherwise."""
    return Matcher(template, {**dict.fromkeys(fields(template), TEXT), **axes}, glob=glob).match(path)


def doubled(text):
    """Literal text as a template spells it."""
    return text.replace("{", "{{").replace("}", "}}")


@st.composite
def separated(draw):
    """A template whose fields have something between them that no value holds, and values for it."""
    count = draw(st.integers(1, 4))
    names = [draw(st.sampled_from(["a", "b", "c", "n", "m"])) for _ in range(count)]
    template, values = doubled(draw(st.sampled_from(["", "raw/", "/abs/", "d{/", "(x)|"]))), {}
    for name in names:
        if name in "nm":
            template += f"{{{name}:{draw(st.sampled_from(INTEGER_FORMATS))}}}"
            values[name] = draw(NUMBERS)
        else:
            template += f"{{{name}}}"
            values[name] = draw(WORDS)
        template += draw(st.sampled_from(["~", "/", "~/", "~~"]))
    return template + doubled(draw(st.sampled_from(["end", "[a].fits", "}", "\\d+", "*"]))), values


@given(separated())
def test_what_a_template_writes_it_finds_again(case):
    """With the same values, of the same types."""
    template, values = case
    axes = {name: INTEGER for name in values if name in "nm"}

    assert matched(template, write(template, values), **axes) == values


TOUCHING = st.sampled_from(["{a}", "{b}", "{n:d}", "{m:02d}", "{k:03d}", "0", "_", "-", "/", "x", "12"])
"""One format for each field: the same value in two spellings may be cut in the wrong place where fields touch."""

PIECES = st.sampled_from(["{a}", "{b}", "{n:d}", "{n:02d}", "{m:03d}", "{a:.2}", "0", "_", "-", "/", "x", "12"])


@given(st.lists(PIECES, min_size=1, max_size=5).map("".join), st.text("0123x_-/", min_size=1, max_size=9))
def test_a_path_belongs_only_to_the_template_that_writes_it(template, path):
    """Whatever is found, writing it gives this very path."""
    values = matched(template, path, n=INTEGER, m=INTEGER)

    assert values is None or write(template, values) == path


@given(
    st.lists(TOUCHING, min_size=1, max_size=5).map("".join),
    st.fixed_dictionaries(
        {name: st.text("0123x_-", min_size=1, max_size=3) for name in "ab"} | {name: NUMBERS for name in "nmk"}
    ),
)
def test_a_written_path_is_found_even_where_fields_touch(template, values):
    """Then with any values that write it: ``{a}{b}`` has many ways to be cut, and one that fits is found."""
    path = write(template, values)

    found = matched(template, path, n=INTEGER, m=INTEGER, k=INTEGER)

    assert found is not None
    assert write(template, found) == path


def test_integers_between_underscores_are_cut_in_the_right_place():
    """An underscore is no digit, although Python would read ``1_2`` as twelve."""
    found = matched("{a:d}_{b:d}_{c}", "1_2_3_x", a=INTEGER, b=INTEGER)

    assert found == {"a": 1, "b": 2, "c": "3_x"}


@pytest.mark.parametrize(
    ("template", "path", "value"),
    [
        ("{d:02d}", "03", 3), ("{d:02d}", "3", None), ("{d:02d}", "003", None), ("{d:02d}", "103", 103),
        ("{d:02d}", "-3", -3), ("{d:02d}", "-0", None), ("{d:02d}", "٣٣", None), ("{d:d}", "007", None),
        ("{d:d}", "1_000", None), ("{d:d}", "1,000", None), ("{d:d}", "+1", None), ("{d:d}", " 1", None),
        ("{d:3d}", "  7", 7), ("{d:3d}", " 7", None), ("{d:x}", "ff", 255), ("{d:x}", "FF", None),
        ("{d:#o}", "0o17", 15), ("{d:+d}", "+1", 1), ("{d}", "12", 12), ("{d}", "012", None), ("{d}", "x", None),
        ("{d:05}", "00012", 12), ("{d:<4}", "12  ", 12),
        ("{d}", "9223372036854775807", 2**63 - 1), ("{d}", "9223372036854775808", None), ("{d:x}", "f" * 17, None),
        ("{d}", "-9223372036854775808", -(2**63)), ("{d}", "-9223372036854775809", None),
    ],
)  # fmt: skip
def test_an_integer_is_found_only_as_it_is_written(template, path, value):
    """``{d:02d}`` finds ``03`` and not ``3``; beyond 64 bits there is none, as no store could hold it."""
    assert matched(template, path, d=INTEGER) == (None if value is None else {"d": value})


@pytest.mark.parametrize(
    ("template", "path", "value"),
    [("{a:>4}", "  ab", "  ab"), ("{a:>4}", "ab", None), ("{a:.2}", "abc", None), ("{a:02d}", "03", None)],
)
def test_text_with_a_format_is_found_only_as_it_is_written(template, path, value):
    """One that the format would cut, pad or refuse does not belong."""
    assert matched(template, path) == (None if value is None else {"a": value})


@pytest.mark.parametrize("path", ["a/b", "", ".hidden", "x/.y"])
def test_a_field_stands_for_a_visible_name(path):
    """No slash, not empty, no dot in front."""
    assert matched("{a}", path) is None
    assert matched("x/{a}", path) is None


def test_a_dot_that_the_template_writes_is_found():
    """Hidden is what nobody named."""
    assert matched(".{a}", ".x") == {"a": "x"}
    assert matched("a{b}", "a.x") == {"b": ".x"}


def test_a_repeated_field_has_one_value():
    """Also over segments and with different formats."""
    assert matched("{a}/{a}", "x/x") == {"a": "x"}
    assert matched("{a}/{a}", "x/y") is None
    assert matched("{n:d}/{n:03d}", "7/007", n=INTEGER) == {"n": 7}
    assert matched("{n:d}/{n:03d}", "7/008", n=INTEGER) is None
    assert matched("{n}/{n}", "7/7", n=INTEGER) == {"n": 7}


# --- listed values ------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["g", "r", "gr", "rg", "g-r", 1, 10, 2.5, True]), unique_by=str, min_size=1))
def test_listed_values_keep_their_type_and_nothing_else_is_found(values):
    """Also where one is the beginning of another."""
    axis = Axis(tuple(values), False)
    for value in values:
        found = matched("{b}r.x", write("{b}r.x", {"b": value}), b=axis)["b"]
        assert (found, type(found)) == (value, type(value))

    assert matched("{b}r.x", "otherr.x", b=axis) is None


def test_a_list_too_long_for_an_expression_is_looked_up():
    """With the same answers."""
    axis = Axis(tuple(range(LISTED_AT_MOST + 100)), False)

    assert matched("{n:04d}", "0599", n=axis) == {"n": 599}
    assert matched("{n:04d}", "0600", n=axis) is None
    assert matched("{n:04d}", "599", n=axis) is None


def test_no_listed_value_finds_nothing():
    """An empty list is not "anything"."""
    assert matched("{n}", "x", n=Axis((), False)) is None


# --- parsing ------------------------------------------------------------------------------------------


@given(st.text(max_size=12))
def test_doubled_braces_are_the_text_itself(text):
    """Every text can be written down literally."""
    assert parse(doubled(text)) == ((text,) if text else ())
    assert write(doubled(text), {}) == text


@given(st.text("{}ab:*/ ", max_size=10))
def test_any_text_is_a_template_or_an_error(text):
    """Never another exception."""
    try:
        found = parse(text)
    except TemplateError as error:
        found = (str(error),)

    assert all(isinstance(piece, (str, Field)) for piece in found)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a{", "a single '{' in path 'a{'; write '{{' for the character itself"),
        ("}", "a single '}' in path '}'; write '}}' for the character itself"),
        ("{a b}", "'{a b}' in path '{a b}' is no {dimension}; write '{{a b}}' for the text itself"),
        ("{}", "'{}' in path '{}' is no {dimension}; write '{{}}' for the text itself"),
    ],
)
def test_a_template_that_cannot_be_read_says_what_to_write(template, message):
    """Found before expected."""
    with pytest.raises(TemplateError, match=re.escape(message)):
        parse(template)


def test_fields_come_once_in_their_order():
    """With their formats apart."""
    assert parse("a{x:02d}/{{{y}") == ("a", Field("x", "02d"), "/{", Field("y", ""))
    assert fields("{y}/{x}_{y:d}") == ("y", "x")


def test_a_value_that_the_format_cannot_write_is_named():
    """An integer format with a text."""
    with pytest.raises(TemplateError, match=r"'\{d:02d\}' in path 'p/\{d:02d\}' can't write the value 'x'"):
        write("p/{d:02d}", {"d": "x"})


def test_booleans_are_written_as_in_toml():
    """In a path as in a command."""
    assert write("{a}{b}", {"a": True, "b": False}) == "truefalse"


# --- globs --------------------------------------------------------------------------------------------

NAMES = st.text("ab-.!][", min_size=1, max_size=5)
GLOBS = st.text("ab*?[]!-.", min_size=1, max_size=7).filter(lambda text: "/" not in text)


def fits(name, pattern):
    """The standard library's answer; a dot in front has to be written."""
    return fnmatch.fnmatchcase(name, pattern) and (name[0] != "." or pattern[0] == ".")


@given(GLOBS, NAMES)
def test_a_glob_in_a_segment_matches_as_in_the_standard_library(pattern, name):
    """Sets, negated sets, ranges (also backward ones), and brackets that have no end."""
    assert (matched(pattern, name, glob=True) is not None) == fits(name, pattern)


@given(st.lists(GLOBS, min_size=2, max_size=3), st.lists(NAMES, min_size=1, max_size=3))
def test_a_glob_matches_segment_by_segment(patterns, names):
    """No star or set stands for a slash."""
    assume("**" not in patterns)
    expected = len(names) == len(patterns) and all(map(fits, names, patterns))

    assert (matched("/".join(patterns), "/".join(names), glob=True) is not None) == expected


def below(names, patterns):
    """Whether names fit patterns in which ``**`` stands for any number of visible folders."""
    if not patterns:
        return not names
    if patterns[0] == "**":
        if patterns == ["**"]:
            return bool(names) and all(name[0] != "." for name in names)
        return below(names, patterns[1:]) or (bool(names) and names[0][0] != "." and below(names[1:], patterns))
    return bool(names) and fits(names[0], patterns[0]) and below(names[1:], patterns[1:])


@given(
    st.lists(st.sampled_from(["**", "a", "*", "a*", ".b"]), min_size=1, max_size=4),
    st.lists(st.sampled_from(["a", "b", ".b", "ab"]), min_size=1, max_size=5),
)
def test_two_stars_stand_for_any_number_of_visible_folders(patterns, names):
    """Also for none; at the end for a file at any depth."""
    assert (matched("/".join(patterns), "/".join(names), glob=True) is not None) == below(names, patterns)


@pytest.mark.parametrize("pattern", ["[+-9]", "[!a]", "?", "*"])
def test_no_glob_stands_for_a_slash(pattern):
    """Nor a range that has it between its ends."""
    assert matched(f"a{pattern}b", "a/b", glob=True) is None


@given(st.text("ab*?[]{}!.^-", min_size=1, max_size=8))
def test_every_name_can_be_escaped(name):
    """``[*]``, ``[?]`` and ``[[]`` are the characters themselves, wherever a template is read."""
    template = doubled(re.sub(r"[*?\[]", r"[\g<0>]", name))

    assert matched(template, name, glob=True) == {}
    assert unescaped(template) == name
    assert not is_pattern(template)
    assert matched(template, name + "x", glob=True) is None


@pytest.mark.parametrize("pattern", ["*", "a?", "x/**/y", "[ab]", "a[!b]", "{x}/*.py"])
def test_globs_are_known_as_patterns(pattern):
    """With and without fields."""
    assert is_pattern(pattern)


@pytest.mark.parametrize("template", ["a*b", "a?", "[ab]", "**"])
def test_in_an_output_they_are_letters(template):
    """An output is made, not looked for."""
    assert matched(template, template) == {}
    assert matched(template, "ab") is None
    assert matched(template, "a") is None


@given(GLOBS, st.text("ab-.", min_size=1, max_size=3))
def test_fields_and_globs_go_together(pattern, value):
    """A field beside a glob takes what the glob leaves."""
    assume("[" not in pattern and value[0] != ".")
    found = matched("{x}/" + pattern, f"{value}/{pattern}", glob=True)

    assert found == ({"x": value} if fits(pattern, pattern) else None)


# --- natural order ------------------------------------------------------------------------------------


def test_natural_order_is_that_of_people():
    """Numbers by value, in text and alone; numbers before words."""
    values = ["b1", "a10", "a2", "a", 10, 9, 2.5, "a02", "A"]

    assert sorted(values, key=natural_key) == [2.5, 9, 10, "A", "a", "a02", "a2", "a10", "b1"]


@given(st.lists(st.text("ab01.", max_size=5) | st.integers() | st.floats(allow_nan=False) | st.booleans()))
def test_natural_order_takes_any_values_together(values):
    """A dimension may hold numbers and words; different texts never tie."""
    sorted(values, key=natural_key)
    texts = {value for value in values if isinstance(value, str)}

    assert len({natural_key(text) for text in texts}) == len(texts)

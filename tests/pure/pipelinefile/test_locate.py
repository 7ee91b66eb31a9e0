"""Every key has the line in which it is written."""

from __future__ import annotations

import time
import tomllib

import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from provstore.pipelinefile.locate import DEEPEST, key_lines

SCALARS = st.none().flatmap(lambda _: st.booleans() | st.integers(-9, 9) | st.text(max_size=8) | st.floats(0, 1))
TABLES = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=12,
    ),
    max_size=5,
)


def paths(value, prefix=()):
    """The path of every key of nested tables; arrays have no part of their own."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*prefix, key)
            yield from paths(inner, (*prefix, key))
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, prefix)


@given(TABLES, st.booleans())
def test_every_key_has_a_line_that_holds_it(tables, multiline):
    """Whatever tomli_w writes, the line of each key that tomllib reads holds the key's last part."""
    text = tomli_w.dumps(tables, multiline_strings=multiline)
    lines = key_lines(text)
    written = text.split("\n")

    for path in paths(tomllib.loads(text)):
        spelt = tomli_w.dumps({path[-1]: 0}).partition(" = ")[0]
        assert spelt in written[lines[path] - 1]


@given(st.text("a.b=[]{}\"'#\\\n\t ,1", max_size=80))
def test_any_text_is_walked_through(text):
    """What is no TOML gives some lines or none, never an error, and each is a line of the text."""
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())


def test_all_ways_to_write_a_key():
    """Dotted, quoted and inline keys, headers, and keys behind values of several lines."""
    text = '''\
[project]  # a comment
name = "x = [y]"
text = """
fake = 1
\\""" still = 2
"""
raw = \'\'\'
fake = 1\'\'\'
[ stages . "a.b" ]
inputs.raw = "x"
inputs . code = "y"
argv = [  # [
  "a",
  "]", # ]
]
outputs = { image = { path = "p", "fo\\u0072mat" = "f" }, 'x y' = "q" }
[[stages.c]]
run = 1
'''

    assert key_lines(text) == {
        ("project",): 1,
        ("project", "name"): 2,
        ("project", "text"): 3,
        ("project", "raw"): 7,
        ("stages",): 9,
        ("stages", "a.b"): 9,
        ("stages", "a.b", "inputs"): 10,
        ("stages", "a.b", "inputs", "raw"): 10,
        ("stages", "a.b", "inputs", "code"): 11,
        ("stages", "a.b", "argv"): 12,
        ("stages", "a.b", "outputs"): 16,
        ("stages", "a.b", "outputs", "image"): 16,
        ("stages", "a.b", "outputs", "image", "path"): 16,
        ("stages", "a.b", "outputs", "image", "format"): 16,
        ("stages", "a.b", "outputs", "x y"): 16,
        ("stages", "c"): 17,
        ("stages", "c", "run"): 18,
    }


def test_only_the_first_parts_of_a_key_of_absurd_depth_count():
    """A key of ten thousand parts takes no memory by the square of its length."""
    lines = key_lines(".".join(["a"] * 10_000) + " = 1\nb = 2")

    assert lines == {("a",) * length: 1 for length in range(1, DEEPEST + 1)} | {("b",): 2}


def test_sixty_thousand_lines_take_no_time_to_speak_of():
    """Well below a second for ten thousand stages, on any machine."""
    text = "".join(f'[stages.s{i}]\nrun = "x"\ninputs.a = "{i}"\nenv = [\n"A"\n]\n' for i in range(10_000))
    start = time.process_time()

    assert key_lines(text)["stages", "s9999", "env"] == 59_998
    assert time.process_time() - start < 2

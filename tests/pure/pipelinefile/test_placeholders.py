"""Placeholders become what they name; all other braces stay."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.pipelinefile.placeholders import Values, names, parse, render_argv, render_script
from provstore.pipelinefile.templates import TemplateError

VALUES = Values(
    inputs={"raw": ["a b.txt"], "many": ["1", "2"], "none": []},
    outputs={"out": ["-o.txt"]},
    params={"seed": 42, "on": True, "list": ["x y", 2, False], "a.b-c": 0.5, "minus": -5},
    data_id={"visit": 7, "band": "g'"},
)
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)


@pytest.mark.parametrize(
    "text",
    [
        "${HOME}",
        "${{inputs}}",
        "${visit}",
        "awk '{print $1}'",
        "find . -exec rm {} +",
        "echo {a,b} {1..3} {a..b}",
        '{"a": 1}',
        "{a: 1}",
        "awk '{{print $1}}'",
        "{ visit }",
        "{visit[x]}",
        "{visit.}",
        "{inputs[-1]}",
        "{visit",
        "visit}",
        "jq '{name: .name}'",
    ],
)
def test_other_braces_stay(text):
    """What is not of the form of a placeholder, or has `$` in front, is text, to the letter."""
    assert parse(text) == (text,)
    assert names(text) == ()


@given(st.text("{}$ax.[]0:\n' ", max_size=30))
def test_text_without_a_placeholder_form_is_untouched(text):
    """Only a word in braces changes anything."""
    if "{a" not in text and "{x" not in text:
        assert parse(text) == ((text,) if text else ())


@given(st.lists(st.sampled_from(["{visit}", "{params.seed:03d}", "{inputs[0]}", "{outputs}", "plain ", "{}", "${x} "])))
def test_offsets_and_texts_say_where_placeholders_stand(words):
    """Each placeholder is found where it says, spelt as it says."""
    text = " ".join(words)

    for placeholder in names(text):
        assert text[placeholder.offset : placeholder.offset + len(placeholder.text)] == placeholder.text
    assert len(names(text)) == sum(word[0] == "{" and word != "{}" for word in words)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{{visit}}", "{visit}"),
        ("{{nothing.known:x}}", "{nothing.known:x}"),
        ("{{{visit}}}", "{7}"),
        ("{{{{visit}}}}", "{{visit}}"),
        ("{{visit}", "{7"),
        ("{visit}}", "7}"),
        ('{"a": {visit}}', '{"a": 7}'),
    ],
)
def test_doubled_braces_around_a_word_are_single_ones(text, rendered):
    """As in Python's format language; unbalanced ones belong to the text around."""
    assert render_script(text, VALUES) == rendered


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("cat {inputs.raw}", "cat 'a b.txt'"),
        ("cat {inputs}", "cat 'a b.txt' 1 2"),
        ("cat {inputs.many}", "cat 1 2"),
        ("cat {inputs.none}.", "cat ."),
        ("cat {outputs.out}", "cat ./-o.txt"),
        ("--n={params.minus}", "--n=-5"),
        ("{params.on} {params.list}", "true 'x y' 2 false"),
        ("{params.a.b-c:.2f}", "0.50"),
        ("{visit:03d}{visit}", "0077"),
        ("{band}", "'g'\"'\"''"),
    ],
)
def test_scripts_are_quoted(text, rendered):
    """Several values are several words, and no value is more than a word."""
    assert render_script(text, VALUES) == rendered


@given(st.lists(WORDS, min_size=1, max_size=3))
def test_a_shell_reads_back_what_was_rendered(words):
    """Splitting the script as a shell does gives the paths, whatever is in their names."""
    script = render_script("{inputs.x}", VALUES._replace(inputs={"x": words}))

    assert [word.removeprefix("./") if word.startswith("./-") else word for word in shlex.split(script)] == words


@settings(max_examples=5, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=3))
def test_a_real_shell_gets_the_very_words(words):
    """`sh` hands each parameter to a program as one argument."""
    script = render_script("printf '%s\\0' {params.x}", VALUES._replace(params={"x": words}))
    output = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout

    assert output.decode().split("\0")[:-1] == words


def test_arguments_are_not_quoted():
    """An element that is one placeholder becomes as many as it has values; inside of a word, they are joined."""
    words = [
        "cat",
        "{inputs.raw}",
        "{inputs.many}",
        "{inputs.none}",
        "n={inputs.many}",
        "{outputs.out}",
        "{{visit}}",
        "",
    ]

    assert render_argv(words, VALUES) == ("cat", "a b.txt", "1", "2", "n=1 2", "./-o.txt", "{visit}", "")


def test_a_format_that_does_not_fit_is_named():
    """The message holds placeholder and value."""
    with pytest.raises(TemplateError, match=r"'\{band:02d\}' can't write the value \"g'\""):
        render_script("{band:02d}", VALUES)

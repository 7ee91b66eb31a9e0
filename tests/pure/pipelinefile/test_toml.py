"""What is read: the compiled reader of TOML agrees with the standard library's, and comments mean nothing."""

from __future__ import annotations

import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import PipelinefileError
from provstore.pipelinefile import tables, toml
from provstore.pipelinefile.check_paths import Normal, Paths, is_simple
from provstore.pipelinefile.read import read_document
from provstore.pipelinefile.tables import Document, Source

SCALARS = st.booleans() | st.integers(-9, 9) | st.text(max_size=8) | st.floats(allow_nan=False)
TABLES = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=12,
    ),
    max_size=5,
)


def read(loads, text):
    """What a reader makes of a text: its values with their types and order, or what it says of the text."""
    try:
        return repr(loads(text))
    except ValueError as error:
        return str(error)


@given(TABLES)
def test_both_readers_read_alike(values):
    """Values, their types and their order."""
    text = tomli_w.dumps(values)

    assert read(toml.loads, text) == read(tomllib.loads, text)


@given(st.text("ab=.[]{}\"'#\\\n\t ,1e-:TZ+_", max_size=40))
def test_both_readers_refuse_alike(text):
    """What is no TOML, in the same words and at the same place."""
    assert read(toml.loads, text) == read(tomllib.loads, text)


@pytest.mark.parametrize("text", ['a = "\\e"', "a = {\nb = 1}", "a = {b = 1,}", "a = 07:32"])
def test_what_only_toml_1_1_allows_is_refused(text):
    """A Pipelinefile is TOML 1.0, whichever version of the reader is installed."""
    with pytest.raises(toml.TOMLDecodeError):
        toml.loads(text)


# --- what a document says -----------------------------------------------------------------------------


def meaning(text, parsed=None):
    """Of one file with this text."""
    source = Source("Pipelinefile.toml", text, toml.loads(text) if parsed is None else parsed)
    return Document([source], [], {}).meaning()


SAID = '[params]\na = 1\nb = 2\n[stages.s]\nrun = "x"\n[stages.t]\nrun = "y"\n'


@pytest.mark.parametrize(
    "text",
    ["# a comment\n" + SAID, SAID.replace(" = ", "="), SAID.replace('"x"', "'x'"), SAID.replace("[", "\n\n[")],
)
def test_comments_and_layout_mean_nothing(text):
    """Nor do the kind of quotes and empty lines."""
    assert meaning(text) == meaning(SAID) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [("a = 1", "a = 2"), ("a = 1", "a = 1.0"), ("a = 1", "a = true"), ("a = 1", 'a = "1"'), ("a = 1", "a = [1]"),
     ("b = 2\n", ""), ('run = "y"', 'run = "y "'), ("stages.t", "stages.u")],
)  # fmt: skip
def test_every_value_counts(old, new):
    """By its type too: 1 and 1.0 are written differently in a command."""
    assert meaning(SAID.replace(old, new)) != meaning(SAID)


def test_the_order_of_stages_counts():
    """It decides which of two tasks comes first."""
    assert meaning('[stages.s]\nrun="x"\n[stages.t]\nrun="y"') != meaning('[stages.t]\nrun="y"\n[stages.s]\nrun="x"')


@given(TABLES, TABLES)
def test_different_tables_differ(one, other):
    """What two files say is alike if and only if the tables are, with all types and their order."""
    assert (meaning("", one) == meaning("", other)) == (repr(one) == repr(other))


@pytest.mark.parametrize("value", ["2020-01-01", "1" + "0" * 5000, '"\\ud800"'])
def test_what_no_pipeline_holds_means_nothing(value):
    """A date, a number of five thousand digits, half of a character: `check` will say so."""
    try:
        parsed = toml.loads(f"a = {value}")
    except ValueError:
        parsed = {"a": 10**5000 if value.isdecimal() else "\ud800"}

    assert meaning("", parsed) is None


# --- what is not done -----------------------------------------------------------------------------------


def test_a_file_without_a_mistake_needs_no_lines(project, monkeypatch):
    """Where keys stand is worked out for messages only: it takes as long as the rest of the check."""
    monkeypatch.setattr(tables, "key_lines", pytest.fail)

    stage = project.read('[stages.s]\nrun = "x {inputs.a}"\ninputs.a = "a"\noutputs = ["b", "c/"]').stages["s"]
    assert stage.place.file == "Pipelinefile.toml"


def test_a_document_that_cannot_be_read_is_no_document(project):
    """Its mistakes are those of the whole reading."""
    project.write("Pipelinefile.toml", "[")
    with pytest.raises(PipelinefileError) as caught:
        read_document(str(project.folder), "Pipelinefile.toml")

    assert [str(problem) for problem in caught.value.problems] == project.problems()


@given(st.text("ab-_./~{}*[]é\0\n", min_size=1, max_size=12) | st.text("a./", min_size=250, max_size=260))
def test_a_simple_path_is_its_own_one_spelling(written):
    """What need not be looked at closely would come out as it went in."""
    if is_simple(written):
        assert Paths("/root", {}, {}).normal(written, "") == Normal(written, directory=False, external=False)
        assert Paths("/root", {}, {}).fields(written) == ()

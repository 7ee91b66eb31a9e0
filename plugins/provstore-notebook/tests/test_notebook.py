"""Notebooks: sources and outputs count, in one format each and in one both; what changes by itself does not."""

import base64
import copy
import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import v3, v4
from provstore_notebook import Notebook, NotebookOutputs, NotebookSources

from provstore.plugin import STORAGE, Tolerance, Unavailable
from provstore.testing import FormatContract

ALL = {format.name: format for format in (Notebook(), NotebookSources(), NotebookOutputs())}
BOTH, SOURCES, OUTPUTS = ALL
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))


def notebook():
    """Four cells with an output of each kind, as `nbformat` writes them."""
    code = v4.new_code_cell("import numpy\nprint(1)\n", execution_count=1)
    code.outputs = [
        v4.new_output("stream", name="stdout", text="1\n2\n"),
        v4.new_output("execute_result", {"text/plain": "array([1.5])", "text/html": "<b>\n1.5</b>"}, execution_count=1),
    ]
    figure = v4.new_code_cell("plot()", execution_count=2)
    picture = {"image/png": base64.b64encode(PNG).decode(), "application/json": {"a": [1.0, 2], "b": "x"}}
    figure.outputs = [v4.new_output("display_data", picture), v4.new_output(
        "error", ename="ValueError", evalue="no", traceback=["\x1b[0;31mValueError\x1b[0m", "no"])]  # fmt: skip
    found = v4.new_notebook(cells=[v4.new_markdown_cell("# Title\n\ntext"), code, v4.new_raw_cell("raw"), figure])
    found.metadata = nbformat.from_dict({
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python", "version": "3.11.1"},
    })  # fmt: skip
    return json.loads(nbformat.writes(found))


def changed(path, value):
    """The notebook with another value at a place, "cells/0/source"; without it where it is `...`.

    A "~" stands for a "/" in a key.
    """
    found = notebook()
    *places, last = [int(part) if part.isdigit() else part.replace("~", "/") for part in path.split("/")]
    inner = found
    for place in places:
        inner = inner.setdefault(place, {}) if isinstance(inner, dict) else inner[place]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return found


def rearranged(change):
    found = notebook()
    change(found)
    return found


def swap(found):
    found["cells"][0], found["cells"][2] = found["cells"][2], found["cells"][0]


def swap_outputs(found):
    found["cells"][1]["outputs"].reverse()


def old():
    """The same notebook in nbformat 4.4, which has no ids of cells."""
    found = notebook()
    found["nbformat_minor"] = 4
    for cell in found["cells"]:
        del cell["id"]
    return found


def joined(value):
    """Texts as one instead of as lines."""
    if isinstance(value, dict):
        return {key: inner if key == "traceback" else joined(inner) for key, inner in value.items()}
    if isinstance(value, list) and value and all(isinstance(line, str) for line in value):
        return "".join(value)
    return [joined(inner) for inner in value] if isinstance(value, list) else value


def split_stream(found):
    found["cells"][1]["outputs"][:1] = [
        {"output_type": "stream", "name": "stdout", "text": text} for text in ("1", "\n2", "", ["\n"])
    ]


def reversed_keys(value):
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(inner) for inner in value] if isinstance(value, list) else value


OUT = "cells/1/outputs"
PICTURE = "cells/3/outputs/0/data"
EQUAL = {
    "white space": lambda: (notebook(), json.dumps(notebook(), indent=4)),
    "no white space": lambda: (notebook(), json.dumps(notebook(), separators=(",", ":"))),
    "escapes": lambda: (
        json.dumps(changed("cells/0/source", "é√"), ensure_ascii=True),
        json.dumps(changed("cells/0/source", "é√"), ensure_ascii=False),
    ),
    "key order": lambda: (notebook(), reversed_keys(notebook())),
    "one text or lines": lambda: (notebook(), {**joined(notebook()), "cells": joined(notebook()["cells"])}),
    "other lines": lambda: (notebook(), changed("cells/1/source", ["import ", "numpy\nprint", "(1)\n"])),
    "cell ids": lambda: (notebook(), changed("cells/0/id", "another")),
    "no cell ids": lambda: (notebook(), old()),
    "execution counts": lambda: (notebook(), changed("cells/1/execution_count", 77)),
    "no execution counts": lambda: (notebook(), changed("cells/1/execution_count", None)),
    "execution count of a result": lambda: (notebook(), changed(f"{OUT}/1/execution_count", 77)),
    "display id": lambda: (notebook(), changed(f"{OUT}/1/transient", {"display_id": "abc"})),
    "title of the kernel": lambda: (notebook(), changed("metadata/kernelspec/display_name", "Python (conda)")),
    "version of the language": lambda: (notebook(), changed("metadata/language_info/version", "3.12.0")),
    "mode of the editor": lambda: (notebook(), changed("metadata/language_info/codemirror_mode", {"name": "ipython"})),
    "folded": lambda: (notebook(), changed("cells/1/metadata/collapsed", True)),
    "scrolled": lambda: (notebook(), changed("cells/1/metadata/scrolled", True)),
    "hidden": lambda: (notebook(), changed("cells/1/metadata/jupyter", {"outputs_hidden": True})),
    "times": lambda: (
        changed("cells/1/metadata/execution", {"iopub.status.busy": "2026-01-01T00:00:00Z"}),
        changed("cells/1/metadata/execution", {"iopub.status.busy": "2027-01-01T00:00:00Z"}),
    ),
    "times of an extension": lambda: (notebook(), changed("cells/1/metadata/ExecuteTime", {"start_time": "2026"})),
    "papermill": lambda: (notebook(), changed("metadata/papermill", {"duration": 3.5})),
    "papermill of a cell": lambda: (notebook(), changed("cells/1/metadata/papermill", {"duration": 3.5})),
    "state of widgets": lambda: (notebook(), changed("metadata/widgets", {"state": {}})),
    "signature": lambda: (notebook(), changed("metadata/signature", "sha256:1")),
    "no tags": lambda: (notebook(), changed("cells/1/metadata/tags", [])),
    "a stream in pieces": lambda: (notebook(), rearranged(split_stream)),
    "an empty stream": lambda: (
        notebook(),
        changed(OUT, [*notebook()["cells"][1]["outputs"], {"output_type": "stream", "name": "stderr", "text": ""}]),
    ),
    "lines of base64": lambda: (notebook(), base64_in_lines()),
    "colours of a traceback": lambda: (
        notebook(),
        changed("cells/3/outputs/1/traceback", ["\x1b[1;32mValueError\x1b[0m", "no"]),
    ),
    "id of a widget": lambda: (
        changed(PICTURE, {"application/vnd.jupyter.widget-view+json": {"model_id": "a", "version_major": 2}}),
        changed(PICTURE, {"application/vnd.jupyter.widget-view+json": {"model_id": "b", "version_major": 2}}),
    ),
    "the end of the file": lambda: (json.dumps(notebook()), json.dumps(notebook()) + "\n"),
}


def base64_in_lines():
    text = base64.b64encode(PNG).decode()
    return changed(PICTURE, {**notebook()["cells"][3]["outputs"][0]["data"], "image/png": text[:40] + "\n" + text[40:]})


S, O = {BOTH, SOURCES}, {BOTH, OUTPUTS}  # noqa: E741 - the formats in which a difference counts
DIFFERENT = {
    "source": (S, lambda: changed("cells/1/source", "print(2)\n")),
    "a blank at the end": (S, lambda: changed("cells/1/source", "import numpy\nprint(1) \n")),
    "a line end at the end": (S, lambda: changed("cells/1/source", "import numpy\nprint(1)")),
    "text": (S, lambda: changed("cells/0/source", "# Title\n\nText")),
    "kind of a cell": (S, lambda: changed("cells/2/cell_type", "markdown")),
    "order of cells": (S, lambda: rearranged(swap)),
    "a text more": (S, lambda: rearranged(lambda found: found["cells"].append(found["cells"][0]))),
    "a code cell more": (
        {BOTH, SOURCES, OUTPUTS},
        lambda: rearranged(lambda found: found["cells"].append({**found["cells"][1], "outputs": []})),
    ),
    "a code cell less": ({BOTH, SOURCES, OUTPUTS}, lambda: rearranged(lambda found: found["cells"].pop())),
    "tags": (S, lambda: changed("cells/1/metadata/tags", ["parameters"])),
    "other metadata of a cell": (S, lambda: changed("cells/1/metadata/slideshow", {"slide_type": "skip"})),
    "metadata of the notebook": (S, lambda: changed("metadata/title", "mine")),
    "the kernel": (S, lambda: changed("metadata/kernelspec/name", "ir")),
    "the language": (S, lambda: changed("metadata/language_info/name", "R")),
    "a part that notebooks do not have": (S, lambda: changed("more", 1)),
    "a part that cells do not have": (S, lambda: changed("cells/1/more", 1)),
    "a part that outputs do not have": (O, lambda: changed(f"{OUT}/1/more", 1)),
    "a part that streams do not have": (O, lambda: changed(f"{OUT}/0/more", 1)),
    "an attachment": (S, lambda: changed("cells/0/attachments", {"a.png": {"image/png": "AAAA"}})),
    "text of a stream": (O, lambda: changed(f"{OUT}/0/text", "1\n3\n")),
    "name of a stream": (O, lambda: changed(f"{OUT}/0/name", "stderr")),
    "a blank of a stream": (O, lambda: changed(f"{OUT}/0/text", "1\n2 \n")),
    "text of a result": (O, lambda: changed(f"{OUT}/1/data/text~plain", "array([1.6])")),
    "a MIME type less": (O, lambda: changed(f"{OUT}/1/data/text~html", ...)),
    "kind of an output": (O, lambda: changed(f"{OUT}/1/output_type", "display_data")),
    "order of outputs": (O, lambda: rearranged(swap_outputs)),
    "no outputs": (O, lambda: changed(OUT, [])),
    "a byte of a picture": (O, lambda: changed(f"{PICTURE}/image~png", base64.b64encode(PNG[:-1] + b"x").decode())),
    "a number of JSON": (O, lambda: changed(f"{PICTURE}/application~json/a/0", 1.5)),
    "1 or 1.0": (O, lambda: changed(f"{PICTURE}/application~json/a/0", 1)),
    "a list of JSON": (O, lambda: changed(f"{PICTURE}/application~json/b", ["x"])),
    "metadata of an output": (O, lambda: changed("cells/3/outputs/0/metadata", {"image/png": {"width": 5}})),
    "value of an error": (O, lambda: changed("cells/3/outputs/1/evalue", "yes")),
    "a traceback": (O, lambda: changed("cells/3/outputs/1/traceback", ["ValueError", "yes"])),
}


def written(tmp_path, contents):
    """Files of documents, or of texts as they are."""
    paths = []
    for content in contents:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.ipynb"
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


class Contract(FormatContract):
    name = ""
    changes = ("", "")

    @pytest.fixture
    def format(self):
        return ALL[self.name]

    @pytest.fixture
    def equal(self, tmp_path):
        return written(tmp_path, (notebook(), changed(*self.changes)))

    @pytest.fixture
    def different(self, tmp_path):
        return written(tmp_path, (notebook(), changed("cells/1/outputs", []) if self.name == OUTPUTS else changed(
            "cells/1/source", "print(2)")))  # fmt: skip


class TestNotebook(Contract):
    name, changes = BOTH, ("cells/0/id", "another")


class TestNotebookSources(Contract):
    name, changes = SOURCES, ("cells/1/outputs", [])


class TestNotebookOutputs(Contract):
    name, changes = OUTPUTS, ("cells/1/source", "print(2)")


@pytest.mark.parametrize("name", EQUAL)
def test_what_changes_by_itself_does_not_count(tmp_path, name):
    """In none of the formats; the comparison says what it was."""
    a, b = written(tmp_path, EQUAL[name]())
    for format in ALL.values():
        found = list(format.diff(a, b))

        assert a.read_bytes() != b.read_bytes()
        assert format.digest(a) == format.digest(b)
        assert {difference.kind for difference in found} <= {STORAGE}


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_change_counts_where_it_belongs(tmp_path, name):
    """Of sources, of outputs, or of both; digest and comparison agree in every format."""
    where, make = DIFFERENT[name]
    a, b = written(tmp_path, (notebook(), make()))
    for format in ALL.values():
        counts = [difference for difference in format.diff(a, b) if difference.counts]

        assert (format.digest(a) != format.digest(b)) == (format.name in where)
        assert bool(counts) == (format.name in where)


def test_a_notebook_of_version_3_is_its_upgrade(tmp_path):
    """As `nbformat` upgrades it: headings are markdown, prompts are execution counts."""
    code = v3.new_code_cell("1 + 1", prompt_number=3, outputs=[
        v3.new_output("pyout", output_text="2", prompt_number=3),
        v3.new_output("stream", output_text="x\n"),
    ])  # fmt: skip
    cells = [v3.new_heading_cell("Title", level=2), code, v3.new_text_cell("markdown", "text")]
    before = v3.new_notebook(metadata=v3.new_metadata("old"), worksheets=[v3.new_worksheet(cells=cells)])
    after = nbformat.convert(copy.deepcopy(before), 4)
    a, b = written(tmp_path, (json.loads(v3.writes_json(before)), json.loads(nbformat.writes(after))))

    assert json.loads(a.read_text())["nbformat"] == 3
    for format in ALL.values():
        assert format.digest(a) == format.digest(b)
        assert "nbformat" in {difference.what for difference in format.diff(a, b)}


@pytest.mark.parametrize(
    ("a", "b"), [("0.1", "0.1000000000000000055511151231257827"), ("1e400", "1e401"), ("0", "-0"), ("-0", "-0.0")]
)
def test_numbers_in_json_count_with_all_their_digits(tmp_path, a, b):
    """As in the format `json`; what is read are floats."""
    text = json.dumps(notebook())
    left, right = written(tmp_path, [text.replace("[1.0,", f"[{number},") for number in (a, b)])

    assert ALL[OUTPUTS].digest(left) != ALL[OUTPUTS].digest(right)
    assert any(difference.counts for difference in ALL[OUTPUTS].diff(left, right))
    assert isinstance(ALL[BOTH].read(left, "outputs")[1][0]["data"]["application/json"]["a"][0], (int, float))


def test_numbers_in_a_notebook_of_version_3_are_those_of_its_upgrade(tmp_path):
    """Where JSON was a text."""
    after = notebook()
    a, b = written(tmp_path, [json.loads(v3.writes_json(nbformat.convert(nbformat.from_dict(after), 3))), after])

    assert ALL[OUTPUTS].digest(a) == ALL[OUTPUTS].digest(b)


def test_a_cell_that_was_added_is_the_only_difference(tmp_path):
    """Cells behind it are compared with those that they were."""
    a, b = written(tmp_path, (notebook(), rearranged(lambda found: found["cells"].insert(
        1, {"cell_type": "raw", "metadata": {}, "source": "new", "id": "n"}))))  # fmt: skip
    (found,) = [difference for difference in ALL[BOTH].diff(a, b) if difference.counts]

    assert (found.place, found.what, found.b) == (("cell 2",), "added", "new")


def test_a_changed_line_is_shown(tmp_path):
    """With its number, in both."""
    a, b = written(tmp_path, (notebook(), changed("cells/1/source", "import numpy\nprint(2)\n")))
    (found,) = [difference for difference in ALL[BOTH].diff(a, b) if difference.counts]

    assert found.place == ("cell 2", "source")
    assert (found.a, found.b) == ("line 2: print(1)", "line 2: print(2)")


def test_a_tolerance_is_for_numbers_in_json(tmp_path):
    """And for no text."""
    a, b = written(tmp_path, (notebook(), changed(f"{PICTURE}/application~json/a/0", 1.001)))

    assert [difference for difference in ALL[BOTH].diff(a, b) if difference.counts]
    assert not [difference for difference in ALL[BOTH].diff(a, b, Tolerance(relative=0.01)) if difference.counts]


def test_what_does_not_count_is_named(tmp_path):
    """In a word or two each."""
    other = changed("cells/1/execution_count", 9)
    other["cells"][0]["id"] = "x"
    other["metadata"]["kernelspec"]["display_name"] = "other"
    a, b = written(tmp_path, (notebook(), other))

    assert {difference.what for difference in ALL[BOTH].diff(a, b)} >= {"execution counts", "cell ids", "kernel"}


def test_components_are_code_and_results(tmp_path):
    """The code as one text, the outputs by code cell."""
    (path,) = written(tmp_path, [notebook()])

    assert ALL[BOTH].read(path, "sources") == "import numpy\nprint(1)\n\n\nplot()"
    assert [len(outputs) for outputs in ALL[BOTH].read(path, "outputs")] == [2, 2]
    assert ALL[BOTH].read(path, "outputs")[1][0]["data"]["image/png"] == PNG


def test_a_notebook_is_read_as_nbformat_reads_it(tmp_path):
    """Node for node."""
    (path,) = written(tmp_path, [notebook()])

    assert ALL[BOTH].read(path) == nbformat.read(path, as_version=4)


def test_no_invalid_notebook_is_written(tmp_path):
    """Neither another value, nor a notebook that breaks the schema."""
    broken = nbformat.from_dict(notebook())
    broken.cells[0].cell_type = "poem"

    with pytest.raises(TypeError):
        ALL[BOTH].write({}, tmp_path / "a.ipynb")
    with pytest.raises(nbformat.ValidationError):
        ALL[BOTH].write(broken, tmp_path / "a.ipynb")
    assert not (tmp_path / "a.ipynb").exists()


TEXT = json.dumps(notebook())
HOSTILE = {
    "nothing": ("", "line 1"),
    "cut": (TEXT[:200], "no JSON"),
    "other JSON": ('{"a": 1}', "nbformat"),
    "a list": ("[1]", "nbformat"),
    "a number": ("1", "nbformat"),
    "a version that is a text": ('{"nbformat": "4"}', "nbformat"),
    "a version that is true": ('{"nbformat": true}', "nbformat"),
    "version 5": ('{"nbformat": 5, "cells": []}', "nbformat 5"),
    "version 0": ('{"nbformat": 0, "cells": []}', "nbformat 0"),
    "no cells": ('{"nbformat": 4, "metadata": {}}', "cells"),
    "cells that are none": ('{"nbformat": 4, "cells": [1]}', "cell 1 is a int"),
    "a version 3 that is none": ('{"nbformat": 3, "worksheets": [{}]}', "can't be upgraded"),
    "a version 3 without anything": ('{"nbformat": 3, "cells": {}}', "cells|upgraded"),
    "a key twice": ('{"nbformat": 4, "nbformat": 4, "cells": []}', "'nbformat' is there twice"),
    "one of many keys twice": (
        json.dumps({f"a{number}": 1 for number in range(50_000)})[:-1] + ', "a9": 1}',
        "'a9' is",
    ),
    "a far exponent": (TEXT.replace("1.0,", "1e99999999999999999999,"), "no notebook"),
    "a key of a cell twice": ('{"nbformat": 4, "cells": [{"source": "", "source": "x"}]}', "twice"),
    "deep": ("[" * 100_000, "deep"),
    "deep metadata": (TEXT[:-1] + ', "x": ' + "[" * 500 + "]" * 500 + "}", "deep"),
    "deep mappings": ('{"a":' * 90_000 + "1" + "}" * 90_000, "deep"),
    "a number too long": ('{"nbformat": ' + "4" * 10_000 + "}", "digits|limit"),
    "an unknown kind of cell": (changed("cells/0/cell_type", "poem"), "poem"),
    "a source that is none": (changed("cells/0/source", 3), "source of cell 1 is a int"),
    "no source": (changed("cells/0/source", ...), "source of cell 1"),
    "outputs that are none": (changed(OUT, {}), "outputs of cell 2"),
    "an output of no kind": (changed(f"{OUT}/0/output_type", "sound"), "sound"),
    "a stream without text": (changed(f"{OUT}/0/text", ...), "output 0"),
    "data that are none": (changed(f"{OUT}/1/data", []), "data of output 1"),
    "a text that is a number": (changed(f"{OUT}/1/data", {"text/plain": 5}), "text/plain"),
    "a traceback that is none": (changed("cells/3/outputs/1/traceback", "x"), "traceback"),
    "metadata that are none": (changed("metadata", [1]), "metadata is a list"),
    "attachments that are none": (changed("cells/0/attachments", [1]), "attachments"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("format", ALL)
def test_what_is_no_notebook_is_refused_with_a_reason(tmp_path, name, format):
    """In every format, and it says why."""
    content, reason = HOSTILE[name]
    (path,) = written(tmp_path, [content])

    with pytest.raises(Unavailable, match=reason):
        ALL[format].digest(path)


def test_a_file_beyond_the_limit_is_refused(tmp_path):
    """Before it is read: it would have to be in memory as a whole."""
    path = tmp_path / "a.ipynb"
    with path.open("wb") as file:
        file.truncate((1 << 28) + 1)

    with pytest.raises(Unavailable, match="limit"):
        ALL[BOTH].digest(path)


@pytest.mark.parametrize("value", [None, "x", [1], {}, {"name": 5}])
def test_a_kernel_that_is_none_is_no_error(tmp_path, value):
    """It counts as it is; a description goes without it."""
    (path,) = written(tmp_path, [changed("metadata/kernelspec", value)])

    assert "kernel" not in ALL[BOTH].describe(path)
    assert ALL[BOTH].digest(path)


def test_a_preview_is_short(tmp_path):
    """However long the notebook."""
    found = notebook()
    found["cells"] = found["cells"] * 50
    found["cells"][0]["source"] = "x" * 5000
    (path,) = written(tmp_path, [found])
    text = ALL[BOTH].preview(path).data.decode()

    assert len(text.splitlines()) <= 30
    assert max(map(len, text.splitlines())) <= 100


SAMPLES = st.lists(
    st.tuples(st.sampled_from(["code", "markdown", "raw"]), st.sampled_from(["", "a", "b\n", "a\nb"]), st.booleans()),
    max_size=6,
)


def of(cells):
    """A notebook of (kind, source, whether it printed something)."""
    found = v4.new_notebook()
    for kind, source, printed in cells:
        make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}[kind]
        cell = make(source)
        if kind == "code" and printed:
            cell.outputs = [v4.new_output("stream", text=source + "\n")]
        found.cells.append(cell)
    return json.loads(nbformat.writes(found))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SAMPLES, SAMPLES)
def test_a_difference_is_found_exactly_if_digests_differ(tmp_path, left, right):
    """Whichever cells there are, in every format."""
    a, b = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    a.write_text(json.dumps(of(left)))
    b.write_text(json.dumps(of(right)))
    for format in ALL.values():
        counts = [difference for difference in format.diff(a, b) if difference.counts]

        assert bool(counts) == (format.digest(a) != format.digest(b))

"""`provstore report`: the page, where it may be written, and that nothing else changes."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from base64 import b64encode
from contextlib import closing
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from provstore.testing import project as testing

from .project import Project, stage

PAGE = "provstore-report.html"
VOID = frozenset({"meta", "link", "img", "input", "br"})
NASTY = "<script>alert(1)</script>\"'&\u202eevil"
PIPELINEFILE = (
    '[project]\nname = "demo"\ndescription = "To see it work"\n[params]\nlimit = 1\n'
    + stage("sort", "sort names.txt > out/sorted.txt", "names.txt", "out/sorted.txt")
    + stage("count", "echo {params.limit}; wc -l < out/sorted.txt > out/count.txt", "out/sorted.txt", "out/count.txt")
    + stage("fit", "echo before; cat hint >&2; exit 3", "out/count.txt hint", "out/fit.json")
    + stage("late", "cp out/fit.json out/late", "out/fit.json", "out/late")
)
FILES = {"Pipelinefile.toml": PIPELINEFILE, "names.txt": "b\na\n", "hint": "\x1b[31mred\x1b[0m\n" + NASTY + "\n"}


class Reader(HTMLParser):
    """Reads a page strictly: everything that is opened is closed, in order.

    Attributes:
        tags: Names of all elements.
        attributes: (element, attribute, value) of all.
        text: What a person reads, but for the style and the script.
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self._pieces: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []
        self.text = " ".join("".join(self._pieces).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in ("td", "th", "dt", "dd", "li"):
            self._pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self._pieces.append(data)


def read(project: Project, name: str = PAGE) -> Reader:
    """A page, parsed strictly."""
    return Reader(project.read(name))


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """Nothing has run."""
    return Project(tmp_path / "p", FILES)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two runs with another parameter; one task fails in both. For tests that change nothing."""
    project = Project(tmp_path_factory.mktemp("failed") / "p", FILES)
    project.run("-k", status=1)
    project.write("Pipelinefile.toml", PIPELINEFILE.replace("limit = 1", "limit = 2"))
    project.run("-k", status=1)
    done = project.provstore("report")
    assert done.out == f"{PAGE}: 4 tasks, 1 task failed\n"
    return project


def test_there_is_a_page_before_anything_has_run(fresh: Project) -> None:
    """Without a store, and none is made."""
    done = fresh.provstore("report")
    page = read(fresh)

    assert done.out == f"{PAGE}: 4 tasks, nothing was run yet\n"
    assert "Nothing was run yet" in page.text
    assert "never run" in page.text
    assert not fresh.exists(".provstore")


def test_the_page_tells_what_failed_and_why(failed: Project) -> None:
    """The end of the log, the exit status, what was read, and who waits for it; the exit status is 0 all the same."""
    page = read(failed)

    for text in ("exit status 3", "before red", "out/count.txt", "late", "waits for fit", "To see it work"):
        assert text in page.text, text


def test_the_page_tells_what_changed_between_the_last_two_runs(failed: Project) -> None:
    """The parameter, with both values; of a command that follows from it only the words that differ."""
    text = read(failed).text

    assert "param limit 1 → 2 count" in text
    assert "command command 1; → 2; (by its parameters) count" in text
    assert "blake3:" not in text.partition("What changed")[2].partition("What came out")[0]


def test_nothing_in_a_name_or_a_log_becomes_markup(failed: Project) -> None:
    """One script, which is our own; no handlers; nothing invisible; the nasty text is there to be read."""
    raw, page = failed.read(PAGE), read(failed)

    assert page.tags.count("script") == 1
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>\"'&\\u202eevil" in page.text
    assert not set(raw) & set("\u202e\x1b\x00\ufffe")
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize(
    "name", ['<img src="x" onerror="alert(1)">', "a'b\"c&amp;d", "line\nbreak \u202e txt", "{{ 7*7 }}"]
)
def test_every_name_can_be_shown(tmp_path: Path, name: str) -> None:
    """In the table, the graph and the preview."""
    path = name.replace("/", "").replace("{", "{{").replace("}", "}}")
    file = f'[stages.make]\noutputs = [{json.dumps(path)}]\nargv = ["touch", "{{outputs[0]}}"]\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": file})
    project.run()
    project.provstore("report")
    page = read(project)

    assert "img" not in page.tags
    assert "49" not in [word.strip("'") for word in page.text.split()]


def test_the_page_loads_nothing(failed: Project) -> None:
    """No address but those within the page, and a policy that allows none."""
    page = read(failed)
    addresses = [value for _, name, value in page.attributes if name in ("src", "href")]
    policy = next(value for _, name, value in page.attributes if name == "content" and "default-src" in value)

    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not [name for _, name, _ in page.attributes if name == "style"]


def test_the_policy_names_the_style_and_the_script_of_the_page(failed: Project) -> None:
    """By the digests of both as they are written, so that a browser takes these and no others."""
    page = html.unescape(failed.read(PAGE))

    for tag in ("style", "script"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", failed.read(PAGE), re.DOTALL)
        assert text is not None
        assert f"{tag}-src 'sha256-{b64encode(sha256(text[1].encode()).digest()).decode()}'" in page


def test_links_in_the_page_lead_somewhere(failed: Project) -> None:
    """Each has its target, and each table its heads."""
    page = read(failed)
    targets = [value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")]

    assert targets
    assert set(targets) <= set(page.ids)
    assert page.tags.count("th") == len([1 for tag, name, _ in page.attributes if (tag, name) == ("th", "scope")])


def test_a_report_changes_nothing_but_its_own_file(failed: Project) -> None:
    """The store's bytes and all other files are as before; the next report takes the place of the first."""
    store, files = failed.store_bytes(), failed.files()
    failed.provstore("report")

    assert failed.store_bytes() == store
    assert {**failed.files(), PAGE: b""} == {**files, PAGE: b""}


def test_standard_output_is_a_place_too(fresh: Project) -> None:
    """`-o -` writes the page and nothing else."""
    done = fresh.provstore("report", "-o", "-")

    assert done.out.startswith("<!DOCTYPE html>\n")
    assert done.out.endswith("</html>\n") or done.out.endswith("</html>")
    assert not fresh.exists(PAGE)


def test_targets_select_what_the_page_is_about(failed: Project) -> None:
    """With what they need, as in `status`."""
    failed.provstore("report", "count", "-o", "some.html")
    page = read(failed, "some.html")
    failed.remove("some.html")

    assert "2 tasks in 2 stages" in page.text
    assert "exit status 3" not in page.text
    assert "late" not in page.text.split("Last run")[0]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("names.txt", "no earlier report"),
        ("Pipelinefile.toml", "no earlier report"),
        (".", "found a directory"),
        ("names.txt/page.html", "Not a directory"),
        ("out/late", "stage 'late' makes it"),
        (".provstore/page.html", "belongs to a tool"),
    ],
)
def test_no_other_file_is_replaced(fresh: Project, file: str, message: str) -> None:
    """What is there already, what tasks make, and what belongs to tools."""
    fresh.write("out/")
    fresh.write(".provstore/")
    before = fresh.files()
    done = fresh.provstore("report", "-o", file, status=2)

    assert message in done.err
    assert fresh.files() == before


def test_no_output_is_replaced_whose_plan_is_remembered(failed: Project) -> None:
    """What the store remembers of the plan tells it as well as the Pipelinefile."""
    done = failed.provstore("report", "-o", "out/late", status=2)

    assert "stage 'late' makes it" in done.err


def test_the_folder_of_a_report_is_made(fresh: Project) -> None:
    """As that of other reports for CI."""
    fresh.provstore("report", "-o", "reports/of/today.html")

    assert "Nothing was run yet" in read(fresh, "reports/of/today.html").text


def test_a_report_never_becomes_an_input(tmp_path: Path) -> None:
    """Where a glob or a folder of the Pipelinefile would find it, it is refused before it is written."""
    file = stage("pages", "ls *.html > list", "*.html", "list") + stage("all", "ls docs > docs.txt", "docs", "docs.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": file, "a.html": "", "docs/a": "", "else/": ""})
    glob = project.provstore("report", status=2)
    folder = project.provstore("report", "-o", "docs/page.html", status=2)
    project.provstore("report", "-o", "else/page.html")

    assert "finds it" in glob.err
    assert "stage 'all' reads 'docs', in which it lies" in folder.err
    assert project.exists("else/page.html")
    assert not project.exists(PAGE)


def test_equal_tasks_share_a_row(tmp_path: Path) -> None:
    """Of a stage with sixty new tasks there is one row, with all their names."""
    file = '[dimensions]\nn = "0..59"\n[stages.make]\ndimensions = ["n"]\nargv = ["touch", "{outputs.o}"]\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": file + 'outputs.o = "made/{n}"\n'})
    project.provstore("report")
    page = read(project)

    assert [value for _, name, value in page.attributes if name == "data-state"] == ["new"]
    assert "60 tasks" in page.text
    assert all(f"make@n={number}" in page.text for number in range(60))


def test_equal_failures_share_a_row_and_the_first_is_unfolded(tmp_path: Path) -> None:
    """What each printed can be unfolded; another outcome of the stage is not the same."""
    file = '[dimensions]\nn = "0..3"\n' + stage(
        "make", "echo printed {n}; [ {n} = 2 ] && exit 7; exit 5", "", "made/{n}", 'dimensions = ["n"]'
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": file})
    project.run("-k", status=1)
    project.provstore("report")
    page = read(project)

    assert [value for _, name, value in page.attributes if name == "data-state"] == ["failed", "failed"]
    assert page.tags.count("article") == 2
    assert [page.text.count(f"printed {number}") for number in range(4)] == [1 + 1] * 4  # log and command


def test_how_tasks_ended_is_no_cause_of_what_changed(tmp_path: Path) -> None:
    """It stands with what came out."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "test -s in", "in", "", ""), "in": ""})
    project.run(status=1)
    project.write("in", "something")
    project.run()
    project.provstore("report")
    causes, _, effects = read(project).text.partition("What changed")[2].partition("What came out")

    assert "input in" in causes
    assert "outcome" not in causes
    assert "failed → succeeded" in effects


def test_a_damaged_record_takes_its_section_away_only(fresh: Project) -> None:
    """The page says what is wrong and shows the rest; the terminal says it too."""
    fresh.run("-k", status=1)
    with closing(sqlite3.connect(fresh.store)) as conn, conn:
        conn.execute("UPDATE run SET user = 'somebody else'")
    done = fresh.provstore("report")
    text = read(fresh).text

    assert "not what was recorded" in done.err
    assert "Not shown: the store is damaged." in text
    assert "waits for fit" in text


def test_a_store_that_is_none_is_an_error(fresh: Project) -> None:
    """As for every other question, and no page is written."""
    fresh.write(".provstore/store.db", b"nothing of the kind" * 100)
    done = fresh.provstore("report", status=3)

    assert "error[store" in done.err
    assert not fresh.exists(PAGE)


def test_a_report_can_be_made_while_a_run_is_under_way(tmp_path: Path) -> None:
    """It waits for nobody, and says that the run has not ended."""
    file = stage("quick", "echo 1 > one", "", "one") + stage("slow", "sleep 30; echo 2 > two", "one", "two")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": file})
    with project.start("run") as process:
        project.wait_for(lambda: project.store.exists() and bool(project.rows("SELECT 1 FROM execution")))
        testing.Project.provstore(project, "report")
        was_running = process.poll() is None
        process.terminate()

    assert was_running
    assert "under way" in read(project).text


def test_results_are_shown_as_they_look(tmp_path: Path) -> None:
    """A picture as a picture that can't run anything, a text as text; the page names size and digest."""
    svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>alert(1)</script></svg>"
    file = stage("draw", "cp drawn.svg out.svg; cp words note.txt; head -c 999 /dev/zero > raw", "drawn.svg words",
                 "out.svg note.txt raw")  # fmt: skip
    project = Project(tmp_path / "p", {"Pipelinefile.toml": file, "drawn.svg": svg, "words": "one & two\n"})
    project.run()
    project.provstore("report")
    page = read(project)
    pictures = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]

    assert [picture.partition(",")[0] for picture in pictures] == ["data:image/svg+xml;base64"]
    assert "one & two" in page.text
    assert "999 B" in page.text
    assert page.tags.count("figure") == 2


def test_secrets_stay_out_of_the_page(tmp_path: Path) -> None:
    """A log is shown as it is stored: without the values of secret variables."""
    file = '[project]\nsecret_env = ["TOKEN"]\n' + stage(
        "leak", 'echo "token $TOKEN"; exit 1', "", "x", 'env = ["TOKEN"]'
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": file})
    project.environment["TOKEN"] = "a-secret-of-some-length"
    project.run(status=1)
    project.provstore("report")

    assert "a-secret-of-some-length" not in project.read(PAGE)
    assert "token" in read(project).text


def test_the_graph_has_the_states_of_the_tasks_before_anything_has_run(fresh: Project) -> None:
    """One that says "not recorded" beside tasks that are new would be a second answer."""
    fresh.provstore("report")
    boxes = [value for tag, name, value in read(fresh).attributes if (tag, name) == ("a", "class") and "box" in value]

    assert boxes == ["box new", "box waiting", "box waiting", "box waiting"]


def test_measures_are_in_the_order_of_the_plan(tmp_path: Path) -> None:
    """Not in that in which they happened to be recorded."""
    file = (
        '[dimensions]\nn = "10..13"\n[stages.m]\ndimensions = ["n"]\noutputs.m = { path = "{n}.toml", metric = true }\n'
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": file + 'run = "echo v = {n} > {outputs.m}"\n'})
    project.run()
    project.provstore("report")
    table = project.read(PAGE).partition('id="metrics"')[2]

    assert re.findall(r"<code>(\d+).toml</code>", table) == ["10", "11", "12", "13"]

"""What CI is told, as text: it can be read by what reads it, and says what it was given, whatever that is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from e2e.runner import obeyed
from hypothesis import given
from hypothesis import strategies as st

from provstore.cli.ci import Check, files, github, gitlab
from provstore.cli.ci.checks import OUTCOMES
from provstore.cli.ci.findings import Finding, Spot, findings, spot_in, top_of_repository
from provstore.cli.ci.junit import MOST_DETAILS, junit_xml
from provstore.cli.render import to_json
from provstore.errors import UsageError
from provstore.model.values import harmless

NASTY = "a::error::b\r\n::set-output name=x::y\n##[stop-commands]z%0A,:]]>&<\x00\x1b[0m\ud7ff\U0001f600"
texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.sampled_from([NASTY, "::", "##[error]", "%25", "%0A::error::", "]]>", "a|b", "<!--", "`*_~#@"]),
)
many = st.lists(
    st.builds(
        Check,
        name=texts,
        stage=texts,
        outcome=st.sampled_from(OUTCOMES),
        seconds=st.floats(0, 1e6),
        message=texts,
        details=texts,
        word=texts,
    ),
    max_size=5,
)
SPOT = Spot("a,b:c%.toml", 3)


# --- JUnit ------------------------------------------------------------------------------------------------


HELD = {*"\t\n\r", *map(chr, range(0x20, 0xD800)), *map(chr, range(0xE000, 0xFFFE))}


def as_xml(text: str) -> str:
    """What XML 1.0 can hold of a text."""
    return "".join(char if char in HELD or char > "\uffff" else "\ufffd" for char in text)


@given(many)
def test_any_checks_are_xml_that_says_the_same(checks: list[Check]) -> None:
    """Names, messages and logs come back as they were, but for characters that XML can't hold."""
    suite = ElementTree.fromstring(junit_xml("run", checks, {}).encode())[0]

    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [as_xml(check.name) for check in checks]
    for case, check in zip(cases, checks, strict=True):
        tags = {"failed": ["failure"], "error": ["error"], "skipped": ["skipped"], "passed": []}[check.outcome]
        assert [inner.tag for inner in case] == tags
        for inner in case:
            assert inner.get("message") == as_xml(check.message)
            assert (inner.text or "") == as_xml(check.details)
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == [
        str(sum(check.outcome == outcome for check in checks) if outcome else len(checks))
        for outcome in ("", "failed", "error", "skipped")
    ]


def test_a_junit_file_is_of_bounded_size() -> None:
    """However many tasks print however much, details have only so much room; all tasks are there."""
    checks = [Check(f"a@n={n}", "a", "failed", details="x" * 100_000) for n in range(300)]
    text = junit_xml("run", checks, {})

    assert len(text) < MOST_DETAILS + 300 * 200
    assert text.count("<testcase ") == 300


def test_a_case_has_the_line_of_its_stage() -> None:
    """For those who show failures there."""
    case = ElementTree.fromstring(junit_xml("run", [Check("a@n=1", "a", "failed")], {"a": Spot("p.toml", 7)}))[0][0]

    assert (case.get("classname"), case.get("file"), case.get("line")) == ("a", "p.toml", "7")


# --- GitHub -----------------------------------------------------------------------------------------------


@given(texts, texts, texts)
def test_an_annotation_says_what_it_was_given_and_nothing_else_is_obeyed(title: str, message: str, remark: str) -> None:
    """No text gets out of its command."""
    lines = github.annotated([Finding("a", title, message, SPOT)], [remark])
    shown = "\n".join(harmless(line) for line in message.split("\n"))

    assert all("\n" not in line and "\r" not in line for line in lines)
    found = obeyed(lines)
    assert [command.name for command in found] == ["error", "notice"]
    assert found[0].data == shown
    assert (found[0].properties["file"], found[0].properties["line"]) == (SPOT.file, "3")


@given(texts)
def test_what_is_disarmed_is_not_obeyed(text: str) -> None:
    """On whatever line it stands."""
    lines = [harmless(line) for line in text.split("\n")]

    assert obeyed(github.disarmed("\n".join(lines)).split("\n")) == []
    assert "".join(github.disarmed("\n".join(lines)).split()) == "".join("\n".join(lines).split())


def test_no_more_annotations_than_github_shows() -> None:
    """The last one says how many more there are."""
    lines = github.annotated([Finding(str(n), "t", "m", None) for n in range(25)], ["r"] * 11)

    found = obeyed(lines)
    assert [command.name for command in found] == ["error"] * 10 + ["notice"] * 10
    assert found[9].data == "and 16 more: see the summary"
    assert found[19].data == "and 2 more: see the summary"


@given(many, st.lists(texts, max_size=2))
def test_no_text_means_anything_in_the_summary(checks: list[Check], remarks: list[str]) -> None:
    """All rows have four cells, and the only tags and lines are those of the summary itself."""
    text = github.summary("run", checks, remarks)
    table, _, logs = text.partition("<details>")

    for line in table.splitlines()[2:]:
        assert not line or line.startswith("- ") or line.replace("|", "") == line or line.count("|") == 5
    assert table.replace("<code>", "").replace("</code>", "").count("<") == 0
    assert (
        logs.count("</pre>")
        == logs.count("<pre>")
        == sum(bool(check.details) and check.outcome != "passed" for check in checks)
    )


def test_a_summary_has_no_more_bytes_than_there_is_room_for() -> None:
    """What is cut off is said; no element is left open."""
    checks = [Check(f"a@n={n}", "a", "failed", message="é" * 3000, details="<" * 9000) for n in range(300)]
    text = github.summary("run", checks, [], 40_000)

    assert len(text.encode()) <= 40_000
    assert "no room here" in text
    assert text.count("<details>") == text.count("</details>")
    assert len(github.summary("run", checks, []).encode()) <= github.LONGEST_SUMMARY


def test_what_is_fresh_is_counted_only() -> None:
    """Of ten thousand fresh tasks nobody wants to read the names; what failed stands first."""
    checks = [Check(f"a@n={n}", "a", "passed", word="fresh") for n in range(10_000)]
    text = github.summary("run", [*checks, Check("b", "b", "failed", 1.5, "exit status 3", word="failed")], [])

    assert text.startswith("### ❌ provstore run: 1 failed, 10000 fresh (1.5 s)\n")
    assert text.count("<code>") == 1


def test_json_holds_no_workflow_command() -> None:
    """`##[` counts anywhere in a line; the JSON is equal all the same."""
    value = {"path": "##[error]x", "list": ["::error::y"]}
    text = to_json(value)

    assert json.loads(text) == value
    assert obeyed(text.splitlines()) == []


# --- GitLab -----------------------------------------------------------------------------------------------


@given(many)
def test_a_section_is_opened_and_closed_once(checks: list[Check]) -> None:
    """Escape characters in names can't end it."""
    lines = gitlab.section("run", checks, 1)

    assert [line.count("\x1b") + line.count("\n") for line in lines[1:-1]] == [0] * (len(lines) - 2)
    assert lines[0].startswith("\x1b[0Ksection_start:1:provstore_run[collapsed=true]\r\x1b[0K")
    assert lines[-1] == "\x1b[0Ksection_end:1:provstore_run\r\x1b[0K"


def test_a_code_quality_report_tells_old_from_new() -> None:
    """The same stage has the same fingerprint in every run, another one has another."""
    first = [Check("a@n=1", "a", "failed", message="exit status 1"), Check("b", "b", "failed")]
    again = [Check("a@n=2", "a", "failed", message="exit status 2")]
    reports = [
        json.loads(gitlab.code_quality("run", findings("run", checks, {"a": SPOT}))) for checks in (first, again)
    ]

    prints = [[entry["fingerprint"] for entry in report] for report in reports]
    assert prints[0][0] == prints[1][0] != prints[0][1]
    assert reports[0][0]["location"] == {"path": SPOT.file, "lines": {"begin": 3}}
    assert {"check_name", "description", "severity", "fingerprint", "location"} == set(reports[0][0])


# --- findings ---------------------------------------------------------------------------------------------


def test_a_stage_has_one_finding() -> None:
    """Its tasks share a line of the Pipelinefile; beyond a few of them their number is said."""
    checks = [Check(f"a@n={n}", "a", "failed", message="m", word="failed") for n in range(13)]
    found = findings("run", [*checks, Check("b", "b", "skipped"), Check("c", "c", "passed")], {})

    assert [finding.title for finding in found] == ["provstore run: 13 tasks of a"]
    assert found[0].message.splitlines()[0] == "a@n=0: failed: m"
    assert found[0].message.splitlines()[-1] == "and 3 more"


def test_files_are_named_from_the_top_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As CI says where that is, else where git has it, else from the project's folder."""
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "a/.git").mkdir(parents=True)
    (tmp_path / "a/b/c").mkdir(parents=True)
    root = os.path.realpath(tmp_path / "a/b/c")

    top = top_of_repository(root)
    assert spot_in(top, f"{root}/x.toml", 1) == Spot("b/c/x.toml", 1)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "a/b"))
    assert spot_in(top_of_repository(root), f"{root}/x.toml", 1) == Spot("c/x.toml", 1)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert top_of_repository(root) == top


# --- files ------------------------------------------------------------------------------------------------


def test_a_report_of_before_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    """A slip of the finger does not cost a file."""
    (tmp_path / "data.csv").write_text("precious\n", encoding="utf-8")
    with pytest.raises(UsageError, match="would be lost"):
        files.claim_writable("--junit", "data.csv", str(tmp_path))
    for option, text in (
        ("--junit", junit_xml("run", [], {})),
        ("--code-quality", gitlab.code_quality("run", [])),
        ("--code-quality", gitlab.code_quality("run", [Finding("a", "t", "m", None)])),
    ):
        path = files.claim_writable(option, f"new/{option}", str(tmp_path))
        assert path is not None
        files.write_whole(option, path, text)
        assert files.claim_writable(option, f"new/{option}", str(tmp_path)) == path

    assert sorted(os.listdir(tmp_path / "new")) == ["--code-quality", "--junit"]
    assert (tmp_path / "data.csv").read_text(encoding="utf-8") == "precious\n"


@pytest.mark.parametrize("name", ["", "x/", ".", ".provstore/store.db", "file/x", "x" * 300])
def test_what_can_not_be_written_is_said_at_once(name: str, tmp_path: Path) -> None:
    """Before anything is run."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(UsageError, match="--junit"):
        files.claim_writable("--junit", name, str(tmp_path))


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it leads to gets the report."""
    (tmp_path / "there").mkdir()
    (tmp_path / "link.xml").symlink_to("there/real.xml")
    path = files.claim_writable("--junit", "link.xml", str(tmp_path))
    assert path is not None
    files.write_whole("--junit", path, "<testsuites/>")

    assert (tmp_path / "link.xml").is_symlink()
    assert (tmp_path / "there/real.xml").read_text(encoding="utf-8") == "<testsuites/>"

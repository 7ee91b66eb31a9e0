"""Answers of `why` and `history` → text for people and JSON for programs. Pure functions."""

from __future__ import annotations

import shlex

from provstore.cli.accept_text import is_by_hand, told
from provstore.cli.dataset_text import UNTYPED
from provstore.cli.past_verifications import told as verified
from provstore.cli.records import number_of, size_text
from provstore.cli.render import plain
from provstore.cli.tables import columns_of, fitted, moment, table, took
from provstore.model.values import harmless, spelled, task_name
from provstore.operations.by_content import BYTES, DATA, MODE
from provstore.operations.why import MISSING
from provstore.store.ledger import SOURCES
from provstore.store.origins import UNDER_WAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from typing import Any

    from provstore.cli.render import Style
    from provstore.model.values import JSON
    from provstore.operations.history import HistoryReport, VersionLine
    from provstore.operations.why import WhyReport
    from provstore.store.origins import Input, Version

    Field = tuple[str, Sequence[str], int]
    """Name, lines, and how many of these are shown."""

THE_TASK = "a task that is under way"
SOURCE = "nobody that is known: a source"
GATHERED = "no task as a whole: gathered from files that tasks made (see 'provstore lineage')"
DIGEST_LETTERS = len("blake3:") + 12
RECORDS = "records"
INPUTS, COMMAND, PARAMS, VARIABLES, OTHERS = 5, 3, 3, 2, 3
"""Lines of each that are shown: with the rest it is one screen."""


# --- why --------------------------------------------------------------------------------------------------


def why_json(report: WhyReport) -> dict[str, JSON]:
    """The contract of `why`."""
    return {
        "path": report.path,
        "state": report.state,
        "agrees": report.agrees or None,
        "recorded_path": report.version.path if report.version is not None else None,
        "latest": report.latest.dataset if report.latest is not None else None,
        "elsewhere": list(report.elsewhere),
        "within": report.within or None,
        "dataset": report.dataset,
        "execution": report.execution,
        "run": report.run,
        "inputs": [_input_json(entry) for entry in report.inputs],
        "later": report.later._asdict() if report.later is not None else None,
    }


def _input_json(entry: Input) -> dict[str, JSON]:
    origin = entry.origin
    made = {"stage": origin.stage, "data_id": origin.data_id, "execution": origin.execution, "ended": origin.ended,
            "by_hand": origin.by_hand} \
        if origin is not None else None  # fmt: skip
    return {**entry._asdict(), "origin": made}


def why_text(report: WhyReport, style: Style = plain, width: int | None = None) -> str:
    """One screen: what it is, then what made it.

    Args:
        width: Columns of the terminal, at which sentences and ids are wrapped and other lines cut; None: they are not.
    """
    lines = [f"{style(report.state, report.state)}  {_fit(harmless(report.path), width, len(report.state) + 2)}"]
    lines += [f"  {line}" for sentence in _situation(report) for line in _wrapped(harmless(sentence), width)]
    fields = _made(report) if report.execution is not None else _found(report)
    wide = max((len(name) for name, shown, _ in fields if shown), default=0)
    for name, values, most in fields:
        shown = _uncut(values, width, wide + 4) if name == RECORDS else _shortened(values, most)
        for number, line in enumerate(shown):
            head = (name if number == 0 else "").ljust(wide)
            lines.append(f"  {head}  {_fit(harmless(line.expandtabs()), width, wide + 4)}".rstrip())
    return "\n".join(lines)


def _wrapped(text: str, width: int | None) -> list[str]:
    if width is None:
        return [text]
    import textwrap

    return textwrap.wrap(text, max(20, width - 2), break_on_hyphens=False)


def _fit(text: str, width: int | None, taken: int) -> str:
    return text if width is None else fitted(text, max(1, width - taken))


def _uncut(ids: Sequence[str], width: int | None, taken: int) -> list[str]:
    """Ids on one line, or each on its own where they don't fit: one that is cut is of no use."""
    line = ", ".join(ids)
    return [line] if width is None or len(line) <= width - taken else list(ids)


def _shortened(lines: Sequence[str], most: int) -> list[str]:
    """The first lines, and how many there are besides."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"… {len(lines) - most + 1} more"]


def _situation(report: WhyReport) -> list[str]:
    """What is to be said of what lies there, in sentences."""
    version = report.version
    if version is None:
        return _unknown(report)
    lines = []
    if report.path != version.path:
        what = {BYTES: "has the bytes of", MODE: "has the bytes (not the executable bit) of"}.get(
            report.agrees, "is equal as data (not in its bytes) to"
        )
        lines.append(f"the store does not know this path; it {what} {version.path}")
    elif report.state == MISSING:
        command = f"provstore restore {shlex.quote(version.path)}"
        lines.append(f"nothing lies there; {command} puts it back if its bytes are kept")
    elif report.agrees == MODE:
        lines.append("not what was recorded: its executable bit differs")
    elif report.agrees == DATA:
        lines.append("equal as data to what was recorded; only bytes differ")
    elif not report.agrees:
        lines.append("not what was recorded: its bytes differ")
    if report.latest is not None:
        lines.append(_superseded(report, version, report.latest))
    if report.elsewhere:
        paths = ", ".join(_shortened(report.elsewhere, OTHERS))
        lines.append(f"{_ELSEWHERE.get(report.agrees, 'these bytes are also those of')} {paths}")
    if report.state != MISSING and not report.agrees:
        lines.append("what should lie there:")
    return lines


_ELSEWHERE = {"": "these are the bytes of", DATA: "also equal as data to"}
"""What is said of other paths with the content of a file, by what it agrees in with the version that was found."""


def _superseded(report: WhyReport, version: Version, latest: Version) -> str:
    by_hand = "an edit by hand that was kept" if version.execution is None and latest.execution else "another version"
    maker = f" by {_task(latest.stage, latest.data_id)}" if latest.execution is not None else ""
    return f"{by_hand}: recorded last is that of {moment(latest.created)}{maker} ({report.short[latest.dataset]})"


def _unknown(report: WhyReport) -> list[str]:
    if report.within:
        return [
            f"a folder that no task makes or reads as a whole; the store knows files in it, such as {report.within}"
        ]
    if report.present is not None:
        return ["the store knows neither this path nor this content: no task of this project made or read it"]
    if report.near == report.path:
        return ["nothing lies there: a task is to make it, and none has done so yet"]
    hint = f"; did you mean '{report.near}'?" if report.near else ""
    return [f"nothing lies there, and the store knows no file of this name{hint}"]


def _made(report: WhyReport) -> list[Field]:
    """What made it, of which everything is known."""
    execution, dataset = report.execution, report.dataset
    assert execution is not None, "the caller has looked"
    assert dataset is not None, "an execution has made it"
    started, ended = execution["started"], execution["ended"]
    when = f", {moment(ended)}, in {took(started, ended)}" if ended else f", {moment(started)}"
    if is_by_hand(execution):
        when = f", {moment(started)}"
    outcome = "" if execution["outcome"] == "succeeded" else f" ({execution['outcome']})"
    return [
        ("is", _is(dataset), 1),
        ("made by", [f"{_maker(execution)}{outcome}{when}"], 1),
        ("accepted", told(execution), 2),
        ("verified", verified(execution, dataset["path"])[:1], 1),
        ("as part of", [dataset["path"]] if report.version and report.version.path != dataset["path"] else [], 1),
        ("since then", _later(report), 1),
        ("host", [f"{execution['user']}@{execution['host']}, {execution['system']}"] if execution["user"] else [], 1),
        ("folder", [execution["cwd"]] if execution["cwd"] else [], 1),
        ("command", execution["command"].strip("\n").split("\n"), COMMAND),
        ("params", _values(execution["params"]), PARAMS),
        ("environment", _values(execution["environment"]), VARIABLES),
        ("code", _code(execution), 1),
        ("inputs", _inputs(report.inputs, report.gathered), INPUTS),
        *_ids(report),
    ]


def _maker(execution: Mapping[str, Any]) -> str:
    task = _task(execution["stage"] or execution["name"], execution["data_id"])
    return f"hand, in the place of {task}" if is_by_hand(execution) else task


def _found(report: WhyReport) -> list[Field]:
    """What nobody made who is known."""
    dataset = report.dataset
    if dataset is None:
        return []
    newest = reversed(dataset["readers"])
    readers = [f"{_task(entry['stage'], entry['data_id'])} ({entry['outcome']})" for entry in newest]
    is_made = report.version is not None and report.version.outcome == UNDER_WAY
    is_edit = report.latest is not None and report.latest.execution is not None
    gathered = GATHERED if dataset["id"] in report.gathered else ""
    return [
        ("is", _is(dataset), 1),
        ("made by", [THE_TASK if is_made else "hand" if is_edit else gathered or SOURCE], 1),
        ("recorded", [f"{moment(dataset['created'])}, for {dataset['owner']}"], 1),
        ("read by", list(dict.fromkeys(readers)), INPUTS),
        *_ids(report),
    ]


def _is(dataset: Mapping[str, Any]) -> list[str]:
    """What a person or the Pipelinefile calls it; of what only a task calls something, its maker says that."""
    named = f"'{dataset['name']}' {dataset['version']}" if dataset["version"] else ""
    data_id = ", ".join(_pairs(dataset["data_id"]))
    typed = "" if dataset["role"] or dataset["type"] == UNTYPED else f"{dataset['type']} {data_id}".strip()
    return [", ".join(filter(None, (named, typed)))] if named or typed else []


def _pairs(data_id: Mapping[str, JSON]) -> list[str]:
    return [f"{name}={spelled(value)}" for name, value in data_id.items()]


def _ids(report: WhyReport) -> list[Field]:
    """How to ask for more."""
    version = report.version
    assert version is not None  # whoever has fields has a version
    names = {"dataset": version.dataset, "execution": version.execution, "run": version.run}
    ids = [f"{name} {report.short[id]}" for name, id in names.items() if id is not None]
    content = f"{size_text(version.size)}, {version.digest[:DIGEST_LETTERS]}"
    return [("content", [content], 1), (RECORDS, ids, len(ids))]


def _later(report: WhyReport) -> list[str]:
    later = report.later
    if later is None:
        return []
    when = f" {moment(later.ended)}" if later.ended else ""
    message = f": {later.message}" if later.message else ""
    return [f"{later.outcome}{when}{message} (execution {report.short[later.execution]})".split("\n", 1)[0]]


def _origin(entry: Input, gathered: Container[str]) -> str:
    made = entry.origin
    if made is None:
        if entry.dataset in gathered:
            return "gathered"
        typed = "" if entry.type == UNTYPED else f"{entry.type} "
        return "source" if entry.run == SOURCES else f"{harmless(typed)}in {harmless(entry.run)}"
    when = f" on {moment(made.ended)}" if made.ended else ""
    by_hand = " (by hand)" if made.by_hand else ""
    return f"made by {_task(made.stage, made.data_id)}{by_hand}{when}"


def _inputs(inputs: Sequence[Input], gathered: Container[str]) -> list[str]:
    """Paths and origins, in columns."""
    wide = max((columns_of(harmless(entry.path)) for entry in inputs[:INPUTS]), default=0)
    paths = [harmless(entry.path) for entry in inputs]
    origins = [_origin(entry, gathered) for entry in inputs]
    return [f"{path}{' ' * (wide - columns_of(path))}  {origin}" for path, origin in zip(paths, origins, strict=True)]


def _code(execution: Mapping[str, Any]) -> list[str]:
    if not execution["commit_id"]:
        return []
    branch = f" on {execution['branch']}" if execution["branch"] else ""
    return [f"commit {execution['commit_id'][:12]}{branch}{', with changes' if execution['dirty'] else ''}"]


def _task(stage: str | None, data_id: Mapping[str, Any]) -> str:
    return task_name(stage or "no stage", tuple(data_id.items()))


def _values(values: Mapping[str, JSON]) -> list[str]:
    return [f"{name} = {'not set' if value is None else spelled(value)}" for name, value in values.items()]


# --- history ----------------------------------------------------------------------------------------------


def history_json(report: HistoryReport) -> dict[str, JSON]:
    """The contract of `history`."""
    return {
        "path": report.path,
        "versions": [
            {
                "dataset": version.dataset,
                "digest": version.digest,
                "size": version.size,
                "created": version.created,
                "execution": version.execution,
                "run": version.run,
                "stage": version.stage,
                "data_id": version.data_id,
                "change": version.change or None,
                "current": version.current,
                "kept": version.kept,
            }
            for version in report.versions
        ],
    }


HEAD = ("recorded", "size", "digest", "change", "", "by")
CHANGES = {"first": "first", "bytes": "content", "data": "bytes only", "mode": "mode", "": "none"}


def history_text(report: HistoryReport, width: int | None = None) -> str:
    """One line a version, and what lies there if it is none of them."""
    rows = [_row(version, is_made=report.is_made) for version in report.versions]
    lines = [_fit(line, width, 0) for line in table(HEAD, rows, None, right=frozenset({1})).split("\n")] if rows else []
    if not report.is_there:
        lines.append(f"{harmless(report.path)} is missing")
    elif not report.more and not any(version.current for version in report.versions):
        lines.append(f"what lies at {harmless(report.path)} now was never recorded")
    if report.more:
        lines.append(f"shown are the last {number_of(len(rows), 'version')}; there are more")
    return "\n".join(lines)


def _row(version: VersionLine, *, is_made: bool) -> list[str]:
    maker = harmless(_task(version.stage, version.data_id)) if version.execution is not None else ""
    if version.is_under_way:
        maker = THE_TASK
    elif maker and version.run is None:
        maker += " (by hand)"
    marks = [name for name, holds in (("current", version.current), ("kept", version.kept)) if holds]
    nobody = "by hand" if is_made else "gathered" if version.gathered else "source"
    digest = version.digest.removeprefix("blake3:")[:12]
    change = CHANGES[version.change]
    return [moment(version.created), size_text(version.size), digest, change, ", ".join(marks), maker or nobody]

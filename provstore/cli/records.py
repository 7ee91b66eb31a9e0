"""Records of `show` → text for people and JSON for programs. Pure functions."""

from __future__ import annotations

import shlex

from provstore.cli.accept_text import is_by_hand, told
from provstore.cli.past_verifications import told as verified
from provstore.cli.render import plain
from provstore.cli.tables import counted, moment, took
from provstore.model.values import harmless, spelled, task_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from provstore.cli.render import Style
    from provstore.model.values import JSON
    from provstore.operations.show import ShowReport

    Field = tuple[str, str]

DIGEST_LETTERS = len("blake3:") + 12
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def show_json(report: ShowReport) -> dict[str, JSON]:
    """The whole record; `record` says of what it is."""
    found: dict[str, JSON] = {"record": report.kind, **report.record}
    if report.pipelinefile is not None:
        found["pipelinefile_text"] = dict(report.pipelinefile)
    return found


def show_text(report: ShowReport, style: Style = plain) -> str:
    """The record on a screen: what most want to know comes first."""
    record: Mapping[str, Any] = report.record
    fields = {"run": _run, "execution": _execution, "dataset": _dataset}[report.kind](record, report.short)
    lines = [f"{report.kind} {record['id']}"]
    wide = max(len(name) for name, _ in fields)
    for name, value in fields:
        first, *others = value.split("\n")
        shown = style(harmless(first), first) if name == "outcome" else harmless(first)
        lines.append(f"  {name.ljust(wide)}  {shown}".rstrip())
        lines += [f"  {' ' * wide}  {harmless(line)}".rstrip() for line in others]
    for file, text in (report.pipelinefile or {}).items():
        lines += ["", f"{harmless(file)}:", *(f"  {harmless(line.expandtabs())}" for line in text.splitlines())]
    return "\n".join(lines)


def _run(record: Mapping[str, Any], short: Mapping[str, str]) -> list[Field]:
    wide = max((len(short[entry["id"]]) for entry in record["executions"]), default=0)
    executions = [
        f"{short[entry['id']].ljust(wide)}  {entry['outcome']}  {_task(entry)}"
        + (f"  ({entry['message']})" if entry["message"] else "")
        for entry in record["executions"]
    ]
    return _told(
        ("outcome", record["outcome"] or "unfinished"),
        ("tasks", counted(record["summary"] or {})),
        ("arguments", shlex.join(record["arguments"])),
        ("params", _values(record["params"])),
        ("collection", record["collection"]),
        *_times(record),
        *_circumstances(record),
        ("files", "\n".join(f"{file}  {_short(digest)}" for file, digest in record["pipelinefile"].items())),
        ("executions", "\n".join(executions)),
    )


def _execution(record: Mapping[str, Any], short: Mapping[str, str]) -> list[Field]:
    return _told(
        *([("task", _task(record))] if record["stage"] else _as_registered(record)),
        ("outcome", _outcome(record)),
        ("accepted", "\n".join(told(record))),
        ("verified", "\n".join(verified(record))),
        ("command", record["command"].strip("\n")),
        ("shell", record["shell"]),
        ("folder", record["cwd"]),
        ("params", _values(record["params"])),
        ("environment", _values(record["environment"])),
        ("inputs", _datasets(record["inputs"], short)),
        ("outputs", _datasets(record["outputs"], short)),
        ("printed", size_text(record["log_size"]) if record["log_size"] else "nothing"),
        *(_times(record) if not is_by_hand(record) else [("recorded", moment(record["started"]))]),
        ("processor", f"{record['cpu_seconds']:.2f} s" if record["cpu_seconds"] is not None else ""),
        ("memory", size_text(record["peak_memory"]) if record["peak_memory"] is not None else ""),
        ("attempt", str(record["attempt"]) if record["attempt"] > 1 else ""),
        ("run", record["run"] or ""),
        *_circumstances(record),
        ("description", record["description"]),
        ("key", record["key"] or ""),
    )


def _dataset(record: Mapping[str, Any], short: Mapping[str, str]) -> list[Field]:
    readers = [f"{short[entry['execution']]}  {_task(entry)}" for entry in record["readers"]]
    equal = [f"{entry['dataset']}, except: {', '.join(entry['ignored']) or 'bytes'}" for entry in record["equal_to"]]
    executable = ", executable" if record["executable"] else ""
    return _told(
        ("path", record["path"]),
        ("kind", f"{record['kind']}{executable}, {size_text(record['size'])}"),
        ("digest", record["digest"]),
        ("semantic", record["semantic_digest"] or ""),
        ("equal to", "\n".join(equal)),
        ("type", record["type"]),
        ("data ID", _values(record["data_id"])),
        ("format", record["format"]),
        ("status", record["status"]),
        ("created", moment(record["created"])),
        ("made by", f"execution {record['execution']}\n{_maker(record)}" if record["execution"] else "nobody known"),
        ("collection", record["run"]),
        ("name", " ".join(filter(None, (record["name"], record["version"])))),
        ("owner", f"{record['owner']} ({record['owner_type']})"),
        ("description", record["description"]),
        ("metadata", _values(record["metadata"])),
        ("read by", "\n".join(readers)),
    )


def _told(*fields: Field) -> list[Field]:
    """The fields that say something."""
    return [(name, value) for name, value in fields if value]


def _as_registered(record: Mapping[str, Any]) -> list[Field]:
    """What a person has called an execution that is no task's, and where it was."""
    return [("name", record["name"]), ("site", record["site"] or "")]


def _maker(record: Mapping[str, Any]) -> str:
    return _task(record) if record["outcome"] else "a task that is under way"


def _task(record: Mapping[str, Any]) -> str:
    return task_name(record["stage"] or "no stage", tuple(record["data_id"].items()))


def _outcome(record: Mapping[str, Any]) -> str:
    if is_by_hand(record):
        return f"{record['outcome']}\nby hand: nothing was executed"
    return f"{record['outcome']}\n{record['message']}" if record["message"] else str(record["outcome"])


def _times(record: Mapping[str, Any]) -> list[Field]:
    return [
        ("started", moment(record["started"])),
        ("ended", moment(record["ended"]) if record["ended"] else ""),
        ("took", took(record["started"], record["ended"]) if record["ended"] else ""),
    ]


def _circumstances(record: Mapping[str, Any]) -> list[Field]:
    """Who, where, with which code."""
    code = ""
    if record["commit_id"]:
        branch = f" on {record['branch']}" if record["branch"] else ""
        code = f"commit {record['commit_id'][:12]}{branch}{', with changes' if record['dirty'] else ''}"
    host = f"{record['user']}@{record['host']}, {record['system']}" if record["user"] else ""
    software = f"provstore {record['provstore']}, Python {record['python']}" if record["user"] else ""
    return [("code", code), ("host", host), ("software", software)]


def _datasets(rows: Sequence[Mapping[str, Any]], short: Mapping[str, str]) -> str:
    wide = max((len(row["path"]) for row in rows), default=0)
    letters = max((len(short[row["dataset"]]) for row in rows), default=0)
    return "\n".join(
        f"{row['path'].ljust(wide)}  {_short(row['digest'])}  {short[row['dataset']].ljust(letters)}  ({row['role']})"
        for row in rows
    )


def _values(values: Mapping[str, JSON]) -> str:
    return "\n".join(f"{name} = {'not set' if value is None else spelled(value)}" for name, value in values.items())


def _short(digest: str) -> str:
    return digest[:DIGEST_LETTERS]


def number_of(number: int, noun: str, several: str = "") -> str:
    """A number with its noun: ``1 object``, ``2 objects``."""
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def size_text(number: int) -> str:
    """Bytes as people say them: ``12 B``, ``3.4 MiB``."""
    size = float(number)
    for unit in UNITS:
        if size < 1024 or unit == UNITS[-1]:
            return f"{number} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError(number)

"""Datasets and executions that are recorded by hand, as text and JSON. Pure functions."""

from __future__ import annotations

from provstore.cli.records import size_text
from provstore.cli.tables import moment, table
from provstore.model.values import harmless, spelled
from provstore.store.ledger import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON
    from provstore.operations.registry.by_hand.changes import DeleteReport
    from provstore.operations.registry.by_hand.executions import ExecutionRecord, ExecutionsReport
    from provstore.operations.registry.datasets import DatasetRecord, DatasetReport, DatasetsReport

ID = 0
"""Column of the ids."""

UNTYPED = "file"
"""Type of what was given none."""

NOT_IN_JSON = ("location", "url", "contact", "overwritable")
"""What is shown as text only: the JSON of a dataset is the same wherever one is listed."""


def dataset_json(record: DatasetRecord) -> dict[str, JSON]:
    """The contract of a dataset in JSON."""
    found: dict[str, JSON] = {name: value for name, value in record._asdict().items() if name not in NOT_IN_JSON}
    return {**found, "keywords": list(record.keywords)}


def datasets_json(report: DatasetsReport) -> dict[str, JSON]:
    """The contract of `dataset ls`."""
    return {"datasets": [dataset_json(record) for record in report.datasets]}


def datasets_text(report: DatasetsReport, short: Mapping[str, str], width: int | None) -> str:
    """One line for each dataset.

    Args:
        short: Id → as much of it as names it.
    """
    if not report.datasets:
        return ""
    records = report.datasets
    columns = {
        "id": [short.get(record.id, record.id) for record in records],
        "type": [record.type for record in records],
        "data ID": [_labels(record.data_id) for record in records],
        "name": [record.name for record in records],
        "version": [record.version or "" for record in records],
        "owner": [f"{record.owner} ({record.owner_type})" for record in records],
        "path": [record.path for record in records],
        "status": [record.status for record in records],
    }
    # What says the same of all, or what the path says as well, is not worth its width.
    if not any(columns["version"]) and all(record.name == name_of(record.path) for record in records):
        del columns["name"]
    for name, plain in (("type", {UNTYPED}), ("status", {"valid"}), ("data ID", {""}), ("version", {""})):
        if set(columns[name]) == plain:
            del columns[name]
    if len(set(columns["owner"])) == 1 and records[0].owner_type == "user":
        del columns["owner"]
    return _table(tuple(columns), list(zip(*columns.values(), strict=True)), width)


def dataset_text(report: DatasetReport) -> str:
    """One dataset in full."""
    record = report.dataset
    gone = report.deleted
    status = record.status if gone is None else f"deleted {moment(gone['deleted'])} by {gone['user']}"
    fields = [
        ("name", " ".join(filter(None, (record.name, record.version)))),
        ("path", record.path),
        ("status", status),
        ("owner", f"{record.owner} ({record.owner_type})"),
        ("kind", f"{record.kind}, {size_text(record.size)}" if record.location == "project" else record.location),
        ("digest", record.digest if record.location == "project" else ""),
        ("semantic", record.semantic_digest or ""),
        ("type", record.type),
        ("data ID", _values(record.data_id)),
        ("format", record.format),
        ("created", moment(record.created)),
        ("made by", f"execution {record.execution}" if record.execution else "nobody known"),
        ("collection", record.run),
        ("replaces", f"{record.replaces} (iteration {record.iteration})" if record.replaces else ""),
        ("may be", "replaced" if record.overwritable else ""),
        ("description", record.description),
        ("url", record.url or ""),
        ("contact", record.contact or ""),
        ("keywords", ", ".join(record.keywords)),
        ("metadata", _values(record.metadata)),
    ]
    return "\n".join([f"dataset {record.id}", *_fields(fields)])


def changes_json(report: DatasetReport) -> dict[str, JSON]:
    """The contract of `dataset show --history`."""
    return {"id": report.dataset.id, "changes": [change._asdict() for change in report.changes]}


def changes_text(report: DatasetReport) -> str:
    """What was said of a dataset since, the first change first."""
    if not report.changes:
        return "nothing was changed"
    return "\n".join(
        harmless(
            f"{moment(change.changed)}  {change.user}  {change.field}: {_said(change.before)} → {_said(change.value)}"
        )
        for change in report.changes
    )


def deletion_json(report: DeleteReport) -> dict[str, JSON]:
    """The contract of `dataset delete`."""
    return {
        "id": report.dataset,
        "path": report.path,
        "removed": report.removed,
        "left": report.left or None,
        "done": not report.dry_run,
    }


def deletion_text(report: DeleteReport) -> str:
    """What became of the data."""
    done, gone = ("would delete", "would remove") if report.dry_run else ("deleted", "removed")
    removed = f", {gone} {harmless(report.path)}" if report.removed else ""
    left = f"\n{harmless(report.left)}" if report.left else ""
    return f"{done} {report.dataset}{removed}{left}"


def execution_json(record: ExecutionRecord) -> dict[str, JSON]:
    """The contract of an execution in JSON."""
    return {**record._asdict(), "inputs": list(record.inputs), "outputs": list(record.outputs)}


def executions_json(report: ExecutionsReport) -> dict[str, JSON]:
    """The contract of `execution ls`."""
    return {"executions": [execution_json(record) for record in report.executions]}


def executions_text(report: ExecutionsReport, short: Mapping[str, str], width: int | None, *, every: bool) -> str:
    """One line for each execution.

    Args:
        short: As in `datasets_text`.
        every: Those of runs were asked for, too.
    """
    records = report.executions
    if not records:
        return "no executions" if every else "no executions were registered; --all lists those of runs as well"
    columns = {
        "id": [short.get(record.id, record.id) for record in records],
        "name": [record.name for record in records],
        "data ID": [_labels(record.data_id) for record in records],
        "started": [moment(record.started) for record in records],
        "outcome": [record.outcome for record in records],
        "read": [str(len(record.inputs)) for record in records],
        "made": [str(len(record.outputs)) for record in records],
    }
    if not any(columns["data ID"]):
        del columns["data ID"]
    return _table(tuple(columns), list(zip(*columns.values(), strict=True)), width)


def execution_text(record: ExecutionRecord) -> str:
    """One execution in full."""
    fields = [
        ("name", record.name),
        ("description", record.description),
        ("task", f"{record.stage} {_values(record.data_id)}".strip() if record.stage else ""),
        ("outcome", record.outcome if record.run else f"{record.outcome}\nby hand: registered, not run"),
        ("started", moment(record.started)),
        ("ended", moment(record.ended) if record.ended else ""),
        ("site", record.site or ""),
        ("configuration", record.configuration or ""),
        ("run", record.run or ""),
        ("read", "\n".join(record.inputs)),
        ("made", "\n".join(record.outputs)),
    ]
    return "\n".join([f"execution {record.id}", *_fields(fields)])


def _fields(fields: Sequence[tuple[str, str]]) -> list[str]:
    wide = max(len(name) for name, value in fields if value)
    lines = []
    for name, value in fields:
        for number, line in enumerate(value.split("\n") if value else ()):
            lines.append(f"  {'' if number else name:<{wide}}  {harmless(line)}")
    return lines


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], width: int | None) -> str:
    return table(head, [tuple(map(harmless, row)) for row in rows], width, whole=frozenset({ID}))


def _labels(data_id: Mapping[str, JSON]) -> str:
    return ", ".join(f"{name}={_said(value)}" for name, value in data_id.items())


def _said(value: JSON) -> str:
    return "nothing" if value is None else spelled(value)


def _values(values: object) -> str:
    return "\n".join(f"{name} = {_said(value)}" for name, value in dict(values).items())  # type: ignore[call-overload]

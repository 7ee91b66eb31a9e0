"""The report of `lineage` → a tree for the terminal and JSON for programs. Pure functions."""

from __future__ import annotations

from provstore.cli.tables import fitted
from provstore.model.values import harmless
from provstore.operations.lineage import DIGEST_LETTERS, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON
    from provstore.operations.lineage import LineageReport

ABOVE = "(above)"


def lineage_json(report: LineageReport) -> dict[str, JSON]:
    """The contract of `lineage`; nodes in the order in which they were recorded."""
    return {
        "datasets": [
            {
                "id": node.id,
                "path": node.path,
                "type": node.type,
                "data_id": dict(node.data_id),
                "digest": node.digest,
                "execution": node.execution,
            }
            for node in report.datasets
        ],
        "executions": [
            {
                "id": node.id,
                "stage": node.stage,
                "data_id": dict(node.data_id),
                "outcome": node.outcome,
                "started": node.started,
            }
            for node in report.executions
        ],
        "edges": [{"from": link.source, "to": link.target, "role": link.role} for link in report.links],
    }


def lineage_text(report: LineageReport, width: int | None = None) -> str:
    """A line for each dataset, below the one that it leads to; what was shown already is not followed again.

    Args:
        width: Columns that a line may fill; None: as many as it takes.
    """
    below = _below(report)
    told = _told(report)
    shown: set[str] = set()
    lines = []
    left = [(id, "", "") for id in reversed(report.roots)]
    while left:
        id, head, rail = left.pop()
        name = harmless(report.names[id])
        if id in shown:
            lines.append(f"{head}{name}  {ABOVE}")
            continue
        shown.add(id)
        lines.append(f"{head}{name}  {told[id]}")
        children = below.get(id, ())
        for number, child in reversed(list(enumerate(children))):
            is_last = number == len(children) - 1
            left.append((child, rail + ("╰─ " if is_last else "├─ "), rail + ("   " if is_last else "│  ")))
    return "\n".join(line if width is None else fitted(line, width) for line in lines) + "\n"


def _told(report: LineageReport) -> dict[str, str]:
    """What stands behind the name of each node."""
    targets = {link.target for link in report.links}
    told = {node.id: f"{node.outcome} on {node.started[:10]}" for node in report.executions}
    for node in report.datasets:
        maker = report.makers.get(node.execution or "")
        origin = f"by {name_of(maker)} on {maker.started[:10]}" if maker is not None else "source"
        if maker is None and node.execution is not None:
            origin = "by a task that is under way"
        elif maker is None and (node.id in targets or node.id in report.gathered):
            origin = "gathered"
        told[node.id] = harmless(f"{node.digest[:DIGEST_LETTERS]}  {origin}")
    return told


def _below(report: LineageReport) -> Mapping[str, Sequence[str]]:
    """Id of each node → those below it in the tree; executions stand at its root, and where nothing was made."""
    executions = {node.id for node in report.executions}
    next_to: dict[str, list[str]] = {}
    for link in report.links:
        here, there = (link.source, link.target) if report.down else (link.target, link.source)
        next_to.setdefault(here, []).append(there)
    below = {}
    for id, others in next_to.items():
        found: dict[str, None] = {}
        for other in others:
            passed = next_to.get(other, ()) if other in executions else (other,)
            found.update(dict.fromkeys(passed if passed or not report.down else (other,)))
        below[id] = list(found)
    return below

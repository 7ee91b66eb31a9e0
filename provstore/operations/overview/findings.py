"""What was verified, and what was measured."""

from __future__ import annotations

from itertools import starmap

from provstore.model.values import task_name
from provstore.operations.overview.sections import Measure, Verified
from provstore.store import data_ids, findings
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from provstore.model.values import JSON
    from provstore.operations.assess import Assessment
    from provstore.project import Project
    from provstore.store.findings import Metric, Verification

LATEST = 300
"""Facts that are looked at: the newest."""

MOST_VERIFIED, MOST_MEASURES = 60, 120


def verified(project: Project, found: Assessment) -> tuple[Verified, ...]:
    """The last verification of each selected task, newest first.

    Raises:
        StoreDamagedError: A record that is shown is not what was recorded.
    """
    store = project.store
    if store is None:
        return ()
    plan = found.plan
    selected = {(plan.stage_of(position).name, plan.tasks[position].data_id) for position in found.selection.positions}
    newest: dict[tuple[str, str], Verification] = {}
    for fact in store.ask(findings.last_verifications, LATEST):
        task = (fact.stage or "", fact.data_id)
        if task in selected:
            newest.setdefault(task, fact)
    shown = list(newest.values())[:MOST_VERIFIED]
    prove_all(store, "verification", [fact.id for fact in shown])
    prove_all(store, "execution", [fact.execution for fact in shown])
    values = store.ask(data_ids.read_all, [(fact.stage, fact.data_id) for fact in shown])
    return tuple(starmap(_verified, zip(shown, values, strict=True)))


def _verified(fact: Verification, data_id: Mapping[str, Any]) -> Verified:
    name = task_name(fact.stage or "", tuple(data_id.items()))
    message = fact.details.get("message", "")
    return Verified(name, fact.verdict, fact.verified, fact.host, fact.user, str(message or ""))


def measures(project: Project, found: Assessment) -> tuple[Measure, ...]:
    """The numbers of each selected output as they were read last, with those before, in the order of the plan.

    Raises:
        StoreDamagedError: A record that is shown is not what was recorded.
    """
    store = project.store
    if store is None:
        return ()
    made = [path for position in found.selection.positions for path in found.plan.outputs(position)]
    by_path: dict[str, list[Metric]] = {path: [] for path in made}
    for fact in store.ask(findings.last_metrics, LATEST):
        if fact.path in by_path:
            by_path[fact.path].append(fact)
    shown = [fact for facts in by_path.values() for fact in facts[:2]]
    prove_all(store, "metric", [fact.id for fact in shown])
    prove_all(store, "dataset", [fact.dataset for fact in shown])
    told = [facts for facts in by_path.values() if facts]
    rows = [row for facts in told for row in _rows(facts[0], facts[1].measures if facts[1:] else {})]
    return tuple(rows[:MOST_MEASURES])


def _rows(fact: Metric, before: Mapping[str, JSON]) -> list[Measure]:
    return [Measure(fact.path, name, value, before.get(name), fact.recorded) for name, value in fact.measures.items()]

"""The parameters that are behind what a task made: its own, and those of the stages upstream.

In one run each parameter has one value. So what an execution does not depend on itself is known from another execution
of its run, or from `-P`. Only where neither tells it is it not known.
"""

from __future__ import annotations

import json

from provstore.noun import NamedTuple
from provstore.operations.targets import stage_links
from provstore.pipelinefile.render import parameters
from provstore.store import metrics as facts
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.pipeline import Pipeline
    from provstore.model.task import Plan
    from provstore.model.values import JSON
    from provstore.store.store import Store


class Depending(NamedTuple):
    """An execution, and what it depends on itself."""

    execution: str
    run: str | None
    stage: str | None
    params: Mapping[str, JSON]


def params_behind(
    store: Store, pipeline: Pipeline, plan: Plan, executions: Sequence[Depending]
) -> dict[str, dict[str, JSON]]:
    """Execution → parameters that it, or a stage upstream of it, depends on.

    Raises:
        StoreDamagedError: A record that says so is not what was recorded.
    """
    names = _names_by_stage(pipeline, plan, {entry.stage for entry in executions})
    runs = dict.fromkeys([entry.run for entry in executions if entry.run is not None])
    typed = store.ask(facts.overrides, runs)
    found = {
        entry.execution: {**_typed(typed.get(entry.run or "", {}), names[entry.stage], pipeline), **entry.params}
        for entry in executions
    }
    lacking = [
        entry for entry in executions if entry.run is not None and names[entry.stage] - found[entry.execution].keys()
    ]
    recorded = store.ask(facts.params_of_runs, dict.fromkeys([str(entry.run) for entry in lacking])) if lacking else {}
    prove_all(store, "execution", [execution for texts in recorded.values() for execution in texts.values()])
    known = {run: {name: value for text in texts for name, value in json.loads(text).items()}
             for run, texts in recorded.items()}  # fmt: skip
    for entry in lacking:
        others = known.get(str(entry.run), {})
        wanted = names[entry.stage] & others.keys()
        found[entry.execution] = {**{name: others[name] for name in wanted}, **found[entry.execution]}
    return found


def _names_by_stage(pipeline: Pipeline, plan: Plan, stages: Iterable[str | None]) -> dict[str | None, set[str]]:
    """Stage → parameters that it or a stage upstream depends on; of a stage that is no more, nothing is known."""
    own = {name: set(parameters(pipeline, stage)) for name, stage in pipeline.stages.items()}
    if not any(own.values()):
        return {stage: set() for stage in stages}
    links = stage_links(plan)
    found = {}
    for stage in stages:
        pending, seen = [stage], set()
        while pending:
            name = pending.pop()
            if name is not None and name not in seen:
                seen.add(name)
                pending += links.get(name, ())
        found[stage] = set().union(*(own.get(name, ()) for name in seen))
    return found


def _typed(typed: Mapping[str, str], names: set[str], pipeline: Pipeline) -> dict[str, JSON]:
    """Values from the command line: numbers and truths, if they read as such, of parameters that are no texts."""
    found: dict[str, JSON] = {}
    for name in names & typed.keys():
        found[name] = text = typed[name]
        if isinstance(pipeline.params.get(name), str):
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, (bool, int, float)):
            found[name] = value
    return found

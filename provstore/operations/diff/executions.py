"""In what two executions differ: all that they were made of, how they ended, and what they made."""

from __future__ import annotations

from provstore.noun import NamedTuple
from provstore.operations.diff import changes
from provstore.operations.diff.code import code_changes
from provstore.operations.diff.contents import Contents
from provstore.operations.diff.report import INPUT, OUTPUT, Change, DiffRequest, RecordsReport, Side
from provstore.operations.diff.templates import Templates
from provstore.operations.identify import shortener
from provstore.store import materials, records
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from provstore.operations.diff.changes import Pair
    from provstore.project import Project
    from provstore.store.materials import Material
    from provstore.store.store import Store

MOST = 50
"""Inputs and outputs that are compared by their contents; of the others digests are told."""


class Runs(NamedTuple):
    """The records of the runs that two executions belong to; None for one that was registered by hand."""

    a: Mapping[str, Any] | None
    b: Mapping[str, Any] | None


def diff_executions(project: Project, a: str, b: str, request: DiffRequest) -> RecordsReport:
    """In what two executions differ.

    Args:
        a, b: Whole ids.

    Raises:
        StoreDamagedError: They are not what was recorded.
    """
    store = project.store
    assert store is not None, "it has the executions"
    prove_all(store, "execution", [a, b])
    found = store.ask(materials.materials, [a, b])
    first, second = found[a], found[b]
    runs = Runs(run_of(store, first), run_of(store, second))
    with Contents(project, store, request.format, request.tolerance, MOST) as contents:
        told = changes.outcomes(first, second) + changes.settings(first, second, Templates(store).are_same)
        told += [explained(contents, change, pair) for change, pair in _pieces(first, second)]
    told += between_runs(project, store, runs, patch=request.patch)
    short = shortener(store)
    sides = [Side(one.id, short(one.id), changes.maker_of(one), one.started, one.outcome) for one in (first, second)]
    return RecordsReport("execution", sides[0], sides[1], changes.in_order(told), remarks=tuple(project.take_remarks()))


def _pieces(a: Material, b: Material) -> list[tuple[Change, Pair]]:
    """The outputs first: not all of many inputs are compared by their contents."""
    return changes.pieces(OUTPUT, a.outputs, b.outputs) + changes.pieces(INPUT, a.inputs, b.inputs)


def run_of(store: Store, execution: Material) -> Mapping[str, Any] | None:
    """The record of an execution's run, without its executions."""
    return store.ask(records.run_alone, execution.run) if execution.run is not None else None


def between_runs(project: Project, store: Store, runs: Runs, *, patch: bool) -> list[Change]:
    """In what the circumstances and the code of two runs differ."""
    if runs.a is None or runs.b is None or runs.a["id"] == runs.b["id"]:
        return []
    found = code_changes(project, store, runs.a, runs.b, patch=patch)
    return found + changes.circumstances(runs.a, runs.b)


def explained(contents: Contents, change: Change, pair: Pair) -> Change:
    """A change of an input or an output with what its bytes say."""
    a, b = pair
    if a is None or b is None or a.bytes_identity == b.bytes_identity:
        return change
    found = contents.explain(change.what, a, b)
    remark = ", ".join(filter(None, (change.remark, found.remark)))
    return change._replace(text=found.text, comparison=found.comparison, inside=found.inside, remark=remark)

"""What a verification has to do: which tasks, what is to come out of each, and what each has to wait for."""

from __future__ import annotations

import random

from provstore.model.verification import FAILED, TaskVerdict
from provstore.noun import NamedTuple
from provstore.operations.assess import assess
from provstore.operations.verify.expected import Expectations, Locked, Recorded
from provstore.operations.verify.inputs import Sources
from provstore.operations.verify.recall import or_found, recall_by_lock, recall_by_store
from provstore.operations.verify.report import Sample

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.operations.assess import Assessment
    from provstore.operations.verify.expected import Expectation
    from provstore.operations.verify.report import VerifyRequest
    from provstore.project import Project


class Earlier(NamedTuple):
    """What earlier rounds have come to.

    Attributes:
        found: Stage that others look into → its directories → what it made in them, equal to what is recorded.
        again: Folder in which an output was made again and found equal, by the output's path.
        verified: What was to come out of the tasks that have a verdict, by (stage, data ID as JSON).
    """

    found: Mapping[str, Mapping[str, Sequence[str]]]
    again: Mapping[str, str]
    verified: Mapping[tuple[str, str], Expectation]


FIRST = Earlier({}, {}, {})
"""There was no round yet."""


class Agenda(NamedTuple):
    """What there is to do in a round.

    Attributes:
        expectations: What is to come out.
        positions: Tasks that are looked at, ascending: those that were chosen, and those that these need.
        needs: Position → tasks whose outputs it reads and can get nowhere else.
        hopeless: Tasks that can't be compared with anything, each with its verdict.
        unknown: Verdicts on stages whose tasks are not known yet.
    """

    assessment: Assessment
    expectations: Expectations
    positions: Sequence[int]
    needs: Mapping[int, Sequence[int]]
    sources: Sources
    hopeless: Mapping[int, TaskVerdict]
    unknown: Sequence[TaskVerdict]
    sample: Sample | None
    earlier: Earlier


def agenda(project: Project, request: VerifyRequest, earlier: Earlier = FIRST) -> Agenda:
    """Finds out what there is to do; writes nothing.

    Raises:
        PipelinefileError, TargetError: As in `assess`.
        UsageError: There is no lock.
        LockfileError: The lock can't be read as such.
    """
    if request.locked:
        from provstore.operations.lock.file import read_lock

        lock = read_lock(project)
        by_lock = or_found(recall_by_lock(project, lock), earlier.found)
        assessment = assess(project, request.targets, {}, recall=by_lock)
        expectations = Expectations(assessment, Locked(project, assessment, lock), earlier.verified)
        # What is looked up is in the store alone.
        objects = project.store.objects if project.store is not None and assessment.plan.looked_up else None
    else:
        store = project.store
        by_store = or_found(recall_by_store(store), earlier.found) if store is not None else None
        assessment = assess(project, request.targets, {}, recall=by_store)
        expectations = Expectations(assessment, Recorded(assessment, store), earlier.verified)
        objects = store.objects if store is not None else None
    sources = Sources(assessment.workspace, objects, expectations, earlier.again)
    chosen, sample = _chosen(assessment, request)
    verified = _verified(assessment, earlier)
    positions, needs = _with_needs(assessment, expectations, sources, chosen, verified)
    hopeless = {
        position: _hopeless(assessment, position, expectations.of[position])
        for position in positions
        if expectations.of[position].why_not
    }
    unknown = [] if sample is not None else _unknown(assessment, expectations)
    return Agenda(assessment, expectations, positions, needs, sources, hopeless, unknown, sample, earlier)


def _verified(assessment: Assessment, earlier: Earlier) -> frozenset[int]:
    plan = assessment.plan
    if not earlier.verified:
        return frozenset()
    return frozenset(
        position
        for position, task in enumerate(plan.tasks)
        if (plan.stage_of(position).name, task.data_id) in earlier.verified
    )


def _chosen(assessment: Assessment, request: VerifyRequest) -> tuple[Sequence[int], Sample | None]:
    """The selected tasks, or some of them at random."""
    positions = assessment.selection.positions
    if not request.sample:
        return positions, None
    seed = random.SystemRandom().randrange(1 << 32) if request.seed is None else request.seed
    size = min(request.sample, len(positions))
    chosen = random.Random(seed).sample(list(positions), size)  # noqa: S311 - no secret depends on it
    return chosen, Sample(size, len(positions), seed)


def _with_needs(
    assessment: Assessment,
    expectations: Expectations,
    sources: Sources,
    chosen: Sequence[int],
    verified: frozenset[int],
) -> tuple[list[int], dict[int, list[int]]]:
    """The tasks, with all whose outputs they can only get by making them again; and who needs whom."""
    needs: dict[int, list[int]] = {}
    pending = list(chosen)
    while pending:
        position = pending.pop()
        if position in needs or position in verified:
            continue
        needs[position] = _needs(assessment, position, expectations, sources)
        pending += needs[position]
    return sorted(needs), needs


def _needs(assessment: Assessment, position: int, expectations: Expectations, sources: Sources) -> list[int]:
    """Tasks that must be done before: their outputs are nowhere at hand, or not known yet."""
    plan, expectation = assessment.plan, expectations.of[position]
    upstream = [source for source in plan.tasks[position].upstream if source in expectations.of]
    if expectation.why_not:
        return []
    found = {source for source in upstream if expectations.of[source].is_put_off}
    for path, identity in zip(plan.inputs(position), expectation.inputs, strict=True):
        is_here = sources.has_part(path) if path in expectation.unknown else sources.is_at_hand(path, identity)
        if not is_here:
            found.update(expectations.makers(path))
    return sorted(found)


def _hopeless(assessment: Assessment, position: int, expectation: Expectation) -> TaskVerdict:
    plan = assessment.plan
    stage, data_id = plan.stage_of(position).name, plan.data_id(position)
    return TaskVerdict(stage, data_id, FAILED, (), expectation.found.execution, message=expectation.why_not)


def _unknown(assessment: Assessment, expectations: Expectations) -> list[TaskVerdict]:
    """Verdicts on stages whose tasks are not known, each for the case that it stays so."""
    plan = assessment.plan
    hopeless = {plan.stage_of(position).name for position, found in expectations.of.items() if found.why_not}
    found = []
    for entry in plan.unresolved:
        if entry.stage in assessment.selection.unresolved:
            text = f"{entry.dimension} is known once {entry.gate} was made again as it is recorded"
            if entry.gate in hopeless:
                text = f"not up to date: {entry.dimension} is known once {entry.gate} is fresh"
            found.append(TaskVerdict(entry.stage, (), FAILED, message=text))
    return found

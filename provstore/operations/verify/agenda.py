"""What a verification has to do: which tasks, what is to come out of each, and what each has to wait for."""

from __future__ import annotations

import random

from provstore.model.verification import FAILED, TaskVerdict
from provstore.noun import NamedTuple
from provstore.operations.assess import assess
from provstore.operations.verify.expected import Expectations, Locked, Recorded
from provstore.operations.verify.inputs import Sources
from provstore.operations.verify.report import Sample

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.operations.assess import Assessment
    from provstore.operations.verify.expected import Expectation
    from provstore.operations.verify.report import VerifyRequest
    from provstore.project import Project


class Agenda(NamedTuple):
    """What there is to do.

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


def agenda(project: Project, request: VerifyRequest) -> Agenda:
    """Finds out what there is to do; writes nothing.

    Raises:
        PipelinefileError, TargetError: As in `assess`.
        UsageError: There is no lock.
        LockfileError: The lock can't be read as such.
    """
    assessment = assess(project, request.targets, {})
    if request.locked:
        from provstore.operations.lockfile import read_lock

        expectations = Expectations(assessment, Locked(project, assessment, read_lock(project)))
        objects = None
    else:
        expectations = Expectations(assessment, Recorded(assessment, project.store))
        objects = project.store.objects if project.store is not None else None
    sources = Sources(assessment.workspace, objects, expectations)
    chosen, sample = _chosen(assessment, request)
    positions, needs = _with_needs(assessment, expectations, sources, chosen)
    hopeless = {
        position: _hopeless(assessment, position, expectations.of[position])
        for position in positions
        if expectations.of[position].why_not
    }
    unknown = [] if sample is not None else _unknown(assessment)
    return Agenda(assessment, expectations, positions, needs, sources, hopeless, unknown, sample)


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
    assessment: Assessment, expectations: Expectations, sources: Sources, chosen: Sequence[int]
) -> tuple[list[int], dict[int, list[int]]]:
    """The tasks, with all whose outputs they can only get by making them again; and who needs whom."""
    needs: dict[int, list[int]] = {}
    pending = list(chosen)
    while pending:
        position = pending.pop()
        if position in needs:
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
        if path in expectation.unknown or not sources.is_at_hand(path, identity):
            found.update(source for source in upstream if _makes(plan.outputs(source), path))
    return sorted(found)


def _makes(outputs: Sequence[str], path: str) -> bool:
    return any(path == made or path.startswith(made + "/") or made.startswith(path + "/") for made in outputs)


def _hopeless(assessment: Assessment, position: int, expectation: Expectation) -> TaskVerdict:
    plan = assessment.plan
    stage, data_id = plan.stage_of(position).name, plan.data_id(position)
    return TaskVerdict(stage, data_id, FAILED, (), expectation.found.execution, message=expectation.why_not)


def _unknown(assessment: Assessment) -> list[TaskVerdict]:
    return [
        TaskVerdict(
            entry.stage, (), FAILED, message=f"not up to date: {entry.dimension} is known once {entry.gate} is fresh"
        )
        for entry in assessment.plan.unresolved
        if entry.stage in assessment.selection.unresolved
    ]

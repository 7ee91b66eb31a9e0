"""A person takes the present outputs of tasks for right, although their keys changed. Nothing runs.

Rules: what lies there counts as the task's result for its present key, and every answer goes on saying what made it;
what no execution made is recorded as put there by hand; all targets are accepted in one transaction, or none.
"""

from __future__ import annotations

import os
import time

from provstore.errors import FileError, UsageError
from provstore.events import Remark
from provstore.model.files import Memo
from provstore.model.values import new_id, utc_text
from provstore.model.verdict import FRESH, RESTORABLE, WAITING, Success
from provstore.noun import NamedTuple
from provstore.operations import recording
from provstore.operations.assess import assess
from provstore.operations.attempt import Circumstances, Ready
from provstore.operations.attribute import attribute
from provstore.operations.circumstances import user_name
from provstore.operations.conclude import collect, keep, record_outputs, where_it_leads
from provstore.operations.outputs import Outputs
from provstore.operations.prepare import usage_of
from provstore.operations.registry.types.concerns import refuse_types, registrar_for
from provstore.operations.secrets import Secrets
from provstore.operations.targets import Targets
from provstore.store import acceptances
from provstore.store.facts import ExecutionFact
from provstore.store.ledger import SOURCES
from provstore.store.memory import TaskMemo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.events import Observer
    from provstore.model.task import Work
    from provstore.model.values import DataId
    from provstore.model.verdict import Reason, Verdict
    from provstore.operations.assess import Assessment
    from provstore.project import Project

ACCEPTED = "accepted"


class AcceptRequest(NamedTuple):
    """What a person takes for right.

    Attributes:
        message: Why, in the person's words.
        params: Overrides of parameters, as text.
        dry_run: Only say what would be accepted.
        wait: Wait for a run of this project to end; else give up.
    """

    targets: Targets
    message: str = ""
    params: Mapping[str, str] = {}
    dry_run: bool = False
    wait: bool = True


class AcceptedTask(NamedTuple):
    """One of the targets.

    Attributes:
        outcome: "accepted", or "fresh": there was nothing to accept.
        execution: Whose outputs are taken; None: of one that is registered for it (when it is only tried), or of none.
        by_hand: No execution made what lies there; it is recorded as what a person put there.
        reasons: Why the task was not fresh; of a fresh one, what is to be said of that.
    """

    stage: str
    data_id: DataId
    outcome: str
    execution: str | None
    by_hand: bool
    reasons: tuple[Reason, ...]
    outputs: tuple[str, ...]


class AcceptReport(NamedTuple):
    """What was accepted, or would be, in the order of the plan."""

    dry_run: bool
    tasks: Sequence[AcceptedTask]
    remarks: Sequence[str]

    @property
    def number(self) -> int:
        """Number of tasks that are accepted."""
        return sum(task.outcome == ACCEPTED for task in self.tasks)


ACCEPT = "accept outputs of it"


def accept(project: Project, request: AcceptRequest, observe: Observer) -> AcceptReport:
    """Takes the present outputs of what is named for right. Waits while a run holds the project.

    Raises:
        UsageError: Nothing is named, or one of the tasks can't be accepted: an output is missing, or another task must
            be brought up to date before. Nothing is recorded then.
        PipelinefileError, TargetError: As in `assess`.
        StoreLockedError: A run holds the project, and waiting was not wanted.
    """
    if not request.targets.texts:
        raise UsageError(
            "found no target, expected what is to be accepted", hint="name a stage, a task or an output's path"
        )
    from provstore.operations.hold import hold, refuse_tasks

    refuse_tasks(project.root, ACCEPT)
    report = _Acceptance(project, request).preview()
    if request.dry_run or not report.number:
        return report
    from provstore.operations.interrupted import end_interrupted
    from provstore.project import make_folder

    make_folder(project.folder)
    with hold(project.root, "provstore accept", ACCEPT, observe, wait=request.wait):
        project.renew_store()
        project.writable_store(time.time())
        end_interrupted(project, observe)
        project.forget_pipeline()
        return _Acceptance(project, request).record(observe)


class _Candidate(NamedTuple):
    """A task that is to be accepted.

    Attributes:
        seen: Identities of what lies at its outputs.
        execution: Which made all of that; None: none did.
    """

    position: int
    work: Work
    verdict: Verdict
    seen: tuple[str, ...]
    execution: str | None


class _Acceptance:
    """One look at the targets, in the order of the plan: what is accepted counts as fresh for those behind it."""

    def __init__(self, project: Project, request: AcceptRequest) -> None:
        self._project, self._request = project, request
        self._found: Assessment = assess(project, request.targets, request.params)
        self._plan, self._verdicts = self._found.plan, self._found.verdicts
        self._around: Circumstances | None = None
        self._tasks: list[AcceptedTask] = []
        self._accepted: set[int] = set()
        self._problems: list[str] = []

    def preview(self) -> AcceptReport:
        """Says what would be accepted; writes nothing."""
        return self._go_through()

    def record(self, observe: Observer) -> AcceptReport:
        """Accepts it. Only while holding the lock."""
        around = self._around = self._circumstances(observe)
        refuse_types(self._project, self._found, register=False)
        around.ledger.registrar = registrar_for(self._project, self._found)
        report = self._go_through()
        if self._found.planned.is_news:
            self._found.planned.remember(around.ledger)
        around.workspace.settle(wait=True)
        around.ledger.write(*around.workspace.take_noted())
        self._keep_lock(observe)
        return report._replace(dry_run=False)

    def _keep_lock(self, observe: Observer) -> None:
        """What is accepted is locked from now on, where there is a lock file."""
        if os.path.lexists(os.path.join(self._project.root, self._project.lock_file)):
            from provstore.operations.lock.write import keep_up_to_date

            is_fresh = frozenset(self._found.selection.named).__contains__
            keep_up_to_date(self._project, self._found, self._request.params, is_fresh, observe, is_held=True)

    def _circumstances(self, observe: Observer) -> Circumstances:
        store, settings, workspace = self._project.store, self._plan.settings, self._found.workspace
        assert store is not None, "the caller has made it"
        return Circumstances(
            self._project.root,
            run="",
            collection=SOURCES,
            owner=settings.owner or user_name(),
            objects_limit=settings.objects_limit,
            store=store,
            ledger=store.ledger(),
            workspace=workspace,
            outputs=Outputs(self._project.root, self._project.folder, workspace, store.objects),
            environment={},
            secrets=Secrets(settings.secret_env, os.environ),
            tell=lambda text: observe(Remark(text)),
            looked_up=self._plan.looked_up,
        )

    # --- which ----------------------------------------------------------------------------------------------

    def _go_through(self) -> AcceptReport:
        """Looks at every task that was named, and at those that have to be fresh before.

        Raises:
            UsageError: One of them can't be accepted.
        """
        selection = self._found.selection
        gates = {entry.stage: entry.gate for entry in self._plan.unresolved}
        for stage in sorted(selection.unresolved):
            self._problems.append(f"{stage}: its tasks are known once {gates[stage]} is fresh")
        for position in selection.positions:
            self._verdicts.missing.clear()
            # With what is restorable upstream, as `status` judges it; else from what lies there, which is recorded.
            judge = self._verdicts.judge_one if self._restorable(position) else self._verdicts.judge_again
            verdict = judge(position)
            if position in selection.named:
                self._take(position, verdict)
        if self._problems:
            self._refuse()
        return AcceptReport(True, self._tasks, (*self._plan.remarks, *self._project.take_remarks()))

    def _refuse(self) -> None:
        first, *others = self._problems
        listed = "".join(f"\n{problem}" for problem in others[:LISTED])
        more = f"\nand {len(others) - LISTED} more" if len(others) > LISTED else ""
        raise UsageError(
            f"{first}{listed}{more}", hint="nothing is accepted: what is named must be there, with all that it reads"
        )

    def _take(self, position: int, verdict: Verdict) -> None:
        if verdict.state == FRESH:
            success = self._verdicts.success.get(position)
            self._report(position, FRESH, success.execution if success else None, verdict, by_hand=False)
            return
        work = self._found.planned.work(position)
        problem = self._problem(position, verdict, work)
        if problem:
            self._problems.append(f"{self._plan.name(position)}: {problem}")
            return
        seen = self._seen(position)
        candidate = _Candidate(position, work, verdict, seen, self._maker(position, seen))
        execution = candidate.execution
        if self._around is not None:
            execution, seen = self._accept(self._around, candidate)
        self._report(position, ACCEPTED, execution, verdict, by_hand=candidate.execution is None)
        self._accepted.add(position)
        self._verdicts.ran(position, seen)

    def _problem(self, position: int, verdict: Verdict, work: Work) -> str:
        """Why a task can't be accepted; "": it can."""
        if verdict.state == WAITING:
            waits = [reason.text for reason in verdict.reasons if reason.kind == "waiting"]
            return f"{waits[0] if waits else 'waits for another task'}: run or accept that first"
        for source in self._restorable(position):  # what it reads would not be what its key says
            return f"what {self._plan.name(source)} made is not there: run or accept that first"
        if self._verdicts.missing:
            return f"input {self._verdicts.missing[0][1]} is missing"
        if self._plan.stage_of(position).always:
            return "this stage always runs, whatever is accepted"
        for number, output in zip(self._plan.tasks[position].outputs, work.outputs, strict=True):
            look = self._verdicts.look.get(number)
            if look is None:
                return f"output {output.path} is missing: there is nothing to accept"
            if output.directory and isinstance(look, Memo):
                return f"output {output.path} is a file, declared as a directory"
            leads = where_it_leads(self._project.root, output.path)
            if leads:
                return leads
        return ""

    def _restorable(self, position: int) -> list[int]:
        """Tasks upstream of which something else lies there than what they made."""
        upstream = self._plan.tasks[position].upstream
        return [
            source
            for source in upstream
            if self._verdicts.of[source].state == RESTORABLE and source not in self._accepted
        ]

    def _seen(self, position: int) -> tuple[str, ...]:
        looks = [self._verdicts.look[number] for number in self._plan.tasks[position].outputs]
        return tuple([look.identity for look in looks if look is not None])

    def _maker(self, position: int, seen: tuple[str, ...]) -> str | None:
        """The execution that made all that lies there."""
        store = self._project.store
        if store is None:
            return None
        made = list(zip(self._plan.outputs(position), seen, strict=True))
        task = self._plan.tasks[position]
        return store.ask(acceptances.maker, self._plan.stage_of(position).name, task.data_id, made)

    def _report(self, position: int, outcome: str, execution: str | None, verdict: Verdict, *, by_hand: bool) -> None:
        plan = self._plan
        name, data_id, outputs = plan.stage_of(position).name, plan.data_id(position), tuple(plan.outputs(position))
        self._tasks.append(AcceptedTask(name, data_id, outcome, execution, by_hand, verdict.reasons, outputs))

    # --- recording ------------------------------------------------------------------------------------------

    def _accept(self, around: Circumstances, candidate: _Candidate) -> tuple[str, tuple[str, ...]]:
        """Adds the acceptance to what is to be written; returns whose outputs are taken, and their identities."""
        position = candidate.position
        stage, data_id = self._plan.stage_of(position).name, self._plan.tasks[position].data_id
        key = str(self._verdicts.key[position])
        begun = recording.Begun(new_id(), "", stage, data_id, key, 1, time.time())
        execution, seen = candidate.execution, candidate.seen
        if execution is None:
            execution = begun.id
            seen = self._register(around, candidate, begun)
        else:
            attribute(around, self._plan.outputs(position), execution)
        said = around.secrets.out_of(self._request.message)
        changed = [reason.text for reason in candidate.verdict.reasons if reason.kind != ACCEPTED]
        message = acceptances.text_of(said, changed)
        around.ledger.add("acceptance", recording.acceptance_row(begun, execution, user_name(), message))
        around.ledger.remember_task(stage, data_id, TaskMemo.of(key, Success(execution, seen, accepted=True)))
        return execution, seen

    def _register(self, around: Circumstances, candidate: _Candidate, begun: recording.Begun) -> tuple[str, ...]:
        """Adds an execution by hand that made what lies there, of what the task reads now; returns identities."""
        work, position = candidate.work, candidate.position
        looks = [self._verdicts.look.get(number) for number in self._plan.tasks[position].inputs]
        data_id = self._plan.data_id(position)
        name = self._plan.name(position)
        around.ledger.add_sources(utc_text(begun.started))
        usage = usage_of(around, Ready(name, begun.stage, data_id, begun.data_id, begun.key, work, looks, 1))
        contents, problem = collect(around, work)
        if problem or not keep(around, work, contents):
            raise FileError(f"{name}: {problem or 'an output changed while it was read'}", hint="nothing is accepted")
        row = recording.accepted_row(begun, work)
        made = record_outputs(around, contents, row)
        around.ledger.add_execution(ExecutionFact(row, usage, made), begun.stage, None)
        return tuple([content.identity for _, content, _ in contents])


LISTED = 10
"""Tasks that can't be accepted, of which each is named."""

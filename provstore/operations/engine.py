"""Runs the tasks of a plan: starts what may start, waits, concludes, and writes at the right moment."""

from __future__ import annotations

import contextlib
import os
import time

from provstore.apart.client import StoppedError
from provstore.errors import FileError, StoreError
from provstore.events import Remark, TaskEnded, TaskStarted
from provstore.model.values import task_name
from provstore.model.verdict import FRESH, RESTORABLE
from provstore.operations.attempt import Circumstances, Ready, Underway
from provstore.operations.attribute import attribute
from provstore.operations.circumstances import CodeState, user_name
from provstore.operations.conclude import conclude
from provstore.operations.outputs import Outputs, discard
from provstore.operations.prepare import prepare
from provstore.operations.protect import protect
from provstore.operations.report import Fared
from provstore.operations.secrets import Secrets
from provstore.operations.signals import Stop
from provstore.schedule import BLOCKED, CANCELLED, Capacity, Schedule
from provstore.store import history
from provstore.store.ledger import INTERVAL
from provstore.store.memory import TaskMemo
from provstore.watch.stamps import device_with_fine_stamps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from provstore.events import Observer
    from provstore.model.task import Plan, Work
    from provstore.model.values import DataId
    from provstore.operations.assess import Assessment
    from provstore.operations.run import RunRequest
    from provstore.operations.verdicts import Verdicts
    from provstore.ports import Executor, Finished
    from provstore.project import Planned, Project
    from provstore.store.facts import Row
    from provstore.store.ledger import Registrar
    from provstore.watch.workspace import Workspace

SLOTS = 64
"""Folders for tasks under way, at least: each goes on describing its task until that is written."""

LOG_TAIL = 8192
"""Bytes of a failed task's log that are shown."""


class Engine:
    """The tasks of one run.

    Args:
        running: Absolute path of the folder that holds the folders of tasks under way.
        make_executor: Makes what runs their commands, for this folder.

    Attributes:
        reports: How each task fared that was not fresh from the start, by stage and data ID.
        rounds: How many plans there were.
        all_is_well: Nothing failed.
        stop: Told by a signal handler to end what is under way.
    """

    def __init__(
        self,
        project: Project,
        run: str,
        request: RunRequest,
        observe: Observer,
        running: str,
        make_executor: Callable[[str], Executor],
    ) -> None:
        if project.store is None:
            raise AssertionError("a run without a store")
        self._project, self._run, self._request, self._observe = project, run, request, observe
        self._running = running
        os.makedirs(running, exist_ok=True)
        self._store = project.store
        self._ledger = self._store.ledger()
        self._fine_device = device_with_fine_stamps(os.path.join(running, "stamps"))
        self._code = CodeState(project.root, os.path.join(running, "git"))
        self._executor = make_executor(running)
        cpus, memory = size_of_machine()
        self._environment = dict(os.environ)
        self._capacity = Capacity(request.jobs or cpus, cpus, memory)
        self._underway: dict[str, tuple[int, Underway]] = {}
        self._free = list(range(max(SLOTS, 2 * self._capacity.jobs) - 1, -1, -1))
        self._ended_slots: list[int] = []
        self._discard: list[str] = []
        self._works: dict[int, Work] = {}
        self._oldest = 0.0
        self._ended = 0
        self._alone: set[str] = set()
        self._again: list[tuple[int, int]] = []
        self._executed: set[tuple[str, str]] = set()
        self.reports: dict[tuple[str, str], Fared] = {}
        self.rounds = 0
        self.all_is_well = True
        self.stop = Stop(self._executor)
        project.while_reading = self.stop.while_reading

    # --- the run as a whole ---------------------------------------------------------------------------

    def begin(self, row: Row, planned: Planned) -> None:
        """Writes the run's record, with the text of the Pipelinefile; remembers a new plan."""
        self._collection = str(row["collection"])
        plan = planned.plan
        for file, digest in plan.files.items():
            try:
                with open(os.path.join(self._project.root, file), "rb") as opened:
                    self._store.objects.keep_bytes_of(digest, opened.read())
            except OSError:
                continue
        self._ledger.add_run(row, plan.files)
        self._ledger.add_collection(self._collection, self._request.collection, str(row["started"]))
        self._ledger.write({}, {})

    def tell_of_executions(self, registrar: Registrar | None) -> None:
        """Lets the registry take note of all that is recorded from now on."""
        self._ledger.registrar = registrar

    def end(self, outcome: str, summary: dict[str, int], more: Iterable[tuple[str, Row]] = ()) -> None:
        """Writes the run's end and all that was learnt of the files.

        Args:
            more: Other facts, which become true at that moment.
        """
        from provstore.digest import canonical_json
        from provstore.model.values import utc_text

        self._add_code(wait=True)
        for fact in more:
            self._ledger.add(*fact)
        self._ledger.add(
            "run_end",
            {"run": self._run, "ended": utc_text(time.time()), "outcome": outcome, "summary": canonical_json(summary)},
        )
        self._write()

    def _settle(self, *, wait: bool) -> None:
        with contextlib.suppress(StoppedError):  # the next run will read it
            self._workspace.settle(wait=wait)

    def close(self) -> None:
        """After an error: ends what still runs, and keeps what had ended, if that can be. The next run cleans up."""
        self._executor.close()
        if not self._ledger.is_empty:
            with contextlib.suppress(StoreError):
                self._ledger.write({}, {})

    def recorded_seconds(self, assessment: Assessment) -> dict[str, float]:
        """How long the tasks that are not fresh took the last time, by name."""
        plan = assessment.plan
        found = {}
        for position in assessment.active:
            seconds = self._store.ask(history.seconds, plan.stage_of(position).name, plan.tasks[position].data_id)
            if seconds is not None:
                found[plan.name(position)] = seconds
        return found

    @property
    def executed(self) -> frozenset[tuple[str, str]]:
        """Tasks that were run, as (stage, data ID): neither force nor `always` runs them twice."""
        return frozenset(self._executed)

    def counts(self) -> dict[str, int]:
        """Number of reports by outcome."""
        found: dict[str, int] = {}
        for report in self.reports.values():
            found[report.outcome] = found.get(report.outcome, 0) + 1
        return found

    # --- one round ------------------------------------------------------------------------------------

    def round(self, assessment: Assessment) -> None:
        """Brings all selected tasks of a plan up to date, as far as they go."""
        self.rounds += 1
        self._take(assessment)
        plan, active = self._plan, assessment.active
        self._schedule = Schedule(
            {position: plan.tasks[position].upstream for position in active},
            {position: plan.stage_of(position).name for position in active},
            {stage.name: stage.after for stage in plan.stages if stage.after},
        )
        while True:
            self._start_what_may_start()
            self._say_remarks()
            self._write_if_due()  # now: while that is done, the commands run
            if not self._underway:
                break
            finished = self._executor.wait(self._patience())
            self.stop.obey()
            self._replace(finished)
            for end in finished:
                self._conclude(end)
        for position, _ in self._again:  # the run was stopped before it had room for them
            self._cancel(position, None, None)
        self._again.clear()
        if self.stop.signal or (not self.all_is_well and not self._request.keep_going):
            self._schedule.cancel_rest()
        self._report_rest()
        self._settle(wait=True)  # a next round, and the next run, begin with what this one knows
        self._say_remarks()
        self._write()

    def _say_remarks(self) -> None:
        for text in self._project.take_remarks():
            self._observe(Remark(text))

    def _take(self, assessment: Assessment) -> None:
        self._plan: Plan = assessment.plan
        self._verdicts: Verdicts = assessment.verdicts
        self._workspace: Workspace = assessment.workspace
        self._workspace.fine_device = self._fine_device
        self._forced = assessment.forced
        planned = assessment.planned
        if planned.is_news:
            planned.remember(self._ledger)
        self._work_of = assessment.planned.work
        self._works.clear()
        settings = self._plan.settings
        outputs = Outputs(self._project.root, self._project.folder, self._workspace, self._store.objects)
        self._around = Circumstances(
            self._project.root,
            self._run,
            self._collection,
            settings.owner or user_name(),
            settings.objects_limit,
            self._store,
            self._ledger,
            self._workspace,
            outputs,
            self._environment,
            Secrets(settings.secret_env, self._environment),
            lambda text: self._observe(Remark(text)),
            list(dict.fromkeys([self._project.file, *self._plan.files])),
            self._plan.looked_up,
        )
        for position, success in self._verdicts.found:
            memo = TaskMemo.of(str(self._verdicts.key[position]), success)
            self._ledger.remember_task(self._plan.stage_of(position).name, self._plan.tasks[position].data_id, memo)
            if self._verdicts.of[position].state == FRESH:
                attribute(self._around, self._plan.outputs(position), success.execution)

    def _replace(self, finished: Sequence[Finished]) -> None:
        """Frees the places of commands that have ended.

        Where several tasks run at once, others start in these places before those are judged, so that no processor
        waits for that: if they look as if they had succeeded, and none of what waits for them is more urgent.
        """
        urgency = 0
        for end in finished:
            position, underway = self._underway[end.execution]
            work = underway.ready.work
            self._capacity.give_back(work.cpu, work.memory)
            urgency = max(urgency, self._schedule.urgency_below(position))
        if self._capacity.jobs > 1 and all(map(_looks_well, finished)):
            self._start_what_may_start(urgency)

    def _start_what_may_start(self, urgency: int = 0) -> None:
        self.stop.obey()
        while not self.stop.is_wanted and not self._capacity.is_full:
            if self._again and self._capacity.has_room(*self._need(self._again[0][0])):
                self._try(*self._again.pop(0))
                continue
            if not self.all_is_well and not self._request.keep_going:
                return
            position = self._schedule.next_task(self._need, self._capacity.has_room, urgency=urgency)
            if position is None:
                return
            self._try(position, 1)

    def _need(self, position: int) -> tuple[float, int]:
        work = self._work(position)
        return work.cpu, work.memory

    def _work(self, position: int) -> Work:
        work = self._works.get(position)
        if work is None:
            work = self._works[position] = self._work_of(position)
        return work

    def _try(self, position: int, number: int) -> None:
        """The first attempt at a task, or a later one: of what is there by then."""
        try:
            self._bring_up_to_date(position, number)
        except FileError as error:
            self._fail(position, error.message, "", 0.0, b"")
        except StoppedError:
            self._cancel(position, None, None)

    def _bring_up_to_date(self, position: int, number: int) -> None:
        """Decides a task whose inputs are ready, from what is there now, and does what that asks for."""
        verdicts = self._verdicts
        verdicts.missing.clear()
        if self._plan.looked_up:
            from provstore.operations.lay_out import lay_out

            lay_out(self._around, self._plan.inputs(position))
        verdict = verdicts.judge_again(position, forced=position in self._forced)
        if verdicts.missing:
            raise FileError(f"input {verdicts.missing[0][1]} is missing")
        if verdict.state == FRESH:
            self._finish(position, "fresh", None, None)
        elif verdict.state != RESTORABLE or not self._restore(position):
            self._start(position, number)

    def _restore(self, position: int) -> bool:
        success = self._verdicts.success[position]
        made = self._store.ask(history.made_by, success.execution)
        for path, identity in zip(self._plan.outputs(position), success.outputs, strict=True):
            look = self._workspace.look(path)
            if look is not None and look.identity == identity:
                continue
            if look is not None:
                protect(self._around, path, look, cache=self._work(position).cache)
                self._write_what_is_kept()
            if not self._around.outputs.restore(made[path]):
                self._observe(Remark(f"{path} can't be restored: its kept bytes are damaged; the task runs instead"))
                return False
            again = self._workspace.look(path)
            if again is not None:
                self._workspace.assign(path, again, made[path].dataset)
        self._verdicts.ran(position, success.outputs)
        memo = TaskMemo.of(str(self._verdicts.key[position]), success)
        self._ledger.remember_task(self._plan.stage_of(position).name, self._plan.tasks[position].data_id, memo)
        self._finish(position, "restored", success.execution, None)
        return True

    def _start(self, position: int, number: int) -> None:
        work, task = self._work(position), self._plan.tasks[position]
        stage, data_id, name = self._names(position)
        ready = Ready(
            name,
            stage,
            data_id,
            task.data_id,
            str(self._verdicts.key[position]),
            work,
            [self._verdicts.look.get(number) for number in task.inputs],
            number,
        )
        if self._capacity.exceeds(work.cpu, work.memory) and ready.stage not in self._alone:
            self._alone.add(ready.stage)
            self._observe(Remark(f"{ready.stage} asks for more than this machine has: each of its tasks runs alone"))
        if not self._free:
            self._write()
        slot = self._free.pop()
        folder = os.path.join(self._running, str(slot))
        try:
            underway, job = prepare(self._around, ready, folder)
        except BaseException:
            self._free.append(slot)
            raise
        self._capacity.take(work.cpu, work.memory)
        if number == 1:
            self._schedule.start(position)
        self._underway[underway.execution] = (position, underway)
        reasons = self._verdicts.of[position].reasons
        self._observe(TaskStarted(ready.name, underway.execution, reasons, number, f"{folder}/log"))
        self._executor.start(job)

    # --- what ended -----------------------------------------------------------------------------------

    def _conclude(self, finished: Finished) -> None:
        position, underway = self._underway.pop(finished.execution)
        work = underway.ready.work
        if finished.signal and finished.signal == self.stop.signal:  # the runner's group got it, and so a new-born job
            finished = finished._replace(stopped=True)
        log = os.path.join(underway.folder, "log")
        if finished.log_size:
            log, size = self._around.secrets.clean(log, finished.log_size)
            finished = finished._replace(log_size=size)
        tail = end_of(log) if finished.log_size else b""
        conclusion = conclude(self._around, underway, finished, log)
        if underway.aside:
            self._discard.append(os.path.join(underway.folder, f"aside-{underway.execution}"))
        self._oldest = self._oldest or time.monotonic()
        self._ended_slots.append(int(os.path.basename(underway.folder)))
        seconds = finished.ended - finished.started
        if conclusion.outcome == "succeeded":
            self._verdicts.ran(position, conclusion.made)
            self._finish(position, "executed", underway.execution, seconds)
        elif conclusion.outcome == "cancelled":
            self._cancel(position, underway.execution, seconds)
        elif underway.ready.attempt <= work.retries and not self.stop.signal:
            self._tell_retry(underway, seconds, conclusion.message, tail)
            self._again.append((position, underway.ready.attempt + 1))
        else:
            self._fail(position, conclusion.message, underway.execution, seconds, tail)

    def _tell_retry(self, underway: Underway, seconds: float, message: str, tail: bytes) -> None:
        name, execution = underway.ready.name, underway.execution
        self._observe(TaskEnded(name, execution, "failed", seconds, message, tail, True, self._ended))

    def _finish(self, position: int, outcome: str, execution: str | None, seconds: float | None) -> None:
        self._schedule.finish(position)
        self._report(position, outcome, execution, seconds)

    def _cancel(self, position: int, execution: str | None, seconds: float | None) -> None:
        self._schedule.fail(position, cancelled=True)
        self._report(position, "cancelled", execution, seconds)

    def _fail(self, position: int, message: str, execution: str, seconds: float, tail: bytes) -> None:
        self.all_is_well = False
        self._schedule.fail(position)
        self._report(position, "failed", execution or None, seconds, message, tail)

    def _report_rest(self) -> None:
        for state in (BLOCKED, CANCELLED):
            for position in self._schedule.in_state(state):
                if (self._plan.stage_of(position).name, self._plan.tasks[position].data_id) not in self.reports:
                    self._report(position, state, None, None)

    def _report(
        self,
        position: int,
        outcome: str,
        execution: str | None,
        seconds: float | None,
        message: str = "",
        tail: bytes = b"",
    ) -> None:
        stage, _, name = self._names(position)
        reasons = self._verdicts.of[position].reasons
        key = (stage, self._plan.tasks[position].data_id)
        if outcome != "fresh" or key not in self.reports:
            self.reports[key] = Fared(outcome, execution, seconds, reasons)
        if outcome == "executed":
            self._executed.add(key)
        self._ended += 1
        self._works.pop(position, None)
        seconds = seconds or 0.0
        self._observe(TaskEnded(name, execution or "", outcome, seconds, message, tail, False, self._ended, reasons))

    def _names(self, position: int) -> tuple[str, DataId, str]:
        """Stage, data ID, and the task as the command line spells it."""
        stage, data_id = self._plan.stage_of(position).name, self._plan.data_id(position)
        return stage, data_id, task_name(stage, data_id)

    # --- writing --------------------------------------------------------------------------------------

    def _patience(self) -> float | None:
        """Seconds to wait for a task's end before what has ended must be written; None: nothing is waiting."""
        return max(0.0, self._oldest + INTERVAL - time.monotonic()) if self._oldest else None

    def _write_if_due(self) -> None:
        if self._oldest and time.monotonic() - self._oldest >= INTERVAL:
            self._settle(wait=False)
            self._add_code(wait=False)
            self._write()

    def _add_code(self, *, wait: bool) -> None:
        row = self._code.row(self._run, wait=wait)
        if row is not None:
            self._ledger.add("run_code", row)

    def _write_what_is_kept(self) -> None:
        """Before a file is changed in its place: a kill must not find its bytes in memory only."""
        if self._store.objects.pending:
            self._write()

    def _write(self) -> None:
        self._ledger.write(*self._workspace.take_noted())
        discard(self._discard)
        self._discard.clear()
        self._free += self._ended_slots
        self._ended_slots.clear()
        self._oldest = 0.0


def size_of_machine() -> tuple[int, int]:
    """Processors this process may use, and bytes of memory."""
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:
        cpus = os.cpu_count() or 1
    return cpus, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _looks_well(finished: Finished) -> bool:
    """As far as the command itself tells; what it has made is yet to be judged."""
    return finished.exit_status == 0 and not (finished.survivors or finished.timed_out or finished.stopped)


def end_of(path: str) -> bytes:
    """The end of a log, as much as is shown."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LOG_TAIL))
        return file.read()

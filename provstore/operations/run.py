"""Brings targets up to date: the one loop that decides, starts, waits and records.

Only this process writes to the store, and only this loop has effects. What may start next is `schedule`'s to
say, whether it must is `decide`'s.
"""

from __future__ import annotations

import os
import time

from provstore.digest import canonical_json
from provstore.errors import ProvstoreError, StoreError, UsageError
from provstore.events import Remark, RunEnded, RunStarted, TasksFound
from provstore.model.values import new_id, utc_text
from provstore.noun import NamedTuple
from provstore.operations.assess import Assessment, assess
from provstore.operations.report import UP_TO_DATE, RunReport, TaskReport
from provstore.operations.targets import Targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from provstore.events import Observer
    from provstore.model.task import Plan
    from provstore.operations.engine import Engine
    from provstore.operations.replacing import Former, Replaced
    from provstore.operations.report import Fared
    from provstore.ports import Executor
    from provstore.project import Project
    from provstore.store.store import Store


LOCAL = "local"
"""Name of provstore's own executor, which no plug-in can take."""


class RunRequest(NamedTuple):
    """What a user wants of a run.

    Attributes:
        jobs: Tasks at once; 0: as many as there are processors.
        keep_going: After a failure, go on with all that does not depend on it.
        force: Run what the targets name whatever its state.
        params: Overrides of parameters, as text.
        collection: The CHAINED collection that gets what is made.
        wait: Wait for another run of this project; else give up.
        arguments: The words after "provstore", for the record.
        estimate: The observer wants to know how long tasks took the last time.
        executor: Name of the place in which tasks run.
        register_types: Register the dataset types that are made before anything runs, whatever the Pipelinefile says
            of types that are not registered.
        replace: Take the place of the run at the head of `collection`.
        prune: What becomes of that one's data: "unstore", "purge" or "" (nothing); see `replacing`.
    """

    targets: Targets = Targets()
    jobs: int = 0
    keep_going: bool = False
    force: bool = False
    params: Mapping[str, str] = {}
    collection: str = "main"
    wait: bool = True
    arguments: tuple[str, ...] = ("run",)
    estimate: bool = False
    executor: str = LOCAL
    register_types: bool = False
    replace: bool = False
    prune: str = ""


def run(project: Project, request: RunRequest, observe: Observer) -> RunReport:
    """Brings targets up to date.

    Raises:
        PipelinefileError, TargetError, UsageError: Nothing was run.
        StoreError: The store can't be used, or can be no longer; what had ended is recorded.
        PluginError: An executor of a plug-in failed; what had ended is recorded.
    """
    make_executor: Callable[[str], Executor] = _make_local
    if request.executor != LOCAL:
        from provstore.operations.plugged import executor_maker

        make_executor = executor_maker(project, request.executor, _make_local)
    if not os.path.isdir(os.path.join(project.folder, "running")):
        before = _look_of_store(project)
        assessment = _assess(project, request, frozenset())
        if not assessment.active and not assessment.selection.unresolved:
            _refresh(project, assessment, locked=False)
            return _up_to_date(project, request, assessment, observe, is_held=False)
        from provstore.operations.registry.types.concerns import refuse_types

        refuse_types(project, assessment, register=request.register_types)
    else:
        before, assessment = None, None
    return _run_with_lock(project, request, observe, make_executor, before, assessment)


def _make_local(folder: str) -> Executor:
    from provstore.executors.local import LocalExecutor

    return LocalExecutor(folder)


def _run_with_lock(
    project: Project,
    request: RunRequest,
    observe: Observer,
    make_executor: Callable[[str], Executor],
    before: tuple[int, ...] | None,
    assessment: Assessment | None,
) -> RunReport:
    from provstore.operations.interrupted import end_interrupted
    from provstore.project import make_folder
    from provstore.store.underway import is_waited_for

    if is_waited_for(project.root):
        raise UsageError(
            f"this is a task of the project {project.root}, whose run would wait for its own end",
            hint="call the other stage's command, or declare its output as an input",
        )
    from provstore.store.lock import RunLock

    make_folder(project.folder)
    lock = RunLock(
        os.path.join(project.folder, "lock"),
        "provstore " + " ".join(request.arguments),
        wait=request.wait,
        on_wait=lambda holder: observe(Remark(f"waiting for another run of this project: {holder}")),
    )
    try:
        project.renew_store()
        if project.store is None and project.has_remains:
            observe(Remark(f"{project.store_path} is gone, and the history with it: a new one begins"))
        outdated = assessment is None or lock.waited or before != _look_of_store(project)
        _check_collection(project.writable_store(time.time()), request.collection)
        if end_interrupted(project, observe) or outdated or assessment is None:
            project.forget_pipeline()
            assessment = _assess(project, request, frozenset())
        if not assessment.active and not assessment.selection.unresolved:
            _refresh(project, assessment, locked=True)
            return _up_to_date(project, request, assessment, observe, is_held=True)
        from provstore.operations.plugged import with_observers
        from provstore.operations.registry.types.concerns import refuse_types

        refuse_types(project, assessment, register=request.register_types)

        return _Runner(project, request, with_observers(project, observe), make_executor).run(assessment)
    finally:
        lock.release()


def _check_collection(store: Store, name: str) -> None:
    """The collection that gets what is made is a chain, or is made one."""
    if not name.strip() or not name.isprintable():
        raise UsageError(f"-o {name!r}: found no name", hint="name a collection, such as main")
    from provstore.store import facts

    if name == facts.REMOVED:
        raise UsageError(f"-o {name}: this name stands for the collections that were removed", hint="choose another")
    kind = store.ask(facts.collection_type, name)
    if kind not in (None, "CHAINED"):
        raise UsageError(f"-o {name}: this collection is of type {kind}, expected CHAINED", hint="choose another name")


def _assess(project: Project, request: RunRequest, done: frozenset[tuple[str, str]]) -> Assessment:
    """`done`: tasks that this run has executed already, as (stage, data ID)."""

    def forced(plan: Plan, position: int) -> bool:
        return request.force and (plan.stage_of(position).name, plan.tasks[position].data_id) not in done

    return assess(project, request.targets, request.params, forced, done)


def _look_of_store(project: Project) -> tuple[int, ...] | None:
    """How the store's file looks: another run that did something in between leaves it looking otherwise."""
    try:
        status = os.stat(project.store_path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _up_to_date(
    project: Project, request: RunRequest, assessment: Assessment, observe: Observer, *, is_held: bool
) -> RunReport:
    for remark in (*assessment.plan.remarks, *project.take_remarks()):
        observe(Remark(remark))
    if request.replace:
        observe(Remark("no run was replaced, as there is nothing to do"))
    positions = assessment.selection.positions
    if _has_lock(project):
        _compare_lock(project, request, assessment, observe, is_held=is_held)
    return RunReport(
        None, "succeeded", 0, len(positions), lambda: tuple([_fresh_report(assessment, number) for number in positions])
    )


def _compare_lock(
    project: Project, request: RunRequest, assessment: Assessment, observe: Observer, *, is_held: bool
) -> None:
    """With nothing to do, the lock file should say so already; unless it was changed, or is another branch's."""
    from provstore.operations.lock.shortcut import is_known_to_be_right, remember_as_right

    if not request.params and is_known_to_be_right(project, assessment):
        return
    from provstore.operations.lock.write import keep_up_to_date

    is_fresh = frozenset(assessment.selection.positions).__contains__
    if keep_up_to_date(project, assessment, request.params, is_fresh, observe, is_held=is_held):
        remember_as_right(project, assessment)


def _has_lock(project: Project) -> bool:
    """There is a lock file to keep up to date: asked at the end of each run, so it takes one look and no import."""
    return os.path.lexists(os.path.join(project.root, project.lock_file))


def _report(assessment: Assessment, reports: Mapping[tuple[str, str], Fared], position: int) -> TaskReport:
    plan = assessment.plan
    name = plan.stage_of(position).name
    fared = reports.get((name, plan.tasks[position].data_id))
    return TaskReport(name, plan.data_id(position), *fared) if fared else _fresh_report(assessment, position)


def _fresh_report(assessment: Assessment, position: int) -> TaskReport:
    plan, verdict = assessment.plan, assessment.verdicts.of[position]
    return TaskReport(plan.stage_of(position).name, plan.data_id(position), "fresh", None, None, verdict.reasons)


def _refresh(project: Project, assessment: Assessment, *, locked: bool) -> None:
    """After files were touched or the Pipelinefile was edited without effect: remembers how they look now.

    A convenience: where it can't be written (read-only, full, another run at work), nothing is lost.

    Args:
        locked: The caller holds the project's lock. A plan is replaced by its holder alone: a run that is under way
            reads what each of its tasks runs when that starts.
    """
    planned = assessment.planned
    assessment.workspace.settle(wait=True)  # else the next run would find something to remember, too
    if project.store is None or not (assessment.workspace.has_news or planned.is_news):
        return
    lock = None
    try:
        if planned.is_news and not locked:
            from provstore.store.lock import RunLock

            lock = RunLock(os.path.join(project.folder, "lock"), "provstore run", wait=False, on_wait=lambda _: None)
        ledger = project.store.ledger()
        if planned.is_news:
            planned.remember(ledger)
        ledger.write(*assessment.workspace.take_noted())
    except StoreError:
        return
    finally:
        if lock is not None:
            lock.release()


class _Runner:
    """One run from its first record to its last.

    Raises:
        UsageError: The run that is to be replaced can't be pruned.
    """

    def __init__(
        self, project: Project, request: RunRequest, observe: Observer, make_executor: Callable[[str], Executor]
    ) -> None:
        self._project, self._request, self._observe = project, request, observe
        self._make_executor = make_executor
        self._id = new_id()
        self._signal = 0
        self._engine: Engine | None = None
        self._said: set[str] = set()
        self._is_recorded = False
        self._former = self._find_former() if request.replace else None

    def run(self, assessment: Assessment) -> RunReport:
        """Rounds of tasks, until no further ones come to light. Signals are heard from the first to the last step."""
        from provstore.operations.signals import heard_by

        running = os.path.join(self._project.folder, "running")
        with heard_by(self._on_signal):
            try:
                return self._rounds(running, assessment)
            finally:
                if self._engine is not None:
                    self._engine.close()
                if self._is_recorded or self._engine is None:  # else the next run looks at what was under way
                    from provstore.operations.announced import clear

                    clear(self._project.root, self._project.store, running)

    def _rounds(self, running: str, assessment: Assessment) -> RunReport:
        from provstore.apart.client import StoppedError
        from provstore.operations.engine import Engine

        where = running, self._make_executor
        engine = self._engine = Engine(self._project, self._id, self._request, self._observe, *where)
        if self._signal:
            engine.stop.ask(self._signal, at_once=False)
        self._begin(engine, assessment)
        self._round(engine, assessment)
        while assessment.selection.unresolved and engine.all_is_well and not self._signal:
            try:
                assessment = self._assess_again(engine, assessment)
            except StoppedError:
                break
            if assessment.active:
                self._observe(TasksFound(len(assessment.active), self._seconds(engine, assessment)))
            self._round(engine, assessment)  # also without tasks: what was learnt of the files is kept
            if not assessment.active:
                break
        return self._end(engine, assessment)

    def _round(self, engine: Engine, assessment: Assessment) -> None:
        self._say_remarks(assessment)
        engine.round(assessment)

    def _assess_again(self, engine: Engine, before: Assessment) -> Assessment:
        """What is to be done now that more is known. A mistake that shows only now ends the run."""
        try:
            return _assess(self._project, self._request, engine.executed)
        except StoreError:
            raise
        except ProvstoreError:
            engine.all_is_well = False
            self._end(engine, before)
            raise

    def _say_remarks(self, assessment: Assessment) -> None:
        for remark in assessment.plan.remarks:
            if remark not in self._said:
                self._said.add(remark)
                self._observe(Remark(remark))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Only takes note: the loop wakes up from its waiting, and does what is to be done."""
        import signal

        del frame
        if self._engine is not None:
            self._engine.stop.ask(number, at_once=self._signal == number == signal.SIGINT)
        self._signal = self._signal or number

    def _begin(self, engine: Engine, assessment: Assessment) -> None:
        """The run's own record comes first: a store that can't be written is known before anything is run."""
        from provstore.operations.circumstances import machine
        from provstore.operations.registry.types.concerns import registrar_for

        started = time.time()
        planned = assessment.planned
        self._collection = collection = self._free_collection(started)
        # also where all can be put back: what is kept may be damaged
        row = {
            "id": self._id,
            "started": utc_text(started),
            "arguments": canonical_json(list(self._request.arguments)),
            "params": canonical_json(dict(self._request.params)),
            "collection": collection,
            **machine(),
        }
        engine.begin(row, planned)
        engine.tell_of_executions(registrar_for(self._project, assessment, register_all=self._request.register_types))
        self._observe(RunStarted(self._id, len(assessment.active), self._seconds(engine, assessment)))

    def _free_collection(self, started: float) -> str:
        """Name of the run's own collection: the time, or the next millisecond that no run has yet (clocks go back)."""
        from provstore.store import facts

        store = self._project.writable_store(started)
        while True:
            stamp = utc_text(started).replace(":", "")[:-4] + "Z"
            name = f"{self._request.collection}/{stamp}"
            if store.ask(facts.collection_type, name) is None:
                return name
            started += 0.001

    def _seconds(self, engine: Engine, assessment: Assessment) -> dict[str, float]:
        """How long the tasks took the last time, if the observer wants to know."""
        return engine.recorded_seconds(assessment) if self._request.estimate else {}

    def _keep_lock(self, engine: Engine, assessment: Assessment) -> None:
        if not _has_lock(self._project):
            return
        from provstore.operations.lock.write import keep_up_to_date

        selected = frozenset(assessment.selection.positions)

        def is_fresh(position: int) -> bool:
            return position in selected and _report(assessment, engine.reports, position).outcome in UP_TO_DATE

        params = self._request.params
        keep_up_to_date(self._project, assessment, params, is_fresh, self._observe, is_held=True)

    def _find_former(self) -> Former | None:
        """The run whose place this one takes if it succeeds."""
        from provstore.operations.replacing import former_run

        request = self._request
        return former_run(self._project.store, request.collection, request.prune, self._observe)

    def _replaced(self, outcome: str, assessment: Assessment) -> Replaced | None:
        """What is recorded, and said, of the run that is replaced."""
        former, store = self._former, self._project.store
        if former is None or store is None:
            return None
        if outcome != "succeeded":
            self._observe(Remark(f"{former.name} was not replaced, as this run has not succeeded"))
            return None
        from provstore.operations.replacing import replaced_by

        found = replaced_by(store, former, self._collection, assessment.plan, utc_text(time.time()))
        self._observe(Remark(found.remark))
        return found

    def _end(self, engine: Engine, assessment: Assessment) -> RunReport:
        outcome = "cancelled" if self._signal else "succeeded" if engine.all_is_well else "failed"
        positions = assessment.selection.positions

        def tasks() -> tuple[TaskReport, ...]:
            return tuple([_report(assessment, engine.reports, position) for position in positions])

        counts: dict[str, int] | None = None
        if engine.rounds <= 1:  # else a task of a former round may no longer be in the plan
            counts = engine.counts()
            counts["fresh"] = counts.get("fresh", 0) + len(positions) - len(engine.reports)
        replaced = self._replaced(outcome, assessment)
        replacement, facts = (replaced.replacement, replaced.facts) if replaced else (None, ())
        report = RunReport(self._id, outcome, self._signal, len(positions), tasks, counts, replacement)
        engine.end(outcome, report.summary, facts)
        self._is_recorded = True
        self._keep_lock(engine, assessment)
        self._observe(RunEnded(self._id, outcome))
        return report

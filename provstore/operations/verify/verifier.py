"""The loop of a verification: gives each task a folder with its inputs, runs its command there, judges what it made.

Rules: nothing in the project is written, and no memory of the store; a failure stops no other task. A task waits for
another one only where its inputs are neither in the project nor kept: then it reads what that has made again.
"""

from __future__ import annotations

import os

from provstore.apart.client import StoppedError
from provstore.errors import FileError
from provstore.events import Remark, RunStarted, TaskEnded, TasksFound, TaskStarted
from provstore.executors.local import LocalExecutor
from provstore.model.verification import EXACT, FAILED, TaskVerdict
from provstore.operations.engine import size_of_machine
from provstore.operations.signals import Stop
from provstore.operations.verify.bench import Bench
from provstore.operations.verify.record import INTERVAL, Recorder
from provstore.schedule import BLOCKED, Capacity, Schedule
from provstore.store import history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.events import Observer
    from provstore.model.task import Work
    from provstore.operations.verify.agenda import Agenda
    from provstore.operations.verify.bench import Underway
    from provstore.operations.verify.report import VerifyRequest
    from provstore.operations.verify.scratch import Scratch
    from provstore.ports import Finished
    from provstore.project import Project

NOT_MADE_AGAIN = "an input that is kept nowhere was not made again as it was recorded"


class Verifier:
    """Does the work of the tasks of an agenda again.

    Attributes:
        verdicts: By position, of those that ended.
        recorder: Writes them down.
        stop: Told by a signal handler to end what is under way.
    """

    def __init__(
        self, project: Project, request: VerifyRequest, observe: Observer, agenda: Agenda, scratch: Scratch
    ) -> None:
        self._ended_before = len(agenda.earlier.verified)
        self._project, self._request, self._observe = project, request, observe
        self._agenda, self._plan, self._scratch = agenda, agenda.assessment.plan, scratch
        self._work_of = agenda.assessment.planned.work
        store = project.store if request.record and not request.locked else None
        self.recorder = Recorder(store, request.tolerance, self._tell)
        self._bench = Bench(project, request, agenda, scratch)
        cpus, memory = size_of_machine()
        self._capacity = Capacity(request.jobs or cpus, cpus, memory)
        self._executor = LocalExecutor(scratch.jobs)
        self._underway: dict[str, Underway] = {}
        self._works: dict[int, Work] = {}
        self._again: list[tuple[int, int]] = []
        self._places = list(range(self._capacity.jobs))
        self._folders: dict[int, str] = {}
        self._readers: dict[int, int] = {}
        for makers in agenda.needs.values():
            for maker in makers:
                self._readers[maker] = self._readers.get(maker, 0) + 1
        self._remarked: set[str] = set()
        self.verdicts: dict[int, TaskVerdict] = {}
        self.stop = Stop(self._executor)
        project.while_reading = self.stop.while_reading

    def verify(self) -> None:
        """All tasks, until they have ended or a signal has ended them."""
        agenda = self._agenda
        if self._ended_before:
            self._observe(TasksFound(len(agenda.positions), self._seconds()))
        else:
            self._observe(RunStarted("", len(agenda.positions), self._seconds()))
        for position, verdict in agenda.hopeless.items():
            self._end(position, verdict)
        active = [position for position in agenda.positions if position not in agenda.hopeless]
        self._schedule = Schedule(
            {position: agenda.needs[position] for position in active},
            {position: self._plan.stage_of(position).name for position in active},
            {stage.name: stage.after for stage in self._plan.stages if stage.after},
        )
        while True:
            self._start_what_may_start()
            self._say_remarks()
            self.recorder.write_if_due()
            if not self._underway:
                break
            finished = self._executor.wait(INTERVAL)
            self.stop.obey()
            for end in finished:
                self._conclude(end)
        if not self.stop.signal:
            for position in self._schedule.in_state(BLOCKED):
                self._end(position, self._failed(position, NOT_MADE_AGAIN))
        self._say_remarks()

    def tell_unknown(self) -> None:
        """Tells of stages whose tasks remained unknown."""
        unknown = self._agenda.unknown
        if unknown:
            self._observe(TasksFound(len(unknown), {}))
        for verdict in unknown:
            self._tell_end(verdict.stage, verdict, "", b"")

    def close(self) -> None:
        """Ends what still runs, and writes what has ended."""
        self._executor.close()
        self.recorder.write()

    # --- starting -------------------------------------------------------------------------------------

    def _start_what_may_start(self) -> None:
        self.stop.obey()
        while not self.stop.is_wanted and not self._capacity.is_full:
            if self._again and self._capacity.has_room(*self._need(self._again[0][0])):
                self._start(*self._again.pop(0))
                continue
            position = self._schedule.next_task(self._need, self._capacity.has_room)
            if position is None:
                return
            self._start(position, 1)

    def _need(self, position: int) -> tuple[float, int]:
        work = self._work(position)
        return work.cpu, work.memory

    def _work(self, position: int) -> Work:
        work = self._works.get(position)
        if work is None:
            work = self._works[position] = self._work_of(position)
        return work

    def _start(self, position: int, attempt: int) -> None:
        work, name = self._work(position), self._plan.name(position)
        self._remark_on(position, work)
        place = self._places.pop()
        folder = os.path.join(self._scratch.jobs, str(place))
        try:
            underway, job = self._bench.prepare(position, work, attempt, folder)
        except (FileError, StoppedError) as error:
            self._places.append(place)
            if isinstance(error, FileError):
                self._end(position, self._failed(position, error.message))
                self._schedule.fail(position)
            return
        self._capacity.take(work.cpu, work.memory)
        if attempt == 1:
            self._schedule.start(position)
        self._underway[job.execution] = underway
        self._observe(TaskStarted(name, job.execution, (), attempt, underway.log))
        self._executor.start(job)

    def _remark_on(self, position: int, work: Work) -> None:
        """Says once of a stage what a person should know before its result is believed."""
        stage = self._plan.stage_of(position).name
        if stage in self._remarked:
            return
        self._remarked.add(stage)
        if self._project.root != "/" and f"{self._project.root}/" in f"{work.command}/":
            self._tell(f"{stage}: its command names {self._project.root}: what it reads there is not checked")
        if self._capacity.exceeds(work.cpu, work.memory):
            self._tell(f"{stage} asks for more than this machine has: each of its tasks runs alone")

    # --- what ended -----------------------------------------------------------------------------------

    def _conclude(self, finished: Finished) -> None:
        underway = self._underway.pop(finished.execution)
        position, work = underway.position, underway.work
        self._capacity.give_back(work.cpu, work.memory)
        if finished.signal and finished.signal == self.stop.signal:  # the verifier's group got it: a new-born job too
            finished = finished._replace(stopped=True)
        try:
            judged = self._bench.judge(underway, finished)
        except StoppedError:
            judged = None
        self._places.append(int(os.path.basename(os.path.dirname(underway.log))))
        if judged is None or judged.is_stopped:
            self._schedule.fail(position, cancelled=True)
            return
        verdict = judged.verdict
        if verdict.verdict == FAILED and underway.attempt <= work.retries and not self.stop.signal:
            self._observe(TaskEnded(self._plan.name(position), finished.execution, FAILED, verdict.seconds or 0.0,
                                    verdict.message, judged.log_tail, True, self._ended))  # fmt: skip
            self._drop(underway.folder)
            self._again.append((position, underway.attempt + 1))
            return
        if verdict.verdict in EXACT:
            self._offer(position, underway.folder)
            self._schedule.finish(position)
        else:
            self._drop(underway.folder)
            self._schedule.fail(position)
        self._end(position, verdict, finished.execution, judged.log_tail)

    def _offer(self, position: int, folder: str) -> None:
        """What was made again is there for those who need it, until the last of them has ended.

        While there are tasks that are not known yet, nobody knows who is the last.
        """
        if not (self._readers.get(position) or self._agenda.unknown):
            self._drop(folder)
            return
        self._folders[position] = folder
        self._agenda.sources.again.update(dict.fromkeys(self._plan.outputs(position), folder))

    def _drop(self, folder: str) -> None:
        if not self._request.keep_scratch:
            self._scratch.drop(folder)

    def _end(self, position: int, verdict: TaskVerdict, execution: str = "", tail: bytes = b"") -> None:
        self.verdicts[position] = verdict
        self.recorder.add(verdict)
        self._works.pop(position, None)
        for maker in self._agenda.needs[position]:
            self._readers[maker] -= 1
            if not (self._readers[maker] or self._agenda.unknown) and maker in self._folders:
                self._drop(self._folders.pop(maker))
        self._tell_end(self._plan.name(position), verdict, execution, tail)

    def _failed(self, position: int, message: str) -> TaskVerdict:
        stage, data_id = self._plan.stage_of(position).name, self._plan.data_id(position)
        execution = self._agenda.expectations.of[position].found.execution
        return TaskVerdict(stage, data_id, FAILED, (), execution, message=message)

    # --- telling --------------------------------------------------------------------------------------

    @property
    def _ended(self) -> int:
        return self._ended_before + len(self.verdicts)

    def _tell_end(self, name: str, verdict: TaskVerdict, execution: str, tail: bytes) -> None:
        seconds = verdict.seconds or 0.0
        self._observe(TaskEnded(name, execution, verdict.verdict, seconds, verdict.message, tail, False, self._ended,
                                verified=verdict))  # fmt: skip

    def _tell(self, text: str) -> None:
        self._observe(Remark(text))

    def _say_remarks(self) -> None:
        for text in self._project.take_remarks():
            self._tell(text)

    def _seconds(self) -> dict[str, float]:
        """How long the tasks took when they were run, if the observer wants to know."""
        store = self._project.store
        if not self._request.estimate or store is None:
            return {}
        found = {}
        for position in self._agenda.positions:
            stage, data_id = self._plan.stage_of(position).name, self._plan.tasks[position].data_id
            seconds = store.ask(history.seconds, stage, data_id)
            if seconds is not None:
                found[self._plan.name(position)] = seconds
        return found

"""True? Does the work of tasks again, in folders that hold their declared inputs only, and compares what comes out."""

from __future__ import annotations

from provstore.events import Remark
from provstore.operations.verify.report import Sample, VerifyReport, VerifyRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from provstore.events import Observer
    from provstore.model.verification import TaskVerdict
    from provstore.operations.verify.agenda import Agenda
    from provstore.operations.verify.expected import Expectation
    from provstore.operations.verify.scratch import Scratch
    from provstore.operations.verify.verifier import Verifier
    from provstore.project import Project

__all__ = ["Sample", "VerifyReport", "VerifyRequest", "verify"]


def verify(project: Project, request: VerifyRequest, observe: Observer) -> VerifyReport:
    """Does the work of tasks again, and compares every output with what is recorded.

    To be called in the main thread, which gets the signals.

    Raises:
        PipelinefileError, TargetError, UsageError, LockfileError: Nothing was run.
        StoreError: The store can't be read.
    """
    from provstore.operations.verify.agenda import agenda

    todo = agenda(project, request)
    for text in (*todo.assessment.plan.remarks, *project.take_remarks()):
        observe(Remark(text))
    if todo.sample is not None:
        size, of, seed = todo.sample
        besides = len(todo.positions) - size
        more = f", and {besides} whose outputs they need" if besides else ""
        observe(Remark(f"{size} of {of} tasks, chosen at random{more}: --seed {seed} repeats the choice"))
        unknown = sorted(todo.assessment.selection.unresolved)
        if unknown:
            observe(Remark(f"left out, as their tasks are not known yet: {', '.join(unknown)}"))
    return _Verification(project, request, observe, todo).verify()


class _Verification:
    """From the first signal that is heard to the last folder that is removed."""

    def __init__(self, project: Project, request: VerifyRequest, observe: Observer, todo: Agenda) -> None:
        self._project, self._request, self._observe, self._todo = project, request, observe, todo
        self._verifier: Verifier | None = None
        self._verdicts: dict[tuple[str, str], TaskVerdict] = {}
        self._expected: dict[tuple[str, str], Expectation] = {}
        self._has_recorded = False
        self._signal = 0

    def verify(self) -> VerifyReport:
        """Does it, and cleans up whatever happens."""
        from provstore.operations.signals import heard_by
        from provstore.operations.verify.scratch import Scratch

        with heard_by(self._on_signal):
            scratch = Scratch(self._project.root, self._request.scratch)
            keeps = False
            try:
                while self._round(scratch):
                    pass
                keeps = self._request.keep_scratch
            finally:
                scratch.close(keep=keeps)
        return self._report(scratch.path if keeps else "")

    def _round(self, scratch: Scratch) -> bool:
        """Verifies all tasks that are known; more of them may be known by then, of which the next round is made."""
        from provstore.operations.verify.agenda import Earlier, agenda
        from provstore.operations.verify.recall import found_again
        from provstore.operations.verify.verifier import Verifier

        todo = self._todo
        verifier = self._verifier = Verifier(self._project, self._request, self._observe, todo, scratch)
        if self._signal:
            verifier.stop.ask(self._signal, at_once=False)
        try:
            verifier.verify()
        finally:
            verifier.close()
        plan = todo.assessment.plan
        for position, verdict in verifier.verdicts.items():
            task = plan.stage_of(position).name, plan.tasks[position].data_id
            self._verdicts[task], self._expected[task] = verdict, todo.expectations.of[position]
        self._has_recorded |= verifier.recorder.has_recorded
        found = {} if self._signal else found_again(todo, verifier.verdicts)
        if not found:
            verifier.tell_unknown()
            return False
        earlier = Earlier({**todo.earlier.found, **found}, todo.sources.again, self._expected)
        self._todo = agenda(self._project, self._request, earlier)
        return True

    def _report(self, kept: str) -> VerifyReport:
        todo, plan = self._todo, self._todo.assessment.plan
        known = [(plan.stage_of(position).name, task.data_id) for position, task in enumerate(plan.tasks)]
        tasks = [self._verdicts[task] for task in known if task in self._verdicts]
        cancelled = sum(known[position] not in self._verdicts for position in todo.positions)
        return VerifyReport((*tasks, *todo.unknown), cancelled, self._signal, todo.sample, self._has_recorded, kept)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Only takes note: the loop wakes up from its waiting, and does what is to be done."""
        import signal

        del frame
        if self._verifier is not None:
            self._verifier.stop.ask(number, at_once=self._signal == number == signal.SIGINT)
        self._signal = self._signal or number

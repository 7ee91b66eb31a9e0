"""One attempt at a task in its scratch folder: laid out before, judged after."""

from __future__ import annotations

import os

from provstore.errors import FileError
from provstore.model.values import new_id
from provstore.model.verification import FAILED, OutputVerdict, TaskVerdict, worst
from provstore.noun import NamedTuple
from provstore.operations.conclude import outcome_of
from provstore.operations.engine import end_of
from provstore.operations.job import argv_for, environment_for, write_description
from provstore.operations.secrets import Secrets
from provstore.operations.verify.judge import Judge
from provstore.operations.verify.undeclared import Rooms, sentence, undeclared
from provstore.ports import Job
from provstore.watch.stamps import device_with_fine_stamps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.files import DirectoryMemo, Memo
    from provstore.model.task import Work
    from provstore.operations.verify.agenda import Agenda
    from provstore.operations.verify.report import VerifyRequest
    from provstore.operations.verify.scratch import Scratch
    from provstore.ports import Finished
    from provstore.project import Project


class Underway(NamedTuple):
    """A task whose command runs.

    Attributes:
        attempt: 1 for the first.
        folder: What stands for the project.
        log: What the command prints.
        looks: How inputs looked that were taken from the project.
    """

    position: int
    work: Work
    attempt: int
    folder: str
    log: str
    looks: Mapping[str, Memo | DirectoryMemo]


class Judged(NamedTuple):
    """What came of an attempt.

    Attributes:
        is_stopped: It was ended by a signal that was meant for the whole: that says nothing about the task.
        log_tail: The end of what the command printed, where it failed.
    """

    verdict: TaskVerdict
    is_stopped: bool
    log_tail: bytes


class Bench:
    """Lays out and judges attempts."""

    def __init__(self, project: Project, request: VerifyRequest, agenda: Agenda, scratch: Scratch) -> None:
        self._root, self._agenda, self._scratch = project.root, agenda, scratch
        self._plan = agenda.assessment.plan
        self._files = list(dict.fromkeys([project.file, *self._plan.files]))
        objects = None if request.locked or project.store is None else project.store.objects
        fine_device = device_with_fine_stamps(os.path.join(scratch.jobs, "stamps"))
        kept = os.path.join(scratch.path, "recorded")
        workspace = agenda.assessment.workspace
        self._judge = Judge(project, objects, workspace, kept, fine_device, request.tolerance)
        self._secrets = Secrets(self._plan.settings.secret_env, os.environ)
        self._keeps = request.keep_scratch
        self._known = frozenset(self._plan.paths)
        self._workspace_in = self._judge.workspace_in

    def prepare(self, position: int, work: Work, attempt: int, place: str) -> tuple[Underway, Job]:
        """Lays a task out: its inputs and nothing else, and folders for its outputs.

        Args:
            place: Absolute path of a folder for its description and its log.

        Raises:
            FileError: An input is not at hand.
        """
        outputs = self._plan.outputs(position)
        folder = self._scratch.folder(self._root, [*self._plan.inputs(position), *outputs, work.cwd])
        try:
            looks = self._lay_out(position, folder)
        except BaseException:
            self._scratch.drop(folder)
            raise
        for path in outputs:
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        cwd = os.path.normpath(os.path.join(folder, work.cwd))
        os.makedirs(cwd, exist_ok=True)
        execution = new_id()
        stage, data_id = self._plan.stage_of(position).name, self._plan.data_id(position)
        more = {"execution": execution, "verifies": self._root, "files": self._files}
        write_description(work, stage, data_id, f"{place}/task.json", more)
        environment = environment_for(os.environ, stage, execution, folder, f"{place}/task.json")
        if "PWD" in environment:  # that of the caller is the project's own
            environment["PWD"] = cwd
        job = Job(execution, argv_for(work, place), cwd, environment, place, work.timeout)
        return Underway(position, work, attempt, folder, f"{place}/log", looks), job

    def _lay_out(self, position: int, folder: str) -> dict[str, Memo | DirectoryMemo]:
        """Puts all inputs into a folder; of a task that was put off, finds out what is to come out.

        Returns:
            How inputs looked that were taken from the project.
        """
        expectations, sources = self._agenda.expectations, self._agenda.sources
        expectation, paths = expectations.of[position], self._plan.inputs(position)
        for path in sorted(expectation.unknown):
            sources.compose(path, expectations.parts(path), folder)
        if expectation.is_put_off:
            expectation = expectations.settle(position, self._workspace_in(folder))
            if expectation.why_not:
                raise FileError(expectation.why_not)
        looks = {}
        known = dict(zip(paths, expectation.inputs, strict=True))
        for path, identity in sorted(known.items()):  # a folder before what lies in it
            look = sources.put(path, identity, folder)
            if look is not None:
                looks[path] = look
        return looks

    def judge(self, underway: Underway, finished: Finished) -> Judged:
        """What came of an attempt whose command has ended.

        Raises:
            StoppedError: Who judges was told to end.
        """
        outcome, message = outcome_of(finished)
        log = underway.log
        if finished.log_size:
            log, _ = self._secrets.clean(log, finished.log_size)
        tail = end_of(log) if finished.log_size else b""
        if not message:
            changed = self._agenda.sources.first_changed(underway.looks)
            message = f"input {changed} changed while it ran" if changed else ""
        expected = self._agenda.expectations.of[underway.position].found
        if message:
            outputs = tuple([OutputVerdict(made.path, FAILED, made.digest, None) for made in expected.outputs])
            verdict = FAILED
        else:
            judged = self._judge.judge(underway.work, expected.outputs, underway.folder)
            outputs = tuple([self._without_secrets(output) for output in judged])
            verdict = worst(outputs)
            message = "; ".join([f"output {made.path} {made.message}" for made in outputs if made.verdict == FAILED])
        stage, data_id = self._plan.stage_of(underway.position).name, self._plan.data_id(underway.position)
        found = TaskVerdict(stage, data_id, verdict, outputs, expected.execution, finished.ended - finished.started,
                            self._secrets.out_of(message), folder=underway.folder if self._keeps else "")  # fmt: skip
        if not found.is_good and expected.accepted:
            said = "its outputs were accepted by a person"
            found = found._replace(message=f"{found.message}; {said}" if found.message else said)
        if not found.is_good:
            found = self._with_undeclared(found, underway, tail)
        return Judged(found, outcome == "cancelled", tail if verdict == FAILED else b"")

    def _without_secrets(self, output: OutputVerdict) -> OutputVerdict:
        """What is told and recorded of a difference shows no secret, also if the output does."""
        comparison, hidden = output.comparison, self._secrets.out_of
        if comparison is None:
            return output
        differences = tuple([
            found._replace(place=tuple(map(hidden, found.place)), what=hidden(found.what), a=hidden(found.a),
                           b=hidden(found.b))
            for found in comparison.differences
        ])  # fmt: skip
        return output._replace(comparison=comparison._replace(differences=differences))

    def _with_undeclared(self, found: TaskVerdict, underway: Underway, tail: bytes) -> TaskVerdict:
        """A verdict with what the log says of files that are not among the inputs."""
        work, position = underway.work, underway.position
        scripts = sorted({os.path.dirname(path) for path in self._plan.inputs(position) if path[0] not in "/."})
        rooms = Rooms(self._root, underway.folder, work.cwd, self._plan.outputs(position), ["", work.cwd, *scripts],
                      self._known)  # fmt: skip
        paths = tuple([self._secrets.out_of(path) for path in undeclared(tail, rooms)])
        if not paths:
            return found
        said = sentence(paths)
        message = f"{said}; {found.message}" if found.message else said
        return found._replace(message=message, undeclared=paths)

"""Compares what was made again with what is recorded: by digests, then by the format, against the kept bytes."""

from __future__ import annotations

import os

from provstore.apart.client import AskingError
from provstore.errors import FileError
from provstore.model.comparison import DIFFERENT, EQUIVALENT, IDENTICAL
from provstore.model.verification import FAILED, OutputVerdict
from provstore.operations.outputs import discard
from provstore.operations.verify.inputs import write_kept
from provstore.watch.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.files import Content, RecordedContent
    from provstore.model.task import Output, Work
    from provstore.project import Project
    from provstore.store.objects import Objects


class Judge:
    """Compares outputs.

    Args:
        project: Whose formats count.
        objects: Kept bytes; None without a store.
        workspace: Of the project: what lies there may be what is recorded, though it is not kept.
        place: Absolute path of a folder for kept bytes, while they are compared.
        fine_device: See `Workspace`.
        tolerance: How far two numbers may be apart: (absolute, relative); None: not at all.
    """

    def __init__(
        self,
        project: Project,
        objects: Objects | None,
        workspace: Workspace,
        place: str,
        fine_device: int | None,
        tolerance: tuple[float, float] | None,
    ) -> None:
        self._project, self._objects, self._workspace = project, objects, workspace
        self._place, self._fine_device, self._tolerance = place, fine_device, tolerance

    def judge(self, work: Work, expected: tuple[RecordedContent, ...], root: str) -> tuple[OutputVerdict, ...]:
        """The verdicts on all outputs of a task whose command ended well.

        Args:
            expected: In the order of the task's outputs.
            root: Absolute path of the folder in which they were made.
        """
        scratch = self.workspace_in(root)
        return tuple(
            [self._output(scratch, output, wanted, root) for output, wanted in zip(work.outputs, expected, strict=True)]
        )

    def workspace_in(self, root: str) -> Workspace:
        """The files below a folder that stands for the project, with the project's formats."""
        scratch = Workspace(root, {}, {})
        scratch.fine_device = self._fine_device
        scratch.semantics = lambda: self._project.semantics
        return scratch

    def _output(self, scratch: Workspace, output: Output, wanted: RecordedContent, root: str) -> OutputVerdict:
        full = scratch.full(output.path)
        if not os.path.realpath(full).startswith(f"{root}/"):
            return OutputVerdict(
                output.path, FAILED, wanted.digest, None, "is a symbolic link that leads out of the project"
            )
        try:
            content, _ = scratch.read(output.path)
        except FileError as error:
            message = error.message if os.path.lexists(full) else "was not made"
            return OutputVerdict(output.path, FAILED, wanted.digest, None, message)
        return self._compared(output.path, wanted, content, full)

    def _compared(self, path: str, wanted: RecordedContent, found: Content, full: str) -> OutputVerdict:
        verdict = OutputVerdict(path, DIFFERENT, wanted.digest, found.digest)
        if found.kind != wanted.kind:
            return verdict._replace(message=f"is a {found.kind}, recorded as a {wanted.kind}")
        if found.executable != wanted.executable:
            verdict = verdict._replace(message=f"is {_mode(found.executable)}, recorded as {_mode(wanted.executable)}")
            return verdict if found.digest == wanted.digest else self._looked_into(verdict, wanted, found.format, full)
        if found.digest == wanted.digest:
            return verdict._replace(verdict=IDENTICAL)
        if found.semantic is not None and found.semantic == wanted.semantic:
            verdict = verdict._replace(verdict=EQUIVALENT)
        return self._looked_into(verdict, wanted, found.format, full)

    def _looked_into(self, verdict: OutputVerdict, wanted: RecordedContent, format: str, full: str) -> OutputVerdict:
        """The verdict with what the format says of the two, if the recorded bytes are at hand."""
        recorded = self._recorded(wanted)
        if recorded is None:
            if verdict.verdict == EQUIVALENT or verdict.message:
                return verdict
            return verdict._replace(message="the recorded bytes are not kept: only the digests can be compared")
        try:
            comparison = self._project.apart().compare(recorded, full, wanted.path, format, self._tolerance)
        except AskingError as error:
            return verdict if verdict.verdict == EQUIVALENT else verdict._replace(message=f"can't be compared: {error}")
        finally:
            discard([self._place])
        if verdict.verdict == EQUIVALENT or verdict.message:  # by the digest that decides, or for its mode
            return verdict._replace(comparison=comparison)
        return verdict._replace(verdict=comparison.verdict, comparison=comparison)

    def _recorded(self, wanted: RecordedContent) -> str | None:
        """Absolute path of a file or directory with the recorded bytes; None where they are not at hand."""
        if self._objects is not None:
            place = os.path.join(self._place, os.path.basename(wanted.path))
            if write_kept(self._objects, wanted, place):
                return place
            discard([self._place])
        try:
            content, _ = self._workspace.read(wanted.path)
        except FileError:
            return None
        is_it = (content.digest, content.kind) == (wanted.digest, wanted.kind)
        return self._workspace.full(wanted.path) if is_it else None


def _mode(executable: bool) -> str:
    return "executable" if executable else "not executable"

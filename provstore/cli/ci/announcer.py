"""Tells CI how a command fared, whether it ended well or not."""

from __future__ import annotations

import os
import sys
import time

from provstore.cli.ci import github, gitlab
from provstore.cli.ci.checks import ERROR, PASSED, Check, Witness, of_error, status_checks
from provstore.cli.ci.files import claim_writable, write_whole
from provstore.cli.ci.findings import findings, of_problems, spot_in, top_of_repository
from provstore.cli.ci.junit import junit_xml
from provstore.cli.main import say
from provstore.errors import FileError, PipelinefileError, ProvstoreError, UsageError, error_from_os
from provstore.operations.stage_places import stage_places
from provstore.project import PIPELINEFILE, locate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self, TextIO

    from provstore.cli.ci.findings import Finding
    from provstore.cli.place import Place
    from provstore.events import Event, Observer
    from provstore.operations.report import RunReport
    from provstore.operations.status import StatusReport


class Announcer:
    """A context manager around a command's work; see the package.

    Args:
        command: Its name.
        place: Where it works: paths of files are relative to its folder.
        junit, code_quality: Files to write; None: none.
        stream: What the command prints names and logs to; None: standard error.

    Attributes:
        witness: May listen to a run, so that there is something to tell of one that something stopped.

    Raises:
        UsageError: One of the files can't be written.
    """

    def __init__(
        self,
        command: str,
        place: Place,
        junit: str | None = None,
        code_quality: str | None = None,
        stream: TextIO | None = None,
    ) -> None:
        self._command, self._place = command, place
        self._junit = claim_writable("--junit", junit, place.folder)
        self._code_quality = claim_writable("--code-quality", code_quality, place.folder)
        if self._junit is not None and self._junit == self._code_quality:
            raise UsageError(f"--junit and --code-quality are one file: {junit}", hint="name two")
        self._stream = stream or sys.stderr
        self._stop_word = ""
        self._checks: list[Check] = []
        self._remarks: list[str] = []
        self.witness = Witness()

    def take(self, checks: Sequence[Check], remarks: Sequence[str] = ()) -> None:
        """How tasks fared, and what a person should know besides; several calls add up."""
        self._checks += checks
        self._remarks += remarks

    def heard_by(self, view: Observer) -> Observer:
        """What listens to a run in the place of `view`, for both."""

        def hear(event: Event) -> None:
            self.witness(event)
            view(event)

        return hear

    def take_run(self, report: RunReport) -> None:
        """How the tasks of a run fared."""
        self.take(self.witness.checks(report))

    def take_status(self, report: StatusReport) -> None:
        """In which state tasks are."""
        self.take(status_checks(report), report.remarks)

    def __enter__(self) -> Self:
        if github.is_here():
            self._stop_word = github.stop_word()
            self._print([f"::stop-commands::{self._stop_word}"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stop_word:
            self._print([f"::{self._stop_word}::"])
        checks = self._checks or self.witness.checks_so_far()
        if error is not None:
            checks = [*checks, self._of_error(error)]
        try:
            self._announce(checks, error)
        except (OSError, FileError) as failure:
            explained = error_from_os(failure, "a report for CI") if isinstance(failure, OSError) else failure
            if error is None:
                raise explained from failure
            say(f"remark: {explained.message}")  # what went wrong first is what counts

    def _of_error(self, error: BaseException) -> Check:
        if isinstance(error, ProvstoreError):
            return of_error(self._command, error)
        said = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
        return Check(f"provstore {self._command}", "", ERROR, message=said, word=ERROR)

    def _announce(self, checks: Sequence[Check], error: BaseException | None) -> None:
        root, file = self._project()
        top = top_of_repository(root)
        names = dict.fromkeys(check.stage for check in checks if check.outcome != PASSED and check.stage)
        places = stage_places(root, file, names) if names else {}
        spots = {name: spot_in(top, place.file, place.line) for name, place in places.items()}
        found: list[Finding] = findings(self._command, checks, spots)
        if isinstance(error, PipelinefileError):
            found = of_problems(self._command, root, top, error.problems)
        remarks = [*self._remarks, *self.witness.remarks]
        if github.is_here():
            self._print(github.annotated(found, remarks))
            self._add_summary(checks, remarks)
        if gitlab.is_here():
            self._print(gitlab.section(self._command, checks, int(time.time())))
        if self._junit is not None:
            write_whole("--junit", self._junit, junit_xml(self._command, checks, spots))
        if self._code_quality is not None:
            main = spot_in(top, os.path.join(root, file), 0).file
            write_whole("--code-quality", self._code_quality, gitlab.code_quality(self._command, found, main))

    def _project(self) -> tuple[str, str]:
        """Root and Pipelinefile; where there is none, where one was looked for."""
        try:
            return locate(self._place.folder, self._place.file)
        except ProvstoreError:
            return self._place.folder, PIPELINEFILE

    def _add_summary(self, checks: Sequence[Check], remarks: Sequence[str]) -> None:
        """Appends to the file that GitHub names; where that can't be, the command has done its work all the same."""
        path = os.environ.get("GITHUB_STEP_SUMMARY", "")
        if not path:
            return
        try:
            with open(path, "ab") as file:
                room = github.LONGEST_SUMMARY - file.tell()
                file.write(github.summary(self._command, checks, remarks, room).encode("utf-8", "backslashreplace"))
        except OSError as error:
            say(f"remark: the summary can't be written: {path}: {error.strerror}")

    def _print(self, lines: Sequence[str]) -> None:
        for line in lines:
            if self._stream is sys.stderr:
                say(line)
            else:
                print(line, file=self._stream)

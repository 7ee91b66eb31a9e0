"""What differs between two things that a user names: files, versions of a dataset, executions, runs.

`words` finds what is meant; `files` and `versions` compare contents, `executions` and `runs` compare records, and
`blame` looks for where two lineages part. `report` has what all of them answer.
"""

from __future__ import annotations

from provstore.errors import NoProjectError, UsageError
from provstore.operations.diff.report import DiffReport, DiffRequest, RecordsReport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.operations.diff.words import Subject
    from provstore.project import Project
    from provstore.store.store import Store

__all__ = ["DiffReport", "DiffRequest", "RecordsReport", "diff"]


def diff(folder: str, file: str | None, request: DiffRequest) -> DiffReport | RecordsReport:
    """How two things differ. Two files are compared without a store, and outside of a project too.

    Args:
        folder: What paths are relative to; the project that it lies in says which formats there are.
        file: The Pipelinefile, where another one than the project's own was named.

    Raises:
        UsageError: One of them is neither a file nor a directory, or they can't be compared with each other.
        UnknownIdError: One of them names nothing, or several things.
        FileError: A file can't be read.
        PluginError: There is no format of that name.
        PipelinefileError: It is wrong, so that the formats of the project are not known.
        NoProjectError: There is no project, and something else than two files is to be compared.
        StoreDamagedError: A record of the answer is not what was recorded.
    """
    from provstore.operations.diff.words import is_there
    from provstore.project import Project

    words = [word for word in (request.a, request.b) if word is not None]
    if request.blame is None and len(words) == 2 and all(is_there(folder, word) for word in words):
        return _two_files(folder, file, request)
    try:
        project = Project.find(folder, file)
    except NoProjectError:
        if file is not None or request.blame is not None or len(words) < 2:
            raise
        return _two_files(folder, file, request)  # which says what is not there
    with project:
        return _in_project(project, folder, request)


def _two_files(folder: str, file: str | None, request: DiffRequest) -> DiffReport:
    from provstore.operations.diff.files import diff_files

    assert request.a is not None, "the caller has looked"
    assert request.b is not None, "the caller has looked"
    return diff_files(folder, file, (request.a, request.b), request.format, request.tolerance)


def _in_project(project: Project, folder: str, request: DiffRequest) -> DiffReport | RecordsReport:
    from provstore.operations.diff.words import EXECUTION, FILE, RUN, Words, store_of

    store = store_of(project, request.blame or request.b or request.a or "diff")
    words = Words(project, store, folder)
    if request.blame is not None:
        from provstore.operations.diff.blame import blame

        return blame(project, store, words, request)
    a, b = words.pair(request)
    if a.kind == RUN:
        from provstore.operations.diff.runs import diff_runs

        return diff_runs(project, a.id, b.id, patch=request.patch)
    if a.kind == EXECUTION:
        from provstore.operations.diff.executions import diff_executions

        return diff_executions(project, a.id, b.id, request)
    if a.kind == b.kind == FILE:
        raise UsageError(f"{a.text}: this is a file, expected something to compare it with")
    return _versions(project, store, folder, (a, b), request)


def _versions(
    project: Project, store: Store, folder: str, pair: tuple[Subject, Subject], request: DiffRequest
) -> DiffReport:
    from provstore.operations.diff.versions import diff_versions

    return diff_versions(project, store, folder, pair, request)

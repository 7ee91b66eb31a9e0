"""A file that a user asked for beside the data of the project: never data itself, and never in the place of another."""

from __future__ import annotations

import contextlib
import os
import stat

from provstore.errors import FileError, UsageError
from provstore.model.files import TOOL_FOLDERS
from provstore.watch.find import would_find
from provstore.watch.reading import kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.task import Plan
    from provstore.project import Project

BEGINNING = 2048
"""Bytes in which a file says what made it."""

ELSEWHERE = "-o FILE writes to another place"


def claim_place(project: Project, target: str, shown: str, mark: bytes) -> None:
    """Claims that a file may be written: it is no data of the project, and replaces at most its like.

    Args:
        target: Absolute path.
        shown: The same as it was typed.
        mark: What stands near the beginning of every file that may be replaced.

    Raises:
        UsageError: It may not.
        FileError: What lies there can't be read.
        PipelinefileError: It is wrong, so that data are not known.
    """
    if not shown:
        raise UsageError("-o: found an empty name, expected that of a file", hint="-o - is standard output")
    _claim_replaceable(target, shown, mark)
    folder, name = os.path.split(target)
    named, full = os.path.join(os.path.realpath(folder), name), os.path.realpath(target)
    for path in dict.fromkeys([os.path.relpath(named, project.root), os.path.relpath(full, project.root), full]):
        if path.partition("/")[0] in TOOL_FOLDERS:
            raise UsageError(f"{shown}: lies in {path.partition('/')[0]}, which belongs to a tool", hint=ELSEWHERE)
        use = _use(project.plan({}).plan, path)
        if use:
            raise UsageError(f"{shown}: {use}; it would count as data of the project", hint=ELSEWHERE)


def _claim_replaceable(target: str, shown: str, mark: bytes) -> None:
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise FileError(f"{shown}: {getattr(error, 'strerror', None) or error}") from error
    if not stat.S_ISREG(mode):
        raise UsageError(f"{shown}: found a {kind_of(mode)}, expected a file", hint="-o - is standard output")
    try:
        with open(target, "rb") as file:
            beginning = file.read(BEGINNING)
    except OSError as error:
        raise FileError(f"{shown}: {error.strerror}", hint="see its permissions") from error
    if beginning and mark not in beginning:
        raise UsageError(f"{shown}: there is a file already that is no earlier report", hint=ELSEWHERE)


def _use(plan: Plan, path: str) -> str:
    """What tasks do with a path, or with a folder that it lies in; "" for nothing."""
    parts = path.split("/")
    places = {"/".join(parts[:count]) for count in range(1, len(parts) + 1)} | {"."}
    known = places.intersection(plan.paths)
    if known:
        longest = max(known, key=len)
        number = plan.paths.index(longest)
        for task in plan.tasks:
            verb = "makes" if number in task.outputs else "reads" if number in task.inputs else ""
            if verb:
                what = "it" if longest == path else f"'{longest}', in which it lies"
                return f"stage '{plan.stages[task.stage].name}' {verb} {what}"
    if any(would_find(search, path) for search, _ in plan.searches):
        return "a glob or a dimension of the Pipelinefile finds it"
    return ""


def put(target: str, data: bytes) -> None:
    """Writes a file in one moment: whoever reads it meanwhile sees the earlier one, or all of this one.

    The folder that it goes to is made.

    Args:
        target: Absolute path; where it is a link, what it leads to is replaced.

    Raises:
        OSError: It can't be written; nothing is left of it then.
    """
    full = os.path.realpath(target)
    fresh = os.path.join(os.path.dirname(full), f".{os.getpid()}.provstore")  # no glob finds what is hidden
    try:
        os.makedirs(os.path.dirname(full), exist_ok=True)
        _write_new(fresh, data)
        os.replace(fresh, full)
    except BaseException as error:
        with contextlib.suppress(OSError):  # it may not even have been begun
            os.unlink(fresh)
        if isinstance(error, OSError):
            error.filename = full  # not the name that it had meanwhile
        raise


def _write_new(path: str, data: bytes) -> None:
    """Writes a file that does not exist, and has its bytes on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())

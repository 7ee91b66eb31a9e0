"""The lock file of a project: where it lies, reading it, writing it."""

from __future__ import annotations

import os
import stat

from provstore.errors import FileError, UsageError, error_from_os, naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.lock import Lock
    from provstore.project import Project


def read_lock(project: Project) -> Lock:
    """What the lock file says.

    Raises:
        UsageError: There is none.
        FileError: It can't be read, or is no UTF-8.
        LockfileError: It is no lock, or has conflicts in it; with its line.
    """
    from provstore.pipelinefile.lock import parse

    return parse(read_text(project), project.lock_file)


def read_text(project: Project) -> str:
    """The text of the lock file; errors as in `read_lock`."""
    name = project.lock_file
    path = os.path.join(project.root, name)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FileError(f"{name}: found no plain file", hint="a directory or a pipe can't hold it")
        with naming(path), open(path, "rb") as file:
            return file.read().decode()
    except FileNotFoundError:
        raise UsageError(f"{name}: there is no lock file", hint="'provstore lock' writes it") from None
    except UnicodeDecodeError as error:
        raise FileError(f"{name}: is not UTF-8", hint="take an earlier version of it, or remove it") from error
    except OSError as error:
        raise error_from_os(error, path) from error


def write_text(project: Project, text: str) -> None:
    """Puts a text into the place of the lock file, as a whole: who reads it meanwhile gets the old one or the new.

    Raises:
        FileError, StoreUnwritableError: It can't be written.
    """
    path = os.path.realpath(os.path.join(project.root, project.lock_file))  # a link stays one
    scratch = f"{path}.{os.getpid()}.provstore"
    try:
        with naming(path), open(scratch, "xb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(scratch, os.stat(path).st_mode & 0o7777)
        os.replace(scratch, path)
    except OSError as error:
        _remove(scratch)
        error.filename = path
        raise error_from_os(error, path) from error
    except BaseException:
        _remove(scratch)
        raise


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return

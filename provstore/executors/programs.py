"""Which file a command names, and in plain words why one can't be started."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.ports import Job


class NotStartedError(Exception):
    """A job can't be started; the text says why, for `Finished.error`."""


class Programs:
    """Looks programs up along the `PATH` of each job, which is not that of the runner."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], str] = {}

    def find(self, job: Job) -> str:
        """The file to start for `job`: what it names, if that has a slash.

        A program once found is not looked for again, as in a shell: one that appears later in an earlier
        folder of the same `PATH` is not seen. One that was not found is.

        Raises:
            NotStartedError: There is no such program.
        """
        if not job.argv:
            raise NotStartedError("no command")
        name = job.argv[0]
        if "/" in name:
            return name
        path = job.environment.get("PATH", os.defpath)
        found = self._found.get((path, name))
        return found if found is not None else self._look(path, name, job.cwd)

    def _look(self, path: str, name: str, cwd: str) -> str:
        lasting = True
        denied = ""
        for folder in path.split(os.pathsep):
            lasting = lasting and folder.startswith("/")
            file = os.path.join(cwd, folder, name)
            if not name or not os.path.isfile(file):
                continue
            if os.access(file, os.X_OK):
                if lasting:
                    self._found[path, name] = file
                return file
            denied = denied or file
        raise NotStartedError(f"not executable: {denied!r}" if denied else f"no such program: {name!r}")


def why_not_started(job: Job, error: OSError | ValueError) -> str:
    """Why starting a job failed whose program was found or has a slash in its name."""
    name = job.argv[0]
    if isinstance(error, ValueError):
        return f"can't start {name!r}: {error}"
    if not os.path.isdir(job.cwd):
        return f"no such working folder: {job.cwd!r}"
    file = os.path.join(job.cwd, name)
    if "/" in name and not os.path.exists(file):
        return f"no such program: {name!r}"
    if "/" in name and os.path.isdir(file):
        return f"a folder, not a program: {name!r}"
    reason = REASONS.get(error.errno or 0)
    return reason.format(name) if reason else f"can't start {name!r}: {error.strerror}"


REASONS = {
    errno.EACCES: "not executable: {!r}",
    errno.ENOEXEC: "not a program, and without a '#!' line: {!r}",
    errno.ENOENT: "can't start {!r}: the interpreter that it names does not exist",
    errno.E2BIG: "can't start {!r}: its arguments and environment are longer than the system allows",
}

"""Every error that a user can meet, by whose fault it is.

    ProvstoreError
    ├── UsageError                 2  the command line
    │   ├── TargetError            2  a target that names nothing
    │   └── UnknownIdError         2  an id that the store does not know
    ├── NoProjectError             2  no Pipelinefile.toml here or above
    ├── PipelinefileError          2  all problems of a Pipelinefile, at once
    ├── LockfileError              2  a lock file that can't be understood
    ├── QueryError                 2  a query or a `where` text
    ├── PluginError                2  a plug-in that can't be used
    ├── MissingProgramError        2  a program that a command needs is not installed
    ├── MissingLibraryError        2  a library that a call needs is not installed
    ├── FileError                  2  a file of the project can't be read or written
    │   ├── DataChangedError       2  recorded data were changed, and their bytes are not kept
    │   ├── DataDeletedError       2  a dataset was deleted
    │   └── DataNotKeptError       2  recorded data are gone, and their bytes are not kept
    └── StoreError                 3  the store can't be used
        ├── StoreLockedError       3
        ├── StoreDamagedError      3
        ├── StoreForeignError      3
        ├── SchemaTooNewError      3
        └── StoreUnwritableError   3  disk full, read-only, I/O error

Rules: a class has a stable slug (its anchor in docs/errors.md), an exit status, and a hint that says what
to do. A message begins with the thing it is about, quotes values, and says what was found before what was
expected. Only a face (cli/) turns an error into text for a person.
"""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


class ProvstoreError(Exception):
    """Anything that provstore tells a user instead of a traceback.

    Attributes:
        slug: Stable name; anchor in docs/errors.md.
        exit_status: What the process ends with.
        hint: What to do about it; may be empty.
    """

    slug = "error"
    exit_status = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ProvstoreError):
    """The command line asks for something that can't be."""

    slug = "usage"


class TargetError(UsageError):
    """A target names no stage, subset, task or output."""

    slug = "unknown-target"


class UnknownIdError(UsageError):
    """No record, or more than one, begins with this id."""

    slug = "unknown-id"


class NoProjectError(ProvstoreError):
    """There is no Pipelinefile.toml in this folder or above it."""

    slug = "no-project"


class Problem:
    """One thing that is wrong in a Pipelinefile; as text one line, whatever the names in it.

    Attributes:
        file: As a user would type it from the project's root.
        line: Counts from 1; 0 where no line can be named.
        subject: What it is about, such as "stage 'calibrate'"; may be empty.
        text: Found before expected.
        hint: What to do, such as "did you mean 'outputs'?"; may be empty.
    """

    __slots__ = ("file", "hint", "line", "subject", "text")

    def __init__(self, file: str, line: int, subject: str, text: str, hint: str = "") -> None:
        self.file, self.line, self.subject, self.text, self.hint = file, line, subject, text, hint

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        subject = f"{self.subject}: " if self.subject else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {subject}{self.text}{hint}".replace("\n", "\\n")


class PipelinefileError(ProvstoreError):
    """All that is wrong in a Pipelinefile; nothing was run."""

    slug = "pipelinefile"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(_lines(problems)))
        self.problems = tuple(problems)


SHOWN_OF_A_LINE = 10
"""Problems of one line and subject that are shown: a line that stands for thousands of tasks may have one for each."""


def _lines(problems: Sequence[Problem]) -> list[str]:
    """Every problem once, those of one line and subject as far as a person reads them."""
    lines: list[str] = []
    seen: dict[tuple[str, int, str], int] = {}
    for text, problem in {str(problem): problem for problem in problems}.items():
        place = (problem.file, problem.line, problem.subject)
        seen[place] = seen.get(place, 0) + 1
        if seen[place] <= SHOWN_OF_A_LINE:
            lines.append(text)
    for (file, line, subject), number in seen.items():
        if number > SHOWN_OF_A_LINE:
            lines.append(str(Problem(file, line, subject, f"{number - SHOWN_OF_A_LINE} more problems of this line")))
    return lines


class LockfileError(ProvstoreError):
    """A lock file says something else than a lock, or has conflicts of a merge in it."""

    slug = "lockfile"

    def __init__(self, file: str, line: int, text: str, hint: str) -> None:
        super().__init__(f"{file}:{line}: {text}", hint=hint)
        self.file, self.line, self.text = file, line, text


class QueryError(ProvstoreError):
    """A query that can't be understood, with the place in its text."""

    slug = "query"

    def __init__(self, message: str, *, text: str = "", column: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.text, self.column = text, column


class PluginError(ProvstoreError):
    """A plug-in that can't be imported, or two that want the same thing."""

    slug = "plugin"


class MissingProgramError(ProvstoreError):
    """A program that this command needs is not installed."""

    slug = "missing-program"


class MissingLibraryError(ProvstoreError):
    """A library that few people need, and that this call needs, is not installed."""

    slug = "missing-library"


class FileError(ProvstoreError):
    """A file of the project can't be read or written."""

    slug = "file"


class DataChangedError(FileError):
    """What lies at a dataset's place is not what was recorded, and what was recorded is not kept."""

    slug = "data-changed"


class DataDeletedError(FileError):
    """A dataset was deleted."""

    slug = "data-deleted"


class DataNotKeptError(FileError):
    """A dataset's data lie nowhere any more, or never lay here: the store has its record only."""

    slug = "data-not-kept"


class StoreError(ProvstoreError):
    """The store can't be used."""

    slug = "store"
    exit_status = 3


class StoreLockedError(StoreError):
    """Another run holds the project, and waiting was not wanted."""

    slug = "store-locked"


class StoreDamagedError(StoreError):
    """The store's file is cut, empty or inconsistent."""

    slug = "store-damaged"


class StoreForeignError(StoreError):
    """The file is no store of provstore."""

    slug = "store-foreign"


class SchemaTooNewError(StoreError):
    """The store was written by a newer provstore than this one."""

    slug = "schema-too-new"

    def __init__(self, path: str, found: int, known: int, wrote: str, ours: str) -> None:
        super().__init__(
            f"{path}: the store has schema {found} (provstore {wrote}), this provstore {ours} knows up to {known}",
            hint="upgrade provstore",
        )
        self.path, self.found, self.known = path, found, known


class StoreUnwritableError(StoreError):
    """The store, or what belongs to it, can't be written: disk full, no permission, input/output error."""

    slug = "store-unwritable"


STORE_FOLDER = ".provstore"
"""What can't be used in it is the store's fault."""

FREE_SPACE = "free space on the disk"
DISK_FAULTS = {
    errno.ENOSPC: FREE_SPACE,
    errno.EDQUOT: FREE_SPACE,
    errno.EFBIG: FREE_SPACE,
    errno.EIO: "the disk has a fault",
    errno.EROFS: "that file system can only be read",
}
"""What the disk refuses, and the hint for it."""
NO_TEMPORARY = "No usable temporary directory found in "
"""How Python begins to say that all places for temporary files are refused; it names no file."""


class naming:  # noqa: N801 - read as a verb: `with naming(path):`
    """Gives the name of a file to what the operating system says of an open one."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = self._path


def error_from_os(error: OSError, path: str) -> ProvstoreError:
    """What an error of the operating system is for a user: the fault of the disk, of the store, or of one file."""
    named = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else path
    text = f"{named}: {error.strerror or error}"
    if error.errno in DISK_FAULTS:
        hint = f"{DISK_FAULTS[error.errno]}; finished tasks are kept, and the next run goes on"
        made = error.filename2  # of a link or a renaming: the place that the disk refuses
        if isinstance(made, (str, bytes)):
            text = f"{os.fsdecode(made)}: {error.strerror or error}"
        return StoreUnwritableError(text, hint=hint)
    if error.strerror and error.strerror.startswith(NO_TEMPORARY):
        tried = error.strerror.removeprefix(NO_TEMPORARY)
        return FileError(f"no folder for temporary files can be written: {tried}", hint="TMPDIR names another one")
    is_missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
    hint = "see whether its folder is there" if is_missing else "see its permissions and those of its folder"
    if STORE_FOLDER in named.split("/"):
        return StoreUnwritableError(text, hint=f"{hint}; finished tasks are kept, and the next run goes on")
    return FileError(text, hint=hint)

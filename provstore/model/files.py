"""Files and directories as they were seen."""

from __future__ import annotations

from provstore.digest import Entry
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    FileRow: TypeAlias = "tuple[int, int, int, int, int, str, str | None, str]"
    """The values of a `Memo`, and the path: as SQLite gives them, for thousands of files that nobody asks for."""

TOOL_FOLDERS = frozenset({".provstore", ".git"})
"""Folders at the project's root that belong to tools: nothing in them is ever data."""

SMALL = 1 << 20
"""Bytes up to which a file that changed just now is read at once and once more later; a larger one is read
once, after its clock tick has passed."""


class Memo(NamedTuple):
    """What a path held when it was read, and how it looked then."""

    device: int
    inode: int
    size: int
    mtime: int
    ctime: int
    identity: str
    dataset: str | None

    @property
    def signature(self) -> tuple[int, ...]:
        """The part that is compared before and after a task."""
        return self[:5]


class DirectoryMemo(NamedTuple):
    """The same for a directory; `members` is JSON, as in the table `directory_memo`."""

    signature: str
    identity: str
    dataset: str | None
    members: str


class Content(NamedTuple):
    """A file or directory as it was read.

    Attributes:
        kind: "file" or "directory".
        size: Bytes; of a directory: of all its files.
        digest: Of the bytes; of a directory: of its manifest.
        executable: A file that may be executed.
        data: The bytes of a file of at most `SMALL` bytes; the manifest of a directory; else None.
        entries: What is in a directory.
        format: Name of its format.
        semantic: Its semantic digest; None: the bytes decide.
    """

    kind: str
    size: int
    digest: str
    executable: bool
    data: bytes | None
    entries: tuple[Entry, ...] = ()
    format: str = "bytes"
    semantic: str | None = None

    @property
    def identity(self) -> str:
        """What decides whether two contents count as one."""
        digest = self.semantic or self.digest
        return digest + "+x" if self.executable else digest


class RecordedContent(NamedTuple):
    """A file or directory as it was recorded, in the store or in a lock file.

    Attributes:
        path: Relative to the project, unless it lies outside.
        kind: "file" or "directory".
        executable: A file that may be executed.
        digest: Of the bytes; of a directory: of its manifest.
        semantic: Its semantic digest; None: the bytes decide.
    """

    path: str
    kind: str
    executable: bool
    digest: str
    semantic: str | None

    @property
    def identity(self) -> str:
        """What decides whether two contents count as one, as in `Content`."""
        return (self.semantic or self.digest) + ("+x" if self.executable else "")

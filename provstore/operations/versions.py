"""What lies at a path, which recorded versions it has, and which of them it is: for `why` and `history`."""

from __future__ import annotations

import os
import shlex
from functools import partial

from provstore.digest import Entry, canonical_json, digest_bytes, manifest_text
from provstore.errors import FileError, UnknownIdError, UsageError
from provstore.model.files import TOOL_FOLDERS
from provstore.noun import NamedTuple
from provstore.operations.identify import NO_STORE, RUN_FIRST
from provstore.store import memory, origins
from provstore.store.origins import Version
from provstore.store.records import any_merge
from provstore.watch.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from provstore.project import Project
    from provstore.store.store import Store


class Present(NamedTuple):
    """What lies at a path now."""

    kind: str
    digest: str
    semantic: str | None
    executable: bool
    size: int

    def is_like(self, version: Version) -> bool:
        """It is this version, to the byte."""
        return (self.digest, self.kind, self.executable) == (version.digest, version.kind, version.executable)


class Known(NamedTuple):
    """The versions of a path, or of what lies in a recorded directory.

    Attributes:
        path: As the project spells it.
        expected: What should lie there: what the last success of its task made; of a source, the newest that
            the last success of some task has read. None: the store does not know the path.
        versions: Gives all of them, newest first; of a file in a directory one for each version of that.
    """

    path: str
    expected: Version | None
    versions: Callable[[], Iterable[Version]]


class Versions:
    """Every version recorded at a path, newest first. Read by and by, as most questions need only the first ones."""

    PAGE = 16

    def __init__(self, store: Store, path: str) -> None:
        self._store, self._path = store, path
        self._read: list[Version] = []
        self._is_all = False

    def __iter__(self) -> Iterator[Version]:
        number = 0
        while number < len(self._read) or self._more():
            yield self._read[number]
            number += 1

    def __bool__(self) -> bool:
        return bool(self._read) or self._more()

    def _more(self) -> bool:
        """Reads as many again as were read before."""
        if not self._is_all:
            limit = max(self.PAGE, len(self._read))
            page = self._store.ask(origins.at_path, self._path, limit, len(self._read))
            self._is_all = len(page) < limit
            self._read += page
            return bool(page)
        return False


def store_of(project: Project, path: str) -> Store:
    """The store.

    Raises:
        UsageError: There is none.
    """
    if project.store is None:
        raise UsageError(f"{path}: {NO_STORE}", hint=RUN_FIRST)
    return project.store


def known(project: Project, current: str, path: str) -> Known:
    """What the store knows of a path from the command line.

    Raises:
        UsageError: It names no file.
        FileError: It is not UTF-8.
    """
    store = store_of(project, path)
    spellings = _spellings(project, current, path)
    for spelled in spellings:
        found = recorded(project, store, spelled)
        if found is not None:
            return found
    for spelled in spellings:
        found = in_a_directory(project, store, spelled)
        if found is not None:
            return found
    return Known(spellings[0], None, tuple)


def recorded(project: Project, store: Store, path: str) -> Known | None:
    """The versions of what was recorded under this very path; None where nothing was.

    What tasks read of a directory that another task makes is recorded by itself, too; then the versions of both are
    its own, and what should lie there is what the last success of that task made.
    """
    rows = Versions(store, path)
    if not rows:
        return None
    alone = Known(path, expected(store, path, rows), partial(_newest_first, store, rows))
    inside = in_a_directory(project, store, path)
    own, part = alone.expected, inside.expected if inside is not None else None
    if inside is None or own is None or part is None or None in (own.execution, part.execution):
        return alone
    makers = {row.execution for row in rows}
    parts = list(inside.versions())
    known = sorted([*rows, *(row for row in parts if row.execution not in makers)], key=_time, reverse=True)
    is_part = own.execution in {row.execution for row in parts}
    is_older = own.execution != part.execution and (is_part or own.created < part.created)
    return Known(path, part if is_older else own, partial(iter, known))


def _newest_first(store: Store, rows: Iterable[Version]) -> Iterable[Version]:
    """Versions in the order in which they were recorded; those of several stores have no other order than time."""
    return sorted(rows, key=_time, reverse=True) if store.ask(any_merge) else iter(rows)


def _time(version: Version) -> str:
    return version.created


def _spellings(project: Project, current: str, path: str) -> list[str]:
    """How the store may call a path: an external one by its way from the project, or by its absolute name."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise FileError(f"{path!r}: the name is not UTF-8") from None
    if not path or "\0" in path:
        raise UsageError(f"{path!r}: expected the name of a file or a directory")
    full = os.path.normpath(os.path.join(os.path.realpath(current), path))
    inside = os.path.relpath(full, project.root)
    # A link in its name may lead into the project, or from one place in it to another.
    folder = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
    ways = [os.path.relpath(way, project.root) for way in (full, folder, os.path.realpath(full))]
    inner = [way for way in dict.fromkeys(ways) if not way.startswith("../")]
    if f"{project.root}/".startswith(full.rstrip("/") + "/") or (inner and inner[0].partition("/")[0] in TOOL_FOLDERS):
        raise UsageError(f"{path}: found the project, or what is no data of it, expected a file or directory of data")
    return [*inner, *([] if inner and inner[0] == inside else [full, inside])]


def expected(store: Store, path: str, rows: Iterable[Version]) -> Version:
    """What should lie at a path, of all its versions, newest first, of which there is one; see `Known.expected`."""
    if not store.ask(origins.was_made, path):
        used = next((row for row in rows if store.ask(origins.is_in_use, row.dataset)), None)
        if used is not None:
            return used
        last = store.ask(origins.last_read, path)
        return next((row for row in rows if row.dataset == last), None) or next(iter(rows))
    remembered = _Remembered(store)
    found = next((row for row in rows if row.execution is not None and remembered.made(row)), None)
    if found is not None:
        return found
    made = (row for row in rows if row.execution is not None)
    newest = next(made)
    return next((row for row in (newest, *made) if row.outcome == "succeeded"), newest)


class _Remembered:
    """What is remembered as the last success of tasks; each is asked for once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: dict[tuple[str, str], str | None] = {}

    def made(self, version: Version) -> bool:
        """The execution that made a version is the remembered last success of its task."""
        task = version.stage or "", canonical_json(version.data_id)
        if task not in self._last:
            memo = self._store.ask(memory.task_memo, *task)
            self._last[task] = None if memo is None else memo.execution
        return self._last[task] == version.execution


def named(known: Known, id: str) -> list[Version]:
    """Versions, all with the same bytes, to whose id, execution, run or digest a beginning belongs; newest first.

    Raises:
        UnknownIdError: None does, or several with different bytes do.
    """
    wanted = id.lower()
    found = [
        version
        for version in known.versions()
        if wanted
        and any(
            name is not None and (name.startswith(wanted) or name.startswith("blake3:" + wanted))
            for name in (version.dataset, version.execution, version.run, version.digest)
        )
    ]
    if not found:
        raise UnknownIdError(
            f"{known.path}@{id}: no version has an id that begins so",
            hint=f"see provstore history {shlex.quote(known.path)}",
        )
    if len({(version.digest, version.kind, version.executable) for version in found}) > 1:
        listed = "\n".join(f"  {version.dataset}  {version.created}" for version in found)
        raise UnknownIdError(f"{known.path}@{id}: several versions have an id that begins so\n{listed}",
                             hint="type more of it")  # fmt: skip
    return found


# --- what lies in a recorded directory --------------------------------------------------------------------


def in_a_directory(project: Project, store: Store, path: str) -> Known | None:
    """The versions of what lies in the nearest recorded directory that had it; None where there is none."""
    folder = os.path.dirname(path)
    while folder.strip("/"):
        rows = [row for row in Versions(store, folder) if row.kind == "directory"]
        if rows:
            parts = _Parts(project, store, folder, path)
            newest = expected(store, folder, rows)
            wanted = parts.of(newest) or next(parts.of_all(rows), None)
            if wanted is not None:
                return Known(path, wanted, partial(parts.of_all, rows))
        folder = os.path.dirname(folder)
    return None


class _Parts:
    """One file, or folder, in the versions of a directory."""

    def __init__(self, project: Project, store: Store, folder: str, path: str) -> None:
        self._project, self._store, self._folder, self._path = project, store, folder, path
        self._name = path[len(folder) :].lstrip("/")
        self._present: tuple[str, Sequence[Entry]] | None = None

    def of_all(self, rows: Iterable[Version]) -> Iterator[Version]:
        """Its versions, newest first as those of the directory."""
        for row in _newest_first(self._store, rows):
            part = self.of(row)
            if part is not None:
                yield part

    def of(self, row: Version) -> Version | None:
        """What it was in one version of the directory; None: nothing, or nobody knows."""
        below = []
        for entry in self._entries(row):
            if entry.path == self._name and entry.kind in ("file", "executable"):
                return row._replace(
                    path=self._path, digest=entry.digest, semantic=None, kind="file",
                    executable=entry.kind == "executable", size=entry.size,
                )  # fmt: skip
            if entry.path.startswith(self._name + "/"):
                below.append(entry._replace(path=entry.path[len(self._name) + 1 :]))
        if not below:
            return None
        digest = digest_bytes(manifest_text(below).encode())
        return row._replace(path=self._path, digest=digest, semantic=None, size=sum(entry.size for entry in below))

    def _entries(self, row: Version) -> Iterable[Entry]:
        """What is in a version of the directory: from what is kept, or from the disk, if that lies there now."""
        try:
            return self._store.objects.entries(row.digest)
        except KeyError:
            if self._present is None:
                self._present = ("", ())
                if os.path.isdir(os.path.join(self._project.root, self._folder)):
                    content, _ = Workspace(self._project.root, {}, {}).read(self._folder)
                    self._present = (content.digest, content.entries)
            return self._present[1] if self._present[0] == row.digest else ()


# --- what lies there now ----------------------------------------------------------------------------------


def present(project: Project, store: Store, path: str) -> Present | None:
    """What lies at a path; read only if it looks otherwise than remembered. None: nothing.

    Raises:
        FileError: It can't be read, or is neither a file nor a directory.
    """
    files = store.ask(origins.file_memo, path)
    workspace = Workspace(project.root, files, store.ask(origins.directory_memo, path))
    workspace.semantics = lambda: project.semantics
    memo = workspace.look(path)
    if memo is None:
        return None
    if memo.dataset is not None:
        for row in Versions(store, path):
            if row.dataset == memo.dataset and memo.identity == _identity(row):
                return Present(row.kind, row.digest, row.semantic, row.executable, row.size)
    content = workspace.content(path, memo)
    if content is None:
        raise FileError(f"{path}: changes while provstore reads it", hint="see who writes to it, and ask again")
    return Present(content.kind, content.digest, content.semantic, content.executable, content.size)


def _identity(version: Version) -> str:
    return (version.semantic or version.digest) + ("+x" if version.executable else "")


def lying_there(found: Present | None, known: Known) -> Version | None:
    """The version that lies there now; of several with the same bytes what should lie there, else the newest made."""
    if found is None or known.expected is None:
        return None
    if found.is_like(known.expected):
        return known.expected
    alike = [version for version in known.versions() if found.is_like(version)]
    return next((version for version in alike if version.execution is not None), alike[0] if alike else None)

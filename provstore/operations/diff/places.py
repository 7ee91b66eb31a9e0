"""Where the bytes of recorded versions are: at a temporary place, or where they lie.

They are what the store keeps; else what lies at the version's path, if that is this version; else, of a source, what
git has of it, file or folder, at the commit of a run that read it. Whatever is found has the digest that was recorded.
"""

from __future__ import annotations

import os

from provstore.digest import Entry, digest_bytes, manifest_text
from provstore.errors import ProvstoreError
from provstore.operations import versions
from provstore.operations.diff.git import Git
from provstore.operations.diff.text import LONGEST
from provstore.store import materials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.operations.diff.git import Held
    from provstore.project import Project
    from provstore.store.materials import Piece
    from provstore.store.store import Store


class Places:
    """Brings bytes to a temporary place, which is removed by `close`."""

    def __init__(self, project: Project, store: Store) -> None:
        self._project, self._store, self._git = project, store, Git(project.root)
        self._folders: dict[str, Mapping[str, Held]] = {}
        self._scratch = ""
        self._number = 0

    def close(self) -> None:
        """Removes what was brought to a temporary place."""
        if self._scratch:
            import shutil

            shutil.rmtree(self._scratch, ignore_errors=True)

    def of(self, piece: Piece) -> str | None:
        """Absolute path of a file or directory with the bytes of a version; None: they are not at hand."""
        if piece.kind == "file":
            return self._file(piece)
        if self._lies_there(piece):
            return os.path.join(self._project.root, piece.path)
        is_kept = self._store.objects.has_all(piece.digest, "directory")
        if not is_kept and not self._in_git(piece):
            return None
        entries = self.entries(piece)
        return self.build(piece, list(entries.values())) if entries is not None else None

    def _file(self, piece: Piece) -> str | None:
        target = self._fresh(piece.path)
        if self._store.objects.has(piece.digest) and self._store.objects.write_to(
            piece.digest, target, executable=piece.executable
        ):
            return target
        if self._lies_there(piece):
            return os.path.join(self._project.root, piece.path)
        for commit in self._store.ask(materials.commits_of, piece.id) if piece.execution is None else ():
            data = self._git.file(commit, piece.path)
            if data is not None and digest_bytes(data) == piece.digest:
                with open(target, "wb") as file:
                    file.write(data)
                return target
        return None

    def entries(self, piece: Piece) -> Mapping[str, Entry] | None:
        """What is in a version of a directory, by path; None where that is not known."""
        try:
            found = self._store.objects.entries(piece.digest)
        except KeyError:
            if not self._lies_there(piece):
                return {path: _entry(held) for path, held in self._in_git(piece).items()} or None
            found = self._project.workspace().read(piece.path)[0].entries
        return {entry.path: entry for entry in found}

    def _in_git(self, piece: Piece) -> Mapping[str, Held]:
        """What git has of a folder that nobody made, by path; nothing where that is not what was recorded."""
        if piece.digest not in self._folders:
            self._folders[piece.digest] = {}
            for commit in self._store.ask(materials.commits_of, piece.id) if piece.execution is None else ():
                found = self._git.folder(commit, piece.path) or ()
                if digest_bytes(manifest_text(map(_entry, found)).encode("utf-8", "surrogateescape")) == piece.digest:
                    self._folders[piece.digest] = {held.path: held for held in found}
                    break
        return self._folders[piece.digest]

    def _lies_there(self, piece: Piece) -> bool:
        """What lies at the path of a version is this version."""
        if not os.path.lexists(os.path.join(self._project.root, piece.path)):
            return False
        try:
            there = versions.present(self._project, self._store, piece.path)
        except ProvstoreError:  # it can't be read, or changes: then it is of no use here
            return False
        return there is not None and (there.digest, there.kind) == (piece.digest, piece.kind)

    def build(self, piece: Piece, entries: Sequence[Entry]) -> str | None:
        """A folder with some files of a version of a directory; None: the bytes of one are not at hand.

        Links come last, so that nothing is written through one.
        """
        folder = self._fresh(piece.path)
        os.mkdir(folder)
        for entry in sorted(entries, key=lambda entry: entry.kind == "link"):
            if entry.path.startswith("/") or ".." in entry.path.split("/"):
                return None
            full = f"{folder}/{entry.path}"
            os.makedirs(full if entry.kind == "empty" else os.path.dirname(full), exist_ok=True)
            if entry.kind != "empty" and not self._write(entry, piece, full):
                return None
        return folder

    def _write(self, entry: Entry, piece: Piece, full: str) -> bool:
        objects, is_link = self._store.objects, entry.kind == "link"
        is_executable = entry.kind == "executable"
        if not is_link and objects.has(entry.digest) and objects.write_to(entry.digest, full, executable=is_executable):
            return True
        data = self.bytes_of(piece, entry)
        if data is None:
            return False
        if is_link:
            os.symlink(data, os.fsencode(full))
            return True
        with open(full, "wb") as file:
            file.write(data)
        os.chmod(full, 0o700 if is_executable else 0o600)
        return True

    def _fresh(self, path: str) -> str:
        """A free name at the temporary place; its ending is that of the path, since formats look at it."""
        if not self._scratch:
            import tempfile

            self._scratch = tempfile.mkdtemp(prefix="provstore-diff-")
        self._number += 1
        folder = os.path.join(self._scratch, str(self._number))
        os.mkdir(folder)
        return os.path.join(folder, os.path.basename(path.rstrip("/")) or "data")

    def bytes_of(self, whole: Piece, entry: Entry) -> bytes | None:
        """What one entry of a version of a directory holds; None: it is not at hand, or is not kept and not small."""
        try:
            return self._store.objects.read(entry.digest)
        except KeyError:
            held = self._folders.get(whole.digest, {}).get(entry.path)
            if held is not None:
                return held.data
            path = os.path.join(self._project.root, whole.path, entry.path)
            data = read_small(path)
            return data if data is not None and digest_bytes(data) == entry.digest else None


def _entry(held: Held) -> Entry:
    """What git has, as a line of a directory's manifest."""
    return Entry(held.path, held.kind, digest_bytes(held.data), 0 if held.kind == "link" else len(held.data))


def read_small(path: str) -> bytes | None:
    """The bytes of a small file; None where it is none."""
    try:
        if os.path.getsize(path) > LONGEST or not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None

"""Puts what a task reads into its scratch folder: the recorded content, from wherever it is at hand."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from provstore.errors import FileError
from provstore.model.files import RecordedContent
from provstore.operations.lock.present import folders_of
from provstore.operations.outputs import build, discard, disk_or_file_error
from provstore.watch.directory import Listing
from provstore.watch.signature import is_executable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.digest import Entry
    from provstore.model.files import DirectoryMemo, Memo
    from provstore.operations.verify.expected import Expectations
    from provstore.store.objects import Objects
    from provstore.watch.workspace import Workspace


class Sources:
    """Where inputs come from: the workspace, the objects of the store, what was made again in scratch folders.

    Args:
        workspace: The project's.
        objects: None without a store.
        expectations: What tasks make, as it was recorded, as far as that is known.
        again: See below; what earlier rounds have made.

    Attributes:
        again: Folder in which an output was made again and found equal, by the output's path.
    """

    def __init__(
        self, workspace: Workspace, objects: Objects | None, expectations: Expectations, again: Mapping[str, str]
    ) -> None:
        self._workspace, self._objects = workspace, objects
        self._made, self._stands_for = expectations.made, expectations.stands_for
        self._looked_up = expectations.looked_up
        self._files: dict[str, Mapping[str, Entry]] = {}
        self.again = dict(again)

    def is_at_hand(self, path: str, identity: str) -> bool:
        """The content is in the workspace, in the store or made again: no task has to make it."""
        if path in self.again or self._workspace.identity(path) in (identity, self._stands_for.get(path)):
            return True
        made = self._recorded(path)
        return made is not None and self._objects is not None and self._objects.has_all(made.digest, made.kind)

    def _recorded(self, path: str) -> RecordedContent | None:
        """What is recorded for a path: what a task makes there, or what was found in the registry."""
        found = self._looked_up.get(path)
        return found.content if found is not None else self._made.get(path)

    def has_part(self, path: str) -> bool:
        """The file is a part of a recorded directory whose content is in the store, or that was made again."""
        return not self.again.keys().isdisjoint(folders_of(path)) or self._kept_part(path) is not None

    def _kept_part(self, path: str) -> Entry | None:
        """A file in a directory that a task makes, as it is recorded; None where its bytes are not kept."""
        if self._objects is None:
            return None
        directory = next((folder for folder in folders_of(path) if folder in self._made), None)
        if directory is None:
            return None
        if directory not in self._files:
            self._files[directory] = _files_in(self._objects, self._made[directory].digest)
        entry = self._files[directory].get(path[len(directory) + 1 :])
        return entry if entry is not None and self._objects.has(entry.digest) else None

    def put(self, path: str, identity: str, root: str) -> Memo | DirectoryMemo | None:
        """Puts an input below the folder that stands for the project.

        Returns:
            How what was taken from the workspace looked; None where it came from elsewhere.

        Raises:
            FileError: It is not at hand, or changed while it was copied.
        """
        if os.path.lexists(os.path.join(root, path)):  # with the folder that it lies in
            return None
        look = self._workspace.look(path)
        if look is not None and look.identity in (identity, self._stands_for.get(path)):
            if not path.startswith("/"):  # that one is read where it lies: its path is part of the command
                _copy(self._workspace.full(path), os.path.join(root, path), path)
            if not self._workspace.looks_like(path, look):
                raise FileError(f"input {path} changed while it was copied")
            return look
        if not (self._from_objects(path, root) or self._from_scratch(path, root)):
            if look is not None and path not in self._made:
                raise FileError(f"input {path} has changed since the verification began")
            raise FileError(f"input {path} is not here as it was recorded, its bytes are not kept, and the task that "
                            "makes it did not make it again")  # fmt: skip
        return None

    def compose(self, path: str, parts: Sequence[str], root: str) -> None:
        """Puts an input that is a part of what other tasks make, or a folder with such parts in it.

        Args:
            parts: The outputs in which it lies, or that lie in it.

        Raises:
            FileError: It is not at hand.
        """
        inside = [part for part in parts if part.startswith(path + "/")]
        for part in sorted(inside):
            self.put(part, self._made[part].identity, root)
        if not inside:
            if not self._put_kept_part(path, root):
                self._from_scratch(path, root)
        elif os.path.isdir(self._workspace.full(path)):
            _copy(self._workspace.full(path), os.path.join(root, path), path)
        if not os.path.lexists(os.path.join(root, path)):
            raise FileError(f"input {path} is not here, and was not made again")

    def _put_kept_part(self, path: str, root: str) -> bool:
        entry = self._kept_part(path)
        if entry is None:
            return False
        made = RecordedContent(path, "file", entry.kind == "executable", entry.digest, None)
        return self._objects is not None and write_kept(self._objects, made, f"{root}/{path}")

    def _from_objects(self, path: str, root: str) -> bool:
        made = self._recorded(path)
        return made is not None and self._objects is not None and write_kept(self._objects, made, f"{root}/{path}")

    def _from_scratch(self, path: str, root: str) -> bool:
        """From what another task made again: the path itself, or an output that it lies in."""
        output = path
        while output and output not in self.again:
            output = output.rpartition("/")[0]
        if not output:
            return False
        source = os.path.join(self.again[output], path)
        if not os.path.lexists(source):
            return False
        _copy(source, os.path.join(root, path), path)
        return True

    def first_changed(self, looks: Mapping[str, Memo | DirectoryMemo]) -> str:
        """The first input that is no longer as it was when it was copied; "" for none."""
        for path, look in looks.items():
            if not self._workspace.looks_like(path, look):
                return path
        return ""


def _files_in(objects: Objects, digest: str) -> dict[str, Entry]:
    """The plain files in a directory, by path, where the list of them is kept."""
    try:
        entries = objects.entries_if_kept(digest) or ()
    except KeyError:  # damaged
        entries = ()
    return {entry.path: entry for entry in entries if entry.kind in ("file", "executable")}


def write_kept(objects: Objects, made: RecordedContent, target: str) -> bool:
    """Writes kept bytes to a new file or directory; False when they are not at hand."""
    if not objects.has_all(made.digest, made.kind):
        return False
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if made.kind == "directory":
        whole = build(objects, target, made.digest)
    else:
        whole = objects.write_to(made.digest, target, executable=made.executable)
    if not whole:  # damaged
        discard([target])
        with suppress(FileNotFoundError):
            os.unlink(target)
    return whole


def _copy(source: str, target: str, path: str) -> None:
    """Copies a file or a directory, whatever links lead there."""
    try:
        status = os.stat(source)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if stat.S_ISDIR(status.st_mode):
            _copy_directory(source, target, path)
        else:
            _copy_file(source, target, status.st_mode)
    except OSError as error:
        raise disk_or_file_error(error, f"input {path}: can't be copied") from error


def _copy_directory(source: str, target: str, path: str) -> None:
    """Copies what counts as the content of a directory, as it is recorded: see `Listing`."""
    os.makedirs(target, exist_ok=True)
    for member, mode, _ in Listing(source, path).members():
        inner, full = os.path.join(source, member), os.path.join(target, member)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if stat.S_ISDIR(mode):
            os.makedirs(full, exist_ok=True)
        elif stat.S_ISLNK(mode):
            if not os.path.lexists(full):
                os.symlink(os.readlink(inner), full)
        else:
            _copy_file(inner, full, mode)


def _copy_file(source: str, target: str, mode: int) -> None:
    """Copies a file's bytes and its executable bit; where the file system can, both share the space on the disk."""
    from provstore.store.objects import clone

    if os.path.lexists(target):
        return
    with open(source, "rb") as old:
        permission = 0o777 if is_executable(mode) else 0o666
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, permission)
        with open(descriptor, "wb") as new:
            if not clone(old.fileno(), descriptor):
                import shutil

                shutil.copyfileobj(old, new, 1 << 20)

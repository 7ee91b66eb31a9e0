"""A task's outputs on the disk: out of the way before it starts, kept when it succeeds, put back when it fails.

Rules: nothing is ever the only copy of anything when it is removed; a move is a rename within the project's
file system, so that a kill leaves a file in one of two known places.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from provstore.digest import Entry, digest_bytes
from provstore.errors import DISK_FAULTS, FileError, ProvstoreError, error_from_os
from provstore.model.files import TOOL_FOLDERS, Content
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from provstore.store.history import Made
    from provstore.store.objects import Objects
    from provstore.watch.workspace import Workspace


SCRATCH = "running/scratch"
"""Folder in `.provstore` in which a version is built before it is moved to its place."""


class Aside(NamedTuple):
    """An output as it was before its task started: moved out of the way, or copied where it stays.

    Attributes:
        place: Where it lies now, absolute.
        identity: What it holds.
        dataset: The dataset that it is; None where that is not known.
    """

    path: str
    place: str
    identity: str
    dataset: str | None = None


class Outputs:
    """Moves, keeps and restores outputs.

    Args:
        folder: Absolute path of `.provstore`.
    """

    def __init__(self, root: str, folder: str, workspace: Workspace, objects: Objects) -> None:
        self._root, self._failed = root, os.path.join(folder, "failed")
        self._scratch = os.path.join(folder, SCRATCH)
        self._workspace, self._objects = workspace, objects
        self._known_folders: set[str] = set()

    def check_place(self, path: str) -> None:
        """Refuses an output that a symbolic link would put outside of the project, or where no output may lie.

        Raises:
            FileError: It would lie there.
        """
        folder = os.path.dirname(self._workspace.full(path))
        if folder in self._known_folders:
            return
        if os.path.lexists(folder):
            real = os.path.realpath(folder)
            if real != self._root and not real.startswith(self._root.rstrip("/") + "/"):
                raise FileError(
                    f"{path}: a symbolic link puts this output outside of the project, into {real}",
                    hint="outputs lie in the project",
                )
            if os.path.relpath(real, self._root).partition(os.sep)[0] in TOOL_FOLDERS:
                raise FileError(
                    f"{path}: a symbolic link puts this output into {real}", hint="that folder is not for outputs"
                )

    def full(self, path: str) -> str:
        """The path as the operating system takes it."""
        return self._workspace.full(path)

    def is_linked(self, path: str) -> bool:
        """An output, or a folder between it and the project's root, is a symbolic link."""
        place = path
        while place:
            try:
                if stat.S_ISLNK(os.lstat(self._workspace.full(place)).st_mode):
                    return True
            except OSError:  # who reads it says so
                return False
            place = place.rpartition("/")[0]
        return False

    def make_folder(self, path: str) -> None:
        """Makes the folder that an output needs."""
        folder = os.path.dirname(self._workspace.full(path))
        if folder in self._known_folders:
            return
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise disk_or_file_error(error, f"{path}: its folder can't be made") from error
        self._known_folders.add(folder)

    def move_aside(self, path: str, identity: str, place: str) -> Aside:
        """Moves what lies at a path to `place`, a new absolute path in the same file system."""
        os.makedirs(os.path.dirname(place), exist_ok=True)
        try:
            move(self._workspace.full(path), place)
        except OSError as error:
            raise disk_or_file_error(error, f"{path}: can't be moved out of the way") from error
        self._workspace.forget(path)
        return Aside(path, place, identity)

    def copy_aside(self, path: str, identity: str, place: str) -> Aside:
        """Copies what a command goes on with to `place`, where it is whole from its first moment."""
        from provstore.operations.copies import copy

        os.makedirs(os.path.dirname(place), exist_ok=True)
        try:
            copy(self._workspace.full(path), place)
        except OSError as error:
            raise disk_or_file_error(error, f"{path}: can't be copied") from error
        return Aside(path, place, identity)

    def keep(self, path: str, content: Content) -> bool:
        """Keeps the bytes of what was just read at a path; False when it has changed since, or is gone."""
        try:
            return self._keep(self._workspace.full(path), content)
        except FileNotFoundError:
            return False

    def _keep(self, full: str, content: Content) -> bool:
        if content.kind == "directory":
            if not all(self._keep_entry(full, entry) for entry in content.entries):
                return False
            self._objects.keep_bytes(content.digest, content.data or b"")
            return True
        if content.data is not None:
            self._objects.keep_bytes(content.digest, content.data)
            return True
        return self._objects.keep_file(content.digest, full, content.size)

    def _keep_entry(self, folder: str, entry: Entry) -> bool:
        full = f"{folder}/{entry.path}"
        if entry.kind == "link":
            self._objects.keep_bytes(entry.digest, os.fsencode(os.readlink(full)))
            return True
        return entry.kind == "empty" or self._objects.keep_file(entry.digest, full, entry.size)

    def restore(self, made: Made) -> bool:
        """Puts a recorded output back, complete from its first moment; False when its bytes are not at hand.

        What lies there is replaced: the caller has kept it.
        """
        full = self._workspace.full(made.path)
        self.check_place(made.path)
        self.make_folder(made.path)
        self._workspace.forget(made.path)
        discard([self._scratch])  # a killed run may have left something there
        os.makedirs(self._scratch)
        fresh = os.path.join(self._scratch, "restoring")
        whole = False
        try:
            if made.kind == "directory":
                with contextlib.suppress(KeyError):
                    whole = self._objects.has_all(made.digest, "directory") and build(self._objects, fresh, made.digest)
            else:
                whole = self._objects.write_to(made.digest, fresh, executable=made.executable)
            if whole:
                if os.path.isdir(full) or (made.kind == "directory" and os.path.lexists(full)):
                    move(full, os.path.join(self._scratch, "replaced"))
                move(fresh, full)
            return whole
        except OSError as error:
            raise disk_or_file_error(error, f"{made.path}: can't be put back") from error
        finally:
            discard([self._scratch])

    def put_away(self, paths: Iterable[str], execution: str) -> bool:
        """Moves what a failed execution wrote to `.provstore/failed/<execution>/`; False: it had written nothing."""
        moved = False
        for path in paths:
            full = self._workspace.full(path)
            if os.path.lexists(full):
                place = os.path.join(self._failed, execution, path)
                os.makedirs(os.path.dirname(place), exist_ok=True)
                try:
                    move(full, place)
                except OSError as error:
                    raise disk_or_file_error(error, f"{path}: can't be put away") from error
                moved = True
            self._workspace.forget(path)
        return moved

    def put_back(
        self,
        last_good: dict[str, Made],
        aside: Iterable[Aside],
        paths: Iterable[str],
        is_made: Callable[[str, str], bool],
    ) -> None:
        """After a failure: the last good version of each output comes back to its place.

        It is what was moved aside, if an execution made that; what was edited by hand gives way to what the last
        success made. Where that is not kept, what was there before comes back.

        Args:
            is_made: Says of a path and an identity whether an execution made that.
        """
        moved = {entry.path: entry for entry in aside}
        for path in paths:
            good, entry = last_good.get(path), moved.get(path)
            if entry is not None and (good is None or is_made(path, entry.identity)):
                self._move_back(entry)
                continue
            is_back = good is not None and self._is_back(good)
            if entry is not None and not is_back:
                self._move_back(entry)

    def _is_back(self, good: Made) -> bool:
        """Sees to it that a recorded version is in its place; False when its bytes are not at hand."""
        if self._workspace.identity(good.path) == good.identity:
            return True
        return self._objects.has_all(good.digest, good.kind) and self.restore(good)

    def _move_back(self, entry: Aside) -> None:
        self.make_folder(entry.path)
        try:
            move(entry.place, self._workspace.full(entry.path))
        except OSError as error:
            raise disk_or_file_error(error, f"{entry.path}: can't be put back") from error
        self._workspace.forget(entry.path)

    def save_aside(self, place: str, execution: str) -> None:
        """Keeps what could not be put back: in `.provstore/failed/<execution>/before`."""
        if os.path.isdir(place):
            target = os.path.join(self._failed, execution, "before")
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(place, target)


def build(objects: Objects, folder: str, digest: str) -> bool:
    """Makes a directory from its kept manifest, which is at hand; False when a file in it is not."""
    os.mkdir(folder)
    for entry in objects.entries(digest):
        full = f"{folder}/{entry.path}"
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if entry.kind == "empty":
            os.makedirs(full, exist_ok=True)
        elif entry.kind == "link":
            os.symlink(objects.read(entry.digest), os.fsencode(full))
        elif not objects.write_to(entry.digest, full, executable=entry.kind == "executable"):
            return False
    return True


def disk_or_file_error(error: OSError, text: str) -> ProvstoreError:
    """The disk's fault ends the run; what is wrong with one file fails its task."""
    if error.errno in DISK_FAULTS:
        return error_from_os(error, text)
    return FileError(f"{text}: {error.strerror or error}")


def move(source: str, target: str) -> None:
    """Renames; to another file system, where an output's folder is a mount of its own, it copies.

    A command may take from a directory that it makes the permission to write, without which it can't be moved.
    """
    try:
        os.rename(source, target)
    except PermissionError:
        if os.path.islink(source) or not os.path.isdir(source):
            raise
        _move_protected(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        from provstore.operations.copies import copy_and_remove

        copy_and_remove(source, target)


def _move_protected(folder: str, target: str) -> None:
    mode = stat.S_IMODE(os.stat(folder).st_mode)
    os.chmod(folder, mode | stat.S_IRWXU)
    place = folder
    try:
        os.rename(folder, target)
        place = target
    finally:
        os.chmod(place, mode)


def unfinished(target: str) -> str:
    """Where that is made which is to lie at a place: beside it, under a name that is never too long nor another's."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".provstore-{digest_bytes(os.fsencode(name)).rpartition(':')[2][:16]}.new")


def discard(places: Iterable[str]) -> None:
    """Removes folders of ours with all in them: what was moved aside, once what took its place is recorded."""
    for place in places:
        with contextlib.suppress(OSError):
            _remove(place)
        if os.path.lexists(place):
            import shutil

            _permit(place)
            shutil.rmtree(place, ignore_errors=True)


def _remove(folder: str) -> None:
    """What `shutil.rmtree` does where nothing is in the way; to import that takes longer than most runs' folders."""
    if os.path.islink(folder):
        raise NotADirectoryError(folder)  # what it leads to is not ours
    with os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
            else:
                os.unlink(entry.path)
    os.rmdir(folder)


def _permit(place: str) -> None:
    """Gives back the permission to remove what is in a folder, which a command took from what it made."""
    with contextlib.suppress(OSError):
        os.chmod(place, stat.S_IRWXU)
    for folder, names, _ in os.walk(place):
        for full in (os.path.join(folder, name) for name in names):
            if not os.path.islink(full):
                with contextlib.suppress(OSError):
                    os.chmod(full, stat.S_IRWXU)

"""Data on their way to their place in the project: copied to a temporary name, digested, renamed; or undone.

Rules: nothing is overwritten but what its owner has replaced, and that is kept before; a failure leaves what was there;
a symbolic link is no data.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from provstore.errors import DISK_FAULTS, FileError, ProvstoreError, UsageError, error_from_os
from provstore.model.files import TOOL_FOLDERS
from provstore.model.values import new_id
from provstore.noun import NamedTuple
from provstore.operations.announced import Step, remove
from provstore.operations.outputs import Outputs, discard, disk_or_file_error, move
from provstore.operations.registry.writing import is_task_of
from provstore.store import registered
from provstore.watch.durable import write_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from provstore.model.files import Content
    from provstore.project import Project
    from provstore.store.store import Store
    from provstore.watch.workspace import Workspace

DIRECT, AUTO = "direct", "auto"
TRANSFERS = ("copy", "move", "hardlink", "symlink", "relsymlink", DIRECT, AUTO)
"""How data come into the project. Links leave them where they are, and share them; `direct` leaves them there and
records them as external; `auto` takes what lies in its place already as it is, and copies all else."""


class Source(NamedTuple):
    """Where data come from.

    Attributes:
        path: Absolute.
        transfer: One of `TRANSFERS`.
        named: As the user wrote it.
    """

    path: str
    transfer: str
    named: str


class Placing:
    """One dataset on its way. A context manager: what fails inside is undone; the data are there when it ends.

    Args:
        workspace: Shared by several that are on their way at once; None: one of its own.
    """

    def __init__(self, project: Project, store: Store, path: str, workspace: Workspace | None = None) -> None:
        self._project, self._store = project, store
        self.path = path
        self.full = os.path.join(project.root, path)
        self._workspace = workspace or project.workspace()
        self._keeper = Outputs(project.root, project.folder, self._workspace, store.objects)
        self._scratch = os.path.join(project.folder, "running", new_id())
        self._source: Source | None = None
        self._signature: list[tuple[object, ...]] = []
        self._lying: list[tuple[object, ...]] | None = None
        self._fresh = ""

    def __enter__(self) -> Placing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None and self._source is not None and self._source.transfer == "move":
                with contextlib.suppress(OSError):  # the data are recorded, and in their place
                    if list(signatures(self._source.path)) == self._signature:  # else somebody goes on with them
                        remove(self._source.path)
        finally:
            discard([self._scratch])
            if not is_task_of(self._project.root):
                with contextlib.suppress(OSError):
                    os.rmdir(os.path.dirname(self._scratch))

    # --- looking --------------------------------------------------------------------------------------------

    def check_place(self) -> None:
        """Refuses a place that a symbolic link would put outside of the project, or where no data may lie.

        Raises:
            FileError: It would lie there.
        """
        root = self._project.root
        real = os.path.realpath(os.path.dirname(self.full))
        if real != root and not real.startswith(root.rstrip("/") + "/"):
            raise FileError(f"{self.path}: a symbolic link puts this outside of the project, into {real}")
        if os.path.relpath(real, root).partition("/")[0] in TOOL_FOLDERS:
            raise FileError(f"{self.path}: a symbolic link puts this into {real}, where no dataset may lie")

    @property
    def is_taken(self) -> bool:
        """Something lies at the place."""
        return os.path.lexists(self.full)

    @property
    def is_dangling(self) -> bool:
        """A symbolic link to nothing lies at the place."""
        return self.is_taken and not os.path.exists(self.full)

    def lying(self) -> Content:
        """What lies at the place.

        Raises:
            FileError: Nothing, or what can't be a dataset.
        """
        if not self.is_taken:
            raise FileError(f"{self.path}: nothing lies there", hint="say where the data are: old_location")
        if os.path.islink(self.full):
            raise FileError(f"{self.path}: this is a symbolic link, expected a file or a directory")
        return self._workspace.read(self.path)[0]

    def read_lying(self) -> Content:
        """What lies at the place, also behind a link that was put there."""
        self._lying = _looks_of(self.full, self.path)
        return self._workspace.read(self.path)[0]

    @property
    def fresh(self) -> str:
        """Absolute path of where the data are before they are put into their place."""
        return os.path.join(self._project.root, self._fresh)

    # --- bringing -------------------------------------------------------------------------------------------

    def bring(self, source: Source) -> Content:
        """Reads the data where they are, or copies them to a temporary name and reads that.

        Raises:
            FileError: They can't be read, or hold a symbolic link or what is no data.
        """
        self._check(source)
        self._signature = _looks_of(source.path, source.named)
        if source.transfer in ("copy", "move"):
            fresh = os.path.join(self._scratch, os.path.basename(self.path))
            self._make_scratch()
            with _explained(source.named, "can't be copied", source.path):
                from provstore.operations.copies import copy

                copy(source.path, fresh)
            refuse_links(fresh, source.named)
            self._fresh = os.path.relpath(fresh, self._project.root)
        else:
            self._fresh = source.path
        content = self._workspace.read(self._fresh)[0]
        if _looks_of(source.path, source.named) != self._signature:
            raise FileError(f"{source.named}: changes while it is read", hint="see who writes to it")
        self._source = source
        return content

    def receive(self, write: Callable[[str], None]) -> Content:
        """Has data written to a temporary name, and reads that.

        Args:
            write: Gets the absolute path.

        Raises:
            FileError: They can't be read, or hold a symbolic link or what is no data.
        """
        fresh = os.path.join(self._scratch, os.path.basename(self.path))
        self._make_scratch()
        with _explained(self.path, "can't be written"):
            write(fresh)
        written = Source(fresh, "copy", self.path)
        check_source(written)
        write_out(full for full in everything(fresh) if not os.path.isdir(full))
        self._fresh, self._source = os.path.relpath(fresh, self._project.root), written
        return self._workspace.read(self._fresh)[0]

    def read_where_it_is(self, source: Source) -> Content:
        """Reads data that stay where they are.

        Raises:
            FileError: They can't be read, or hold a symbolic link or what is no data.
        """
        check_source(source)
        return self._workspace.read(source.path)[0]

    def _check(self, source: Source) -> None:
        real = os.path.realpath(source.path)
        if f"{os.path.realpath(self.full)}/".startswith(f"{real}/") or f"{self._project.folder}/".startswith(
            f"{real}/"
        ):
            raise UsageError(f"{source.named}: {self.path} lies in it, or is it", hint="leave out old_location")
        check_source(source)
        if source.transfer != "copy":
            self._refuse_to_take(source, real)

    def _refuse_to_take(self, source: Source, real: str) -> None:
        """Refuses to share or take away what is the tool's own, and to take away what is another dataset's."""
        root, folder = self._project.root, os.path.realpath(self._project.folder)
        if f"{real}/".startswith(f"{folder}/"):
            raise UsageError(f"{source.named}: it lies in {folder}, expected data of your own", hint="copy it")
        if source.transfer != "move" or not real.startswith(f"{root.rstrip('/')}/"):
            return
        if real == os.path.realpath(os.path.join(root, self._project.file)):
            raise UsageError(f"{source.named}: this is the Pipelinefile, which the project needs", hint="copy it")
        living = self._store.ask(registered.living_at, os.path.relpath(real, root))
        if living is not None:
            raise UsageError(
                f"{source.named}: dataset {living.id} lies at {living.path}, and would lose its data",
                hint="copy it, or delete that one first",
            )

    def keep(self, content: Content, limit: int | None) -> None:
        """Keeps the bytes of what was read, unless they are more than are to be kept.

        Args:
            limit: Bytes; None: all are kept.
        """
        if limit is None or content.size <= limit:
            keep_bytes(self._keeper, self._fresh or self.path, content, self.path)

    def keep_lying(self) -> Content:
        """Keeps what lies at the place, whatever its size, also behind a link that was put there."""
        content = self.read_lying()
        keep_bytes(self._keeper, self.path, content, self.path)
        return content

    # --- placing --------------------------------------------------------------------------------------------

    def put(self) -> None:
        """Puts what was brought into its place.

        Raises:
            FileError: It is not free: something was put there meanwhile.
        """
        assert self._source is not None
        if self.is_taken:
            raise FileError(f"{self.path}: something was put there meanwhile")
        with _explained(self.path, "can't be put there"):
            self._make_folders()
            if self._source.transfer in ("copy", "move"):
                _move_to_free(self.fresh, self.full)
            elif self._fresh_links:
                self._make_scratch()
                links = os.path.join(self._project.root, self._fresh_links)
                _link_all(self._source, links)
                move(links, self.full)
            else:
                _link(self._source, self.full)

    def take_away(self, aside: str) -> None:
        """Takes what lies at the place out of the way, to an absolute path.

        Raises:
            FileError: Somebody has written to it since it was read: these bytes are kept nowhere.
        """
        if self._lying is not None and _looks_of(self.full, self.path) != self._lying:
            raise FileError(f"{self.path}: changes while it is read", hint="see who writes to it")
        with _explained(self.path, "can't be moved out of the way"):
            move(self.full, aside)

    def step(self, digest: str, aside: str = "") -> Step:
        """What is to be noted of this before it is done: see `provstore.operations.announced`.

        Args:
            digest: Of what is put there; "": nothing is.
            aside: Name of what gives way; "": nothing does.
        """
        root, fresh, link = self._project.root, "", ""
        if digest and self._source is not None:
            link = _text_of_link(self._source, self.full)
            fresh = "" if link else self._fresh_links or self._fresh
        folders = [os.path.relpath(folder, root) for folder in self._missing_folders()]
        return Step(self.path, digest, fresh, aside, folders, link)

    @property
    def _fresh_links(self) -> str:
        """Where a directory of hard links is made before it is put into its place, from the root on; "": none is."""
        if self._source is None or self._source.transfer != "hardlink" or not os.path.isdir(self._source.path):
            return ""
        return os.path.relpath(os.path.join(self._scratch, os.path.basename(self.path)), self._project.root)

    def _make_scratch(self) -> None:
        try:
            os.makedirs(self._scratch)
        except OSError as error:
            raise error_from_os(error, self._scratch) from error

    def _make_folders(self) -> None:
        for folder in self._missing_folders():
            os.mkdir(folder)

    def _missing_folders(self) -> list[str]:
        """Folders that are to be made for it, the outermost first."""
        folder, missing = os.path.dirname(self.full), []
        while not os.path.lexists(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        return missing[::-1]


def keep_bytes(keeper: Outputs, place: str, content: Content, path: str) -> None:
    """Keeps the bytes of what was read.

    Args:
        place: Where it was read, absolute or relative to the root.
        path: Of the dataset.

    Raises:
        FileError: It is something else by now, or can't be read any more.
    """
    with _explained(path, "can't be kept"):
        is_kept = keeper.keep(place, content)
    if not is_kept:
        raise FileError(f"{path}: changes while it is read", hint="see who writes to it")


def signatures(place: str) -> Iterator[tuple[object, ...]]:
    """How every file and folder at a place looks: equal as long as nobody writes to it."""
    for full in everything(place):
        status = os.lstat(full)
        yield full, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns


def _looks_of(place: str, named: str) -> list[tuple[object, ...]]:
    """The signatures of what lies at a place.

    Raises:
        FileError: It vanishes meanwhile, or may not be looked at.
    """
    with _explained(named, "can't be read", place):
        return list(signatures(place))


def everything(place: str) -> Iterator[str]:
    """A place and all that is in it; links are not followed."""
    yield place
    for folder, folders, names in os.walk(place):
        yield from (os.path.join(folder, name) for name in sorted([*folders, *names]))


def behind_links(root: str, path: str) -> str:
    """What a place in the project is called without the links in its folder; outside of the project: its name."""
    folder = os.path.realpath(os.path.join(root, os.path.dirname(path)))
    real = os.path.relpath(os.path.join(folder, os.path.basename(path)), root)
    return path if real == ".." or real.startswith("../") else real


def settled(source: Source, full: str) -> Source | None:
    """What `auto` comes to for data that go to a place (absolute); None: they lie there already."""
    if source.transfer != AUTO:
        return source
    if os.path.realpath(source.path) == os.path.realpath(full):
        return None
    return source._replace(transfer="copy")


def check_source(source: Source) -> None:
    """Refuses what is not there, and what can't be data.

    Raises:
        FileError: It is so.
    """
    if not os.path.lexists(source.path):
        raise FileError(f"{source.named}: there is no such file or directory")
    if os.path.islink(source.path):
        raise FileError(f"{source.named}: this is a symbolic link, expected a file or a directory")
    refuse_links(source.path, source.named)


def refuse_links(place: str, named: str) -> None:
    """Refuses data with a symbolic link in them, or with what is neither a file nor a folder.

    Raises:
        FileError: There is such a thing.
    """
    for full in everything(place):
        with _explained(named, "can't be read", place):
            mode = os.lstat(full).st_mode
        shown = os.path.join(named, os.path.relpath(full, place)) if full != place else named
        if stat.S_ISLNK(mode):
            raise FileError(f"{shown}: this is a symbolic link, which is not taken", hint="put the data in its place")
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise FileError(f"{shown}: this is neither a file nor a folder")


def _move_to_free(fresh: str, full: str) -> None:
    """Moves data to a free place. Renaming a file would replace what somebody puts there at this moment."""
    if os.path.isdir(fresh):
        move(fresh, full)
        return
    try:
        _rename_to_free(fresh, full)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        from provstore.operations.copies import copy

        copy(fresh, full, _rename_to_free)


def _rename_to_free(fresh: str, full: str) -> None:
    """Renames a file; where the file system has no hard links, nobody else may be quicker than this."""
    try:
        os.link(fresh, full)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.EXDEV):
            raise
        if os.path.lexists(full):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), full) from error
        os.rename(fresh, full)
    else:
        os.unlink(fresh)


def _link(source: Source, full: str) -> None:
    """Shares a file, or by a symbolic link a directory."""
    text = _text_of_link(source, full)
    if text:
        os.symlink(text, full)
    else:
        with _linking(source):
            os.link(source.path, full)


def _text_of_link(source: Source, full: str) -> str:
    """Where the symbolic link at a place leads to; "": none is made."""
    if source.transfer not in ("symlink", "relsymlink"):
        return ""
    real = os.path.realpath(source.path)
    return real if source.transfer == "symlink" else os.path.relpath(real, os.path.realpath(os.path.dirname(full)))


def _link_all(source: Source, full: str) -> None:
    """Makes a directory with hard links to the files of another one."""
    from provstore.operations.copies import copy_folder

    with _linking(source):
        copy_folder(source.path, full, os.link)


@contextlib.contextmanager
def _linking(source: Source) -> Iterator[None]:
    """Another file system, or another user's file: whoever wanted a link is told what does without."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in DISK_FAULTS:
            raise
        raise FileError(f"{source.named}: can't be linked: {error.strerror}", hint="use --transfer copy") from error


@contextlib.contextmanager
def _explained(path: str, what: str, place: str = "") -> Iterator[None]:
    """Errors of the operating system name the path.

    Args:
        place: What it is the name of, absolute: an error that is about something in there names that.
    """
    try:
        yield
    except ProvstoreError:
        raise
    except OSError as error:
        if place and isinstance(error.filename, str) and error.filename.startswith(f"{place}/"):
            path += error.filename[len(place) :]
        raise disk_or_file_error(error, f"{path}: {what}") from error

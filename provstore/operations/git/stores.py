"""What git calls for stores: to unite two of them, and to read one."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import tempfile

from provstore.errors import StoreError, StoreLockedError
from provstore.noun import NamedTuple
from provstore.operations.merge import merge_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from provstore.store.told import Told
    from provstore.store.unite import Taken


class Versions(NamedTuple):
    """Two versions of a store that git wants united.

    Attributes:
        ours: File with ours, which gets the result.
        theirs: File with theirs.
        path: Of the store in the worktree, for messages.
    """

    ours: str
    theirs: str
    path: str


def merge_stores(versions: Versions) -> Taken:
    """Adds the facts of theirs to ours.

    The bytes of objects that lie in files stay where they are: in the project's folder, here or in another clone.

    Raises:
        StoreError: It can't be done, or a run holds the project; `ours` is as it was.
    """
    from provstore.store.unite import Other, copied, unite

    ours, theirs, path = versions
    with _held(path), tempfile.TemporaryDirectory(prefix="provstore-") as scratch:
        folders = [os.path.join(scratch, name) for name in ("ours", "theirs")]
        for folder in folders:
            os.mkdir(folder)
        with (
            _called(ours, f"{path} (ours)"),
            _called(theirs, f"{path} (theirs)"),
            copied(theirs, folders[1]) as other,
            copied(ours, folders[0]) as store,
        ):
            taken = unite(store, Other(other, theirs, None), merge_row(f"{path} (git)"))
            united = store.path
        if taken.is_anything:
            _put(united, ours)
    return taken


def read_store(path: str) -> Iterator[Told]:
    """Every fact of a store, in the order of its chain.

    Raises:
        StoreError: It is no store, damaged, or of a newer provstore.
    """
    from provstore.store.told import told

    with _called(path, "the store"):
        yield from told(path)


@contextlib.contextmanager
def _held(store: str) -> Iterator[None]:
    """Holds the project of a store, where any command ever did: git must not replace what a run is writing."""
    from provstore.store.lock import RunLock

    path = os.path.join(os.path.dirname(os.path.abspath(store)), "lock")
    if not os.path.isfile(path):
        yield
        return
    try:
        lock = RunLock(path, "git merge", wait=False, on_wait=lambda _: None)
    except StoreLockedError as error:
        error.hint = f"once it has ended: git show {shlex.quote(f':3:{store}')} > theirs.db, provstore merge theirs.db"
        raise
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _called(file: str, name: str) -> Iterator[None]:
    """Files of git have names that tell nobody anything: messages say what they are."""
    try:
        yield
    except StoreError as error:
        names = "|".join(map(re.escape, (os.path.realpath(file), file)))
        error.message = re.sub(rf"(?<!\S)(?:{names})(?![^:,\s])", lambda _: name, error.message)
        raise


def _put(made: str, target: str) -> None:
    """Puts a file's bytes in the place of another one: whole or not at all."""
    fresh = f"{target}.{os.getpid()}.provstore"
    try:
        shutil.copyfile(made, fresh)
        os.replace(fresh, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise

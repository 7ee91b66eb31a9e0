"""Writes a new store with all that is whole in a damaged one, and keeps the damaged one beside it.

At every moment there is a store in its place: first the damaged one, which gets a second name, then the new one,
complete and written out. A kill leaves one of the two.
"""

from __future__ import annotations

import contextlib
import os
import time

from provstore.errors import (
    SchemaTooNewError,
    StoreDamagedError,
    StoreForeignError,
    StoreUnwritableError,
    UsageError,
)
from provstore.model.values import utc_text
from provstore.noun import NamedTuple
from provstore.operations.identify import NO_STORE, RUN_FIRST
from provstore.project import FOLDER, locate
from provstore.store.objects import synchronise_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.events import Observer
    from provstore.store.salvage import Salvage

FRESH = ".recovered"
"""Ending of the new file until it is complete."""

COPY_CHUNK = 1 << 22


class RecoverReport(NamedTuple):
    """How it went.

    Attributes:
        damage: What was wrong with the store; "" when it is sound, and nothing was written.
        kept_as: Where the damaged file lies now, relative to the project; None when nothing was wrong.
        salvage: What was taken over; None likewise.
    """

    damage: str
    kept_as: str | None
    salvage: Salvage | None


RECOVER = "recover its store"


def recover(folder: str, file: str | None, observe: Observer) -> RecoverReport:
    """Recovers the store of a project, whatever is in its Pipelinefile.

    Args:
        folder: Absolute; where to look for the project.
        file: The Pipelinefile, where one is named.

    Raises:
        NoProjectError, UsageError: There is no project, or no store.
        StoreError: The new file can't be written, or the store is of a newer provstore.
    """
    from provstore.operations.hold import hold, refuse_tasks

    root, _ = locate(folder, file)
    refuse_tasks(root, RECOVER)
    path = os.path.join(root, FOLDER, "store.db")
    if not os.path.lexists(path):
        raise UsageError(f"{path}: there is no store: {NO_STORE}", hint=RUN_FIRST)
    with hold(root, "provstore recover", RECOVER, observe):
        damage = _damage(path)
        if not damage:
            return RecoverReport("", None, None)
        kept_as, salvage = _replace(path)
    return RecoverReport(damage, os.path.relpath(kept_as, root), salvage)


def _damage(path: str) -> str:
    """What is wrong with a store; "" when nothing is."""
    from provstore.store.fsck import problems
    from provstore.store.salvage import is_of_our_schema
    from provstore.store.store import Store

    try:
        with Store(path) as store:
            problem = next(problems(store, objects=True), None)
    except SchemaTooNewError as error:
        if not is_of_our_schema(path):
            raise
        return error.message
    except (StoreDamagedError, StoreForeignError) as error:
        return error.message
    except StoreUnwritableError as error:
        if not os.access(path, os.R_OK | os.W_OK):
            raise
        return error.message  # what can't be read of it is lost, the rest is not
    return "" if problem is None else f"{problem.subject}: {problem.text}"


def _replace(path: str) -> tuple[str, Salvage]:
    """Puts the new store in the place of the damaged one; also where that is kept."""
    from provstore.store.salvage import Source, build, file_digest

    place = os.path.realpath(path) if os.path.isfile(path) else path
    fresh, kept_as = place + FRESH, _name_for(place)
    _remove(fresh)
    source = Source(
        place, os.path.basename(kept_as), file_digest(place), os.path.join(os.path.dirname(path), "objects")
    )
    try:
        salvage = build(source, fresh, time.time())
        _swap(place, fresh, kept_as)
    except OSError as error:
        named = error.filename if isinstance(error.filename, str) else fresh
        raise StoreUnwritableError(
            f"{named}: {error.strerror or error}", hint="free space or give permission; the damaged file is as it was"
        ) from error
    finally:
        _remove(fresh)  # a full disk has no use for it
    return kept_as, salvage


def _remove(fresh: str) -> None:
    """Removes a new file that did not get its place."""
    for leftover in (fresh, fresh + "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(leftover)


def _swap(place: str, fresh: str, kept_as: str) -> None:
    """The damaged file gets another name beside its own, and then the new one takes over its own."""
    if os.path.isfile(place):
        os.chmod(fresh, os.stat(place).st_mode & 0o777)
    _keep(place, kept_as)
    if os.path.lexists(place + "-journal"):  # SQLite could not use it; in the new file it would do harm
        os.rename(place + "-journal", kept_as + "-journal")
    synchronise_folder(os.path.dirname(place))
    os.rename(fresh, place)
    synchronise_folder(os.path.dirname(place))


def _name_for(place: str) -> str:
    """A name that nothing has, but perhaps this very file, from a recovery that was killed."""
    folder, name = os.path.split(place)
    for other in sorted(os.listdir(folder)):
        full = os.path.join(folder, other)
        if other.startswith(f"{name}.damaged-") and os.path.isfile(place) and os.path.samefile(full, place):
            return full
    stamp = utc_text(time.time()).replace(":", "")[:-8] + "Z"
    wanted = kept_as = f"{place}.damaged-{stamp}"
    number = 1
    while os.path.lexists(kept_as):
        number += 1
        kept_as = f"{wanted}-{number}"
    return kept_as


def _keep(place: str, kept_as: str) -> None:
    """Gives the damaged file a second name; a copy where the file system knows none, and what is no file moves."""
    if os.path.lexists(kept_as):
        return
    try:
        os.link(place, kept_as, follow_symlinks=False)
        return
    except OSError:
        if not os.path.isfile(place):
            os.rename(place, kept_as)
            return
    with open(place, "rb") as damaged, open(kept_as + ".new", "wb") as copy:
        while data := damaged.read(COPY_CHUNK):
            copy.write(data)
        copy.flush()
        os.fsync(copy.fileno())
    os.rename(kept_as + ".new", kept_as)

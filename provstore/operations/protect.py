"""Nothing that a person made is lost: what the store does not hold is kept before it gives way."""

from __future__ import annotations

import time

from provstore.errors import FileError
from provstore.model.values import utc_text
from provstore.operations import recording
from provstore.store.ledger import SOURCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.files import DirectoryMemo, Memo
    from provstore.operations.attempt import Circumstances
    from provstore.store.facts import Row


def protect(
    around: Circumstances,
    path: str,
    look: Memo | DirectoryMemo,
    *,
    cache: bool = True,
    even_if_recorded: bool = False,
) -> None:
    """Keeps what lies at a path unless the store holds it, or need not: what a person put there is never lost.

    Args:
        cache: What the task makes is to be kept; else that a task made it is enough.
    """
    if look.dataset is not None and not even_if_recorded and _is_safe(around, look.dataset, cache):
        return
    content, memo = around.workspace.read(path)
    known = around.ledger.dataset_with(path, content.digest, content.executable)
    safe = known is not None and _is_safe(around, known, cache)
    if known is not None and safe and not even_if_recorded:
        around.workspace.assign(path, memo, known)
        return
    if not around.outputs.keep(path, content):
        raise FileError(f"{path}: changes while provstore reads it", hint="see who writes to it, and run again")
    if known is None:
        place = recording.Place(SOURCES, around.owner, utc_text(time.time()))
        around.ledger.add_sources(place.created)  # where all was registered by hand, there are none yet
        around.workspace.assign(path, memo, around.ledger.add_dataset(recording.source_row(path, content, place)))
    if not safe and (known is None or _is_by_hand(around.ledger.row_of(known))):
        import shlex  # takes 2 ms, and most runs have nothing to say

        short = content.digest[: len("blake3:") + 12]
        around.tell(f"{path} holds what no task made; it is kept: provstore restore {shlex.quote(f'{path}@{short}')}")
    if known is None or around.store.objects.pending:
        around.ledger.write({}, {})  # before it is moved: a kill must not find these bytes in memory only


def _is_safe(around: Circumstances, dataset: str, cache: bool) -> bool:
    """Its bytes are kept, or a task made it whose outputs are not to be kept.

    Not so a source that was only read, nor what `gc` has freed and somebody has put back.
    """
    row, limit = around.ledger.row_of(dataset), around.objects_limit
    is_to_be_kept = cache and (limit is None or int(str(row["size"])) <= limit)
    digest, kind = str(row["digest"]), str(row["kind"])
    if not _is_by_hand(row):  # a task can make it again, should the kept bytes be damaged
        return not is_to_be_kept or around.store.objects.has_all(digest, kind)
    return around.store.objects.holds(digest, kind)


def _is_by_hand(row: Row) -> bool:
    """No command made it, so that none can make it again; a person may have accepted it as what a task makes."""
    return row["execution"] is None or row["run"] == SOURCES

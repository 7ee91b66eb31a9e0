"""Two lock files become one: entry by entry, and never by a guess.

Rule: an entry that one side alone has changed is that side's, one that is the same on both sides stays. Any other is a
conflict, which only keys that are computed now can decide (`operations.lock.resolve`). Nothing here looks at a disk, so
`merged` is what a merge driver of git needs.
"""

from __future__ import annotations

from provstore.errors import LockfileError
from provstore.model.lock import EMPTY, Lock
from provstore.noun import NamedTuple
from provstore.pipelinefile.lock import ANEW, MARKER, input_text, parse, task_text, text_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeVar

    from provstore.model.files import RecordedContent
    from provstore.model.lock import LockedTask, TaskId

    Name = TypeVar("Name", bound="str | TaskId")
    Entry = TypeVar("Entry")

BOTH, OURS, BASE, THEIRS = "both", "ours", "base", "theirs"
"""Whose lines follow a marker; before the first one, and after the last, they are of both."""

MOVES = {(BOTH, "<"): OURS, (OURS, "|"): BASE, (OURS, "="): THEIRS, (BASE, "="): THEIRS, (THEIRS, ">"): BOTH}
"""Part, sign of a marker → the part behind it."""


class Sides(NamedTuple):
    """Two locks that are to become one; `base` is what both came from, None where that is not told."""

    base: Lock | None
    ours: Lock
    theirs: Lock


class Union(NamedTuple):
    """What two locks come to.

    Attributes:
        lock: All but conflicts.
        tasks, inputs: Conflicts: what the two sides say, as far as they have an entry.
    """

    lock: Lock
    tasks: Mapping[TaskId, tuple[LockedTask, ...]]
    inputs: Mapping[str, tuple[RecordedContent, ...]]


def unite(sides: Sides) -> Union:
    """What two locks come to."""
    base, ours, theirs = sides
    tasks, open_tasks = _united(base and base.tasks, ours.tasks, theirs.tasks)
    inputs, open_inputs = _united(base and base.inputs, ours.inputs, theirs.inputs)
    return Union(Lock(tasks, inputs), open_tasks, open_inputs)


def _united(
    base: Mapping[Name, Entry] | None, ours: Mapping[Name, Entry], theirs: Mapping[Name, Entry]
) -> tuple[dict[Name, Entry], dict[Name, tuple[Entry, ...]]]:
    """Entries that are decided, and what is said of the others."""
    decided: dict[Name, Entry] = {}
    conflicts: dict[Name, tuple[Entry, ...]] = {}
    for name in dict.fromkeys([*ours, *theirs]):
        one, other = ours.get(name), theirs.get(name)
        before = base.get(name) if base is not None else None
        if one == other or (base is not None and other == before):
            found = one
        elif base is not None and one == before:
            found = other
        else:
            conflicts[name] = tuple(entry for entry in (one, other) if entry is not None)
            continue
        if found is not None:
            decided[name] = found
    return decided, conflicts


def _order(name: str | TaskId) -> tuple[str, ...]:
    """Names are sorted as in a lock without conflicts; those of one table are of one kind."""
    return (name,) if isinstance(name, str) else name


# --- a text with conflicts in it --------------------------------------------------------------------------


def sides_of(text: str, file: str) -> Sides | None:
    """The locks that a text with conflicts was made from; None where there are no conflicts in it.

    Raises:
        LockfileError: The markers do not go together, or one of the sides is no lock.
    """
    lines = _lines_by_part(text, file)
    if lines is None:
        return None
    ours = _parsed([line for line in lines if line[0] in (BOTH, OURS)], file)
    theirs = _parsed([line for line in lines if line[0] in (BOTH, THEIRS)], file)
    if text.count("\n|||||||") != text.count("\n<<<<<<<"):
        return Sides(None, ours, theirs)
    try:
        base = _parsed([line for line in lines if line[0] in (BOTH, BASE)], file)
    except LockfileError:  # git puts what both sides have in common before a conflict, and leaves it in the base too
        return Sides(None, ours, theirs)
    return Sides(base, ours, theirs)


def _lines_by_part(text: str, file: str) -> list[tuple[str, int, str]] | None:
    """(part, number from 1, line) of all lines but markers; None: there is no marker."""
    part, found, has_conflicts = BOTH, [], False
    for number, line in enumerate(text.split("\n"), 1):
        if MARKER.fullmatch(line) is None:
            found.append((part, number, line))
            continue
        has_conflicts = True
        if (part, line[0]) not in MOVES:
            raise LockfileError(file, number, f"found {line[:7]}, which does not belong here", ANEW)
        part = MOVES[part, line[0]]
    if part != BOTH:
        raise LockfileError(file, text.count("\n") + 1, "a conflict has no end", ANEW)
    return found if has_conflicts else None


def _parsed(lines: list[tuple[str, int, str]], file: str) -> Lock:
    """The lock that some lines say; errors have the lines' own numbers."""
    try:
        return parse("\n".join([line for _, _, line in lines]), file)
    except LockfileError as error:
        number = lines[min(error.line, len(lines)) - 1][1]
        raise LockfileError(file, number, error.text, error.hint) from None


# --- a merge driver ---------------------------------------------------------------------------------------


def merged(base: str, ours: str, theirs: str, file: str) -> tuple[str, int]:
    """The text of what two texts come to, with the conflicts marked in it, and their number.

    Args:
        base: What both came from; empty where there was none.
        file: Name for messages.

    Raises:
        LockfileError: One of them is no lock.
    """
    sides = parse(base, file) if base.strip() else EMPTY, parse(ours, file), parse(theirs, file)
    union = unite(Sides(*sides))
    tasks = _marked([side.tasks for side in sides], union.lock.tasks, union.tasks, task_text)
    inputs = _marked([side.inputs for side in sides], union.lock.inputs, union.inputs, input_text)
    return text_from(tasks, inputs), len(union.tasks) + len(union.inputs)


def _marked(
    sides: Sequence[Mapping[Name, Entry]],
    decided: Mapping[Name, Entry],
    conflicts: Iterable[Name],
    text_of: Callable[[Entry], str],
) -> list[str]:
    """The texts of entries; of those that are not decided, what each side says, and the base between the two."""
    base, ours, theirs = sides
    found = []
    for name in sorted({*decided, *conflicts}, key=_order):
        if name in decided:
            found.append(text_of(decided[name]))
        else:
            said = [text_of(side[name]) if name in side else "\n" for side in (ours, base, theirs)]
            found.append(f"\n<<<<<<< ours{said[0]}||||||| base{said[1]}======={said[2]}>>>>>>> theirs\n")
    return found

"""In what two executions differ, by what was recorded of them. Pure: no bytes are looked at."""

from __future__ import annotations

from provstore.digest import SALTED
from provstore.model.values import task_name
from provstore.operations.diff.rendered import BY_BOTH, BY_INPUTS, follows_from
from provstore.operations.diff.report import COMMAND, ENV, HOST, INPUT, ORDER, OUTCOME, OUTPUT, PARAM, Change
from provstore.operations.diff.text import unified
from provstore.pipelinefile.templates import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TypeAlias

    from provstore.model.values import JSON
    from provstore.store.materials import Material, Piece

    Pair: TypeAlias = tuple[Piece | None, Piece | None]
    Same: TypeAlias = Callable[[Material, Material], bool]

CIRCUMSTANCES = ("host", "user", "system", "python", "provstore")
"""Columns of a run that say where and by whom it was done."""
ANOTHER_PATH = "another path"
ANOTHER_SECRET = "another secret"  # noqa: S105 - it is none
SECRET = f"{SALTED}blake3:"


def settings(a: Material, b: Material, is_same: Same | None = None) -> list[Change]:
    """What the commands were, and the parameters and variables that they depended on.

    Args:
        is_same: Whether the two have one command before anything was written into it; False where that is not known.
    """
    found = []
    if (a.stage, a.data_id) != (b.stage, b.data_id):
        found.append(Change(COMMAND, "task", task_of(a), task_of(b)))
    params = _of_mappings(PARAM, a.params, b.params)
    if a.command != b.command:
        found.append(_command(a, b, params, is_same))
    if a.shell != b.shell:
        found.append(Change(COMMAND, "shell", a.shell, b.shell))
    if a.cwd != b.cwd:
        found.append(Change(COMMAND, "folder", a.cwd or ".", b.cwd or "."))
    return [*found, *params, *map(_variable, _of_mappings(ENV, a.environment, b.environment))]


def _command(a: Material, b: Material, params: Sequence[Change], is_same: Same | None) -> Change:
    """How two commands differ; and whether they do so only by what was written into them."""
    is_script = "\n" in a.command.strip("\n") + b.command.strip("\n")
    text = unified(a.command, b.command) if is_script else ""
    remark = follows_from(a, b, params)
    if remark in (BY_INPUTS, BY_BOTH) and is_same is not None and not is_same(a, b):
        remark = ""  # somebody wrote the paths themselves into it
    return Change(COMMAND, "command", a.command, b.command, text=text, remark=remark)


def outcomes(a: Material, b: Material) -> list[Change]:
    """How they ended."""
    found = []
    if a.outcome != b.outcome:
        found.append(Change(OUTCOME, "outcome", a.outcome, b.outcome))
    if a.exit_status != b.exit_status:
        found.append(Change(OUTCOME, "exit status", a.exit_status, b.exit_status))
    if a.signal != b.signal:
        found.append(Change(OUTCOME, "signal", a.signal, b.signal))
    if a.message != b.message:
        found.append(Change(OUTCOME, "message", a.message or None, b.message or None))
    return found


def circumstances(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    """Where and by whom, of two records of runs."""
    return [Change(HOST, name, a[name], b[name]) for name in CIRCUMSTANCES if a[name] != b[name]]


def pairs(a: Sequence[Piece], b: Sequence[Piece]) -> list[Pair]:
    """What was read, or made, in the same role at the same path; and at another path, if it is the only one there."""
    before, after = {(piece.role, piece.path): piece for piece in a}, {(piece.role, piece.path): piece for piece in b}
    found: list[Pair] = [(piece, after[place]) for place, piece in before.items() if place in after]
    gone = _by_role(piece for place, piece in before.items() if place not in after)
    new = _by_role(piece for place, piece in after.items() if place not in before)
    for role in dict.fromkeys([*gone, *new]):
        old, fresh = gone.get(role, []), new.get(role, [])
        if len(old) == len(fresh) == 1:
            found.append((old[0], fresh[0]))
        else:
            found += [(piece, None) for piece in old]
            found += [(None, piece) for piece in fresh]
    return found


def pieces(what: str, a: Sequence[Piece], b: Sequence[Piece]) -> list[tuple[Change, Pair]]:
    """What was read or made and is not the same, with the two of it."""
    return [(change, pair) for pair in pairs(a, b) if (change := piece_change(what, pair)) is not None]


def piece_change(what: str, pair: Pair) -> Change | None:
    """How two datasets differ; None: not at all."""
    a, b = pair
    if a is None or b is None:
        there = a or b
        assert there is not None, "a pair has one of them at least"
        of_a, of_b = (piece.bytes_identity if piece is not None else None for piece in pair)
        return Change(what, there.path, of_a, of_b, there.role)
    if a.path != b.path:
        remark = f"{ANOTHER_PATH}, the same bytes" if a.bytes_identity == b.bytes_identity else ANOTHER_PATH
        return Change(what, a.role or a.path, a.path, b.path, a.role, remark=remark)
    if a.bytes_identity == b.bytes_identity and a.kind == b.kind:
        return None
    return Change(what, a.path, a.bytes_identity, b.bytes_identity, a.role)


def all_of(a: Material, b: Material) -> list[Change]:
    """Everything that was recorded of two executions and differs, but their runs' circumstances and code."""
    found = outcomes(a, b) + settings(a, b)
    found += [change for change, _ in pieces(INPUT, a.inputs, b.inputs)]
    found += [change for change, _ in pieces(OUTPUT, a.outputs, b.outputs)]
    return found


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Causes before what came of them; else as they were found."""
    return sorted(changes, key=lambda change: ORDER.index(change.what))


def task_of(material: Material) -> str:
    """The task of an execution, as the command line spells it."""
    return task_name(material.stage or "no stage", tuple(material.data_id.items()))  # type: ignore[arg-type]


def maker_of(material: Material) -> str:
    """What made something, for a person: the task, and that nothing ran where it was put there by hand."""
    return f"{task_of(material)} (by hand)" if material.is_by_hand else task_of(material)


# --- many tasks -------------------------------------------------------------------------------------------


class Grouped:
    """Changes of many tasks: one for each that is the same in several, with their names."""

    def __init__(self) -> None:
        self._found: dict[object, tuple[Change, dict[str, None]]] = {}

    def add(self, task: str, change: Change, explain: Callable[[Change], Change] | None = None) -> None:
        """Takes a change of a task.

        Args:
            task: "" for a change that is of none.
            explain: Says more of it; called only for the first task that it is found in.
        """
        key = _group(change)
        if key not in self._found:
            self._found[key] = (explain(change) if explain is not None else change, {})
        if task:
            self._found[key][1][task] = None

    def changes(self) -> list[Change]:
        """Each once, in the order of `in_order`."""
        return in_order(
            change._replace(tasks=tuple(sorted(tasks, key=natural_key))) for change, tasks in self._found.values()
        )


def _group(change: Change) -> object:
    """What two changes have in common that share a line: of commands, which words became which."""
    if change.what == COMMAND and change.name == "command":
        return (change.what, change.name, changed_words(str(change.a), str(change.b)))
    return (change.what, change.name, repr(change.a), repr(change.b), change.remark)


def changed_words(a: str, b: str) -> tuple[tuple[str, str], ...]:
    """The pieces of two commands that differ, between those that are equal."""
    before, after = a.split(), b.split()
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) == len(new):
        return tuple((ours, theirs) for ours, theirs in zip(old, new, strict=True) if ours != theirs)
    return ((" ".join(old), " ".join(new)),)


# --- parts ------------------------------------------------------------------------------------------------


def _of_mappings(what: str, a: Mapping[str, JSON], b: Mapping[str, JSON]) -> list[Change]:
    missing = object()
    return [
        Change(what, name, a.get(name), b.get(name))
        for name in dict.fromkeys([*a, *b])
        if not _same(a.get(name, missing), b.get(name, missing))
    ]


def _same(a: object, b: object) -> bool:
    """Equal, and of one type: JSON keeps true and 1 apart, and 1 and 1.0."""
    return a == b and repr(a) == repr(b)


def _variable(change: Change) -> Change:
    """Of a secret variable only that it is another one can be told."""
    values = [value for value in (change.a, change.b) if isinstance(value, str) and value.startswith(SECRET)]
    return change._replace(remark=ANOTHER_SECRET) if len(values) == 2 else change


def _by_role(pieces: Iterable[Piece]) -> dict[str, list[Piece]]:
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.role, []).append(piece)
    return found

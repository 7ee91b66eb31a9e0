"""Where the lineages of two versions part, and what differed there.

Both are walked from the versions backwards, two executions at a time: those that made what differs. Of each pair

1. what its commands, parameters and variables have that differs is a cause, and so is an input that only one has, or
   that lies at another path;
2. inputs that differ are walked on, or, if nobody made them, are a cause: a source that changed;
3. what was put there by hand, in the place of what a task makes, is a cause, whatever else differs;
4. if none of these is found, nothing that was recorded explains the outputs: the task is not reproducible, and what
   differs in host, software and commit is said with it.

What is equal is not walked, and no pair twice: a diamond gives one answer for each cause. Inputs are equal if they are
so as data; only where nothing else explains an output do their bytes count.
"""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.noun import NamedTuple
from provstore.operations import versions
from provstore.operations.diff import changes
from provstore.operations.diff.changes import Grouped
from provstore.operations.diff.code import UNCOMMITTED
from provstore.operations.diff.contents import Contents, changed_names
from provstore.operations.diff.executions import Runs, between_runs, explained, run_of
from provstore.operations.diff.rendered import FOLLOWS
from provstore.operations.diff.report import HOST, INPUT, OUTPUT, UNEXPLAINED, Change, RecordsReport, Side
from provstore.operations.diff.templates import Templates
from provstore.operations.identify import shortener
from provstore.store import lineage as graph
from provstore.store import materials
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from provstore.operations.diff.changes import Pair
    from provstore.operations.diff.report import DiffRequest
    from provstore.operations.diff.words import Words
    from provstore.operations.versions import Known
    from provstore.project import Project
    from provstore.store.materials import Material, Piece
    from provstore.store.origins import Version
    from provstore.store.store import Store

MOST = 20
"""Sources whose contents are compared; of the others digests are told."""


def blame(project: Project, store: Store, words: Words, request: DiffRequest) -> RecordsReport:
    """Where the lineages of two versions of a path part.

    Args:
        request: Its `blame` is the path; `a` and `b` are ids of versions, or of what made them.

    Raises:
        UnknownIdError: The store knows no such versions.
        StoreDamagedError: What was walked is not what was recorded.
    """
    assert request.blame is not None, "the caller has looked"
    known = words.known(request.blame)
    a, b, remarks = _two_versions(project, store, words, known, request)
    short = shortener(store)
    sides = [Side(one.id, short(one.id), one.path, one.created, "") for one in (a, b)]
    with Contents(project, store, request.format, request.tolerance, MOST) as contents:
        walk = _Walk(project, store, contents, patch=request.patch)
        walk.go(a, b)
    return RecordsReport(
        "dataset", sides[0], sides[1], walk.causes.changes(), path=known.path, walked=walk.walked,
        remarks=(*remarks, *project.take_remarks()),
    )  # fmt: skip


# --- which versions ---------------------------------------------------------------------------------------


def _two_versions(
    project: Project, store: Store, words: Words, known: Known, request: DiffRequest
) -> tuple[Piece, Piece, list[str]]:
    """The older and the newer version, and what is to be said of that choice."""
    remarks: list[str] = []
    if request.b is not None:
        newer = _version(words, known, request.b)
    else:
        there = versions.present(project, store, known.path)
        lying = versions.lying_there(there, known)
        assert known.expected is not None, "the path is known"
        newer = lying or known.expected
        if lying is None:
            what = "nothing lies there now" if there is None else "what lies there now was never recorded"
            remarks.append(f"{known.path}: {what}; this is about the last version that is known")
    if request.a is not None:
        older = _version(words, known, request.a)
    else:
        older = words.version_before(known, newer, known.path)
    prove_all(store, "dataset", [older.dataset, newer.dataset])
    return words.piece_of(older), words.piece_of(newer), remarks


def _version(words: Words, known: Known, text: str) -> Version:
    """A version of the path by an id, as after the ``@``, or by ``PATH@ID``."""
    path, at, id = text.rpartition("@")
    if not (at and path):
        return versions.named(known, text)[0]
    other = words.known(path)
    if other.path != known.path:
        raise UsageError(f"{text}: this is a version of {other.path}, expected one of {known.path}")
    return versions.named(other, id)[0]


# --- the walk ---------------------------------------------------------------------------------------------


class _Step(NamedTuple):
    """Two datasets that differ, and the executions that read them; None for the versions themselves."""

    a: Piece
    b: Piece
    readers: tuple[Material, Material] | None


class _Walk:
    """Walks two lineages at once, a step of all their ways at a time.

    Attributes:
        causes: What was found.
        walked: Pairs of executions that were looked at.
    """

    def __init__(self, project: Project, store: Store, contents: Contents, *, patch: bool) -> None:
        self._project, self._store, self._contents, self._patch = project, store, contents, patch
        self._templates = Templates(store)
        self.causes = Grouped()
        self.walked = 0
        self._seen: set[tuple[str, str]] = set()
        self._suspects: dict[tuple[str | None, str | None], tuple[Change, ...]] = {}

    def go(self, a: Piece, b: Piece) -> None:
        """Walks to every place where they part."""
        steps = [_Step(a, b, None)] if a.bytes_identity != b.bytes_identity else []
        while steps:
            steps = self._next(steps)

    def _next(self, steps: Iterable[_Step]) -> list[_Step]:
        """The steps behind these; what is a cause is noted."""
        found: list[_Step] = []
        made: dict[tuple[str, str], _Step] = {}
        for step in steps:
            a, b = step.a, step.b
            if a.execution is not None and b.execution is not None:
                if a.execution != b.execution and (a.execution, b.execution) not in self._seen:
                    made.setdefault((a.execution, b.execution), step)
            elif a.execution is None and b.execution is None:
                found += self._sources(step)
            else:
                change = Change(INPUT, b.path, a.bytes_identity, b.bytes_identity, b.role, remark=_remark(step))
                self._note(step, change)
        self._seen |= made.keys()
        ids = [id for pair in made for id in pair]
        prove_all(self._store, "execution", ids)
        executions = self._store.ask(materials.materials, ids)
        for (first, second), step in made.items():
            found += self._executions(executions[first], executions[second], step)
        return found

    def _executions(self, a: Material, b: Material, step: _Step) -> list[_Step]:
        """What differs of two executions that made what differs; and their inputs that do."""
        self.walked += 1
        task = changes.task_of(b)
        own = changes.settings(a, b, self._templates.are_same)
        if (a.stage, a.data_id) != (b.stage, b.data_id):
            self.causes.add(task, own[0])  # of two tasks nearly all differs
            return []
        if by_hand := _hands(a, b):
            told = explained(self._contents, _output(step), (step.a, step.b))
            self.causes.add(task, told._replace(remark=", ".join(filter(None, (by_hand, told.remark)))))
            return []  # whatever it is said to be made of, a person made it
        pairs = changes.pairs(a.inputs, b.inputs)
        own = [change for change in own if change.remark not in FOLLOWS]
        own += [change for pair in pairs if _is_elsewhere(pair) and (change := changes.piece_change(INPUT, pair))]
        for change in own:
            self.causes.add(task, change)
        both = [(first, second) for first, second in pairs if first is not None and second is not None]
        differing = [pair for pair in both if pair[0].identity != pair[1].identity]
        if not own and not differing:
            differing = [pair for pair in both if pair[0].bytes_identity != pair[1].bytes_identity]
        if not own and not differing:
            self.causes.add(task, _output(step)._replace(inside=self._between(a, b), remark=UNEXPLAINED))
        return [_Step(first, second, (a, b)) for first, second in differing]

    def _between(self, a: Material, b: Material) -> tuple[Change, ...]:
        """What differs of the circumstances and the code of the runs of two executions that are alike."""
        if (a.run, b.run) not in self._suspects:
            runs = Runs(run_of(self._store, a), run_of(self._store, b))
            found = between_runs(self._project, self._store, runs, patch=self._patch)
            told = [change for change in found if change.what == HOST or change.name in ("commit", UNCOMMITTED)]
            self._suspects[a.run, b.run] = tuple(told)
        return self._suspects[a.run, b.run]

    # --- sources ------------------------------------------------------------------------------------------

    def _sources(self, step: _Step) -> list[_Step]:
        """Two sources that differ are a cause; of two folders, the files in them that tasks made are walked on."""
        if (step.a.id, step.b.id) in self._seen and step.readers is None:
            return []
        self._seen.add((step.a.id, step.b.id))
        change = changes.piece_change(INPUT, (step.a, step.b))
        if change is None:
            return []
        parts = self._parts(step) if step.a.kind == step.b.kind == "directory" else {}
        if parts:
            others = self._other_files(step, parts)
            if others:
                self._note(step, change._replace(inside=others))
            return [_Step(a, b, step.readers) for a, b in parts.values() if a is not None and b is not None]
        self._note(step, change)
        return []

    def _parts(self, step: _Step) -> dict[str, Pair]:
        """Files that tasks made in two folders and that differ, by their path in them."""
        links = self._store.ask(graph.parts, [step.a.id, step.b.id])
        pieces = {piece.id: piece for piece in self._store.ask(materials.pieces, [link.source for link in links])}
        found: dict[str, list[Piece | None]] = {}
        for link in links:
            found.setdefault(link.role, [None, None])[link.target == step.b.id] = pieces[link.source]
        return {
            name: (a, b)
            for name, (a, b) in found.items()
            if a is None or b is None or a.bytes_identity != b.bytes_identity
        }

    def _other_files(self, step: _Step, parts: dict[str, Pair]) -> tuple[Change, ...]:
        """Of two folders, what differs and no task made in both."""
        found = [
            change
            for pair in parts.values()
            if None in pair and (change := changes.piece_change(INPUT, pair)) is not None
        ]
        before, after = self._contents.places.entries(step.a), self._contents.places.entries(step.b)
        if before is not None and after is not None:
            old, new = ({name: entry.digest for name, entry in entries.items()} for entries in (before, after))
            names = [name for name in changed_names(before, after) if name not in parts]
            found += [Change(INPUT, name, old.get(name), new.get(name)) for name in names]
        return tuple(found)

    def _note(self, step: _Step, change: Change) -> None:
        """Notes a cause that lies in what a task has read."""
        pair: Pair = (step.a, step.b)
        task = changes.task_of(step.readers[1]) if step.readers is not None else ""
        is_source = step.a.execution is None and step.b.execution is None and not change.inside
        self.causes.add(task, change, (lambda change: explained(self._contents, change, pair)) if is_source else None)


def _is_elsewhere(pair: Pair) -> bool:
    """Only one execution has read it, or they have read it at two paths."""
    a, b = pair
    return a is None or b is None or a.path != b.path


def _output(step: _Step) -> Change:
    """The difference of two datasets as what their executions made."""
    return Change(OUTPUT, step.b.path, step.a.bytes_identity, step.b.bytes_identity, step.b.role)


def _hands(a: Material, b: Material) -> str:
    """Which of two datasets was put there by hand, in the place of what the task makes; "" for none of them."""
    if a.is_by_hand and b.is_by_hand:
        return "put there by hand, both"
    if a.is_by_hand or b.is_by_hand:
        return "made by the task first, put there by hand now" if b.is_by_hand else "put there by hand first"
    return ""


def _remark(step: _Step) -> str:
    """Of two datasets of which a task made one, which one that is."""
    other = "by hand" if step.readers is None else "a source"
    return (
        f"made by a task first, {other} now" if step.a.execution is not None else f"{other} first, made by a task now"
    )

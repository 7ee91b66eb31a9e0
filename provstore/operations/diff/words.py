"""What a word names that `diff` is given, and what is compared with it where it stands alone.

In this order: a file or directory that lies there; a stage or a task, which stands for its last execution; a version
``PATH@ID``; the id of a run, an execution or a dataset, or the beginning of one; a path that the store knows. So a
file is never taken for an id; who wants the record types more of its id than the file's name has.
"""

from __future__ import annotations

import os
import shlex

from provstore.errors import PipelinefileError, ProvstoreError, UnknownIdError, UsageError
from provstore.model.values import nearest, spelled
from provstore.noun import NamedTuple
from provstore.operations import versions
from provstore.operations.identify import IS_ID, NO_STORE, RUN_FIRST, identify, records_like
from provstore.store import materials
from provstore.store.materials import Piece
from provstore.store.proof import prove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.operations.diff.report import DiffRequest
    from provstore.operations.versions import Known
    from provstore.project import Project
    from provstore.store.origins import Version
    from provstore.store.store import Store

FILE, DATASET, EXECUTION, RUN = "file", "dataset", "execution", "run"
ARTICLES = {FILE: "a file", DATASET: "a version of a dataset", EXECUTION: "an execution", RUN: "a run"}


class Subject(NamedTuple):
    """What is to be compared.

    Attributes:
        kind: "file", "dataset", "execution" or "run".
        text: As typed.
        id: Of the record; "" of a file.
        piece: The version of a dataset.
        remark: What a person should know besides.
    """

    kind: str
    text: str
    id: str = ""
    piece: Piece | None = None
    remark: str = ""


def is_there(folder: str, text: str) -> bool:
    """A file or directory of this name lies there."""
    return bool(text) and "\0" not in text and os.path.lexists(os.path.join(folder, text))


class Words:
    """Finds what words name in one project that has a store.

    Args:
        folder: What paths are relative to.
    """

    def __init__(self, project: Project, store: Store, folder: str) -> None:
        self._project, self._store, self._folder = project, store, folder

    def pair(self, request: DiffRequest) -> tuple[Subject, Subject]:
        """The two that are to be compared, the older one first where only one was named.

        Raises:
            UnknownIdError: One of them names nothing, or several things; or there is none before it.
            UsageError: They can't be compared with each other.
        """
        if request.a is None:
            return self._last_runs()
        a = self.subject(request.a)
        if request.b is None:
            return self._with_the_one_before(a)
        b = self.subject(request.b)
        if a.kind != b.kind and not {a.kind, b.kind} <= {FILE, DATASET}:
            found = f"'{a.text}' is {ARTICLES[a.kind]}, '{b.text}' is {ARTICLES[b.kind]}"
            raise UsageError(f"diff: {found}; expected two of one kind")
        return a, b

    def subject(self, text: str) -> Subject:
        """What a word names; its record is what was recorded.

        Raises:
            UnknownIdError: Nothing, or several things.
            StoreDamagedError: It is not what was recorded.
        """
        if is_there(self._folder, text):
            return Subject(FILE, text, remark=self._also_an_id(text))
        found = self._task(text) or self._version(text) or self._record(text) or self._lost(text)
        if found is None:
            raise self._unknown(text)
        prove(self._store, found.kind, found.id)
        return found

    # --- what a word names --------------------------------------------------------------------------------

    def _also_an_id(self, text: str) -> str:
        """A file may have a name that is also the beginning of an id."""
        kinds = {kind for kind, _ in records_like(self._store, text)} if len(text) >= 8 else set()
        what = " or ".join(sorted(kinds))
        return f"{text}: this is the file of that name; it is also how the id of a {what} begins" if kinds else ""

    def _task(self, text: str) -> Subject | None:
        """The last execution of a stage, or of a task."""
        stage, at, _ = text.partition("@")
        known = self._store.ask(materials.data_ids, stage)
        if not known:
            return None
        wanted = _values(text) if at else {}
        if wanted is None:
            return None
        fitting = [data_id for data_id in known if _fits(data_id, wanted)]
        last = self._store.ask(materials.last_execution, stage, fitting)
        return Subject(EXECUTION, text, last) if last is not None else None

    def _version(self, text: str) -> Subject | None:
        """The version that ``PATH@ID`` names."""
        path, at, id = text.rpartition("@")
        if not (at and path):
            return None
        known = self._known(path)
        return self._of_version(text, versions.named(known, id)[0]) if known is not None else None

    def _record(self, text: str) -> Subject | None:
        if not IS_ID.fullmatch(text.lower()) or not records_like(self._store, text):
            return None
        kind, id = identify(self._store, text)
        piece = self._store.ask(materials.pieces, [id])[0] if kind == DATASET else None
        return Subject(kind, text, id, piece)

    def _lost(self, text: str) -> Subject | None:
        """A path at which nothing lies, and of which versions were recorded."""
        known = self._known(text)
        if known is None or known.expected is None:
            return None
        remark = f"{known.path}: nothing lies there now; this is the last version that is known"
        return self._of_version(text, known.expected)._replace(remark=remark)

    def known(self, path: str) -> Known:
        """What the store knows of a path.

        Raises:
            UnknownIdError: Nothing.
        """
        found = versions.known(self._project, self._folder, path)
        if found.expected is None:
            raise UnknownIdError(
                f"{found.path}: the store knows no version of it",
                hint=f"this looks for its content at other paths: provstore why {_typed(found.path)}",
            )
        return found

    def _known(self, path: str) -> Known | None:
        """The same; None: nothing, or it is no path of data."""
        try:
            known = versions.known(self._project, self._folder, path)
        except ProvstoreError:
            return None
        return known if known.expected is not None else None

    def _of_version(self, text: str, version: Version) -> Subject:
        return Subject(DATASET, text, version.dataset, self.piece_of(version))

    def piece_of(self, version: Version) -> Piece:
        """A version with its format. What lies in a recorded directory has that of its name."""
        whole = self._store.ask(materials.pieces, [version.dataset])[0]
        if whole.path == version.path:
            return whole
        format = self._project.claims.name_of(version.path)
        return Piece(version.dataset, version.path, whole.role, version.kind, version.digest, version.semantic,
                     version.executable, version.size, format, version.execution, version.created)  # fmt: skip

    def _unknown(self, text: str) -> UnknownIdError:
        try:
            stages = [stage.name for stage in self._project.plan({}).plan.stages]
        except PipelinefileError:
            stages = []
        if text.partition("@")[0] in stages:
            return UnknownIdError(f"{text}: no execution of this is recorded", hint="see 'provstore status'")
        near = nearest(text, stages)
        hint = f"did you mean '{near}'?" if near else "'provstore log' shows runs, 'provstore history PATH' versions"
        return UnknownIdError(
            f"{text or repr(text)}: there is no such file or directory, nor a recorded version, run, execution, "
            "dataset or task of this name",
            hint=hint,
        )

    # --- the one before -----------------------------------------------------------------------------------

    def _last_runs(self) -> tuple[Subject, Subject]:
        found = self._store.ask(materials.last_runs)
        if len(found) < 2:
            raise UnknownIdError("diff: there is one run only, expected two to compare", hint="see 'provstore log'")
        for run in found:
            prove(self._store, RUN, run)
        return Subject(RUN, found[1], found[1]), Subject(RUN, found[0], found[0])

    def _with_the_one_before(self, b: Subject) -> tuple[Subject, Subject]:
        if b.kind == FILE:
            task = self._task(b.text) if self._known(b.text) is None else None  # a folder may be called as a stage is
            return self._file_and_version(b) if task is None else self._with_the_one_before(task)
        if b.kind == DATASET:
            return self._version_before(b), b
        question = materials.run_before if b.kind == RUN else materials.execution_before
        before = self._store.ask(question, b.id)
        if before is None:
            what = "run" if b.kind == RUN else "execution of its task"
            raise UnknownIdError(f"{b.text}: there is no {what} before it", hint="name what to compare it with")
        prove(self._store, b.kind, before)
        return Subject(b.kind, before, before), b

    def _file_and_version(self, file: Subject) -> tuple[Subject, Subject]:
        """What lies there and the version that should, if they differ; else that version and the one before."""
        known = self.known(file.text)
        assert known.expected is not None, "else it is not known"
        there = versions.present(self._project, self._store, known.path)
        if there is not None and not there.is_like(known.expected):
            return self._proved(file.text, known.expected), file
        return self._before(known, known.expected, file.text), self._proved(file.text, known.expected)

    def _version_before(self, b: Subject) -> Subject:
        assert b.piece is not None, "a dataset has one"
        known = versions.recorded(self._project, self._store, b.piece.path)
        if known is None or all(row.dataset != b.id for row in known.versions()):
            known = self._known(os.path.join(self._project.root, b.piece.path))
            assert known is not None, "it has this version"
        version = next(row for row in known.versions() if row.dataset == b.id)
        return self._before(known, version, b.text)

    def _before(self, known: Known, version: Version, text: str) -> Subject:
        return self._proved(text, self.version_before(known, version, text))

    def version_before(self, known: Known, version: Version, text: str) -> Version:
        """The last version before another one that has other content.

        Args:
            text: What the other one was called.

        Raises:
            UnknownIdError: There is none.
        """
        older = iter(known.versions())
        for row in older:
            if row.dataset == version.dataset:
                break
        content = (version.digest, version.kind, version.executable)
        for row in older:
            if (row.digest, row.kind, row.executable) != content:
                return row
        raise UnknownIdError(
            f"{text}: there is no version before it with other content",
            hint=f"see: provstore history {_typed(known.path)}",
        )

    def _proved(self, text: str, version: Version) -> Subject:
        prove(self._store, DATASET, version.dataset)
        return self._of_version(text, version)


def store_of(project: Project, text: str) -> Store:
    """The store.

    Raises:
        UnknownIdError: There is none.
    """
    if project.store is None:
        raise UnknownIdError(f"{text}: {NO_STORE}", hint=RUN_FIRST)
    return project.store


def _typed(path: str) -> str:
    """A path as one word of a command line that no option looks like."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def _values(text: str) -> dict[str, str] | None:
    """Values by dimension of ``stage@visit=101``; None where it is no task."""
    from provstore.query import parse_task

    try:
        return parse_task(text)[1]
    except UsageError:
        return None


def _fits(data_id: str, wanted: dict[str, str]) -> bool:
    import json

    known = json.loads(data_id)
    return all(name in known and spelled(known[name]) == value for name, value in wanted.items())

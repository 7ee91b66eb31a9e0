"""The composition root: finds the project, opens the store, makes the plan. The only place that wires."""

from __future__ import annotations

import os
from functools import cached_property

from provstore import __version__
from provstore.digest import SALTED, digest_bytes, digest_json, digest_of_variable, digest_text
from provstore.errors import (
    STORE_FOLDER,
    FileError,
    NoProjectError,
    PipelinefileError,
    StoreUnwritableError,
    UsageError,
)
from provstore.model.remembered import SPELLING, Texts, plan_from, text_of
from provstore.model.task import Plan, Work, digest_of_found
from provstore.model.values import new_id
from provstore.noun import NamedTuple
from provstore.store import history, memory
from provstore.watch.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from provstore.apart.client import Apart
    from provstore.claims import Claims, Declared
    from provstore.finder import DatasetFinder
    from provstore.model.pipeline import Pipeline
    from provstore.model.task import Search
    from provstore.pipelinefile.render import Works
    from provstore.pipelinefile.tables import Document
    from provstore.plugins import Plugins
    from provstore.semantics import StoredSemantics
    from provstore.store.ledger import Ledger
    from provstore.store.store import Store
    from provstore.store.underway import Surrounding

PIPELINEFILE = "Pipelinefile.toml"
FOLDER = STORE_FOLDER


class Planned(NamedTuple):
    """A plan and what belongs to it.

    Attributes:
        work: What it takes to run a task, by position; reads it from the store where the plan was remembered.
        fingerprint: What it is remembered by.
        works: All of it, in the order of the tasks; None where the plan was remembered.
        is_news: The plan is to be remembered: it is new, or its files read otherwise and say the same.
    """

    plan: Plan
    work: Callable[[int], Work]
    fingerprint: str
    works: Iterable[Work] | None
    is_news: bool

    def remember(self, ledger: Ledger) -> None:
        """Gives the plan to the store's next transaction."""
        works = None if self.works is None else Texts(self.works)
        ledger.remember_plan(self.fingerprint, text_of(self.plan), works)


class Project:
    """A folder with a Pipelinefile, and its store if there is one. A context manager.

    Attributes:
        root: Absolute path of the folder, without symbolic links.
        file: The Pipelinefile, relative to the root.
        store: None until the first fact is recorded.
        imagined: Folder → what a plan takes to lie in it, whatever does; see `watch.find`.
        inputs: Collections in which inputs are looked up, first to last; empty: in `chain`, and only what has no path.
        chain: The collection that gets what is made.
        while_reading: Called some times a second while a format reads a file; what it raises ends the reading.
    """

    def __init__(self, root: str, file: str = PIPELINEFILE) -> None:
        self.root, self.file = root, file
        self.folder = os.path.join(root, FOLDER)
        self.store_path = os.path.join(self.folder, "store.db")
        self.store: Store | None = None
        self._pipeline: Pipeline | None = None
        self._document: Document | None = None
        self._declaring: Plan | None = None
        self._declared: Declared | None = None
        self._claims: Claims | None = None
        self._apart: Apart | None = None
        self.imagined: Mapping[str, Sequence[str]] = {}
        self.inputs: tuple[str, ...] = ()
        self.chain = "main"
        self.while_reading: Callable[[], None] = lambda: None
        if os.path.lexists(self.store_path):
            from provstore.store.store import Store

            self.store = Store(self.store_path)

    @classmethod
    def find(cls, start: str, file: str | None = None) -> Project:
        """The project that `start` lies in, or the one of a Pipelinefile that was named.

        Raises:
            NoProjectError: There is none.
        """
        return cls(*locate(start, file))

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the store, and ends the process in which formats work."""
        if self._apart is not None:
            self._apart.close()
            self._apart = None
        if self.store is not None:
            self.store.close()
            self.store = None

    def writable_store(self, now: float) -> Store:
        """The store, made where there is none. Only while holding the lock.

        Args:
            now: Seconds since 1970.
        """
        if self.store is None:
            from provstore.store import migrate
            from provstore.store.store import Store

            if not os.path.lexists(self.store_path):
                migrate.create(self.store_path, now, self.store_id)
            self.store = Store(self.store_path)
        return self.store

    @property
    def has_remains(self) -> bool:
        """Something of a store is left, whether the store itself is there or not."""
        names = os.listdir(self.folder) if os.path.isdir(self.folder) else ()
        return any(name in ("objects", "failed") or name.startswith("store.db.damaged-") for name in names)

    @property
    def lock_file(self) -> str:
        """The lock file beside the Pipelinefile, relative to the root; there may be none."""
        return self.file.removesuffix(".toml") + ".lock"

    def renew_store(self) -> None:
        """Opens the store anew where `recover` has put another file in its place since. Only while holding the lock."""
        from provstore.store.store import Store

        if self.store is not None and self.store.is_replaced and os.path.lexists(self.store_path):
            self.close()
            self.__dict__.pop("store_id", None)
            self.store = Store(self.store_path)

    @cached_property
    def store_id(self) -> str:
        """Id of the store; of one that is still to be made, the id that it will have."""
        if self.store is None:
            return new_id()
        from provstore.store import facts

        return self.store.ask(facts.origin)

    def workspace(self) -> Workspace:
        """The files of the project, with what the store remembers of them."""
        if self.store is None:
            workspace = Workspace(self.root, {}, {})
        else:
            workspace = Workspace(self.root, self.store.ask(memory.file_memos), self.store.ask(memory.directory_memos))
        workspace.semantics = lambda: self.semantics
        return workspace

    @cached_property
    def semantics(self) -> StoredSemantics:
        """What the files of the project mean; imported here, as a run whose files look as remembered does not ask."""
        from provstore.semantics import StoredSemantics

        return StoredSemantics(self._formats_declared, self._known, self.apart)

    def take_remarks(self) -> list[str]:
        """What a person should know of files that were read, and was not taken yet."""
        return self.semantics.take_remarks() if "semantics" in self.__dict__ else []

    def declare_formats(self, plan: Plan) -> None:
        """Takes over what a plan says of formats."""
        self._declaring = plan

    def _formats_declared(self) -> Declared:
        """What the Pipelinefile says of formats; where it is wrong, which is not the question here, nothing."""
        from provstore.claims import Claims, Declared

        if self._declaring is None:
            try:
                self._declaring = self.plan({}).plan
            except PipelinefileError:
                return Declared(Claims(self.root, (), {}), {})
        plan = self._declaring
        known = self._declared
        if known is None or known.paths is not plan.formats:
            claims = self._claims_by(plan.settings.plugins, plan.settings.format_choices)
            known = self._declared = Declared(claims, plan.formats)
        return known

    def _claims_by(self, named: Sequence[str], choices: Mapping[str, str]) -> Claims:
        """Claims by what a Pipelinefile says; the same ones again, with their plug-ins, while it says the same."""
        from provstore.claims import Claims

        claims = Claims(self.root, named, choices)
        if self._claims is None or not self._claims.is_like(claims):
            self._claims = claims
        return self._claims

    @property
    def claims(self) -> Claims:
        """The formats of the project, by name and by ending."""
        return self._formats_declared().claims

    def format_of(self, path: str) -> str:
        """Name of the format that a file has now: by the Pipelinefile, else by its ending."""
        declared = self._formats_declared()
        return declared.claims.name_of(path, declared.paths.get(path))

    def _known(self, path: str, digest: str, executable: bool) -> tuple[str, str | None] | None:
        return self.store.ask(history.known, path, digest, executable) if self.store is not None else None

    def apart(self) -> Apart:
        """The process in which the project's formats work, started when it is first asked."""
        if self._apart is None:
            from provstore.apart.client import Apart

            self._apart = Apart(self.claims, self._while_waiting)
        return self._apart

    def _while_waiting(self) -> None:
        self.while_reading()

    def pipeline(self, overrides: Mapping[str, str]) -> Pipeline:
        """What the Pipelinefile says, read once: who edits it does not change a run that is under way.

        Args:
            overrides: Parameters for this run, as text.

        Raises:
            PipelinefileError: It is wrong.
            UsageError: There is no parameter of an overridden name.
        """
        if self._pipeline is None:
            from provstore.pipelinefile.check import check

            self._pipeline = check(self.root, self._read())
        pipeline = self._pipeline
        if not overrides:
            return pipeline
        from provstore.pipelinefile.overrides import overridden

        return pipeline._replace(params={**pipeline.params, **overridden(pipeline.params, overrides)})

    def _read(self) -> Document:
        if self._document is None:
            from provstore.pipelinefile.read import read_document

            task = _surrounding()
            self._document = read_document(self.root, self.file, task and task.originals_of(self.root))
        return self._document

    def forget_pipeline(self) -> None:
        """Lets the Pipelinefile be read again: time has passed in waiting."""
        self._pipeline = self._document = None

    def plugins(self) -> Plugins:
        """Finds, imports and checks all plug-ins.

        Raises:
            PipelinefileError: It is wrong, so that those it names are not known.
        """
        from provstore.plugins import Plugins

        pipeline = self.pipeline({})
        claims = self._claims_by(pipeline.plugins, pipeline.format_choices)
        return claims.plugins or Plugins(self.root, pipeline.plugins, pipeline.format_choices)

    def plan(self, overrides: Mapping[str, str], settled: frozenset[str] | None = None) -> Planned:
        """The plan: the remembered one while all it was made from is the same, else a new one.

        Args:
            overrides: See `pipeline`.
            settled: See `expand`; None: what is found in output directories counts.
        """
        fingerprint = digest_text(repr([__version__, SPELLING, self.file, sorted(overrides.items())]))
        if settled is None and not self.inputs:
            remembered = self._remembered(fingerprint)
            if remembered is not None:
                plan, is_news = remembered
                return Planned(plan, self._remembered_works(plan, overrides), fingerprint, None, is_news)
        plan, expanded = self._expand(overrides, settled)
        is_news = not (plan.unresolved or plan.looked_up or plan.unfound or self.inputs)
        return Planned(plan, expanded.__getitem__, fingerprint, expanded, is_news)

    def _expand(self, overrides: Mapping[str, str], settled: frozenset[str] | None) -> tuple[Plan, Works]:
        from provstore.pipelinefile.expand import expand
        from provstore.pipelinefile.lookups import has_lookups, with_lookups

        pipeline = with_lookups(self.pipeline(overrides), is_named=bool(self.inputs))
        self._check_formats(pipeline)
        finder: DatasetFinder | None = None
        if self.inputs or has_lookups(pipeline):
            from provstore.finder import DatasetFinder

            finder = DatasetFinder(pipeline, self.store, self.workspace(), self.inputs, self.chain)
        return expand(pipeline, self._find, self._recorded_environment(pipeline.secret_env), settled, finder)

    def _check_formats(self, pipeline: Pipeline) -> None:
        """Refuses names of formats that there are not, before anything is run.

        A dataset type may have a format whose package is not installed here: then the bytes of its files decide, and
        the run says so.
        """
        from provstore.formats import KNOWN_PACKAGES
        from provstore.pipelinefile.formats import named_formats

        named = named_formats(pipeline)
        names = [entry for entry in named if entry.is_asked_for or entry.name not in KNOWN_PACKAGES]
        claims = self._claims_by(pipeline.plugins, pipeline.format_choices)
        wrong = claims.check({number: entry.name for number, entry in enumerate(names)})
        if wrong:
            raise PipelinefileError([names[number].problem(error.message, error.hint) for number, error in wrong])

    def _find(self, search: Search) -> Sequence[str]:
        from provstore.watch.find import find

        return find(self.root, search, self.imagined)

    def _remembered(self, fingerprint: str) -> tuple[Plan, bool] | None:
        """The remembered plan, and whether it is one for files that have another text by now; None: none holds."""
        if self.store is None:
            return None
        row = self.store.ask(memory.plan)
        if row is None or row[0] != fingerprint:
            return None
        plan = plan_from(row[1])
        if not self._still_holds(plan):
            return None
        if all(self._digest_of(file) == digest for file, digest in plan.files.items()):
            return plan, False
        document = self._readable()
        if document is None or document.meaning() != plan.meaning:
            return None
        return plan._replace(files=document.digests), True

    def _readable(self) -> Document | None:
        """The Pipelinefile as it is now; None: what is wrong in it, whoever makes a new plan will say."""
        try:
            return self._read()
        except PipelinefileError:
            return None

    def _recorded_environment(self, secrets: Sequence[str]) -> Mapping[str, str]:
        """The environment as records may show it: of a secret only a digest, salted with the store's id."""
        if not secrets:
            return os.environ
        hidden = {
            name: f"{SALTED}{digest_text(f'{self.store_id} {name} {value}')}"
            for name in secrets
            if (value := os.environ.get(name)) is not None
        }
        return {**os.environ, **hidden}

    def _still_holds(self, plan: Plan) -> bool:
        """All but the text of the Pipelinefile gives the same again."""
        environment = self._recorded_environment(plan.settings.secret_env)
        return all(
            digest_of_variable(environment.get(name)) == digest for name, digest in plan.environment.items()
        ) and all(digest_of_found(self._find(search)) == digest for search, digest in plan.searches)

    def _digest_of(self, file: str) -> str:
        try:
            with open(os.path.join(self.root, file), "rb") as opened:
                return digest_bytes(opened.read())
        except OSError:
            return ""

    def _remembered_works(self, plan: Plan, overrides: Mapping[str, str]) -> Callable[[int], Work]:
        """Reads what it takes to run a task; where that is damaged, or another plan's by now, works it out again."""
        expanded: list[Work] = []

        def work(position: int) -> Work:
            static = plan.tasks[position].static
            text = self.store.ask(memory.work, position) if self.store is not None else None
            if text is not None:
                found = Work.from_json(text)
                if static_of(found) == static:
                    return found
            if not expanded:
                expanded.extend(self._expand(overrides, None)[1])
            if position < len(expanded) and static_of(expanded[position]) == static:
                return expanded[position]
            raise UsageError(
                f"{plan.name(position)}: the Pipelinefile was changed since its plan was made",
                hint="run the command again",
            )

        return work


def static_of(work: Work) -> str:
    """`Task.static` of the task that this is the work of: no other task has it, so none gets another one's command."""
    outputs = [(output.role, output.path, output.format) for output in work.outputs]
    return digest_json(
        {
            "command": work.argv,
            "cwd": work.cwd,
            "environment": work.environment,
            "inputs": [(role, work.recorded.get(path, path)) for role, path in work.inputs],
            "outputs": outputs,
            "params": work.params,
        }
    )


def locate(start: str, file: str | None) -> tuple[str, str]:
    """Root and Pipelinefile of the project that `start` lies in, of a task's run, or of a Pipelinefile that was named.

    Raises:
        NoProjectError: There is none.
    """
    if file is not None:
        full = os.path.realpath(os.path.join(start, file))
        if not os.path.lexists(full):
            raise NoProjectError(
                f"{file}: there is no such file", hint="paths are relative to the current folder or -C"
            )
        return os.path.dirname(full), os.path.basename(full)
    folder = os.path.realpath(start)
    task = _surrounding()
    while True:
        place = os.path.join(folder, PIPELINEFILE)
        if task is not None and (folder == task.root or task.includes(place)):
            return task.root, task.files[0]
        if os.path.lexists(place):  # reading it says what is wrong with a folder
            return folder, PIPELINEFILE
        above = os.path.dirname(folder)
        if above == folder:
            raise NoProjectError(
                f"{os.path.realpath(start)}: no {PIPELINEFILE} here or in a folder above",
                hint="'provstore init' makes one",
            )
        folder = above


def _surrounding() -> Surrounding | None:
    if "PROVSTORE_ROOT" not in os.environ:  # as for most commands: they need not import that
        return None
    from provstore.store.underway import surrounding

    return surrounding()


def make_folder(folder: str) -> None:
    """Makes `.provstore/`, which tells git to pass over what is only of use here and now."""
    from provstore.store.objects import make_lasting_folder

    ignore = os.path.join(folder, ".gitignore")
    try:
        make_lasting_folder(folder)
        if not os.path.exists(ignore) or not os.path.getsize(ignore):  # a full disk or a power cut may leave it empty
            with open(ignore, "w", encoding="utf-8") as file:
                file.write("# Made by provstore: all but the store itself is only of use here.\n/*\n!/store.db\n")
    except OSError as error:
        raise StoreUnwritableError(f"{folder}: {error.strerror}", hint="give permission to write there") from error


def relative_path(root: str, current: str, path: str) -> str:
    """A path from the command line, relative to the current folder, as the project spells it.

    Raises:
        FileError: It lies outside of the project, or is not UTF-8.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise FileError(f"{path!r}: the name is not UTF-8") from None
    full = os.path.normpath(os.path.join(os.path.realpath(current), path))
    inside = os.path.relpath(full, root)
    if inside == ".." or inside.startswith("../"):
        raise FileError(f"{path}: lies outside of the project {root}")
    return inside

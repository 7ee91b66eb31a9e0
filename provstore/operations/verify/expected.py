"""What is to come out when the work of tasks is done again: from the store, or from a lock file.

Rules: a task is compared with what is recorded for its present key, and with nothing else. What a task upstream
makes counts as it was recorded, whether it lies on the disk or not; so a clean checkout can be verified. Where a task
reads a part of what another one makes, or a folder in which it makes something, and that does not lie on the disk,
its key is known once that was made again: then it is *put off*.
"""

from __future__ import annotations

from provstore.model.files import RecordedContent
from provstore.model.lock import FROZEN
from provstore.model.verdict import FRESH, RESTORABLE, WAITING
from provstore.noun import NamedTuple
from provstore.operations.lock.keys import Keys
from provstore.operations.lock.present import Present, folders_of
from provstore.operations.verdicts import Verdicts
from provstore.store import history
from provstore.store.proof import prove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from provstore.model.lock import Lock
    from provstore.model.verdict import Success, Verdict
    from provstore.operations.assess import Assessment
    from provstore.project import Project
    from provstore.store.history import Made
    from provstore.store.store import Store
    from provstore.watch.workspace import Workspace

    class Memory(Protocol):
        """Knows what tasks have made.

        Attributes:
            stands_for: Identity that the bytes here have by themselves, by path, where this memory gives them another.
        """

        verdicts: Verdicts
        stands_for: Mapping[str, str]

        def look_up(self, position: int, verdict: Verdict) -> Found:
            """What is recorded for a task that was just judged."""

        def identity(self, workspace: Workspace, path: str) -> str:
            """Identity of what lies at a path, as keys have it."""


class Found(NamedTuple):
    """What is recorded for the present key of a task.

    Attributes:
        execution: That made it; None: it is not known here.
        outputs: In the order of the task's outputs.
        why_not: Why there is nothing to compare with; "" where there is.
        accepted: A person took the outputs for right; the execution had another key.
    """

    execution: str | None
    outputs: tuple[RecordedContent, ...]
    why_not: str = ""
    accepted: bool = False


class Expectation(NamedTuple):
    """What is to come out of a task; of one that is put off, as far as that is known.

    Attributes:
        inputs: Identities of what it reads, in order; "" where that is not known.
        unknown: Inputs that lie in what tasks upstream make again, or are folders with such in them.
        is_put_off: Its key is not known yet.
    """

    found: Found
    inputs: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    is_put_off: bool = False

    @property
    def why_not(self) -> str:
        """Why there is nothing to compare with; "" where there is, or may be."""
        return self.found.why_not


class Expectations:
    """What is to come out of the selected tasks. Tasks are decided in the order of the plan.

    Args:
        known: What was found out in earlier rounds, by stage and data ID.

    Attributes:
        of: By position.
        stands_for: See `Memory`.
        made: What they make, by path, as far as it is known.
        looked_up: What they read because it was found in the registry, by path.
    """

    def __init__(self, assessment: Assessment, memory: Memory, known: Mapping[tuple[str, str], Expectation]) -> None:
        self._plan, self._workspace = assessment.plan, assessment.workspace
        self.looked_up = assessment.plan.looked_up
        self._memory, self._verdicts = memory, memory.verdicts
        self.stands_for = memory.stands_for
        self.of: dict[int, Expectation] = {}
        self.made: dict[str, RecordedContent] = {}
        self._maker: dict[str, int] = {}
        self._inside: dict[str, list[str]] = {}
        self._know_outputs(assessment.selection.positions)
        for position in assessment.selection.positions:
            before = known.get((self._plan.stage_of(position).name, self._plan.tasks[position].data_id))
            is_settled = before is not None and not (before.is_put_off or before.why_not)
            self.of[position] = self._taken_over(position, before) if before and is_settled else self._decide(position)

    def _know_outputs(self, positions: Sequence[int]) -> None:
        """Who makes what, and what lies in folders that are read: a task may read what ten thousand others make."""
        paths = set(self._plan.paths)
        for position in positions:
            for output in self._plan.outputs(position):
                self._maker[output] = position
                for folder in paths.intersection(folders_of(output)):
                    self._inside.setdefault(folder, []).append(output)

    def _taken_over(self, position: int, before: Expectation) -> Expectation:
        """What is known of a task since an earlier round. For the tasks downstream it is as if it had just run."""
        for number, identity in zip(self._plan.tasks[position].inputs, before.inputs, strict=True):
            self._verdicts.suppose(number, identity)
        self._note(position, before.found)
        return before

    def _note(self, position: int, found: Found) -> None:
        self._verdicts.ran(position, tuple([made.identity for made in found.outputs]))
        self.made.update({made.path: made for made in found.outputs})

    def _decide(self, position: int) -> Expectation:
        upstream = [self.of[source] for source in self._plan.tasks[position].upstream if source in self.of]
        is_hopeless = any(source.why_not for source in upstream)
        paths = () if is_hopeless else self._plan.inputs(position)
        unknown = tuple([path for path in paths if self._is_unknown(path)])
        if unknown or (not is_hopeless and any(source.is_put_off for source in upstream)):
            self._verdicts.judge_one(position)
            self._verdicts.missing.clear()
            self._verdicts.put_off(position)
            return Expectation(Found(None, ()), self._inputs(position), unknown, is_put_off=True)
        return self._judged(position)

    def _is_unknown(self, path: str) -> bool:
        """The input is a part of what tasks make, or contains such, and that does not lie in the project."""
        for output in self.parts(path):
            made = self.made.get(output)
            if made is None or self._workspace.identity(output) != made.identity:
                return True
        return False

    def parts(self, path: str) -> list[str]:
        """Outputs of selected tasks in which an input lies, or which lie in it."""
        return [*[folder for folder in folders_of(path) if folder in self._maker], *self._inside.get(path, ())]

    def makers(self, path: str) -> list[int]:
        """The selected tasks that make an input, a part of it, or what it is a part of."""
        return [self._maker[made] for made in (path, *self.parts(path)) if made in self._maker]

    def settle(self, position: int, scratch: Workspace) -> Expectation:
        """What is to come out of a task that was put off, now that what it waits for was made again.

        Args:
            scratch: Where its unknown inputs lie.
        """
        for number in self._plan.tasks[position].inputs:
            path = self._plan.paths[number]
            if path in self.of[position].unknown:
                self._verdicts.suppose(number, self._memory.identity(scratch, path))
        self.of[position] = self._judged(position)._replace(unknown=self.of[position].unknown)
        return self.of[position]

    def _judged(self, position: int) -> Expectation:
        """Looks up a task all of whose inputs are known. For the tasks downstream it is as if it had just run."""
        verdict = self._verdicts.judge_one(position)
        missing = [path for _, path in self._verdicts.missing]
        self._verdicts.missing.clear()
        if missing:
            found = Found(None, (), f"input {missing[0]} is not here")
        else:
            found = self._memory.look_up(position, verdict)
        inputs = self._inputs(position)
        if not found.why_not:
            self._note(position, found)
        return Expectation(found, inputs)

    def _inputs(self, position: int) -> tuple[str, ...]:
        return tuple(self._verdicts.identities_of(position))


class Recorded:
    """What the store knows; see `Memory`."""

    def __init__(self, assessment: Assessment, store: Store | None) -> None:
        self._plan, self._workspace, self._store = assessment.plan, assessment.workspace, store
        self.verdicts = assessment.verdicts
        self.stands_for: Mapping[str, str] = {}

    def identity(self, workspace: Workspace, path: str) -> str:
        """See `Memory.identity`; the store is asked about the bytes anyway."""
        return workspace.identity(path)

    def look_up(self, position: int, verdict: Verdict) -> Found:
        """See `Memory.look_up`.

        A task whose outputs are not there is up to date, as far as that can be told; one whose outputs were changed
        is not, unless they can be put back.
        """
        success = self.verdicts.success.get(position)
        outputs = self._made_by(success, self._plan.outputs(position)) if success is not None else None
        if success is None or outputs is None:
            if verdict.state == FRESH:
                return Found(None, (), "frozen, and nothing is recorded for what it would read now")
            return Found(None, (), f"not up to date: {'; '.join([reason.text for reason in verdict.reasons])}")
        why_not = ""
        if verdict.state not in (FRESH, RESTORABLE):
            lying = [(made.path, self._workspace.identity(made.path), made.identity) for made in outputs]
            changed = [path for path, found, wanted in lying if found not in ("", wanted)]
            if changed:
                why_not = f"not up to date: output {changed[0]} changed, and what was recorded is not kept"
        return Found(success.execution, outputs, why_not, success.accepted)

    def _made_by(self, success: Success, paths: Sequence[str]) -> tuple[RecordedContent, ...] | None:
        """What an execution has recorded for these paths; None where it has nothing for one of them.

        Raises:
            StoreDamagedError: It is not what was recorded.
        """
        if self._store is None:
            return None
        prove(self._store, "execution", success.execution)
        made = self._store.ask(history.made_by, success.execution)
        return tuple([_expected(made[path]) for path in paths]) if all(path in made for path in paths) else None


def _expected(made: Made) -> RecordedContent:
    identity = made.identity.removesuffix("+x") if made.executable else made.identity
    semantic = None if identity == made.digest else identity
    return RecordedContent(made.path, made.kind, made.executable, made.digest, semantic)


class Locked:
    """What a lock file knows; see `Memory`. The store is not asked.

    Bytes that the lock knows at a path have the identity that it says: a plug-in may be missing here.
    """

    def __init__(self, project: Project, assessment: Assessment, lock: Lock) -> None:
        self._plan, self._lock, self._name = assessment.plan, lock, project.lock_file
        self._keys = Keys(assessment.plan, assessment.planned.work)
        self.verdicts = Verdicts(assessment.plan, assessment.workspace, None, assessment.planned.work)
        self._work = assessment.planned.work
        self.stands_for: Mapping[str, str] = self._suppose(assessment.workspace)

    def _suppose(self, workspace: Workspace) -> dict[str, str]:
        """Takes over what the lock says of sources."""
        found, present = {}, Present(self._plan, self._work, workspace, self._lock.inputs)
        number_of = {path: number for number, path in enumerate(self._plan.paths) if path in self._lock.inputs}
        for path, number in number_of.items():
            identity, by_itself = present.identity_as(path, self._lock.inputs[path]), workspace.identity(path)
            if identity != by_itself:
                self.verdicts.suppose(number, identity)
                found[path] = by_itself
        return found

    def identity(self, workspace: Workspace, path: str) -> str:
        """See `Memory.identity`."""
        present = Present(self._plan, self._work, workspace, self._lock.inputs)
        return present.identity_as(path, self._lock.inputs.get(path))

    def look_up(self, position: int, verdict: Verdict) -> Found:
        """See `Memory.look_up`."""
        if verdict.state == WAITING:
            waits = [reason.text for reason in verdict.reasons if reason.kind == WAITING]  # more than that no lock says
            return Found(None, (), f"not up to date: {'; '.join(waits)}")
        task = self._lock.of(self._plan.stage_of(position).name, self._plan.tasks[position].data_id)
        if task is None:
            return Found(None, (), f"not in {self._name}")
        made, paths = {output.path: output for output in task.outputs}, self._plan.outputs(position)
        key = self._keys.of(position, self.verdicts.identities_of(position))
        if task.key not in (key, FROZEN) or made.keys() != set(paths):
            why_not = f"not up to date: {self._name} has another key; 'provstore check --locked' says why"
            return Found(None, (), why_not)
        return Found(None, tuple([RecordedContent(*made[path]) for path in paths]))

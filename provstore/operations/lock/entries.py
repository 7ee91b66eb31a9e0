"""What a lock file is to say: the entries of tasks that are fresh, and of others what it has said before."""

from __future__ import annotations

from provstore.errors import FileError
from provstore.model.files import RecordedContent
from provstore.model.lock import Lock, LockedTask
from provstore.model.remembered import stage_names
from provstore.operations.lock.keys import Keys
from provstore.store.locked import known_datasets
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from provstore.operations.assess import Assessment
    from provstore.store.locked import Known
    from provstore.store.store import Store


def lock_from(assessment: Assessment, store: Store, old: Lock, is_fresh: Callable[[int], bool]) -> Lock:
    """The lock of a plan's tasks.

    Args:
        old: What was locked before.
        is_fresh: Says of a task, by its position, that its outputs lie there and are what its key comes to.

    Raises:
        FileError: A file changed while it was looked at, or can't be read.
        StoreDamagedError: The record of a dataset is not what was recorded.
    """
    return _Entries(assessment, store, old).lock(is_fresh)


class _Entries:
    def __init__(self, assessment: Assessment, store: Store, old: Lock) -> None:
        self._plan, self._verdicts = assessment.plan, assessment.verdicts
        self._workspace, self._store, self._old = assessment.workspace, store, old
        self._keys = Keys(self._plan, assessment.planned.work)
        self._made_before = {output.path: output for task in old.tasks.values() for output in task.outputs}
        self._known: dict[str, Known] | None = None
        self._unproved: list[str] = []

    def lock(self, is_fresh: Callable[[int], bool]) -> Lock:
        """All entries."""
        plan, old = self._plan, self._old
        unresolved = {stage.stage for stage in plan.unresolved}
        tasks = {id: task for id, task in old.tasks.items() if task.stage in unresolved}
        inputs = dict(old.inputs) if tasks else {}  # which of them these tasks read is not known
        made = {number for position in range(len(plan.tasks)) for number in plan.tasks[position].outputs}
        for position, stage in enumerate(stage_names(plan)):
            task = plan.tasks[position]
            before = old.of(stage, task.data_id)
            fresh = is_fresh(position) and all([self._verdicts.identity(number) for number in task.outputs])
            if fresh:
                tasks[stage, task.data_id] = self._entry(position, stage)
            elif before is not None:
                tasks[stage, task.data_id] = before
            for number in task.inputs:
                path = plan.paths[number]
                if number in made or path in plan.looked_up:  # what is in the registry, the keys say
                    continue
                if fresh and self._verdicts.identity(number):  # a frozen task's inputs may be gone
                    inputs[path] = self._dataset(number, old.inputs)
                elif before is not None and path in old.inputs:
                    inputs.setdefault(path, old.inputs[path])
        prove_all(self._store, "dataset", self._unproved)
        return Lock(tasks, inputs)

    def _entry(self, position: int, stage: str) -> LockedTask:
        task = self._plan.tasks[position]
        key = self._keys.of(position, self._verdicts.identities_of(position))
        outputs = [self._dataset(number, self._made_before) for number in task.outputs]
        return LockedTask(stage, task.data_id, key, tuple(sorted(outputs)))

    def _dataset(self, number: int, before: Mapping[str, RecordedContent]) -> RecordedContent:
        """What lies at a path; as the lock has had it, if that is equal as data."""
        path, identity = self._plan.paths[number], self._verdicts.identity(number)
        old = before.get(path)
        if old is not None and old.identity == identity:
            return old
        if self._known is None:
            self._known = self._store.ask(known_datasets)
        known = self._known.get(path)
        if known is not None and known.content.identity == identity:
            self._unproved.append(known.dataset)
            return known.content
        return self._read(path, identity)

    def _read(self, path: str, identity: str) -> RecordedContent:
        """What no record tells: bytes that are equal as data to what is recorded, say."""
        look = self._workspace.look(path)
        content = self._workspace.content(path, look) if look is not None else None
        if content is None or content.identity != identity:
            raise FileError(f"{path} changed while it was looked at", hint="run the command again")
        return RecordedContent(path, content.kind, content.executable, content.digest, content.semantic)

"""What a lock and the disk together say of the present: identities, and the keys that follow from them."""

from __future__ import annotations

from provstore.noun import NamedTuple
from provstore.operations.lock.keys import Keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from provstore.model.files import RecordedContent
    from provstore.model.lock import LockedTask
    from provstore.model.task import Plan, Work
    from provstore.watch.workspace import Workspace


class Read(NamedTuple):
    """Identities of what a task reads at one path; "" where there is none.

    Attributes:
        locked: As the lock says.
        now: As it is; for what other tasks make, as the lock says.
    """

    locked: str
    now: str


class Present:
    """Keys of a plan's tasks, made from sources on the disk and from what a lock says that other tasks make.

    Args:
        work: What it takes to run a task, by position.
        inputs: Locked inputs, by path.
        tasks: Locked tasks; `know` adds more.

    Attributes:
        made: Paths of all outputs.
    """

    def __init__(
        self,
        plan: Plan,
        work: Callable[[int], Work],
        workspace: Workspace,
        inputs: Mapping[str, RecordedContent],
        tasks: Iterable[LockedTask] = (),
    ) -> None:
        self._plan, self._workspace, self._inputs = plan, workspace, inputs
        self._keys = Keys(plan, work)
        self._outputs: dict[str, RecordedContent] = {}
        self._reads: dict[int, Read] = {}
        self.made = frozenset(path for position in range(len(plan.tasks)) for path in plan.outputs(position))
        for task in tasks:
            self.know(task)

    def know(self, task: LockedTask) -> None:
        """Takes over what a task makes; before anything is asked of those that read it."""
        self._outputs |= {output.path: output for output in task.outputs}

    def secrets(self, position: int) -> tuple[str, ...]:
        """Variables that a task depends on and whose values its key here leaves out."""
        return self._keys.secrets(position)

    def key(self, position: int) -> str | None:
        """The key of a task; None while one of its inputs is not known."""
        task = self._plan.tasks[position]
        identities = [] if self._plan.stage_of(position).frozen else [self.read(number).now for number in task.inputs]
        return self._keys.of(position, identities) if all(identities) else None

    def read(self, number: int) -> Read:
        """Identities of an input, by the number of its path."""
        read = self._reads.get(number)
        if read is None:
            read = self._reads[number] = self._look(self._plan.paths[number])
        return read

    def _look(self, path: str) -> Read:
        if path in self.made:
            output = self._outputs.get(path)
            return Read(output.identity, output.identity) if output is not None else Read("", "")
        if path in self._plan.looked_up:
            return Read("", self._plan.looked_up[path].content.identity)
        locked = self._inputs.get(path)
        if locked is not None and not self.made.isdisjoint(folders_of(path)):
            return Read(locked.identity, locked.identity)
        now = self.identity_as(path, locked)
        return Read(locked.identity if locked is not None else "", now)

    def identity_as(self, path: str, locked: RecordedContent | None) -> str:
        """Identity of what lies at a path: the locked one, if it is equal to that as data or to the last byte."""
        look = self._workspace.look(path)
        if look is None or locked is None or look.identity == locked.identity:
            return look.identity if look is not None else ""
        content = self._workspace.content(path, look)
        if content is not None and (content.kind, content.executable, content.digest) == locked[1:4]:
            return locked.identity
        return look.identity


def folders_of(path: str) -> list[str]:
    """The folders around a path, the nearest first."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]

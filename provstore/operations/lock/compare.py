"""Compares a project with its lock file: no store and no output need be there.

Rules: the key of a task is made from the sources on the disk, and for what other tasks make from what the lock says.
Bytes that the lock knows at a path have the identity that it says, as bytes that the store knows have that of the
store: so a plug-in that is missing here, or has newer rules, makes no false alarm. Other bytes are compared by
identities of one kind only; where there are two, a reason says so.
"""

from __future__ import annotations

from provstore.decide import differences, of_other_rules
from provstore.model.lock import FROZEN
from provstore.model.remembered import stage_names
from provstore.model.verdict import FRESH, NEW, STALE, WAITING, Material, Reason
from provstore.noun import NamedTuple
from provstore.operations.lock.present import Present, folders_of
from provstore.operations.verdicts import material_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from provstore.model.lock import Lock, LockedTask
    from provstore.model.task import Plan, Work
    from provstore.watch.workspace import Workspace

LOCKED = "lock"
"""Kind of the reasons that are about the lock file itself."""


class Compared(NamedTuple):
    """How one task compares with the lock.

    Attributes:
        state: "fresh" (as locked), "new" (not locked), "stale" (not as locked), "waiting" (for one that is not).
        key: Its key as far as it can be known here; None: it can't.
        secrets: Variables that count for it, and whose values are not compared.
    """

    position: int
    state: str
    reasons: tuple[Reason, ...]
    key: str | None
    secrets: tuple[str, ...] = ()


class Comparer:
    """Compares tasks of a plan with a lock, makers before those who read.

    Args:
        work: What it takes to run a task, by position.
        name: Of the lock file, for reasons.
        past: The material of the last success with a key; None: no store knows one.

    Attributes:
        absent: Number of locked outputs that do not lie here.
    """

    def __init__(
        self,
        plan: Plan,
        work: Callable[[int], Work],
        workspace: Workspace,
        lock: Lock,
        name: str,
        past: Callable[[str], Material | None],
    ) -> None:
        self._plan, self._work, self._workspace = plan, work, workspace
        self._lock, self._name, self._past = lock, name, past
        known = [lock.of(stage, task.data_id) for stage, task in zip(stage_names(plan), plan.tasks, strict=True)]
        # what is gone may have made the same paths, and counts no more
        self._present = Present(plan, work, workspace, lock.inputs, [task for task in known if task is not None])
        self._around_made = {folder for path in self._present.made for folder in folders_of(path)}
        self._open: set[int] = set()
        self.absent = 0

    def compare(self, position: int) -> Compared:
        """One task; those that make its inputs must have been compared before."""
        plan = self._plan
        task, stage = plan.tasks[position], plan.stage_of(position)
        key = self._present.key(position)
        locked = self._lock.of(stage.name, task.data_id)
        if locked is None:
            state, reasons = NEW, [Reason(LOCKED, "", f"not in {self._name}")]
        else:
            reasons = [*self._key_reasons(position, locked, key), *self._output_reasons(position, locked)]
            state = STALE if reasons else FRESH
        waits = [] if stage.frozen else [source for source in task.upstream if source in self._open]
        if waits and state == FRESH:
            state, reasons = WAITING, [self._waiting(waits)]
        if state != FRESH:
            self._open.add(position)
        return Compared(position, state, tuple(reasons), key, self._present.secrets(position))

    def _waiting(self, sources: list[int]) -> Reason:
        more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
        return Reason("waiting", self._plan.stage_of(sources[0]).name, f"waits for {self._plan.name(sources[0])}{more}")

    def _key_reasons(self, position: int, locked: LockedTask, key: str | None) -> list[Reason]:
        if key in (locked.key, FROZEN):
            return []
        reasons = list(differences(*self._materials(position, locked)))
        for number in dict.fromkeys(self._plan.tasks[position].inputs):
            path = self._plan.paths[number]
            if not self._present.read(number).now and path not in self._present.made:  # else its maker is not locked
                reasons.append(Reason("input", path, f"input {path} is missing"))
        if reasons or key is None:
            return [self._with_doubt(reason) for reason in reasons]
        if locked.key == FROZEN:
            return [Reason(LOCKED, "", f"was frozen when {self._name} was written")]
        text = "its key differs, no input does (command, parameter, variable, path)"
        return [Reason(LOCKED, "", text)]

    def _with_doubt(self, reason: Reason) -> Reason:
        """Says of a folder in which outputs lie, and that are not here, that nobody knows."""
        path = reason.subject
        if reason.kind != "input" or path not in self._around_made:
            return reason
        for made in sorted(self._present.made):
            if made.startswith(path + "/") and self._workspace.look(made) is None:
                return reason._replace(text=f"input {path} can't be compared: {made} is not here")
        return reason

    def _materials(self, position: int, locked: LockedTask) -> tuple[Material, Material]:
        """What the locked key and the present one are made of, as far as that is known."""
        past = self._past(locked.key)
        if past is not None:
            identities = [self._present.read(number).now for number in self._plan.tasks[position].inputs]
            return past, material_from(self._work(position), identities)
        reads = [(self._plan.paths[number], self._present.read(number)) for number in self._plan.tasks[position].inputs]
        before = tuple([("", path, read.locked) for path, read in reads if read.locked and read.now])
        now = tuple([("", path, read.now) for path, read in reads if read.now])
        outputs = tuple([("", path, "") for path in self._plan.outputs(position)])
        locked_outputs = tuple([("", output.path, "") for output in locked.outputs])
        return Material("", "", "", {}, {}, before, locked_outputs), Material("", "", "", {}, {}, now, outputs)

    # --- outputs --------------------------------------------------------------------------------------

    def _output_reasons(self, position: int, locked: LockedTask) -> list[Reason]:
        declared, reasons = set(self._plan.outputs(position)), []
        for output in locked.outputs:
            if output.path not in declared:
                continue  # the key says that
            found = self._present.identity_as(output.path, output)
            if not found:
                self.absent += 1
            elif found != output.identity:
                text = f"output {output.path} is not as locked{of_other_rules(output.identity, found)}"
                reasons.append(Reason("output", output.path, text))
        return reasons

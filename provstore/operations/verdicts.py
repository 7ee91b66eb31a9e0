"""Facts for `decide`: what lies on the disk, what the store remembers, what waits for what.

Used by `run`, `run -n`, `status` and `check` alike, so that they can't disagree.
"""

from __future__ import annotations

from provstore.decide import FRESH_WITHOUT_REMARK, decide, is_plainly_fresh
from provstore.digest import digest_text
from provstore.model.remembered import RememberedStages, RememberedTasks, numbers
from provstore.model.verdict import FRESH, MUST_RUN, RESTORABLE, WAITING, Facts, History, Material, Success, Verdict
from provstore.store import history, memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from provstore.model.files import DirectoryMemo, Memo
    from provstore.model.task import Plan, Work
    from provstore.model.verdict import Attempt
    from provstore.store.store import Store
    from provstore.watch.workspace import Workspace


def key_from(static: str, identities: Iterable[str]) -> str:
    """The key of a task, from the digest of all else that it is made of and the identities of its inputs."""
    return digest_text("\n".join([static, *identities]))


def material_from(work: Work, identities: Sequence[str]) -> Material:
    """What a key is made of: `identities` are those of the inputs, in their order; "" is not known yet."""
    return Material(
        work.command,
        work.shell,
        work.cwd,
        work.params,
        work.environment,
        tuple(
            (role, work.recorded.get(path, path), identity)
            for (role, path), identity in zip(work.inputs, identities, strict=True)
        ),
        tuple((output.role, output.path, output.format) for output in work.outputs),
    )


def _looked_up(plan: Plan) -> dict[int, str]:
    """Identity of what was found in the registry, by the number of its path: it counts as it was recorded."""
    if not plan.looked_up:
        return {}
    numbers = {path: number for number, path in enumerate(plan.paths)}
    return {numbers[path]: found.content.identity for path, found in plan.looked_up.items() if path in numbers}


class Of(dict[int, Verdict]):
    """Verdicts by position. Tasks that are fresh without a remark need not be listed: there are thousands of them."""

    def __missing__(self, position: int) -> Verdict:
        return FRESH_WITHOUT_REMARK


class Verdicts:
    """Verdicts of a plan's tasks, and what follows for those that read what they make.

    Args:
        store: None where nothing was ever recorded.
        work: What it takes to run a task, by position.
        done: Tasks that the present run has executed already, as (stage, data ID).

    Attributes:
        of: Verdict by position; lists those of tasks that are not fresh, and some others.
        made: Key of each task's remembered success → identities of what it made, with spaces between.
        key: Key by position, of tasks that succeeded with it, and of the one that was decided last; None while it
            can't be known.
        missing: (position, path) of inputs that are not there and that nothing will make.
        success: The success with the task's key, by position, of tasks that were decided one by one and have one.
        found: Successes that were looked up in the past instead of being remembered.
        look: What was seen at a path, by its number, of the task that was decided last.
    """

    def __init__(
        self,
        plan: Plan,
        workspace: Workspace,
        store: Store | None,
        work: Callable[[int], Work],
        done: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self._plan, self._workspace, self._store, self._work, self._done = plan, workspace, store, work, done
        self.made: dict[str, str] = store.ask(memory.made_by_key) if store else {}
        self._identity = [""] * len(plan.paths)  # by the path's number; "" where it is not known
        self._looked_up = _looked_up(plan)
        for number, identity in self._looked_up.items():
            self._identity[number] = identity
        self._attempt: dict[int, Attempt | None] = {}
        self._proved: set[str] = set()
        self._pending: set[int] = set()
        self._restoring: set[int] = set()
        self.of = Of()
        self.key: dict[int, str | None] = {}
        self.success: dict[int, Success] = {}
        self.missing: list[tuple[int, str]] = []
        self.found: list[tuple[int, Success]] = []
        self.look: dict[int, Memo | DirectoryMemo | None] = {}

    def judge(self, positions: Iterable[int], forced: frozenset[int]) -> None:
        """Decides all these tasks, in their order; a task waits only for those that were decided before it."""
        plan, tasks = self._plan, self._plan.tasks
        if not (isinstance(plan.stages, RememberedStages) and isinstance(tasks, RememberedTasks)):
            for position in positions:
                self._judge_one_of_many(position, forced)
            return
        unusual, stages = plan.stages.unusual, tasks.stages
        for position in positions:
            is_usual = stages[position] not in unusual and position not in forced
            if not (is_usual and self._is_plainly_fresh(tasks, position)):
                self._judge_one_of_many(position, forced)

    def _judge_one_of_many(self, position: int, forced: frozenset[int]) -> None:
        """Decides a task and keeps little of it: there may be a hundred thousand, each decided again when it starts."""
        self.judge_one(position, forced=position in forced)
        self.look.clear()
        if position not in self.success:
            del self.key[position]

    def _is_plainly_fresh(self, tasks: RememberedTasks, position: int) -> bool:
        """The short way to the verdict that nearly every task gets, without a noun; False: `judge_one` has to decide.

        Nothing is noted but what lies at its paths. What is remembered is not proved here: no damage makes it fit.
        """
        if self._pending or self._restoring:
            upstream = numbers(tasks.upstream[position])
            if not (self._pending.isdisjoint(upstream) and self._restoring.isdisjoint(upstream)):
                return False
        paths, known = self._plan.paths, self._identity
        material = [tasks.statics[position]]
        for text in tasks.inputs[position].split():
            number = int(text)
            identity = known[number] or self._workspace.identity(paths[number])
            if not identity:
                return False
            known[number] = identity
            material.append(identity)
        outputs, seen = numbers(tasks.outputs[position]), []
        for number in outputs:
            identity = self._workspace.identity(paths[number])
            if not identity:
                return False
            seen.append(identity)
        if not is_plainly_fresh(self.made.get(digest_text("\n".join(material))), " ".join(seen)):
            return False
        for number, identity in zip(outputs, seen, strict=True):
            known[number] = identity
        return True

    def judge_one(self, position: int, *, forced: bool = False) -> Verdict:
        """Decides one task from what is there now."""
        plan, task = self._plan, self._plan.tasks[position]
        stage = plan.stages[task.stage]
        waiting_for = self._waiting_for(position)
        missing_before = len(self.missing)
        key = None if waiting_for else self._key(position)
        if waiting_for:
            self._note_missing(position, waiting_for)
        seen = tuple([self._seen(number) for number in task.outputs])
        success = self._success(position, key, seen) if key is not None else None
        facts = Facts(
            key,
            tuple([plan.paths[number] for number in task.outputs]),
            seen,
            success,
            tuple([plan.name(source) for source in waiting_for]),
            forced,
            stage.always and (stage.name, task.data_id) not in self._done,
            stage.frozen,
        )
        verdict = decide(facts)
        if (verdict is None or verdict.state != FRESH) and self._forget_damaged(position):
            return self.judge_one(position, forced=forced)
        if verdict is None:
            verdict = decide(facts._replace(history=self._history(position, facts)))
        if verdict is None:
            raise AssertionError(f"{plan.name(position)}: undecided with all facts at hand")
        if verdict.state == FRESH:
            del self.missing[missing_before:]  # what a frozen result was made from may be gone
        self._note(position, verdict, key, seen, success)
        return verdict

    def judge_again(self, position: int, *, forced: bool = False) -> Verdict:
        """Decides a task anew, just before it starts: its inputs are looked at once more."""
        self.look.clear()
        self.key.clear()
        for number in self._plan.tasks[position].inputs:
            self._identity[number] = self._looked_up.get(number, "")
            if number in self._looked_up:
                self._seen(number)
        return self.judge_one(position, forced=forced)

    def inputs_of(self, position: int) -> tuple[tuple[str, str], ...]:
        """(role, path) of all that a task reads."""
        return self._work(position).inputs

    def identities_of(self, position: int) -> list[str]:
        """Identities of what a task reads, in the order of its inputs, as far as they are known; else ""."""
        return [self._identity[number] for number in self._plan.tasks[position].inputs]

    def identity(self, number: int) -> str:
        """Identity of what lies at a path, by its number; "" where it is not known."""
        return self._identity[number]

    def suppose(self, number: int, identity: str) -> None:
        """Takes an identity for that of what lies at a path, by its number, wherever it is known from."""
        self._identity[number] = identity

    def put_off(self, position: int) -> None:
        """A task counts as one that is still to run, whatever its verdict."""
        self._restoring.discard(position)
        self._pending.add(position)

    def ran(self, position: int, made: tuple[str, ...]) -> None:
        """A task has been run or restored: `made` are the identities of its outputs, which lie on the disk now."""
        self._pending.discard(position)
        self._restoring.discard(position)
        self._note_outputs(position, made)

    def _waiting_for(self, position: int) -> list[int]:
        """Tasks that must run first, or be restored because an input lies inside what they made."""
        upstream = self._plan.tasks[position].upstream
        waiting = [] if self._pending.isdisjoint(upstream) else [task for task in upstream if task in self._pending]
        if not self._restoring.isdisjoint(upstream):
            inputs = self._plan.inputs(position)
            waiting += [task for task in upstream if task in self._restoring and self._hides(task, inputs)]
        return waiting

    def _hides(self, maker: int, inputs: list[str]) -> bool:
        """One of the inputs lies inside an output of `maker`, or contains one: it is not there yet."""
        return any(
            path.startswith(output + "/") or output.startswith(path + "/")
            for output in self._plan.outputs(maker)
            for path in inputs
        )

    def _note(
        self, position: int, verdict: Verdict, key: str | None, seen: tuple[str, ...], success: Success | None
    ) -> None:
        self._pending.discard(position)
        self._restoring.discard(position)
        self.of[position] = verdict
        self.key[position] = key
        if success is not None:
            self.success[position] = success
        if verdict.state == FRESH:
            self._note_outputs(position, seen)
        elif verdict.state == RESTORABLE and success is not None:
            self._note_outputs(position, success.outputs)
            self._restoring.add(position)
        elif verdict.state in MUST_RUN or verdict.state == WAITING:
            self._pending.add(position)

    def _note_outputs(self, position: int, identities: tuple[str, ...]) -> None:
        for number, identity in zip(self._plan.tasks[position].outputs, identities, strict=True):
            self._identity[number] = identity

    def _seen(self, number: int) -> str:
        look = self.look[number] = self._workspace.look(self._plan.paths[number])
        return "" if look is None else look.identity

    def _key(self, position: int) -> str | None:
        """Digest of all that determines the result; None when an input is not there."""
        task = self._plan.tasks[position]
        identities = []
        for number in task.inputs:
            identity = self._identity[number]
            if not identity:
                identity = self._identity[number] = self._seen(number)
            if not identity:
                self.missing.append((position, self._plan.paths[number]))
            identities.append(identity)
        return key_from(task.static, identities)

    def _note_missing(self, position: int, waiting_for: list[int]) -> None:
        """Of a task that waits: what it needs besides, and will not get by waiting."""
        task = self._plan.tasks[position]
        to_come = {number for source in waiting_for for number in self._plan.tasks[source].outputs}
        for number in task.inputs:
            if number not in to_come and not self._identity[number] and not self._seen(number):
                path = self._plan.paths[number]
                if not any(self._hides(source, [path]) for source in task.upstream):
                    self.missing.append((position, path))

    def _success(self, position: int, key: str, seen: tuple[str, ...]) -> Success | None:
        if self._store is None:
            return None
        task = self._plan.tasks[position]
        if key in self.made:
            memo = self._store.ask(memory.task_memo, self._plan.stages[task.stage].name, task.data_id)
            if memo is not None and memo.key == key:
                return memo.success
        past = self._store.ask(history.past, key)
        self._attempt[position] = past.attempt
        if past.attempt is None and not past.is_accepted:
            return None
        success = self._store.ask(history.success, key, self._plan.outputs(position))
        if success is not None and success.outputs != seen and not success.accepted:
            success = self._one_that_serves(position, key, seen) or success
        if success is not None:
            self.found.append((position, success))
        return success

    def _one_that_serves(self, position: int, key: str, seen: tuple[str, ...]) -> Success | None:
        """Of several successes with one key, in stores that were merged, say: one whose outputs lie there, or are kept.

        The last one counts where none does.
        """
        if self._store is None:
            return None
        successes = self._store.ask(history.successes, key, self._plan.outputs(position))
        if len(successes) < 2:
            return None
        fitting = [success for success in successes if success.outputs == seen]
        return next(iter(fitting or filter(self._is_kept, successes)), None)

    def _is_kept(self, success: Success) -> bool:
        store = self._store
        if store is None:
            return False
        made = store.ask(history.made_by, success.execution)
        return all(store.objects.has_all(entry.digest, entry.kind) for entry in made.values())

    def _forget_damaged(self, position: int) -> bool:
        """Before a task is called anything but fresh: forgets what is remembered wrongly, the store being damaged.

        Memory that is right costs this look once for each path of a task that has to run, not for those that
        are fresh: no damage makes a task fresh that is not.
        """
        store, task = self._store, self._plan.tasks[position]
        if store is None:
            return False
        found = False
        for number in (*task.inputs, *task.outputs):
            path = self._plan.paths[number]
            if path not in self._proved and self._workspace.remembers(path):
                self._proved.add(path)
                if not store.ask(memory.is_sound, path):
                    self._workspace.forget(path)
                    self._identity[number] = ""
                    found = True
        return found

    def _history(self, position: int, facts: Facts) -> History:
        store = self._store
        if store is None:
            return History((), None, None, None)
        task = self._plan.tasks[position]
        before = self._maker_of_outputs(position)
        if before is None and facts.success is not None:
            before = facts.success.execution
        if before is None:
            before = store.ask(history.last_success, self._plan.stages[task.stage].name, task.data_id)
        return History(
            self._kept(facts),
            self._attempt.get(position) if facts.key is not None and facts.success is None else None,
            store.ask(history.material, before) if before is not None else None,
            self._material(position) if before is not None else None,
        )

    def _maker_of_outputs(self, position: int) -> str | None:
        """The task's success whose outputs lie in the workspace: what a person compares with."""
        task = self._plan.tasks[position]
        for number in task.outputs:
            look = self.look.get(number)
            if self._store is not None and look is not None and look.dataset is not None:
                stage = self._plan.stages[task.stage].name
                return self._store.ask(history.maker, look.dataset, stage, task.data_id)
        return None

    def _kept(self, facts: Facts) -> tuple[bool, ...]:
        if facts.success is None or self._store is None:
            return ()
        made = self._store.ask(history.made_by, facts.success.execution)
        objects = self._store.objects
        return tuple(path in made and objects.has_all(made[path].digest, made[path].kind) for path in facts.outputs)

    def _material(self, position: int) -> Material:
        return material_from(self._work(position), self.identities_of(position))

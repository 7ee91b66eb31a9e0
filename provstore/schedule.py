"""Next? The tasks and what happened to them → what may start.

Rules: no input or output, no clock; a task's life is the table `MOVES`, and any other move is a fault of the
caller. What has the longest way to go starts first, so that the end is not one long chain on one processor.
"""

from __future__ import annotations

import heapq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeAlias

    Need: TypeAlias = "tuple[float, int]"
    """Processors, and bytes of memory."""

WAITING, READY, RUNNING, DONE, FAILED, BLOCKED, CANCELLED = (
    "waiting", "ready", "running", "done", "failed", "blocked", "cancelled"
)  # fmt: skip
MOVES: Mapping[str, frozenset[str]] = {
    WAITING: frozenset({READY, BLOCKED, CANCELLED}),
    READY: frozenset({RUNNING, DONE, FAILED, CANCELLED}),
    RUNNING: frozenset({DONE, FAILED, CANCELLED}),
    DONE: frozenset(),
    FAILED: frozenset(),
    BLOCKED: frozenset(),
    CANCELLED: frozenset(),
}
ROUNDING = 1e-6
"""Processors: what may be left over of sums such as 0.1 + 0.2 - 0.1 - 0.2."""
ENDED = frozenset(state for state, moves in MOVES.items() if not moves)


class Capacity:
    """What the machine has left for tasks.

    Args:
        jobs: Tasks at once.
        cpu: Processors.
        memory: Bytes.
    """

    def __init__(self, jobs: int, cpu: float, memory: int) -> None:
        self.jobs, self.cpu, self.memory = jobs, max(cpu, jobs), memory
        self._running = 0
        self._cpu: float = 0
        self._memory = 0

    def exceeds(self, cpu: float, memory: int) -> bool:
        """The task asks for more than there is at all: it runs alone."""
        return cpu > self.cpu or memory > self.memory

    def has_room(self, cpu: float, memory: int) -> bool:
        """The task may start now."""
        if self._running == 0:
            return True
        enough_cpu = self._cpu + cpu <= self.cpu + ROUNDING
        return self._running < self.jobs and enough_cpu and self._memory + memory <= self.memory

    @property
    def is_full(self) -> bool:
        """No task at all may start now."""
        return self._running >= self.jobs

    def take(self, cpu: float, memory: int) -> None:
        """A task starts."""
        self._running += 1
        self._cpu += cpu
        self._memory += memory

    def give_back(self, cpu: float, memory: int) -> None:
        """A task has ended."""
        self._running -= 1
        self._cpu -= cpu
        self._memory -= memory


class Schedule:
    """The tasks of a run and where each of them is in its life.

    Args:
        upstream: Task → the tasks it takes data from; those that are not keys are passed over.
        stage_of: Task → its stage.
        after: Stage → stages all of whose tasks must have ended before its own may start.
    """

    def __init__(
        self, upstream: Mapping[int, Sequence[int]], stage_of: Mapping[int, str], after: Mapping[str, Iterable[str]]
    ) -> None:
        self.state = dict.fromkeys(upstream, WAITING)
        self._stage_of = stage_of
        # Of a hundred thousand tasks most wait for nothing, or nothing waits for them: those have no entry.
        self._downstream: dict[int, list[int]] = {}
        self._missing: dict[int, int] = {}
        for task, sources in upstream.items():
            inside = [source for source in sources if source in self.state]
            if inside:
                self._missing[task] = len(inside)
            for source in inside:
                self._downstream.setdefault(source, []).append(task)
        self._count_stages(after)
        self._rank = self._longest_ways(upstream)
        self._ready: list[tuple[int, int]] = []
        self._too_big: dict[Need, list[tuple[int, int]]] = {}
        for task in upstream:
            self._offer(task)

    def _count_stages(self, after: Mapping[str, Iterable[str]]) -> None:
        """Counts the tasks of each stage that have not ended, and the stages that each stage waits for."""
        self._unended: dict[str, int] = {}
        self._held: dict[str, list[int]] = {}
        for task in self.state:
            stage = self._stage_of[task]
            self._unended[stage] = self._unended.get(stage, 0) + 1
            if stage in after:
                self._held.setdefault(stage, []).append(task)
        self._order = {
            stage: {other for other in others if self._unended.get(other)}
            for stage, others in after.items()
            if stage in self._unended
        }
        self._followers: dict[str, list[str]] = {}
        for stage, others in self._order.items():
            for other in others:
                self._followers.setdefault(other, []).append(stage)

    def _longest_ways(self, upstream: Mapping[int, Sequence[int]]) -> dict[int, int]:
        """For each task the number of tasks on the longest way down from it. Makers have lower numbers."""
        rank: dict[int, int] = {}
        for task in sorted(upstream, reverse=True):
            rank[task] = 1 + max((rank[below] for below in self._downstream.get(task, ())), default=0)
        return rank

    def next_task(
        self, need: Callable[[int], Need], has_room: Callable[[float, int], bool], *, urgency: int = 0
    ) -> int | None:
        """The most urgent task that is ready and fits into what is left of the machine; None if none does.

        What did not fit waits among its like, so that a thousand tasks that are too big cost one look.

        Args:
            need: What a task takes of the machine; few different answers.
            has_room: Whether there is that much.
            urgency: Only a task with so many tasks on its longest way, or more.
        """
        best: list[tuple[int, int]] | None = None
        for wanted, heap in self._too_big.items():
            self._drop_ended(heap)
            if heap and -heap[0][0] >= urgency and (best is None or heap[0] < best[0]) and has_room(*wanted):
                best = heap
        while True:
            self._drop_ended(self._ready)
            is_none = not self._ready or -self._ready[0][0] < urgency
            if is_none or (best is not None and best[0] < self._ready[0]):
                return heapq.heappop(best)[1] if best is not None else None
            entry = heapq.heappop(self._ready)
            wanted = need(entry[1])
            if has_room(*wanted):
                return entry[1]
            heapq.heappush(self._too_big.setdefault(wanted, []), entry)

    def urgency_below(self, task: int) -> int:
        """Most tasks on the longest way from one that waits for this one."""
        return self._rank[task] - 1

    def _drop_ended(self, heap: list[tuple[int, int]]) -> None:
        """Takes tasks that are no longer ready from the top of a heap."""
        while heap and self.state[heap[0][1]] != READY:
            heapq.heappop(heap)

    def start(self, task: int) -> None:
        """The task is running."""
        self._move(task, RUNNING)

    def finish(self, task: int) -> None:
        """The task is done: those that wait for it may become ready."""
        self._end(task, DONE)
        for below in self._downstream.pop(task, ()):
            self._missing[below] -= 1
            if not self._missing[below]:
                del self._missing[below]
                self._offer(below)

    def fail(self, task: int, *, cancelled: bool = False) -> None:
        """The task failed: all that needs its outputs is blocked. Or it was stopped, as the whole run is."""
        self._end(task, CANCELLED if cancelled else FAILED)
        if cancelled:
            return
        pending = list(self._downstream.get(task, ()))
        while pending:
            below = pending.pop()
            if self.state[below] not in ENDED:
                self._end(below, BLOCKED)
                pending += self._downstream.get(below, ())

    def cancel_rest(self) -> None:
        """Nothing more will be started."""
        for task, state in self.state.items():
            if state in (WAITING, READY):
                self._move(task, CANCELLED)

    def in_state(self, state: str) -> list[int]:
        """All tasks in a state, in the order of the plan."""
        return sorted(task for task, found in self.state.items() if found == state)

    def _offer(self, task: int) -> None:
        """Makes a task ready when nothing holds it any more."""
        if self.state[task] == WAITING and task not in self._missing and not self._order.get(self._stage_of[task]):
            self._move(task, READY)
            heapq.heappush(self._ready, (-self._rank[task], task))

    def _end(self, task: int, state: str) -> None:
        self._move(task, state)
        ended = self._stage_of[task]
        self._unended[ended] -= 1
        if self._unended[ended]:
            return
        for stage in self._followers.get(ended, ()):
            self._order[stage].discard(ended)
            if not self._order[stage]:
                for held in self._held[stage]:
                    self._offer(held)

    def _move(self, task: int, state: str) -> None:
        if state not in MOVES[self.state[task]]:
            raise AssertionError(f"task {task}: no move from {self.state[task]} to {state}")
        self.state[task] = state

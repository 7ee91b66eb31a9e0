"""Next? Any graph of tasks, run by a loop that ends and fails them in any order."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.schedule import (
    BLOCKED,
    CANCELLED,
    DONE,
    ENDED,
    FAILED,
    MOVES,
    READY,
    RUNNING,
    WAITING,
    Capacity,
    Schedule,
)

STATES = set(MOVES)


class Shape(NamedTuple):
    """Tasks, their stages and what each of them takes."""

    upstream: dict[int, list[int]]
    stage_of: dict[int, str]
    after: dict[str, list[str]]
    cost: dict[int, tuple[float, int]]


@st.composite
def shapes(draw):
    """Any graph in which makers have lower numbers; stages wait for stages of lower tasks only."""
    count = draw(st.integers(0, 14))
    upstream = {
        task: draw(st.lists(st.integers(-2, task - 1), unique=True, max_size=3)) if task else []
        for task in range(count)
    }
    stages = sorted(draw(st.lists(st.integers(0, 4), min_size=count, max_size=count)))
    names = sorted(set(stages))
    after = {
        str(stage): [str(other) for other in draw(st.lists(st.sampled_from(names[:place]), unique=True, max_size=2))]
        for place, stage in enumerate(names)
        if place
    }
    cost = {task: draw(st.tuples(st.sampled_from([0, 0.1, 0.5, 1, 2, 9]), st.integers(0, 5))) for task in upstream}
    return Shape(upstream, dict(enumerate(map(str, stages))), after, cost)


def next_of(schedule):
    """The next task where all fit."""
    return schedule.next_task(lambda task: (1.0, 0), lambda cpu, memory: True)


class Loop:
    """Runs a schedule as the engine does, and checks at every step what must hold."""

    def __init__(self, shape, seed, *, failing=0.0, jobs=3, cpu=3.0, memory=6):
        self.shape, self.chance, self.failing = shape, random.Random(seed), failing
        self.capacity = Capacity(jobs, cpu, memory)
        self.schedule = Schedule(shape.upstream, shape.stage_of, shape.after)
        self.running, self.started, self.failed = [], [], []

    def run(self):
        while self.start_all() or self.running:
            self.end_one()
        return self

    def start_all(self):
        count = len(self.started)
        while not self.capacity.is_full:
            task = self.schedule.next_task(self.shape.cost.__getitem__, self.capacity.has_room)
            if task is None:
                break
            self.check_may_start(task)
            self.schedule.start(task)
            self.capacity.take(*self.shape.cost[task])
            self.running.append(task)
            self.started.append(task)
            self.check_capacity()
        return len(self.started) > count

    def end_one(self):
        task = self.running.pop(self.chance.randrange(len(self.running)))
        self.capacity.give_back(*self.shape.cost[task])
        if self.chance.random() < self.failing:
            self.failed.append(task)
            self.schedule.fail(task)
        else:
            self.schedule.finish(task)

    def check_may_start(self, task):
        state = self.schedule.state
        assert all(state[source] == DONE for source in self.shape.upstream[task] if source in state)
        before = self.shape.after.get(self.shape.stage_of[task], ())
        assert all(state[other] in ENDED for other in state if self.shape.stage_of[other] in before)

    def check_capacity(self):
        cpu = sum(self.shape.cost[task][0] for task in self.running)
        memory = sum(self.shape.cost[task][1] for task in self.running)
        assert len(self.running) <= self.capacity.jobs
        if len(self.running) > 1:
            assert cpu <= self.capacity.cpu + 1e-6
            assert memory <= self.capacity.memory


def below(shape, task):
    """All that needs a task, by the plainest of ways."""
    found = set()
    for other, sources in shape.upstream.items():
        if found.union([task]).intersection(sources):
            found.add(other)
    return found


@given(shapes(), st.integers())
def test_every_task_runs_once_and_never_before_its_makers(shape, seed):
    """Nor before the stages that its own must come after; and there is always something to do until all is done."""
    loop = Loop(shape, seed).run()

    assert sorted(loop.started) == list(shape.upstream)
    assert set(loop.schedule.state.values()) <= {DONE}


@given(shapes(), st.integers())
def test_a_failure_blocks_exactly_what_needs_it(shape, seed):
    """All else still runs (`-k`); a stage that only comes after is not blocked."""
    loop = Loop(shape, seed, failing=0.3).run()

    blocked = set().union(*(below(shape, task) for task in loop.failed)) if loop.failed else set()
    assert set(loop.schedule.in_state(BLOCKED)) == blocked
    assert set(loop.schedule.in_state(FAILED)) == set(loop.failed)
    assert set(loop.schedule.in_state(DONE)) == set(shape.upstream) - blocked - set(loop.failed)


@given(shapes(), st.integers(), st.integers(0, 6))
def test_nothing_starts_after_the_rest_was_cancelled(shape, seed, steps):
    """What runs may still end, well or badly; every task is then in a final state."""
    loop = Loop(shape, seed, failing=0.2)
    for _ in range(steps):
        loop.start_all()
        if loop.running:
            loop.end_one()
    loop.schedule.cancel_rest()
    while loop.running:
        loop.end_one()

    assert not loop.start_all()
    assert set(loop.schedule.state.values()) <= ENDED


@given(shapes(), st.integers())
def test_with_one_job_the_longest_way_goes_first(shape, seed):
    """Of all that is ready, and the lowest number where there is a choice."""
    length = {}
    for task in sorted(shape.upstream, reverse=True):
        length[task] = 1 + max((length[other] for other, s in shape.upstream.items() if task in s), default=0)
    schedule = Schedule(shape.upstream, shape.stage_of, shape.after)
    while (ready := schedule.in_state(READY)) and (task := next_of(schedule)) is not None:
        assert task == min(ready, key=lambda other: (-length[other], other))
        schedule.start(task)
        schedule.finish(task)


def test_a_task_that_does_not_fit_lets_a_smaller_one_pass():
    """And is asked again when there is room."""
    schedule = Schedule({0: [], 1: [0], 2: []}, {0: "big", 1: "big", 2: "small"}, {})
    cost = {0: (4.0, 0), 1: (4.0, 0), 2: (1.0, 0)}

    assert schedule.next_task(cost.__getitem__, lambda cpu, memory: cpu < 2) == 2
    schedule.start(2)
    assert schedule.next_task(cost.__getitem__, lambda cpu, memory: False) is None
    assert schedule.next_task(cost.__getitem__, lambda cpu, memory: True) == 0


def test_a_thousand_tasks_that_do_not_fit_cost_one_look():
    """Asking for the next task takes no longer, however many are ready and too big."""
    schedule = Schedule({task: [] for task in range(1000)}, dict.fromkeys(range(1000), "s"), {})
    asked = []

    def need(task):
        asked.append(task)
        return 4.0, 0

    for _ in range(5):
        assert schedule.next_task(need, lambda cpu, memory: False) is None

    assert sorted(asked) == list(range(1000))
    assert schedule.next_task(need, lambda cpu, memory: True) == 0
    assert len(asked) == 1000


def test_only_what_is_urgent_enough_is_started():
    """What waits for a task that has just ended may have a longer way to go than all that is ready."""
    schedule = Schedule({0: [], 1: [0], 2: [1], 3: []}, dict.fromkeys(range(4), "s"), {})

    def next_of_urgency(urgency):
        return schedule.next_task(lambda task: (1.0, 0), lambda cpu, memory: True, urgency=urgency)

    assert next_of_urgency(0) == 0
    schedule.start(0)

    assert schedule.urgency_below(0) == 2
    assert next_of_urgency(2) is None
    assert next_of_urgency(1) == 3


def test_tasks_that_are_not_in_the_run_are_not_waited_for():
    """Their outputs are fresh."""
    assert Schedule({5: [1, 2]}, {5: "a"}, {"a": ["gone"]}).in_state(READY) == [5]


def test_a_stage_comes_after_one_that_failed_or_was_blocked():
    """`after` is order, not need."""
    schedule = Schedule({0: [], 1: [0], 2: []}, {0: "a", 1: "b", 2: "c"}, {"c": ["a", "b"]})
    schedule.start(0)
    assert schedule.state == {0: RUNNING, 1: WAITING, 2: WAITING}
    schedule.fail(0)

    assert schedule.state == {0: FAILED, 1: BLOCKED, 2: READY}


def test_a_stopped_task_blocks_nothing():
    """The whole run is stopped: what needs it is cancelled with the rest, not blocked by a failure."""
    schedule = Schedule({0: [], 1: [0]}, {0: "a", 1: "a"}, {})
    schedule.start(0)
    schedule.fail(0, cancelled=True)
    schedule.cancel_rest()

    assert schedule.state == {0: CANCELLED, 1: CANCELLED}


def test_a_restored_task_is_done_without_having_run():
    """A ready task may be finished at once."""
    schedule = Schedule({0: [], 1: [0]}, {0: "a", 1: "a"}, {})
    schedule.finish(next_of(schedule))

    assert next_of(schedule) == 1


def driven(state):
    """A schedule whose task 1 is in a state."""
    schedule = Schedule({0: [], 1: [0]}, {0: "a", 1: "a"}, {})
    if state == BLOCKED:
        schedule.fail(0)
    if state in (WAITING, BLOCKED):
        return schedule
    schedule.finish(0)
    if state == CANCELLED:
        schedule.cancel_rest()
    if state in (RUNNING, DONE, FAILED):
        schedule.start(1)
    if state == DONE:
        schedule.finish(1)
    if state == FAILED:
        schedule.fail(1)
    return schedule


ASKED = {
    RUNNING: lambda schedule: schedule.start(1),
    DONE: lambda schedule: schedule.finish(1),
    FAILED: lambda schedule: schedule.fail(1),
    CANCELLED: lambda schedule: schedule.fail(1, cancelled=True),
}


@pytest.mark.parametrize("target", ASKED)
@pytest.mark.parametrize("state", MOVES)
def test_only_the_moves_of_the_table_are_possible(state, target):
    """Any other is a fault of the caller, and raises."""
    schedule = driven(state)
    assert schedule.state[1] == state
    if target in MOVES[state]:
        ASKED[target](schedule)
        assert schedule.state[1] == target
    else:
        with pytest.raises(AssertionError, match=f"task 1: no move from {state} to {target}"):
            ASKED[target](schedule)
        assert schedule.state[1] == state


def test_every_state_can_be_reached_and_left_or_is_final():
    """The table has no state that leads nowhere by mistake."""
    assert set().union(*MOVES.values()) | {WAITING} == STATES
    assert {DONE, FAILED, BLOCKED, CANCELLED} == ENDED


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.7, 1.1]), max_size=40))
def test_capacity_is_whole_again_when_all_has_ended(costs):
    """Sums such as 0.1 + 0.2 - 0.1 - 0.2 leave something over, which must not cost a processor."""
    capacity = Capacity(2, 2.0, 10)
    capacity.take(1.0, 1)
    for cost in costs:
        capacity.take(cost, 1)
    for cost in costs:
        capacity.give_back(cost, 1)

    assert capacity.has_room(1.0, 9)
    assert not capacity.has_room(1.1, 9)
    assert not capacity.has_room(1.0, 10)


def test_what_asks_for_more_than_there_is_runs_alone():
    """It starts when nothing runs, and nothing starts beside it, however small."""
    for cost in ((9.0, 0), (0.0, 99)):
        capacity = Capacity(4, 4.0, 10)
        assert capacity.exceeds(*cost)
        assert capacity.has_room(*cost)
        capacity.take(*cost)
        assert not capacity.has_room(0, 0)
        capacity.give_back(*cost)
        capacity.take(0, 0)
        assert not capacity.has_room(*cost)


def test_jobs_count_more_than_processors():
    """`-j 8` on two processors runs eight tasks of one processor each."""
    capacity = Capacity(8, 2.0, 0)
    for _ in range(8):
        assert capacity.has_room(1, 0)
        assert not capacity.is_full
        capacity.take(1, 0)

    assert capacity.is_full
    assert not capacity.has_room(0, 0)
    assert not capacity.exceeds(8, 0)

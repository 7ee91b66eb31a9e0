"""How far a run is, and how long it may still take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.cli.duration import about, exact
from provstore.cli.progress import Progress
from provstore.events import TaskEnded


def ended(name: str, number: int, seconds: float = 0.0, outcome: str = "executed") -> TaskEnded:
    return TaskEnded(name, f"execution of {name}", outcome, seconds, "", b"", False, number)


def start(progress: Progress, name: str, now: float) -> None:
    progress.start(f"execution of {name}", name, now)


def test_nothing_is_estimated_from_nothing() -> None:
    """Without a recorded duration, and before a first task has ended, there is no estimate."""
    assert Progress(10, {}, 0.0).seconds_left(5.0) is None


def test_recorded_durations_add_up() -> None:
    """One task at a time: what is left is what the tasks took the last time."""
    progress = Progress(2, {"a": 4.0, "b": 6.0}, 0.0)
    start(progress, "a", 0.0)

    assert progress.seconds_left(1.0) == pytest.approx(9.0)


def test_a_task_without_a_record_takes_the_usual_time() -> None:
    """The mean of what ran now stands for what was never run."""
    progress = Progress(3, {}, 0.0)
    start(progress, "a", 0.0)
    progress.end(ended("a", 1, 1.0))
    start(progress, "b", 1.0)

    assert progress.seconds_left(1.0) == pytest.approx(2.0)


def test_the_pace_of_the_run_counts() -> None:
    """Where two run at once, a wall-clock second does two seconds of work."""
    progress = Progress(8, dict.fromkeys("abcdefgh", 5.0), 0.0)
    for number, name in enumerate("abcd", 1):
        start(progress, name, 0.0)
        progress.end(ended(name, number, 5.0))
    start(progress, "e", 10.0)
    start(progress, "f", 10.0)

    assert progress.seconds_left(10.0) == pytest.approx(10.0)


def test_the_longest_task_is_the_least() -> None:
    """However many processors: the end can't come before the last task's."""
    progress = Progress(2, {"a": 100.0, "b": 1.0}, 0.0)
    start(progress, "a", 0.0)
    start(progress, "b", 0.0)

    assert progress.seconds_left(1.0) == pytest.approx(99.0)


def test_an_attempt_that_is_tried_again_has_not_ended() -> None:
    """Only the last one counts."""
    progress = Progress(1, {"a": 5.0}, 0.0)
    start(progress, "a", 0.0)
    progress.end(ended("a", 0, 1.0, "failed")._replace(will_retry=True))

    assert (progress.ended, progress.failed, progress.running) == (0, 0, [])
    assert progress.share == 0.0


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1e6)),
    st.integers(0, 20),
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.floats(0, 1e5), st.booleans()), max_size=12),
    st.floats(0, 1e6),
)
def test_an_estimate_is_never_negative(
    seconds: dict[str, float], more: int, tasks: list[tuple[str, float, bool]], now: float
) -> None:
    """Whatever starts and ends, in whatever time; and the share stays between none and all."""
    progress = Progress(len(seconds) + more, seconds, 0.0)
    for number, (name, taken, ends) in enumerate(tasks, 1):
        start(progress, name, now * number / len(tasks))
        if ends:
            progress.end(ended(name, number, taken))
    left = progress.seconds_left(now)

    assert left is None or left >= 0.0
    assert 0.0 <= progress.share <= 1.0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.9, "59 s"), (60, "1 min 00 s"), (187, "3 min 07 s"), (7500, "2 h 05 min")],
)
def test_elapsed_time_is_exact(seconds: float, said: str) -> None:
    """To the second, to the minute beyond an hour."""
    assert exact(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "about 1 s"), (8.4, "about 8 s"), (22, "about 20 s"), (54.9, "about 55 s"), (57, "about 1 min"),
     (200, "about 3 min"), (3599, "about 1 h 00 min"), (7800, "about 2 h 10 min")],
)  # fmt: skip
def test_an_estimate_is_not_exact(seconds: float, said: str) -> None:
    """It claims no more digits than it can know."""
    assert about(seconds) == said

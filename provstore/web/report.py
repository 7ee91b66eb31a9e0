"""The report of a project as one page that needs nothing else. Pure functions: an overview → facts → text."""

from __future__ import annotations

from provstore.decide import FAILURES
from provstore.exporters.layers import lay_out
from provstore.model.measures import shown
from provstore.model.verdict import FAILED, FRESH, NEW, RESTORABLE, STALE, STATES, WAITING
from provstore.noun import NamedTuple
from provstore.operations.diff.phrases import is_in_the_value, phrase, tasks_text, told, value_text
from provstore.operations.diff.report import COMMAND, OUTCOME, OUTPUT
from provstore.operations.report import counts
from provstore.web.colours import LIKE
from provstore.web.page import rendered
from provstore.web.words import MOST_LINES, count_text, log_lines, text_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.comparison import Comparison
    from provstore.operations.diff.report import Change
    from provstore.operations.overview import Overview
    from provstore.operations.overview.sections import Executed, Failure, LastRun, Picture, StageTasks
    from provstore.web.page import Facts

TEMPLATE = "report.html"
GENERATOR = "provstore report"
"""What a page says made it, so that a later report may take its place."""

MARK = f'<meta name="generator" content="{GENERATOR}'.encode()
"""Stands near the beginning of every page that was made here."""

MARKS = {FRESH: "✓", RESTORABLE: "↺", NEW: "+", STALE: "↻", FAILED: "✗", WAITING: "…", "": "·"}
MEANINGS = {
    FRESH: "up to date",
    RESTORABLE: "outputs can be put back",
    NEW: "never succeeded",
    STALE: "has to run again",
    FAILED: "the last attempt failed",
    WAITING: "a task upstream comes first",
}
MOST_OPEN = 12
"""Stages whose tasks are shown unfolded, of those with something to tell."""

LEAST_BAR = 0.4
"""Hundredths of the width that the shortest bar has, so that it can be seen."""


MOST_CHANGES, MOST_DETAILS = 80, 12
"""Changes that are shown between two runs, and places in a content that each names."""

EFFECTS = (OUTCOME, OUTPUT)
"""What is a change of what came out; all others are of what went in."""


class ShownChange(NamedTuple):
    """A change between two runs.

    Attributes:
        pairs: What became what.
        words: What else there is to say of it.
        tasks: Those in which it is so.
        verdict: Of two contents whose bytes differ, and which count as equal; else "".
        details: Where these differ.
        lines: The difference of two texts.
    """

    change: Change
    pairs: Sequence[tuple[str, str]]
    words: str
    tasks: str
    verdict: str
    details: Sequence[str]
    lines: Sequence[str]


class ShownFailure(NamedTuple):
    """An attempt that failed.

    Attributes:
        how: Why, in a few words.
        log: Lines; None: no longer kept, or damaged.
        repeats: Another one of the stage that ended in the same way stands above it.
    """

    failure: Failure
    how: str
    log: Sequence[str] | None
    repeats: bool


class Bar(NamedTuple):
    """An execution as a bar; `left` and `width` are hundredths of the time that the run took."""

    executed: Executed
    left: float
    width: float


def report_html(overview: Overview) -> str:
    """The page."""
    return rendered(*report_page(overview))


def report_page(overview: Overview) -> tuple[str, Facts]:
    """Template and facts."""
    facts: dict[str, object] = {
        "generator": GENERATOR,
        "view": overview,
        "made": overview.made,
        "states": [state for state in STATES if overview.summary[state]],
        "marks": {**MARKS, **{word: MARKS[state] for state, words in LIKE.items() if state in MARKS for word in words}},
        "meanings": MEANINGS,
        "headline": headline(overview),
        "total": sum(overview.summary.values()),
        "layout": lay_out(overview.graph.drawing()),
        "steps": overview.graph.steps,
        "sources": sources(overview),
        "anchors": {stage.stage: f"stage-{number}" for number, stage in enumerate(overview.stages)},
        "open": opened(overview.stages),
        "has_failed": any(failure.outcome in FAILURES for failure in overview.failures.shown),
        "failures": failures(overview),
        "bars": bars(overview.last) if overview.last is not None else [],
        "causes": causes(overview),
        "effects": effects(overview),
        "lines_of": _lines,
        "counts": counts,
        "shown_value": shown,
    }
    return TEMPLATE, facts


def headline(overview: Overview) -> tuple[str, str]:
    """The outcome at a glance, and the state whose colour it has."""
    summary = overview.summary
    total = sum(summary.values())
    if not total:
        return "There are no tasks", "plain"
    if summary[FRESH] == total:
        return "Everything is up to date", FRESH
    failed = max(summary[FAILED], sum(failure.outcome in FAILURES for failure in overview.failures.shown))
    if failed:
        return f"{count_text(failed, 'task')} failed", FAILED
    if not overview.is_recorded:
        return "Nothing was run yet", "plain"
    to_run = summary[NEW] + summary[STALE]
    if to_run:
        return f"{count_text(to_run, 'task')} to run", STALE if summary[STALE] else NEW
    if summary[RESTORABLE]:
        return f"{count_text(summary[RESTORABLE], 'task')} to restore", RESTORABLE
    return f"{count_text(summary[WAITING], 'task')} waiting", WAITING


def summary_line(overview: Overview) -> str:
    """What there is and how it stands, in one line for a terminal."""
    text, _ = headline(overview)
    return f"{count_text(sum(overview.summary.values()), 'task')}, {text[0].lower()}{text[1:]}"


def sources(overview: Overview) -> Mapping[str, Sequence[str]]:
    """Stage → names of those that it takes data from or comes after."""
    return overview.graph.drawing().upstream()


def opened(stages: Sequence[StageTasks]) -> frozenset[str]:
    """Names of stages that are shown unfolded: the first of those in which something failed, or has to run."""
    wanting = [stage.stage for stage in stages if {FAILED, STALE, NEW} & set(stage.counts)]
    return frozenset(wanting[:MOST_OPEN]) if any(FRESH in stage.counts for stage in stages) else frozenset()


def how_it_ended(failure: Failure) -> str:
    """Why an attempt did not succeed, in a few words."""
    if failure.message:
        return failure.message
    if failure.signal is not None:
        return f"ended by signal {failure.signal}"
    if failure.exit_status is not None:
        return f"exit status {failure.exit_status}"
    return failure.outcome


def bars(last: LastRun) -> list[Bar]:
    """Where the time of a run went."""
    whole = max([last.seconds, *(entry.start + (entry.seconds or 0) for entry in last.executed), 1e-6])
    found = []
    for entry in last.executed:
        width = max(LEAST_BAR, 100 * (entry.seconds or 0) / whole)
        found.append(Bar(entry, min(100 * entry.start / whole, 100 - width), width))
    return found


def failures(overview: Overview) -> list[ShownFailure]:
    """What failed; of those of one stage that ended in the same way the first is shown unfolded."""
    told: set[tuple[str, str, str]] = set()
    found = []
    for failure in overview.failures.shown:
        how = how_it_ended(failure)
        kind = (failure.stage, failure.outcome, how)
        found.append(ShownFailure(failure, how, _log(failure), kind in told))
        told.add(kind)
    return found


def _log(failure: Failure) -> list[str] | None:
    return None if failure.log is None else log_lines(failure.log, is_cut=failure.before > 0)


def _lines(picture: Picture) -> list[str]:
    return text_lines(picture.data)


def causes(overview: Overview) -> list[ShownChange]:
    """What differs between the last two runs, but for how tasks ended and what they made."""
    made = {change.name for change in _changes(overview) if change.what == OUTPUT}
    found = [change for change in _changes(overview) if change.what not in EFFECTS and change.name not in made]
    return [_change(change) for change in found[:MOST_CHANGES]]


def effects(overview: Overview) -> list[ShownChange]:
    """How tasks of the last run ended otherwise than before, and what else they made; final results first."""
    final = {result.path for result in overview.results.shown}
    found = [change for change in _changes(overview) if change.what in EFFECTS]
    found.sort(key=lambda change: change.what == OUTPUT and change.name not in final)
    return [_change(change) for change in found[:MOST_CHANGES]]


def _changes(overview: Overview) -> list[Change]:
    """All changes but that each run has a collection of its own."""
    found = overview.differences.differences if overview.differences is not None else ()
    return [change for change in found if (change.what, change.name) != (COMMAND, "collection")]


def _change(change: Change) -> ShownChange:
    pairs, words = phrase(change)
    lines = change.text.rstrip("\n").split("\n") if change.text else []
    details = _details(change.comparison) if change.comparison is not None else []
    details += [told(part) for part in change.inside]
    if not (pairs or words or lines or details):
        pairs = [(value_text(change.a), value_text(change.b))]
    if change.remark and not is_in_the_value(change):
        words = f"{words} ({change.remark})".strip()
    verdict = change.comparison.verdict if change.comparison is not None and change.comparison.is_equal else ""
    return ShownChange(
        change, pairs, words, tasks_text(change.tasks), verdict, details[:MOST_DETAILS], lines[:MOST_LINES]
    )


def _details(found: Comparison) -> list[str]:
    """Where two contents differ, a line for each place."""
    lines = []
    for entry in found.differences:
        place = "/".join(entry.place)
        sides = f": {entry.a or 'nothing'} → {entry.b or 'nothing'}" if entry.a or entry.b else ""
        apart = ""
        if entry.numbers is not None and entry.numbers.total > 1:
            largest = entry.numbers.absolute
            apart = f" ({entry.numbers.count:,} of {entry.numbers.total:,}"
            apart += f", at most {largest:.3g} apart)" if largest is not None else ")"
        lines.append(f"{place} {entry.what}".strip() + sides + apart)
    return lines

"""The report of a project as one page that needs nothing else. Pure functions: an overview → facts → text."""

from __future__ import annotations

from provstore.decide import FAILURES
from provstore.exporters.layers import lay_out
from provstore.model.measures import shown
from provstore.model.values import spelled
from provstore.model.verdict import FAILED, FRESH, NEW, RESTORABLE, STALE, STATES, WAITING
from provstore.noun import NamedTuple
from provstore.operations.diff.report import COMMAND, OUTPUT
from provstore.web.colours import LIKE
from provstore.web.page import rendered
from provstore.web.words import MOST_LINES, count_text, log_lines, text_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.comparison import Comparison
    from provstore.model.values import JSON
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


MOST_CHANGES, MOST_NAMED, MOST_DETAILS = 80, 4, 12
"""Changes that are shown between two runs, tasks that each names, and places in a content."""

LONGEST_SIDE, DIGEST_SHOWN = 160, 19


class ShownChange(NamedTuple):
    """A change between two runs.

    Attributes:
        a, b: As people read them.
        tasks: Names of the tasks in which it is so.
        verdict: Of two contents whose bytes differ, and which count as equal; else "".
        details: Where these differ.
        lines: The difference of two texts.
    """

    change: Change
    a: str
    b: str
    tasks: str
    verdict: str
    details: Sequence[str]
    lines: Sequence[str]


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
        "failures": [(failure, how_it_ended(failure), _log(failure)) for failure in overview.failures.shown],
        "bars": bars(overview.last) if overview.last is not None else [],
        "causes": causes(overview),
        "effects": effects(overview),
        "lines_of": _lines,
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


def _log(failure: Failure) -> list[str] | None:
    return None if failure.log is None else log_lines(failure.log, is_cut=failure.before > 0)


def _lines(picture: Picture) -> list[str]:
    return text_lines(picture.data)


def causes(overview: Overview) -> list[ShownChange]:
    """What differs between the last two runs, but for what tasks made."""
    made = {change.name for change in _changes(overview) if change.what == OUTPUT}
    found = [change for change in _changes(overview) if change.what != OUTPUT and change.name not in made]
    return [_change(change) for change in found[:MOST_CHANGES]]


def effects(overview: Overview) -> list[ShownChange]:
    """What tasks of the last run made that is not what it was before; final results first."""
    final = {result.path for result in overview.results.shown}
    found = [change for change in _changes(overview) if change.what == OUTPUT]
    return [_change(change) for change in sorted(found, key=lambda change: change.name not in final)[:MOST_CHANGES]]


def _changes(overview: Overview) -> list[Change]:
    """All changes but that each run has a collection of its own."""
    found = overview.differences.differences if overview.differences is not None else ()
    return [change for change in found if (change.what, change.name) != (COMMAND, "collection")]


def _change(change: Change) -> ShownChange:
    a, b = _side(change.a), _side(change.b)
    lines = change.text.rstrip("\n").split("\n") if change.text else []
    details = _details(change.comparison) if change.comparison is not None else []
    inside = [f"{part.name}: {_side(part.a)} → {_side(part.b)}" for part in change.inside]
    tasks = ", ".join(change.tasks[:MOST_NAMED])
    if change.tasks[MOST_NAMED:]:
        tasks += f" and {len(change.tasks) - MOST_NAMED:,} more"
    verdict = change.comparison.verdict if change.comparison is not None and change.comparison.is_equal else ""
    return ShownChange(change, a, b, tasks, verdict, (*details, *inside)[:MOST_DETAILS], lines[:MOST_LINES])


def _side(value: JSON) -> str:
    """One side of a change; of a digest the beginning."""
    if isinstance(value, str) and value.startswith("blake3:"):
        return value[:DIGEST_SHOWN] + ("+x" if value.endswith("+x") else "")
    text = "nothing" if value is None else spelled(value)
    return text if len(text) <= LONGEST_SIDE else text[:LONGEST_SIDE] + "…"


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

"""All that a report of a project shows, gathered from the questions that have operations of their own.

Nothing is written. A record that is damaged takes its section away, not the overview: the section's place says what
is wrong, as the others may be what somebody needs to find out why.
"""

from __future__ import annotations

import time

from provstore.errors import StoreDamagedError
from provstore.model.values import utc_text
from provstore.noun import NamedTuple
from provstore.operations.assess import assess
from provstore.operations.graph import graph_of_stages
from provstore.operations.log import LogReport, log
from provstore.operations.overview import findings, results, runs, tasks
from provstore.operations.overview.circumstances import made
from provstore.operations.overview.sections import Failures, Results
from provstore.operations.status import states_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from provstore.operations.diff.report import RecordsReport
    from provstore.operations.graph import GraphReport
    from provstore.operations.overview.sections import LastRun, Made, Measure, StageTasks, Verified
    from provstore.operations.targets import Targets
    from provstore.project import Project

    T = TypeVar("T")

RUNS = 12
"""Runs that are listed."""


class Overview(NamedTuple):
    """What a report shows.

    Attributes:
        summary: Number of tasks by state.
        stages: In the order of the plan.
        is_recorded: There is a store.
        last: The last run; None: there was none.
        runs: The last runs, newest first.
        differences: Between the last two runs that have ended; None: there are no two.
        troubles: What is wrong with the store, by the name of the section that can't be shown for it.
        remarks: What a person should know besides.
    """

    made: Made
    summary: Mapping[str, int]
    stages: tuple[StageTasks, ...]
    graph: GraphReport
    is_recorded: bool
    last: LastRun | None
    runs: LogReport
    failures: Failures
    differences: RecordsReport | None
    results: Results
    verified: tuple[Verified, ...]
    measures: tuple[Measure, ...]
    troubles: Mapping[str, str]
    remarks: tuple[str, ...]


def overview(project: Project, targets: Targets) -> Overview:
    """All that a report shows of what the targets name and need.

    Raises:
        PipelinefileError, TargetError: As in `assess`.
    """
    now = time.time()
    found = assess(project, targets, {})
    report = states_of(project, found)
    troubles: dict[str, str] = {}

    def told(section: str, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except StoreDamagedError as error:
            troubles[section] = error.message
            return otherwise

    last = told("run", lambda: runs.last_run(project), None)
    listed = told("runs", lambda: log(project, RUNS), LogReport(()))
    return Overview(
        made(project, targets.texts, utc_text(now)),
        report.summary,
        tasks.stages(project, report),
        graph_of_stages(project, found),
        project.store is not None,
        last,
        listed,
        told("failures", lambda: runs.failures(project, found, last, is_whole=not targets.texts), Failures((), 0)),
        told("differences", lambda: runs.differences(project, listed), None),
        told("results", lambda: results.results(project, found), Results((), 0, 0)),
        told("verified", lambda: findings.verified(project, found), ()),
        told("metrics", lambda: findings.measures(project, found), ()),
        troubles,
        (*report.remarks, *project.take_remarks()),
    )

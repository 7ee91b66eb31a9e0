"""Checks that did not pass → what CI shows at a line of a Pipelinefile: one finding for each stage."""

from __future__ import annotations

import os

from provstore.cli.ci.checks import ERROR, FAILED
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.cli.ci.checks import Check
    from provstore.errors import Problem

LISTED = 10
"""Tasks of one stage whose messages are in its finding."""


class Spot(NamedTuple):
    """A place in the repository.

    Attributes:
        file: Relative to the top of the repository.
        line: From 1; 0 where none can be told.
    """

    file: str
    line: int


class Finding(NamedTuple):
    """Something that is wrong, and where.

    Attributes:
        subject: What it is about, such as a stage: the same in the next run.
        message: May have several lines.
        spot: None where it is about no file.
    """

    subject: str
    title: str
    message: str
    spot: Spot | None


def findings(command: str, checks: Sequence[Check], spots: Mapping[str, Spot]) -> list[Finding]:
    """One for each stage with tasks that failed, in the order of the checks.

    Args:
        spots: Where stages are declared, by name.
    """
    wrong: dict[str, list[Check]] = {}
    for check in checks:
        if check.outcome in (FAILED, ERROR):
            wrong.setdefault(check.stage or check.name, []).append(check)
    return [_of_stage(command, stage, failed, spots.get(stage)) for stage, failed in wrong.items()]


def _of_stage(command: str, stage: str, failed: Sequence[Check], spot: Spot | None) -> Finding:
    first = failed[0]
    if first.outcome == ERROR:
        return Finding(stage, first.name, first.message, spot)
    if len(failed) == 1:
        return Finding(stage, f"provstore {command}: {first.name}", _said(first), spot)
    lines = [f"{check.name}: {_said(check)}" for check in failed[:LISTED]]
    if len(failed) > LISTED:
        lines.append(f"and {len(failed) - LISTED} more")
    return Finding(stage, f"provstore {command}: {len(failed)} tasks of {stage}", "\n".join(lines), spot)


def _said(check: Check) -> str:
    """What the command calls it, and why."""
    return ": ".join(part for part in (check.word or check.outcome, check.message) if part)


def of_problems(command: str, root: str, top: str, problems: Sequence[Problem]) -> list[Finding]:
    """One for each thing that is wrong in a Pipelinefile.

    Args:
        root: The project's folder, which the files of problems are relative to.
    """
    return [
        Finding(
            str(problem),
            f"provstore {command}: {problem.subject}" if problem.subject else f"provstore {command}",
            f"{problem.text} ({problem.hint})" if problem.hint else problem.text,
            spot_in(top, os.path.join(root, problem.file), problem.line),
        )
        for problem in problems
    ]


def spot_in(top: str, file: str, line: int) -> Spot:
    """A place by its file's absolute path.

    Args:
        top: Absolute path of the repository.
    """
    inside = os.path.relpath(os.path.realpath(file), os.path.realpath(top))
    return Spot(file if inside.startswith("../") else inside, line)


def top_of_repository(root: str) -> str:
    """The folder that CI's paths are relative to: as its environment says, else that of git, else the project's."""
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        said = os.environ.get(name, "")
        if said and f"{root}/".startswith(os.path.realpath(said).rstrip("/") + "/"):
            return said
    folder = root
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return root
        folder = above
    return folder

"""Where, when and by whom an overview is made, and the state of the code then."""

from __future__ import annotations

import os

from provstore.operations.circumstances import machine
from provstore.operations.overview.sections import Code, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.project import Project

PATIENCE = 10
"""Seconds that git gets; a report goes without what it can't say in this time."""


def made(project: Project, targets: tuple[str, ...], when: str) -> Made:
    """Where, when and of what an overview is made."""
    pipeline = project.pipeline({})
    here = machine()
    return Made(
        pipeline.name or os.path.basename(project.root) or "pipeline",
        pipeline.description,
        when,
        here["user"],
        here["host"],
        here["system"],
        here["provstore"],
        targets,
        code(project.root),
    )


def code(root: str) -> Code | None:
    """The state of the project's code in git; None where there is none, or git can't say.

    Args:
        root: Absolute path of the project.
    """
    commit = _git(root, "rev-parse", "--verify", "-q", "HEAD")
    if not commit:
        return None
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=none")
    return Code(commit, _git(root, "symbolic-ref", "-q", "--short", "HEAD") or None, changed != "")


def _git(root: str, *words: str) -> str | None:
    """What git prints; None where it is not installed, fails or takes too long."""
    import subprocess

    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}  # a question writes nothing, not even git's index
    try:
        done = subprocess.run(
            ["git", *words], cwd=root, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None

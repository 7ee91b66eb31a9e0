"""Questions that are asked of a result, maybe when its store is closed."""

from __future__ import annotations

from provstore.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def afterwards(project: Project, question: Callable[[Project], str]) -> Callable[[], str]:
    """Asks a project that is opened for this question, and closed behind it."""
    root, file = project.root, project.file

    def ask() -> str:
        with Project(root, file) as again:
            return question(again)

    return ask

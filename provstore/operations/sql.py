"""A question to the store in SQL."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.operations.identify import NO_STORE, RUN_FIRST
from provstore.store.question import Answer, answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.project import Project


def sql(project: Project, text: str) -> Answer:
    """Asks the store; nothing can be changed by it.

    Raises:
        UsageError: There is no store yet.
        QueryError: SQLite does not understand the question, or it would do more than read.
    """
    if project.store is None:
        raise UsageError(f"{project.store_path}: there is no store: {NO_STORE}", hint=RUN_FIRST)
    return project.store.ask(answer, text)

"""What a query has found: a list that can say why it is empty, maybe when its store is closed by then."""

from __future__ import annotations

from typing import Generic, TypeVar

from provstore.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Noun = TypeVar("Noun")


class Found(list[Noun], Generic[Noun]):
    """The results of a query; a class below this one says what these are."""

    noun = "result"

    def __init__(self, found: Iterable[Noun], project: Project, why: Callable[[Project], str]) -> None:
        super().__init__(found)
        self._root, self._file, self._why = project.root, project.file, why

    def explain(self) -> str:
        """Says in a sentence what excluded everything; opens the project again to ask for that."""
        if self:
            return f"found {len(self)} {self.noun}{'s' if len(self) > 1 else ''}"
        with Project(self._root, self._file) as project:
            return self._why(project)

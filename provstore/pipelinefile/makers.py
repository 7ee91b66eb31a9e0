"""Who makes what a task reads? Exact outputs, what lies in an output directory, and what a directory contains."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from provstore.errors import Problem
from provstore.model.values import task_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from provstore.model.pipeline import Stage
    from provstore.model.values import DataId


class Maker(Protocol):
    """A task as messages name it."""

    @property
    def stage(self) -> Stage:
        """Its stage."""

    @property
    def data_id(self) -> DataId:
        """Its data ID."""


class Clash(NamedTuple):
    """Two tasks that write to one place."""

    first: int
    second: int
    text: str


class Makers:
    """The outputs of all tasks, by path. Tasks are numbers."""

    def __init__(self) -> None:
        self._exact: dict[str, int] = {}
        self._containing: dict[str, list[int]] = {}
        self._clashes: list[Clash] = []

    def add(self, task: int, outputs: Iterable[str]) -> None:
        """Enters what a task makes."""
        for path in outputs:
            other = self._exact.setdefault(path, task)
            if other != task:
                self._clashes.append(Clash(other, task, f"output '{path}' is also an output of "))
            for folder in _folders_of(path):
                self._containing.setdefault(folder, []).append(task)

    def upstream(self, paths: Iterable[str]) -> list[int]:
        """Tasks that make one of the paths, something it lies in, or something in it; ascending."""
        found: set[int] = set()
        for path in paths:
            if path in self._exact:
                found.add(self._exact[path])
                continue
            found.update(self._containing.get(path, ()))
            for folder in _folders_of(path):
                if folder in self._exact:
                    found.add(self._exact[folder])
        return sorted(found)

    def problems(self, tasks: Sequence[Maker]) -> Iterator[Problem]:
        """Two tasks with one output, and outputs that lie in another's output directory."""
        for clash in self._clashes:
            yield _clash_problem(tasks, clash.second, clash.text, clash.first)
        for folder, inside in self._containing.items():
            if folder in self._exact:
                owner = self._exact[folder]
                for task in dict.fromkeys(inside):
                    text = f"an output lies inside '{folder}', which is an output of "
                    yield _clash_problem(tasks, task, text, owner)


def _clash_problem(tasks: Sequence[Maker], task: int, text: str, other: int) -> Problem:
    stage, whose = tasks[task].stage, tasks[other]
    name = task_name(whose.stage.name, whose.data_id)
    place = f"{whose.stage.place.file}:{whose.stage.place.line}"
    hint = "every file has one task that makes it; give one of them another path"
    return Problem(stage.place.file, stage.place.line, f"stage '{stage.name}'", f"{text}'{name}' ({place})", hint)


def _folders_of(path: str) -> Iterator[str]:
    """All folders that a path lies in, the nearest first."""
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path

"""An open project as Python sees it. Every call delegates to the operation that the command line calls, too."""

from __future__ import annotations

import os
from threading import get_ident

from provstore.api.by_hand import ByHand
from provstore.api.collections import Collecting
from provstore.api.data import Data
from provstore.api.data_ids import AskingForDataIds
from provstore.api.dimensions import Dimensional
from provstore.api.queries import Asking
from provstore.api.types import Typing
from provstore.errors import UsageError
from provstore.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Store(ByHand, Collecting, Typing, Asking, AskingForDataIds, Data, Dimensional):
    """The store of one project. A context manager.

    What writes waits while a run holds the project; inside a task of the project it does not, since the run waits for
    the task. Each call is one transaction: it happens whole or not at all. Errors are those of `provstore.errors`.
    It belongs to the thread that has opened it: others, and processes that are forked, open the project for themselves.
    """

    def __init__(self, project: Project) -> None:
        self._opened: Project | None = project
        self._root = project.root
        self._process, self._thread = os.getpid(), get_ident()

    @property
    def _project(self) -> Project:  # type: ignore[override]  # the parts of the class only read it
        """The project, for who may use it: nobody is to open it again unawares, or to share SQLite's connection.

        Raises:
            UsageError: It was closed, or is another thread's or process's.
        """
        hint = "Store.open(folder) opens it again"
        if self._opened is None:
            raise UsageError(f"{self._root}: this store was closed", hint=hint)
        if self._process != os.getpid():
            raise UsageError(f"{self._root}: this store was opened by the process that was forked", hint=hint)
        if self._thread != get_ident():
            raise UsageError(f"{self._root}: this store was opened by another thread", hint=hint)
        return self._opened

    @classmethod
    def open(cls, folder: str | os.PathLike[str] = ".", *, file: str | None = None) -> Self:
        """Opens the project that `folder` lies in: the nearest one here or above.

        Args:
            file: Another Pipelinefile, relative to `folder`; its project is meant then. What follows ``#`` is left out.

        Raises:
            NoProjectError: There is none.
            StoreError: Its store can't be used.
        """
        name = (file or "").partition("#")[0]
        return cls(Project.find(os.path.abspath(folder), name or None))

    @classmethod
    def create(cls, folder: str | os.PathLike[str]) -> Self:
        """Makes a project with an empty store; a folder with a Pipelinefile gets the store, one with both is opened.

        Raises:
            FileError: The folder can't be made or written.
            StoreError: There is something that can't be used as a store.
        """
        from provstore.operations.registry.create import create

        return cls(create(os.path.abspath(folder)))

    @property
    def root(self) -> str:
        """Absolute path of the project."""
        return self._root

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the store; it is one file again, and every later call is an error. Closing twice is none.

        Raises:
            UsageError: It is another thread's.
        """
        if self._opened is not None and self._process == os.getpid():  # a forked process leaves its parent's alone
            self._project.close()
            self._opened = None

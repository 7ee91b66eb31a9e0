"""An open store."""

from __future__ import annotations

import os
import sqlite3
from functools import cached_property

from provstore.errors import StoreUnwritableError
from provstore.store import migrate
from provstore.store.connection import WRITABLE, connect, explained, roll_back

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Concatenate, ParamSpec, TypeVar

    from provstore.store.ledger import Ledger
    from provstore.store.objects import Objects

    P = ParamSpec("P")
    T = TypeVar("T")


class Store:
    """The connection to one store file, and the objects beside it. A context manager.

    Args:
        path: Absolute path of `store.db`, which exists.

    Nothing can be written until a ledger is asked for.

    Raises:
        StoreError: It can't be used. One of an older schema is brought up to date first; where it can't be
            written, what is asked is a copy in memory.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = _file_at(path)
        self._is_copy = False
        self.conn = connect(path)
        try:
            with explained(path):
                up_to_date = migrate.check_version(self.conn, path)
            if not up_to_date:
                self._upgrade()
        except BaseException:
            self.conn.close()
            raise

    @cached_property
    def objects(self) -> Objects:
        """The bytes that are kept."""
        from provstore.store.objects import Objects

        return Objects(os.path.join(os.path.dirname(self.path), "objects"), self.conn, self.path)

    def _upgrade(self) -> None:
        import time

        if os.access(self.path, os.W_OK) and os.access(os.path.dirname(self.path), os.W_OK):
            self.conn.execute(WRITABLE)
            migrate.upgrade(self.conn, self.path, time.time())
        else:
            self.conn = migrate.upgraded_copy(self.conn, self.path)
            self._is_copy = True

    @property
    def is_replaced(self) -> bool:
        """Another file lies in the store's place by now, or none: this one must not be written any more."""
        return _file_at(self.path) != self._file

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; it is one file again."""
        self.conn.close()

    def ledger(self) -> Ledger:
        """A ledger that writes into this store; from now on this connection may."""
        from provstore.store.ledger import Ledger

        if self._is_copy:
            raise StoreUnwritableError(f"{self.path}: can't be written", hint="give permission to write there")
        with explained(self.path):
            self.conn.execute(WRITABLE)
        return Ledger(self.path, self.conn, self.objects)

    def roll_back(self) -> None:
        """Undoes the transaction that is open, if an interrupt came before its end could be reached."""
        roll_back(self.conn)

    def ask(self, question: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Asks one of the questions of `memory`, `history` or `records`; what SQLite raises names the file."""
        with explained(self.path):
            return question(self.conn, *args, **kwargs)


def _file_at(path: str) -> tuple[int, int]:
    """Device and inode; (0, 0) where there is nothing."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino

"""In what recorded versions differ: texts line by line, the others as their format sees them."""

from __future__ import annotations

import os

from provstore.apart.client import AskingError
from provstore.claims import DEFAULT
from provstore.errors import FileError
from provstore.model.comparison import IDENTICAL, Comparison
from provstore.noun import NamedTuple
from provstore.operations.diff.places import Places, read_small
from provstore.operations.diff.report import Change
from provstore.operations.diff.text import LONGEST, as_text, unified

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from provstore.digest import Entry
    from provstore.project import Project
    from provstore.store.materials import Piece
    from provstore.store.store import Store

PLAIN = (DEFAULT, "text")
"""Formats that say no more of a text than `diff -u` does."""
SAME_DATA = "equal as data"
EXPLAINED = 20
"""Files of a directory whose texts are compared."""


class Explained(NamedTuple):
    """In what two versions differ; the fields are those of `Change`."""

    text: str = ""
    comparison: Comparison | None = None
    inside: tuple[Change, ...] = ()
    remark: str = ""


class Contents:
    """A context manager: what it has brought to a temporary place is removed at the end.

    Args:
        format, tolerance: As of `DiffRequest`.
        most: So many pairs are looked at; of the others only digests are told. None: all.

    Attributes:
        places: Where the bytes are.
    """

    def __init__(
        self,
        project: Project,
        store: Store,
        format: str | None = None,
        tolerance: tuple[float, float] | None = None,
        most: int | None = None,
    ) -> None:
        if format is not None:
            for _, error in project.claims.check({"--format": format}):
                raise error
        self._project = project
        self._format, self._tolerance, self._left = format, tolerance, most
        self.places = Places(project, store)

    def __enter__(self) -> Contents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.places.close()

    # --- in what two differ -------------------------------------------------------------------------------

    def explain(self, what: str, a: Piece, b: Piece) -> Explained:
        """In what two versions that are not the same differ.

        Args:
            what: Of the changes of files in a directory.
        """
        if a.kind != b.kind:
            return Explained(remark=f"{a.kind} → {b.kind}")
        if a.digest == b.digest:
            return Explained(remark="executable" if b.executable else "no longer executable")
        if self._left is not None:
            if not self._left:
                return Explained(remark=_data_remark(a, b))
            self._left -= 1
        if a.kind == "directory":
            return self._explain_directory(what, a, b)
        first, second = self.places.of(a), self.places.of(b)
        if first is None or second is None:
            return Explained(remark=_data_remark(a, b) or _not_kept(first is None, second is None))
        return self._explain_files((a, b), (first, second))

    def _explain_files(self, pieces: tuple[Piece, Piece], places: tuple[str, str]) -> Explained:
        format = self.format_of_both(*pieces)
        text = text_difference(*places) if format in PLAIN else ""
        if text:
            return Explained(text)
        return Explained(comparison=self.compare(places, format), remark=_data_remark(*pieces))

    def _explain_directory(self, what: str, a: Piece, b: Piece) -> Explained:
        before, after = self.places.entries(a), self.places.entries(b)
        if before is None or after is None:
            return Explained(remark=_not_kept(before is None, after is None))
        inside: list[Change] = []
        for name in changed_names(before, after):
            old, new = before.get(name), after.get(name)
            text = self._text_of_entries(a, b, old, new) if len(inside) < EXPLAINED else ""
            inside.append(Change(what, name, _identity(old), _identity(new), text=text))
        return Explained(inside=tuple(inside), remark=_data_remark(a, b))

    def _text_of_entries(self, a: Piece, b: Piece, old: Entry | None, new: Entry | None) -> str:
        """The difference of two files in directories, if both are texts."""
        if old is None or new is None or old.digest == new.digest or max(old.size, new.size) > LONGEST:
            return ""
        first, second = self.places.bytes_of(a, old), self.places.bytes_of(b, new)
        before, after = as_text(first), as_text(second)
        return unified(before, after) if before is not None and after is not None else ""

    # --- formats ------------------------------------------------------------------------------------------

    def format_of_both(self, a: Piece, b: Piece) -> str:
        """The format that was asked for, else the one that both were recorded with, else `bytes`."""
        return self._format or (a.format if a.format == b.format else DEFAULT)

    def compare(self, places: tuple[str, str], format: str) -> Comparison:
        """How two files or directories differ, by a format.

        Raises:
            FileError: One of them can't be read.
        """
        try:
            if format == DEFAULT and not any(map(os.path.isdir, places)):
                return _compared_as_bytes(*places)
            return self._project.apart().compare(*places, "", format, self._tolerance)
        except (AskingError, OSError) as error:
            raise FileError(f"{places[0]}, {places[1]}: can't be compared: {error}") from error

    def compare_versions(self, a: Piece, b: Piece) -> Comparison | None:
        """How two recorded versions differ; None where the bytes of one are not at hand."""
        if a.digest == b.digest and a.kind == b.kind:
            return Comparison(IDENTICAL, self.format_of_both(a, b))
        if a.kind == b.kind == "directory" and self.format_of_both(a, b) == DEFAULT:
            return self._compare_directories(a, b)
        first, second = self.places.of(a), self.places.of(b)
        if first is None or second is None:
            return None
        return self.compare((first, second), self.format_of_both(a, b))

    def _compare_directories(self, a: Piece, b: Piece) -> Comparison | None:
        """By the files that differ alone: the others say nothing, and there may be many."""
        before, after = self.places.entries(a), self.places.entries(b)
        if before is None or after is None:
            return None
        names = set(changed_names(before, after))
        first = self.places.build(a, [before[name] for name in names & before.keys()])
        second = self.places.build(b, [after[name] for name in names & after.keys()])
        return self.compare((first, second), DEFAULT) if first is not None and second is not None else None


def _compared_as_bytes(a: str, b: str) -> Comparison:
    """How two files of which the bytes decide differ: no process apart has to be started for that."""
    from pathlib import Path

    from provstore.apart.compare import compare
    from provstore.formats.bytes import Bytes

    return compare(Bytes(), Path(a), Path(b))


def changed_names(a: Mapping[str, Entry], b: Mapping[str, Entry]) -> list[str]:
    """Paths in two directories at which not the same lies, sorted."""
    return sorted(name for name in a.keys() | b.keys() if _identity(a.get(name)) != _identity(b.get(name)))


def text_difference(a: str, b: str) -> str:
    """The difference of two files that are texts; "" where one is none."""
    before, after = (as_text(read_small(path)) for path in (a, b))
    return unified(before, after) if before is not None and after is not None else ""


def _identity(entry: Entry | None) -> str | None:
    """What makes two files in directories the same: the digest, and what they are."""
    if entry is None:
        return None
    return {"file": entry.digest, "executable": f"{entry.digest}+x", "link": f"link {entry.digest}"}.get(
        entry.kind, "empty folder"
    )


def _data_remark(a: Piece, b: Piece) -> str:
    return SAME_DATA if a.semantic is not None and a.semantic == b.semantic else ""


def _not_kept(first: bool, second: bool) -> str:
    which = "both" if first and second else "the first" if first else "the second"
    return f"the bytes of {which} are not at hand"

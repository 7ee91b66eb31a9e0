"""In what two versions of data differ of which one at least is a recorded one; the other may lie on the disk."""

from __future__ import annotations

import os
import stat

from provstore.claims import DEFAULT
from provstore.model.comparison import DIFFERENT, IDENTICAL, Comparison
from provstore.noun import NamedTuple
from provstore.operations.diff.changes import maker_of
from provstore.operations.diff.contents import PLAIN, SAME_DATA, Contents, text_difference
from provstore.operations.diff.report import CONTENT, Change, DiffReport
from provstore.operations.files import named
from provstore.operations.identify import shortener
from provstore.store import materials
from provstore.watch.signature import is_executable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.operations.diff.report import DiffRequest
    from provstore.operations.diff.words import Subject
    from provstore.project import Project
    from provstore.store.materials import Piece
    from provstore.store.store import Store


class Place(NamedTuple):
    """Where the bytes of one of the two lie, and what they are.

    Attributes:
        full: Absolute path; None: the bytes are not at hand.
        format: Name of its format.
    """

    full: str | None
    format: str


def diff_versions(
    project: Project, store: Store, folder: str, pair: tuple[Subject, Subject], request: DiffRequest
) -> DiffReport:
    """In what two versions differ, one of them at least a recorded one.

    Args:
        folder: What the name of a file is relative to.
    """
    a, b = pair
    remarks = [subject.remark for subject in pair if subject.remark]
    with Contents(project, store, request.format, request.tolerance) as contents:
        if a.piece is not None and b.piece is not None:
            report = _two_recorded(contents, a.piece, b.piece)
        else:
            report = _with_a_file(project, contents, folder, pair, request, remarks)
    headings = tuple(_heading(store, subject) for subject in pair)
    names = [subject.id or subject.text for subject in pair]
    remarks += [*report.remarks, *project.take_remarks()]
    return report._replace(a=names[0], b=names[1], remarks=tuple(remarks), headings=headings)


def _two_recorded(contents: Contents, a: Piece, b: Piece) -> DiffReport:
    format = contents.format_of_both(a, b)
    remarks = _modes(a, b) + _formats(a, b, format)
    found = contents.compare_versions(a, b)
    if found is None:
        return _by_digests(contents, a, b, remarks)
    text = ""
    if found.verdict != IDENTICAL and format in PLAIN and a.kind == b.kind == "file":
        first, second = contents.places.of(a), contents.places.of(b)
        text = text_difference(first, second) if first is not None and second is not None else ""
    return DiffReport("dataset", "", "", found, remarks, text=text)


def _with_a_file(
    project: Project,
    contents: Contents,
    folder: str,
    pair: tuple[Subject, Subject],
    request: DiffRequest,
    remarks: list[str],
) -> DiffReport:
    """A recorded version and what lies on the disk, in either order."""
    places = [_place(project, contents, folder, subject, request.format) for subject in pair]
    format = places[0].format
    for subject, place, other in zip(pair, places, reversed(places), strict=True):
        if subject.piece is None and _is_the_same_path(project, folder, pair):
            format = other.format
        elif place.format != other.format:
            format = DEFAULT
            remarks.append(f"one is {places[0].format}, the other is {places[1].format}: their bytes are compared")
            break
    first, second = places[0].full, places[1].full
    if first is None or second is None:
        lost = pair[0] if first is None else pair[1]
        assert lost.piece is not None, "a file has its bytes"
        digests = [subject.piece.bytes_identity if subject.piece is not None else None for subject in pair]
        remark = "the bytes of the version are not at hand"
        change = Change(CONTENT, lost.piece.path, digests[0], digests[1], remark=remark)
        return DiffReport("dataset", "", "", Comparison(DIFFERENT, format), (), changes=(change,))
    found = contents.compare((first, second), format)
    text = text_difference(first, second) if found.verdict != IDENTICAL and format in PLAIN else ""
    return DiffReport("dataset", "", "", found, _modes_with_a_file(pair, places), text=text)


def _place(project: Project, contents: Contents, folder: str, subject: Subject, format: str | None) -> Place:
    if subject.piece is not None:
        return Place(contents.places.of(subject.piece), format or subject.piece.format)
    file = named(folder, subject.text)
    return Place(file.full, format or project.claims.name_of(file.path))


def _is_the_same_path(project: Project, folder: str, pair: tuple[Subject, Subject]) -> bool:
    """The file lies where the version was recorded, so that it has its format."""
    recorded = next(os.path.join(project.root, one.piece.path) for one in pair if one.piece is not None)
    lying = next(os.path.join(os.path.realpath(folder), one.text) for one in pair if one.piece is None)
    return os.path.normpath(recorded) == os.path.normpath(lying)


def _by_digests(contents: Contents, a: Piece, b: Piece, remarks: tuple[str, ...]) -> DiffReport:
    """What can be said of versions whose bytes are not at hand: of directories, which files differ."""
    found = contents.explain(CONTENT, a, b)
    verdict = Comparison(DIFFERENT, contents.format_of_both(a, b))
    if found.remark == SAME_DATA:
        verdict = verdict._replace(verdict="equivalent", digests=(a.semantic, b.semantic))
    change = Change(CONTENT, b.path, a.bytes_identity, b.bytes_identity, inside=found.inside, remark=found.remark)
    return DiffReport("dataset", "", "", verdict, remarks, changes=(change,))


def _modes(a: Piece, b: Piece) -> tuple[str, ...]:
    if a.executable == b.executable or a.kind != b.kind:
        return ()
    return (_mode_remark(b.path, executable=b.executable),)


def _modes_with_a_file(pair: tuple[Subject, Subject], places: Sequence[Place]) -> tuple[str, ...]:
    """The same of a version and what lies on the disk, which is a file too."""
    bits = []
    for subject, place in zip(pair, places, strict=True):
        if subject.piece is not None:
            kind, executable = subject.piece.kind, subject.piece.executable
        else:
            kind, executable = _as_it_lies(place)
        if kind != "file":
            return ()
        bits.append(executable)
    return () if bits[0] == bits[1] else (_mode_remark(pair[1].text, executable=bits[1]),)


def _as_it_lies(place: Place) -> tuple[str, bool]:
    """Kind of what lies at a place, and whether it is executable."""
    assert place.full is not None, "the caller has looked"
    status = os.stat(place.full)
    return ("file" if stat.S_ISREG(status.st_mode) else "directory"), is_executable(status.st_mode)


def _mode_remark(name: str, *, executable: bool) -> str:
    return f"{name}: {'executable now' if executable else 'no longer executable'}"


def _formats(a: Piece, b: Piece, format: str) -> tuple[str, ...]:
    if a.format == b.format or format != DEFAULT:
        return ()
    return (f"one is {a.format}, the other is {b.format}: their bytes are compared; --format NAME reads both as such",)


def _heading(store: Store, subject: Subject) -> str:
    """What one of the two is, for a person."""
    if subject.piece is None:
        return f"{subject.text}, as it lies there"
    piece = subject.piece
    made = store.ask(materials.materials, [piece.execution]) if piece.execution is not None else {}
    by = next((f", made by {maker_of(maker)}" for maker in made.values()), "")
    created = f"{piece.created[:10]} {piece.created[11:19]}Z"
    return f"{piece.path}@{shortener(store)(subject.id)}, recorded {created}{by}"

"""What the pipeline is for: outputs that no other task reads, and how they look."""

from __future__ import annotations

import os
import stat
import time
from base64 import b64decode

from provstore.apart.client import AskingError, StoppedError
from provstore.claims import DEFAULT
from provstore.errors import ProvstoreError
from provstore.operations import versions
from provstore.operations.overview.sections import Picture, Result, Results
from provstore.store import origins
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from provstore.model.task import Plan
    from provstore.operations.assess import Assessment
    from provstore.project import Project
    from provstore.store.origins import Version

MOST_RESULTS = 200
MOST_PICTURES = 24
BIGGEST_PICTURE = 256 << 10
ALL_PICTURES = 640 << 10
"""Bytes of all pictures together, before they are written as text, which makes them a third longer."""

PATIENCE = 10.0
"""Seconds that all pictures together may take."""

BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
"""How a file begins that every browser can show → its media type."""

MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
TEXT = "text"


def results(project: Project, found: Assessment) -> Results:
    """The outputs of the selected tasks that no task reads, with pictures as far as there is room and time for them.

    Raises:
        StoreDamagedError: A record that is shown is not what was recorded.
    """
    final = list(_final(found.plan, found.selection.positions))
    gallery = _Gallery(project, found.plan)
    looked_at = [_result(project, found, gallery, position, path) for position, path in final[:MOST_RESULTS]]
    shown = tuple(result for result in looked_at if result.exists or result.digest is not None)
    return Results(shown, len(looked_at) - len(shown), len(final[MOST_RESULTS:]))


def _final(plan: Plan, positions: Iterable[int]) -> Iterator[tuple[int, str]]:
    """(task, path) of outputs that no task reads, neither as a whole nor in part."""
    read = {plan.paths[number] for task in plan.tasks for number in task.inputs}
    above = {folder for path in read for folder in _folders(path)}
    for position in positions:
        for path in plan.outputs(position):
            if path not in read and path not in above and read.isdisjoint(_folders(path)):
                yield position, path


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _result(project: Project, found: Assessment, gallery: _Gallery, position: int, path: str) -> Result:
    version = _version(project, path)
    try:
        mode = os.stat(os.path.join(project.root, path)).st_mode
    except (OSError, ValueError):
        mode = 0
    picture, note = gallery.picture(path) if stat.S_ISREG(mode) else (None, "")
    return Result(
        path,
        found.plan.name(position),
        found.verdicts.of[position].state,
        bool(mode),
        version.kind if version is not None else "directory" if stat.S_ISDIR(mode) else "file",
        version.size if version is not None else None,
        version.digest if version is not None else None,
        version.created if version is not None else None,
        picture,
        note,
    )


def _version(project: Project, path: str) -> Version | None:
    """The version that should lie at a path; None: none was recorded."""
    store = project.store
    rows = store.ask(origins.at_path, path) if store is not None else []
    if store is None or not rows:
        return None
    version = versions.expected(store, path, rows)
    prove_all(store, "dataset", [version.dataset])
    return version


class _Gallery:
    """Makes pictures of files until there is no more room, or no more time, for them."""

    def __init__(self, project: Project, plan: Plan) -> None:
        self._project, self._plan = project, plan
        self._count, self._size = 0, 0
        self._end = time.monotonic() + PATIENCE

    def picture(self, path: str) -> tuple[Picture | None, str]:
        """How a file looks, or a note why that is not shown."""
        if self._count >= MOST_PICTURES or self._size >= ALL_PICTURES or time.monotonic() > self._end:
            return None, ""
        try:
            with open(os.path.join(self._project.root, path), "rb") as file:
                data = file.read(BIGGEST_PICTURE + 1)
            picture = self._picture(path, data)
        except (AskingError, ProvstoreError) as error:
            return None, f"no preview: {error}"
        except StoppedError:
            return None, "no preview: it takes too long"
        except OSError as error:
            return None, f"can't be read: {error.strerror}"
        if picture is None:
            return None, ""
        if len(picture.data) > min(BIGGEST_PICTURE, ALL_PICTURES - self._size):
            return None, "too big to be shown here"
        self._count += 1
        self._size += len(picture.data)
        return picture, ""

    def _picture(self, path: str, data: bytes) -> Picture | None:
        """The file itself where browsers can show it, else as its format shows it; None: it has no look."""
        kind = _media_type(path, data)
        format = self._project.claims.name_of(path, self._plan.formats.get(path))
        if kind and (len(data) <= BIGGEST_PICTURE or format == DEFAULT):
            return Picture(kind, data)
        if format == DEFAULT and is_text(data):
            format = TEXT
        return self._preview(path, format) if format != DEFAULT else None

    def _preview(self, path: str, format: str) -> Picture:
        """The preview by a format, which may be a plug-in's and take its time."""
        project = self._project
        before, project.while_reading = project.while_reading, self._claim_time
        try:
            full = os.path.join(project.root, path)
            shown = project.apart().ask("preview", path=full, name=path, format=format)
        finally:
            project.while_reading = before
        return Picture(MEDIA_TYPES.get(shown["kind"], TEXT), b64decode(shown["data"]))

    def _claim_time(self) -> None:
        if time.monotonic() > self._end:
            raise StoppedError


def _media_type(path: str, data: bytes) -> str:
    """What browsers call a picture that they can show; "" for everything else."""
    if path.lower().endswith(".svg"):
        return MEDIA_TYPES["svg"]
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in BEGINNINGS.items() if data.startswith(start)), "")


def is_text(data: bytes) -> bool:
    """The beginning of a file reads as text; it may end within a character."""
    try:
        text = data[: 4 << 10].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < min(len(data), 4 << 10) - 3:
            return False
        text = data[: error.start].decode("utf-8")
    return bool(text) and all(char.isprintable() or char in "\t\n\r\f\v\ufeff" for char in text)

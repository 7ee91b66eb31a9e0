"""EXIF data, in whatever file they stand.

Rules: they count by tag and value; by what and when the file was written (`tags.WRITTEN_BY`) does not. What can't be
read counts byte for byte.

Source: Exif 2.32, section 4.6.
"""

from __future__ import annotations

import io

from provstore.plugin import Unavailable
from provstore_image.tags import WRITTEN_BY, TagFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLACE, LENGTH = 513, 514
"""Tags of the second directory: where its small picture stands, and how many bytes that has."""


def read_exif(data: bytes) -> tuple[Any, dict[str, str]]:
    """What counts of EXIF data: a mapping for each directory; and by what and when they were written."""
    try:
        return _read(data)
    except Unavailable:
        return data, {}


def _read(data: bytes) -> tuple[list[dict[str, Any]], dict[str, str]]:
    file = TagFile(io.BytesIO(data), len(data))
    found: list[dict[str, Any]] = []
    written_by: dict[str, str] = {}
    for directory in file.directories():
        written_by.update(file.texts(directory, WRITTEN_BY))
        plain = file.plain(directory, {**WRITTEN_BY, PLACE: "", LENGTH: ""})
        if PLACE in directory:
            plain["thumbnail"] = file.bytes_at(file.number(directory, PLACE, 0), file.number(directory, LENGTH, 0))
        found.append(plain)
    return found, written_by

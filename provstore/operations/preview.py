"""A small picture of a file: text, or a picture with a text in its place."""

from __future__ import annotations

import os
from base64 import b64decode

from provstore.apart.client import AskingError
from provstore.claims import DEFAULT
from provstore.errors import FileError
from provstore.noun import NamedTuple
from provstore.operations.files import Formats, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore.operations.files import Named


class PreviewReport(NamedTuple):
    """A preview.

    Attributes:
        format: Name of the format that made it.
        kind: "text", "svg" or "png".
        data: UTF-8 for text and SVG.
        text: What a terminal shows.
        remarks: What a person should know besides.
    """

    path: str
    format: str
    kind: str
    data: bytes
    text: str
    remarks: tuple[str, ...]


def preview(folder: str, file: str | None, path: str, format: str | None) -> PreviewReport:
    """A preview of a file; of one that its format can't show, the first of its bytes.

    Args:
        folder, file, format: See `provstore.operations.describe`.

    Raises:
        ProvstoreError: As in `provstore.operations.diff`.
        FileError: There is none.
    """
    found = named(folder, path)
    with Formats(folder, file) as formats:
        name = formats.of(found, format)
        if name == DEFAULT and os.path.isdir(found.full):
            raise FileError(f"{found.path}: a directory has no preview", hint="name a file in it")
        try:
            shown = _ask(formats, found, name)
        except AskingError as error:
            if name == DEFAULT:
                raise FileError(f"{found.path}: has no preview: {error}") from error
            formats.remark(f"{found.path}: as {name} it has no preview: {error}")
            return _of_bytes(formats, found)
        return _report(formats, found, name, shown)


def _of_bytes(formats: Formats, found: Named) -> PreviewReport:
    try:
        return _report(formats, found, DEFAULT, _ask(formats, found, DEFAULT))
    except AskingError as error:
        raise FileError(f"{formats.remarks[-1]}; nor as {DEFAULT}: {error}") from error


def _ask(formats: Formats, found: Named, format: str) -> dict[str, Any]:
    return formats.apart.ask("preview", path=found.full, name=found.path, format=format)


def _report(formats: Formats, found: Named, format: str, shown: dict[str, Any]) -> PreviewReport:
    data = b64decode(shown["data"])
    text = data.decode("utf-8", "replace") if shown["kind"] == "text" else shown["text"]
    return PreviewReport(found.path, format, shown["kind"], data, text, tuple(formats.remarks))

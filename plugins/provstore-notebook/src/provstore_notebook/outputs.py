"""What the cells of a notebook gave, in one spelling.

Rules: the kind of an output, its data by MIME type and its metadata count. Texts may be written as one or as lines;
neighbouring pieces of one stream are one; what is base64 counts as the bytes it stands for; JSON data as values, of
numbers all digits. Not counted: execution counts, display ids, colours of a traceback, ids of widgets, metadata of no
account.
"""

from __future__ import annotations

import base64
import binascii
import re

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""What sets a colour on a terminal."""
WIDGET = "application/vnd.jupyter.widget-view+json"
"""Shows a widget by an id that is drawn anew for each run."""
BINARY = re.compile(r"(image/(?!svg)|audio/|video/|application/pdf$)")
"""MIME types whose data are base64."""

KNOWN = {
    "stream": frozenset({"output_type", "name", "text"}),
    "error": frozenset({"output_type", "ename", "evalue", "traceback"}),
    "display_data": frozenset({"output_type", "data", "metadata", "transient"}),
    "execute_result": frozenset({"output_type", "data", "metadata", "transient", "execution_count"}),
}
"""What each kind of output has; "transient" and the execution count are not counted."""


def joined(value: Any, what: str) -> str:
    """A text, which a notebook may write as a list of lines.

    Raises:
        Unavailable: It is neither.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    raise Unavailable(f"{what} is a {type(value).__name__}, expected text or a list of lines")


def mapping(value: Any, what: str) -> dict[str, Any]:
    """A mapping.

    Raises:
        Unavailable: It is something else.
    """
    if not isinstance(value, dict):
        raise Unavailable(f"{what} is a {type(value).__name__}, expected a mapping")
    return value


def beside(found: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """What stands in a cell or an output beside what nbformat 4 has there, as metadata; nothing is passed over."""
    rest = {key: value for key, value in found.items() if key not in known}
    return {"beside": rest} if rest else {}


def outputs(found: Any, what: str) -> list[dict[str, Any]]:
    """The outputs of a cell.

    Raises:
        Unavailable: One is of no known kind, or has not what its kind has.
    """
    if not isinstance(found, list):
        raise Unavailable(f"the outputs of {what} are a {type(found).__name__}, expected a list")
    result: list[dict[str, Any]] = []
    for number, output in enumerate(found):
        one = _output(mapping(output, f"an output of {what}"), f"output {number} of {what}")
        before = result[-1] if result else {}
        if _is_more_of(one, before):
            before["text"].append(one["text"][0])
        else:
            result.append(one)
    for one in result:
        if one["kind"] == "stream":
            one["text"] = "".join(one["text"])
    return [one for one in result if one.get("text") != ""]


def _is_more_of(one: dict[str, Any], before: dict[str, Any]) -> bool:
    """The next piece of the same stream."""
    return one["kind"] == "stream" and {**one, "text": ""} == {**before, "text": ""}


def _output(output: dict[str, Any], what: str) -> dict[str, Any]:
    kind = output.get("output_type")
    rest = beside(output, KNOWN.get(kind, frozenset()) if isinstance(kind, str) else frozenset())
    if kind == "stream":
        name = joined(output.get("name", "stdout"), f"the name of {what}")
        return {"kind": kind, "name": name, "text": [joined(output.get("text"), what)], **rest}
    if kind == "error":
        lines = output.get("traceback", [])
        if not isinstance(lines, list):
            raise Unavailable(f"the traceback of {what} is a {type(lines).__name__}, expected a list")
        trace = [COLOURS.sub("", joined(line, f"the traceback of {what}")) for line in lines]
        return {"kind": kind, "name": output.get("ename"), "value": output.get("evalue"), "traceback": trace, **rest}
    if kind in ("execute_result", "display_data"):
        data = mapping(output.get("data", {}), f"the data of {what}")
        metadata = mapping(output.get("metadata", {}), f"the metadata of {what}")
        found = {mime: data_of(mime, value, what) for mime, value in data.items()}
        return {"kind": kind, "data": found, "metadata": metadata, **rest}
    raise Unavailable(f"{what} is of the kind {kind!r}, which notebooks do not have")


def data_of(mime: str, value: Any, what: str) -> Any:
    """The data of one MIME type: bytes, a text, or values."""
    if mime == WIDGET and isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key != "model_id"}
    if mime == "application/json" or mime.endswith("+json"):
        return value
    text = joined(value, f"the data {mime} of {what}")
    return _bytes(text) if BINARY.match(mime) else text


def _bytes(text: str) -> Any:
    """The bytes that base64 stands for; the text where it is none."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return text

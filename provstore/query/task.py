"""Targets that name tasks: ``calibrate@visit=101,detector=3``."""

from __future__ import annotations

import re

from provstore.query.place import quoted, target_error
from provstore.query.selection import NAME

_STAGE = re.compile(rf"\s*({NAME})\s*")
_DIMENSION = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*")
_QUOTED = re.compile(r"'((?:[^']|'')*+)'\s*")
_PLAIN = re.compile(r"[^',][^,]*")


def parse_task(text: str) -> tuple[str, dict[str, str]]:
    """The stage and the values by dimension, as text; no values without an ``@``.

    A value goes to the next comma, without the space around it. In single quotes it may be any text, in which a
    quote is written twice.

    Raises:
        TargetError: What is wrong and where; columns count from 1.
    """
    stage = _STAGE.match(text)
    if stage is None:
        raise target_error(text, 0, "found no stage, expected STAGE@DIMENSION=VALUE,…")
    at = stage.end()
    if at == len(text):
        return stage.group(1), {}
    if text[at] != "@":
        raise target_error(text, at, f"found {quoted(text[at])}, expected '@' after the stage {quoted(stage.group(1))}")
    values: dict[str, str] = {}
    while at < len(text):
        at = _read_value(text, at + 1, values)
    return stage.group(1), values


def _read_value(text: str, at: int, values: dict[str, str]) -> int:
    """Adds one ``dimension=value`` to `values`; where the comma after it, or the end, is."""
    name = _DIMENSION.match(text, at)
    if name is None:
        rest = text[at:].strip()
        found = quoted(rest.split(",", 1)[0] or ",") if rest else "the end"
        hint = "a value with a comma in it stands in single quotes: part='a,b'"
        raise target_error(text, at, f"found {found}, expected DIMENSION=VALUE", hint if values else "")
    dimension, at = name.group(1), name.end()
    if dimension in values:
        raise target_error(text, name.start(1), f"the dimension '{dimension}' has two values")
    value = _QUOTED.match(text, at) or _PLAIN.match(text, at)
    if value is None:
        if text.startswith("'", at):
            raise target_error(text, at, "this value has no end", "it ends with a single quote")
        raise target_error(text, at, f"'{dimension}' has no value", "an empty text is written ''")
    values[dimension] = value.group(1).replace("''", "'") if value.re is _QUOTED else value.group().strip()
    at = value.end()
    if at < len(text) and text[at] != ",":
        raise target_error(text, at, f"found {quoted(text[at])}, expected a comma or the end")
    return at

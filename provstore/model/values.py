"""Small things that everything is made of: JSON values, ids, times, data IDs."""

from __future__ import annotations

import operator
import os
import time
from functools import lru_cache

from provstore.digest import canonical_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeAlias

    JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
    Value: TypeAlias = "str | int | float | bool"
    DataId: TypeAlias = "tuple[tuple[str, Value], ...]"
    """(dimension, value) pairs in the order of the stage's `dimensions`."""


def data_id_text(data_id: DataId) -> str:
    """A data ID as the store spells it: canonical JSON, so that the order of dimensions does not count."""
    return canonical_json(dict(data_id)) if data_id else "{}"


def data_id_from(text: str, dimensions: Sequence[str]) -> DataId:
    """A data ID out of its canonical JSON, in the order of the stage's dimensions."""
    if not dimensions:
        return ()
    import json  # takes 2 ms to import

    values = json.loads(text)
    return tuple([(name, values[name]) for name in dimensions])


def task_name(stage: str, data_id: DataId) -> str:
    """A task as the command line spells it: ``calibrate@visit=101,detector=3``."""
    if not data_id:
        return stage
    return f"{stage}@" + ",".join(f"{name}={spelled(value)}" for name, value in data_id)


def spelled(value: object) -> str:
    """A value as text for commands and people: booleans as ``true`` and ``false``, tables as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list, tuple)):
        import json

        return json.dumps(value, ensure_ascii=False)
    return str(value)


def harmless(text: str) -> str:
    r"""The text with every character that could steer a terminal, or is not seen, spelled out: ``\x1b``, ``\n``."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


COMPARED, LONGEST_COMPARED = 10_000, 200
"""So many names are compared with a misspelt one, if it has at most so many characters: the rest would take minutes."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The most similar of `known`; "" if none is similar."""
    if len(name) > LONGEST_COMPARED:
        return ""
    import difflib  # takes 3 ms, and only errors need it
    import itertools

    return next(iter(difflib.get_close_matches(name, itertools.islice(known, COMPARED), 1)), "")


def new_id() -> str:
    """A UUID of version 7 (RFC 9562, section 5.7): sorts by the time it was made, to the millisecond."""
    moment = f"{time.time_ns() // 1_000_000:012x}"
    noise = os.urandom(10)
    variant, rest = f"{0x80 | noise[0] & 0x3F:02x}", noise[1:].hex()
    return f"{moment[:8]}-{moment[8:]}-7{rest[:3]}-{variant}{rest[4:6]}-{rest[6:]}"


def utc_text(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC with microseconds: ``2026-11-21T10:00:00.123456Z``."""
    whole = int(seconds // 1)
    return f"{_second_text(whole)}.{int((seconds - whole) * 1e6):06d}Z"


@lru_cache(maxsize=4)  # a run asks for the same second again and again
def _second_text(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def longest_ending(path: str, known: Mapping[str, str]) -> str | None:
    """What the longest known ending of a path stands for, whatever the case of its letters; None: none is known."""
    file = path.rstrip("/").rpartition("/")[2].lower()
    start = file.find(".")
    while start >= 0:
        if file[start:] in known:
            return known[file[start:]]
        start = file.find(".", start + 1)
    return None


def whole_number(value: object) -> int | None:
    """A whole number as Python has it, also one of numpy; None: it is none, as truth values are."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]  # what has no index says so
    except TypeError:
        return None

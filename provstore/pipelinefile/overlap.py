"""May two path templates name one path, or may one lie below the other? Decided without any data ID.

A field and a glob stand for any text within a segment, ``**`` for any folders; so the answer may be yes where
the values exclude it, and is never no where they don't.
"""

from __future__ import annotations

import functools
import re
from typing import Literal

from provstore.pipelinefile.templates import BRACKET, is_plain, parse

ANY = "\0"
"""Stands for any text within a segment, also none."""

FOLDERS = "\0\0"
"""Stands for any number of segments."""

_PATTERN = re.compile(rf"{BRACKET.pattern}|[*?]")

Relation = Literal["none", "same", "below", "above"]


@functools.lru_cache(maxsize=65536)
def shape(template: str, *, glob: bool) -> tuple[str, ...]:
    """A template's segments, in which `ANY` stands for fields and, with `glob`, for glob characters."""
    if is_plain(template):
        return tuple(template.split("/"))
    text = "".join(piece if isinstance(piece, str) else ANY for piece in parse(template))
    return tuple(
        FOLDERS if glob and segment == "**" else _simplified(segment, glob=glob) for segment in text.split("/")
    )


def _simplified(segment: str, *, glob: bool) -> str:
    if glob:
        segment = _PATTERN.sub(_glob_part, segment)
    return re.sub(ANY + "+", ANY, segment)


def _glob_part(found: re.Match[str]) -> str:
    text = found.group()
    return text[1] if len(text) == 3 and text[1] in "*?[" else ANY


def relation(one: tuple[str, ...], other: tuple[str, ...]) -> Relation:
    """How paths of the first shape may lie to paths of the second: "same", "below" or "above" it, or "none"."""
    before_folders = one[: one.index(FOLDERS)] if FOLDERS in one else one
    if FOLDERS in other or len(before_folders) < min(len(one), len(other)):
        return "same" if _overlap_of_folders(one, other) else "none"
    shorter = min(len(one), len(other))
    if not all(_may_be_one(a, b) for a, b in zip(one[:shorter], other[:shorter], strict=True)):
        return "none"
    if len(one) == len(other):
        return "same"
    return "below" if len(one) > len(other) else "above"


def _overlap_of_folders(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """With ``**`` in one of them: whether some path fits both, or lies below or above.

    A pair of places is visited once, so that any number of ``**`` costs no more than the product of both lengths.
    """
    seen, pending = {(0, 0)}, [(0, 0)]
    while pending:
        here, there = pending.pop()
        if here == len(one) or there == len(other):
            return True
        if FOLDERS in (one[here], other[there]):
            following = {(here + 1, there), (here, there + 1)}
        else:
            following = {(here + 1, there + 1)} if _may_be_one(one[here], other[there]) else set()
        pending += following - seen
        seen |= following
    return False


@functools.lru_cache(maxsize=65536)
def _may_be_one(one: str, other: str) -> bool:
    """Whether some text fits both segments."""
    if ANY not in one and ANY not in other:
        return one == other
    if ANY not in one:
        one, other = other, one
    if ANY not in other:
        return _has_in_order(other, one.split(ANY))
    head_one, head_other = one.partition(ANY)[0], other.partition(ANY)[0]
    tail_one, tail_other = one.rpartition(ANY)[2], other.rpartition(ANY)[2]
    heads = head_one.startswith(head_other) or head_other.startswith(head_one)
    tails = tail_one.endswith(tail_other) or tail_other.endswith(tail_one)
    return heads and tails


def _has_in_order(text: str, parts: list[str]) -> bool:
    """The text begins with the first part, ends with the last, and has the others between them in this order."""
    first, *others, last = parts
    if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in others:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True

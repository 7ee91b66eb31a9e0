"""What a change comes to in a few words: the same on a terminal and on a page. Pure functions.

A value that says nothing to anybody, such as the digest of uncommitted changes, becomes words; of a command, only the
words that differ are told. What is told below the line, as a text or by a format, has no values in it.
"""

from __future__ import annotations

from provstore.model.values import harmless, spelled
from provstore.noun import NamedTuple
from provstore.operations.diff.changes import ANOTHER_SECRET, changed_words
from provstore.operations.diff.code import UNCOMMITTED
from provstore.operations.diff.report import COMMAND, ENV, INPUT, OUTCOME, OUTPUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.values import JSON
    from provstore.operations.diff.report import Change

DIGEST_LETTERS = len("blake3:") + 12
LONGEST_VALUE = 300
TASKS = 3
"""Tasks that are named; of more the stages and their number."""
STAGES = 12
"""Stages that are named."""
WORDS = 4
"""Words of a command that are shown in a line."""


class Phrase(NamedTuple):
    """What differs.

    Attributes:
        pairs: What became what.
        words: What else there is to say; without pairs, all there is.
    """

    pairs: Sequence[tuple[str, str]] = ()
    words: str = ""


def told(change: Change) -> str:
    """What differs, and in what, in a line."""
    found = phrase(change)
    told = "; ".join([f"{a} → {b}" for a, b in found.pairs])
    told += " " * bool(told and found.words) + found.words
    if is_command(change):
        return told
    name = harmless(change.name)
    if not told:
        return name
    return f"{name}  {told}" if change.remark in ("lines", "no text") else f"{name}: {told}"


def phrase(change: Change) -> Phrase:
    """In what the two sides differ; nothing where the name of the change says it all, or what is below it."""
    if is_command(change):
        return _of_command(change)
    if is_in_the_value(change):
        return Phrase(words=_remarkable(change))
    if (change.text or change.inside or change.comparison is not None) and change.name != "commit":
        return Phrase()
    if is_file(change) and None in (change.a, change.b):
        return Phrase(words="only now" if change.a is None else "no longer")
    if is_file(change) and change.a == change.b:  # several that share a line
        return Phrase(words="other bytes")
    absent = {ENV: "not set", OUTCOME: "not ended" if change.name == "run" else "nothing"}.get(change.what, "nothing")
    a, b = (absent if value is None else value_text(value) for value in (change.a, change.b))
    return Phrase([(a, b)])


def is_command(change: Change) -> bool:
    """It is about the command itself, not about how it is run."""
    return change.what == COMMAND and change.name == "command"


def is_file(change: Change) -> bool:
    """It is about the bytes at a path."""
    return change.what in (INPUT, OUTPUT) and not change.remark.startswith("another path")


def is_in_the_value(change: Change) -> bool:
    """What the remark says is told in the place of values that would say nothing by themselves."""
    return change.remark in ("lines", "no text", ANOTHER_SECRET) or change.name == UNCOMMITTED


def _of_command(change: Change) -> Phrase:
    """Which words of a command became which."""
    if change.text:
        return Phrase(words="the script")
    words = changed_words(str(change.a), str(change.b))
    pairs = [(value_text(old) or "nothing", value_text(new) or "nothing") for old, new in words[:WORDS]]
    if len(words) > WORDS:
        return Phrase(pairs, f"and {len(words) - WORDS} more words")
    return Phrase(pairs, "" if pairs else "white space")


def _remarkable(change: Change) -> str:
    if change.remark == "lines":
        return f"+{change.b} −{change.a}"
    if change.remark == "no text":
        return "(no text)"
    if change.remark == ANOTHER_SECRET:
        return "another value, which is secret"
    if change.a is not None and change.b is not None:
        return "others"
    return "there are some now" if change.a is None else "none any more"


def value_text(value: JSON) -> str:
    """A value as people read it: digests and commits shortened, texts of several lines in one."""
    text = spelled(value)
    if text.startswith("blake3:"):
        digest, plus, mode = text.partition("+")
        return digest[:DIGEST_LETTERS] + plus + mode
    if len(text) in (40, 64) and not text.strip("0123456789abcdef"):
        return text[:12]
    shown = harmless(text)
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"


def tasks_text(tasks: Sequence[str]) -> str:
    """A few tasks by their names; of many how many each stage has."""
    if len(tasks) <= TASKS:
        return ", ".join(map(harmless, tasks))
    counts: dict[str, int] = {}
    for task in tasks:
        stage = task.partition("@")[0]
        counts[stage] = counts.get(stage, 0) + 1
    named = [harmless(stage) if number == 1 else f"{harmless(stage)} ({number:,} tasks)"
             for stage, number in list(counts.items())[:STAGES]]  # fmt: skip
    more = f" and {len(counts) - STAGES} more stages" if len(counts) > STAGES else ""
    return ", ".join(named) + more

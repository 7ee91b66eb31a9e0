"""What GitHub shows of a command: annotations by workflow commands, and a summary in Markdown.

The runner obeys every line of a step's output that looks like one of its commands, wherever it comes from: `::` after
nothing but white space, and `##[` anywhere. So while a command prints names and logs, it has the runner stop that, by
a word that nobody can guess; and what is put into a command or into Markdown is escaped.
"""

from __future__ import annotations

import os

from provstore.cli.ci.checks import PASSED, counted, told, worst_first
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.cli.ci.checks import Check
    from provstore.cli.ci.findings import Finding

MOST_OF_A_KIND = 10
"""Annotations of one kind that GitHub shows of a step."""

LONGEST_MESSAGE = 4_000
"""Characters of an annotation; GitHub cuts at 64 KiB."""

LONGEST_SUMMARY = 1 << 20
"""Bytes of the summary of a step; GitHub refuses a longer one as a whole."""

MOST_ROWS = 200
MOST_LOGS = 20
LONGEST_LOG = 10_000
"""Characters of one log."""

MARKS = {"passed": "✅", "failed": "❌", "skipped": "⏭️", "error": "❌"}


def is_here() -> bool:
    """Says whether this is a step of a workflow."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def stop_word() -> str:
    """A word that nobody can guess."""
    return f"provstore-{os.urandom(16).hex()}"


def disarmed(text: str) -> str:
    """Text for people that the runner takes for no command: what would be one has a space in it."""
    lines = text.replace("##[", "## [").split("\n")
    return "\n".join(line.replace("::", ": :", 1) if line.lstrip().startswith("::") else line for line in lines)


def annotated(found: Sequence[Finding], remarks: Sequence[str]) -> list[str]:
    """A workflow command for each finding and remark; where there are too many, the last says how many more."""
    errors = [_annotation("error", finding.title, finding.message, finding) for finding in found]
    notices = [_annotation("notice", "provstore", text) for text in remarks]
    return [*_at_most(errors, "error"), *_at_most(notices, "notice")]


def _at_most(commands: list[str], kind: str) -> list[str]:
    if len(commands) <= MOST_OF_A_KIND:
        return commands
    shown = commands[: MOST_OF_A_KIND - 1]
    return [*shown, _annotation(kind, "provstore", f"and {len(commands) - len(shown)} more: see the summary")]


def _annotation(kind: str, title: str, message: str, finding: Finding | None = None) -> str:
    properties = {"title": title}
    spot = finding.spot if finding is not None else None
    if spot is not None:
        properties = {"file": spot.file, **({"line": str(spot.line)} if spot.line else {}), **properties}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = "\n".join(harmless(line) for line in message[:LONGEST_MESSAGE].split("\n"))
    return f"::{kind} {listed}::{_data(text)}"


def _data(text: str) -> str:
    """Text behind the `::` of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Text of a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# --- the summary ------------------------------------------------------------------------------------------


def summary(command: str, checks: Sequence[Check], remarks: Sequence[str], room: int = LONGEST_SUMMARY) -> str:
    """The summary in Markdown.

    Args:
        room: Bytes that it may have; what is left out is said.
    """
    parts = [_heading(command, checks), *_table(checks), *[f"- {markdown(text)}\n" for text in remarks[:MOST_ROWS]]]
    logs = [_log(check) for check in checks if check.details and check.outcome != PASSED]
    return _bounded([*parts, "\n", *logs[:MOST_LOGS]], room)


def _bounded(parts: Sequence[str], room: int) -> str:
    """As many parts as there is room for: cut anywhere else, it would be no Markdown any more."""
    left_out = "\n*There is more, for which there is no room here.*\n\n"
    room -= len(left_out.encode())
    shown: list[str] = []
    for part in parts:
        room -= len(part.encode())
        if room < 0:
            return "".join([*shown, left_out])
        shown.append(part)
    return "".join(shown)


def _heading(command: str, checks: Sequence[Check]) -> str:
    worst = worst_first(checks)[0].outcome if checks else PASSED
    counts = ", ".join(f"{number} {markdown(word)}" for word, number in counted(checks).items()) or "no tasks"
    seconds = sum(check.seconds for check in checks)
    return f"### {MARKS[worst]} provstore {command}: {counts}{f' ({seconds:.1f} s)' if seconds else ''}\n\n"


def _table(checks: Sequence[Check]) -> list[str]:
    """What did not pass, then what was done; of thousands of fresh tasks the heading says the number."""
    shown = told(checks)
    if not shown:
        return []
    rows = ["| task | outcome | seconds | why |\n| --- | --- | ---: | --- |\n"]
    for check in shown[:MOST_ROWS]:
        seconds = f"{check.seconds:.1f}" if check.seconds else ""
        outcome = f"{MARKS[check.outcome]} {markdown(check.word or check.outcome)}"
        why = markdown(check.message[:LONGEST_MESSAGE])
        rows.append(f"| {code(check.name)} | {outcome} | {seconds} | {why} |\n")
    if len(shown) > MOST_ROWS:
        rows.append(f"| and {len(shown) - MOST_ROWS} more | | | |\n")
    return [*rows, "\n"]


def _log(check: Check) -> str:
    import html

    lines = "\n".join(harmless(line) for line in check.details[-LONGEST_LOG:].split("\n"))
    head = f"<details><summary><code>{markdown(check.name)}</code>: {markdown(check.message)}</summary>\n\n"
    return f"{head}<pre>{html.escape(lines)}</pre>\n\n</details>\n\n"


def code(text: str) -> str:
    """Text in Markdown that is code."""
    return f"<code>{markdown(text)}</code>"


def markdown(text: str) -> str:
    """All that means something in Markdown or HTML spelled out: what is an entity has no other meaning."""
    return "".join(
        char if char.isalnum() or char in " /-.→…" or ord(char) > 127 else f"&#{ord(char)};" for char in harmless(text)
    )

"""A runner of GitHub, as far as it listens to what a step prints: which lines does it obey?

Its rules, in the order in which it applies them: a command stands behind white space and `::`, or behind `##[`
anywhere in a line; its name is known, whatever its case; once commands are stopped by a word, only that word counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

KNOWN = {
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
}


class Command(NamedTuple):
    """A line that is obeyed."""

    name: str
    properties: dict[str, str]
    data: str


def obeyed(lines: Iterable[str]) -> list[Command]:
    """The commands among the lines that a step prints, but those that stop and resume commands."""
    found, word = [], None
    for line in lines:
        command = parsed(line, KNOWN | ({word} if word else set()))
        if command is None:
            continue
        if word is not None:
            word = None if command.name == word else word
        elif command.name == "stop-commands":
            word = command.data.lower()
        else:
            found.append(command)
    assert word is None, "commands are still stopped when the step goes on"
    return found


def parsed(line: str, known: set[str]) -> Command | None:
    """The command in a line."""
    text = line.lstrip()
    if text.startswith("::") and "::" in text[2:]:
        head, _, data = text[2:].partition("::")
        name, _, said = head.partition(" ")
        if name.lower() in known:
            pairs = [part.split("=", 1) for part in said.strip().split(",") if "=" in part]
            return Command(name.lower(), {key: plain(value, ":,") for key, value in pairs}, plain(data, ""))
    _, old, rest = line.partition("##[")
    head, closed, data = rest.partition("]")
    name = head.partition(" ")[0].lower()
    return Command(name, {}, data) if old and closed and name in known else None


def plain(text: str, more: str) -> str:
    """Text of a command without its escapes."""
    for char in f"\r\n{more}%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text

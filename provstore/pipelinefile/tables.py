"""A TOML table while it is checked: its values by kind, and every problem noted with its place."""

from __future__ import annotations

import json
import posixpath
from functools import cached_property

from provstore.digest import digest_bytes
from provstore.errors import Problem
from provstore.model.pipeline import Place
from provstore.model.values import nearest
from provstore.noun import NamedTuple
from provstore.pipelinefile import expect
from provstore.pipelinefile.expect import quoted
from provstore.pipelinefile.locate import key_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TypeAlias

    Keys: TypeAlias = Mapping[str, Callable[[object], object]]
    """Every key that a table may have → what its value has to be (`expect`)."""

ENOUGH = 100
"""So many problems get a suggestion and the exact line; with thousands of names each takes milliseconds."""


def spot(place: Place) -> str:
    """A place as messages spell it."""
    return f"{place.file}:{place.line}" if place.line else place.file


class Source:
    """One file that was read.

    Attributes:
        file: Relative to the project's root.
        folder: Folder of the file, relative to the root; "" is the root.
        tables: What the readers of TOML and JSON made of it.
    """

    def __init__(self, file: str, text: str, tables: dict[str, Any]) -> None:
        self.file, self.folder = file, posixpath.dirname(file)
        self.text, self.tables = text, tables

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and (self.file, self.text) == (other.file, other.text)

    def __hash__(self) -> int:
        return hash((self.file, self.text))

    @cached_property
    def lines(self) -> Mapping[tuple[str, ...], int]:
        """Line of each key; none for JSON. Worked out at the first message: most files need none."""
        return {} if self.file.endswith(".json") else key_lines(self.text)

    def line_of(self, keys: tuple[str, ...]) -> int:
        """The line of a key, or of the innermost table above it that has one; 0 where none has."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 0)


class Document(NamedTuple):
    """All that was read for one pipeline.

    Attributes:
        sources: Pipelinefiles, the main one first.
        params_files: Files of parameters.
        digests: Every file that was read → its digest.
    """

    sources: Sequence[Source]
    params_files: Sequence[Source]
    digests: Mapping[str, str]

    def meaning(self) -> str | None:
        """Digest of what the files say: equal for files that differ in comments and layout alone.

        Two documents of one meaning give one pipeline, but for the lines in its messages. So the order of keys
        counts here, as that of stages decides which of two independent tasks is the first. None: they hold what
        `check` refuses.
        """
        said = [[(source.file, source.tables) for source in sources] for sources in (self.sources, self.params_files)]
        try:
            text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
            return digest_bytes(text.encode())
        except (TypeError, ValueError, RecursionError):  # dates, half characters, huge numbers, endless nesting
            return None


class Table:
    """One table of one file.

    Attributes:
        values: Its keys and values, as read.
        path: The keys that lead to it.
        subject: What a message is about, such as "stage 'calibrate'".
        label: What stands before a key in a message, such as "inputs.raw.".
        problems: Where problems go; one list for all files.
    """

    __slots__ = ("label", "path", "problems", "source", "subject", "values")

    def __init__(
        self, source: Source, path: tuple[str, ...], values: dict[str, Any], subject: str, problems: list[Problem]
    ) -> None:
        self.source, self.path, self.values = source, path, values
        self.subject, self.label, self.problems = subject, "", problems

    def line(self, *keys: str) -> int:
        """Where a key stands; without keys, where the table begins."""
        return self.source.line_of(self.path + keys)

    def place(self) -> Place:
        """Where the table begins."""
        return Place(self.source, self.path)

    def note(self, key: str, text: str, hint: str = "", near: str = "") -> None:
        """Notes a problem with the value of a key; of a value of several lines, in the first one that holds `near`."""
        line = self._line_of(key, near) if near and len(self.problems) <= ENOUGH else self.line(key)
        self.problems.append(Problem(self.source.file, line, self.subject, f"{self.label}{key}: {text}", hint))

    def note_whole(self, text: str, hint: str = "", key: str = "") -> None:
        """Notes a problem with the table itself, in the line of `key` if one is named."""
        line = self.line(key) if key else self.line()
        label = f"{self.label[:-1]}: " if self.label else ""
        self.problems.append(Problem(self.source.file, line, self.subject, f"{label}{text}", hint))

    def note_error(self, key: str, error: expect.UnexpectedError, near: str = "") -> None:
        """Notes what a check of a value raised, with the nearest name if that is what is wrong."""
        hint = error.hint
        if isinstance(error, expect.UnknownNameError):
            hint = self.suggestion(error.name, error.choices)
        self.note(key, error.text, hint, near)

    def _line_of(self, key: str, near: str) -> int:
        first = self.line(key)
        after = min((line for line in self.source.lines.values() if line > first), default=None)
        lines = self.source.text.split("\n")[first - 1 : after and after - 1]
        return next((number for number, line in enumerate(lines, first) if near in line), first)

    def suggestion(self, word: str, choices: Iterable[str]) -> str:
        """The hint for an unknown name: the nearest of what there is, or all if there are few."""
        known = sorted(choices)
        if nearest := self.nearest(word, known):
            return f"did you mean {quoted(nearest)}?"
        return f"there is {', '.join(map(quoted, known))}" if 0 < len(known) <= 8 else ""

    def nearest(self, word: str, choices: Sequence[str]) -> str | None:
        """The name that is spelt most like a word, if one is near enough."""
        if len(self.problems) > ENOUGH:
            return None
        return nearest(word, choices) or None

    def unknown(self, key: str, keys: Iterable[str], confused: Mapping[str, str]) -> None:
        """Notes a key that this table does not have."""
        nearest = confused.get(key.lower()) or self.nearest(key.lower(), list(keys))
        hint = f"did you mean {quoted(nearest)}?" if nearest else ""
        if not hint and isinstance(self.values[key], dict) and len(self.path) == 2:
            hint = f'for a name with a dot write [{self.path[0]}."{self.path[1]}.{key}"]'
        self.note_whole(f"unknown key {quoted(key)}", hint, key)

    def read(self, keys: Keys, confused: Mapping[str, str]) -> dict[str, Any]:
        """The checked values of the keys that are there.

        What is unknown or of a wrong kind is noted and left out. `confused` maps keys that people write by
        mistake to those they mean.
        """
        checked = {}
        for key, value in self.values.items():
            kind = keys.get(key)
            if kind is None:
                self.unknown(key, keys, confused)
                continue
            try:
                checked[key] = kind(value)
            except expect.UnexpectedError as error:
                self.note_error(key, error)
        return checked

    def inner(self, key: str, values: dict[str, Any]) -> Table:
        """A table in this one, about the same subject."""
        table = Table(self.source, (*self.path, key), values, self.subject, self.problems)
        table.label = f"{self.label}{key}."
        return table

    def member(self, name: str, values: dict[str, Any], subject: str) -> Table:
        """A table in this one that is a subject of its own, such as one stage."""
        return Table(self.source, (*self.path, name), values, f"{subject} {quoted(name)}", self.problems)

    def about(self, subject: str, keys: tuple[str, ...]) -> Table:
        """Something inside of this table, however deep, as a subject of its own."""
        return Table(self.source, self.path + keys, {}, subject, self.problems)

    def members(self, subject: str, expected: str, hint: str = "") -> list[tuple[str, Table]]:
        """The tables in this one, each a `subject` of its own, such as "stage"; anything else is noted."""
        tables = []
        for name, values in self.values.items():
            if isinstance(values, dict):
                tables.append((name, self.member(name, values, subject)))
            else:
                self.member(name, {}, subject).note_whole(f"found {expect.found(values)}, expected {expected}", hint)
        return tables

"""Reads a Pipelinefile, the files that it includes and its files of parameters.

Rules: whatever the bytes are, the result is a `Pipeline` or a `PipelinefileError` that names every problem. Of
files that can't be read or are no TOML all are named, and nothing else, as any other problem may follow from them.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import stat

from provstore.digest import digest_bytes
from provstore.errors import PipelinefileError, Problem
from provstore.pipelinefile import expect, toml
from provstore.pipelinefile.check_paths import normalised
from provstore.pipelinefile.expect import quoted
from provstore.pipelinefile.locate import MOST_PARTS, deep_key
from provstore.pipelinefile.tables import Document, Source, Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from provstore.model.pipeline import Pipeline

NAME = "Pipelinefile.toml"
DEEPEST = 32
"""Files may include files this deep."""

_AT = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_TWICE = re.compile(r"Cannot declare \((.*)\)", re.DOTALL)
_QUOTED = re.compile(r"'([^']*)'")
_HINTS = {
    "Invalid value": "text stands in quotes",
    "Illegal character '\\n'": 'text of several lines stands between """',
    "Unescaped '\\' in a string": "double it, or put the text in single quotes",
    "Cannot overwrite a value": "the same key stands above",
    "Invalid statement": "a line is 'key = value' or '[table]'",
}
"""How the message of the reader of TOML begins → what to do."""


class SyntaxProblem(Problem):
    """A place in which a file is no TOML or JSON.

    Attributes:
        column: Counts from 1.
    """

    __slots__ = ("column",)

    def __init__(self, file: str, line: int, column: int, text: str, hint: str = "") -> None:
        super().__init__(file, line, "", text, hint)
        self.column = column

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.text}{hint}"


def read_pipelinefile(root: str, file: str) -> Pipeline:
    """Reads and checks a Pipelinefile with all that it names; see `read_document` and `check`."""
    from provstore.pipelinefile.check import check  # who only compares what files say needs no check

    return check(root, read_document(root, file))


def read_document(root: str, file: str, instead: Callable[[str], bytes | None] | None = None) -> Document:
    """Reads a Pipelinefile with all that it names.

    Args:
        root: Absolute path of the project.
        file: The Pipelinefile, relative to the root.
        instead: The bytes that a file, relative to the root, is to have; None: those on the disk.

    Raises:
        PipelinefileError: All files that can't be read or are no TOML, by file and line.
    """
    reader = _Reader(root, instead)
    reader.read(posixpath.normpath(file) if file else NAME)
    if reader.problems:
        raise PipelinefileError(sorted(reader.problems, key=lambda problem: (problem.file, problem.line)))
    return Document(reader.sources, reader.params_files, reader.digests)


class _Reader:
    """Follows `include` and `params_files`; every file is read once."""

    def __init__(self, root: str, instead: Callable[[str], bytes | None] | None) -> None:
        self.root, self._instead = root, instead
        self.sources: list[Source] = []
        self.params_files: list[Source] = []
        self.digests: dict[str, str] = {}
        self.problems: list[Problem] = []
        self._read: dict[str, str] = {}

    def read(self, main: str) -> None:
        """Reads the main file, what it includes, what that includes, and so on; each before its includes."""
        self._follow(main, None, ())

    def _follow(self, file: str, named: tuple[Table, str] | None, above: tuple[str, ...]) -> None:
        """Reads one Pipelinefile.

        It is named by the table and key `named` (None: the main file) and included by the files `above`,
        the main one first.
        """
        identity = os.path.realpath(os.path.join(self.root, file))
        if identity in above:
            self._note(file, named, "includes itself" if above[-1] == identity else "includes itself through others")
            return
        if len(above) > DEEPEST:
            self._note(file, named, f"is included more than {DEEPEST} deep")
            return
        if identity in self._read:  # under another name, which may lead to another file the next time
            self.digests[file] = self._read[identity]
            return
        source = self._source(file, named)
        if source is None:
            return
        self.sources.append(source)
        project = source.tables.get("project")
        if not isinstance(project, dict):
            return
        table = Table(source, ("project",), project, "[project]", self.problems)
        for path in self._named(table, "include"):
            self._follow(path, (table, "include"), (*above, identity))
        for path in self._named(table, "params_files"):
            params = self._source(path, (table, "params_files"))
            if params is not None:
                self.params_files.append(params)

    def _named(self, table: Table, key: str) -> list[str]:
        """The files that a key names, relative to the root; `check` says what else is wrong with the key."""
        try:
            written = expect.names(table.values.get(key, []))
        except expect.UnexpectedError:
            return []
        files = []
        for text in written:
            path = normalised(table.source.folder, text)
            if path.startswith(("/", "../")) or path in ("..", ""):
                table.note(key, f"file {quoted(text)} lies outside of the project" if text else "found an empty path")
            else:
                files.append(path)
        return files

    def _source(self, file: str, named: tuple[Table, str] | None) -> Source | None:
        """One file, or None if it can't be read, was read before or has faults."""
        identity = os.path.realpath(os.path.join(self.root, file))
        self._read[identity] = ""
        data = self._bytes(file, named)
        if data is None:
            return None
        self.digests[file] = self._read[identity] = digest_bytes(data)
        text = self._text(file, data)
        if text is None:
            return None
        is_json = file.endswith(".json")
        tables = self._parsed(file, text, is_json)
        if tables is None:
            return None
        return Source(file, text, tables)

    def _note(self, file: str, named: tuple[Table, str] | None, text: str) -> None:
        """Notes a problem with a whole file where it is named, or in itself for the main file."""
        if named is None:
            self.problems.append(Problem(file, 0, "", text))
        else:
            table, key = named
            table.note(key, f"file {quoted(file)} {text}", near=posixpath.basename(file))

    def _bytes(self, file: str, named: tuple[Table, str] | None) -> bytes | None:
        given = self._instead(file) if self._instead is not None else None
        if given is not None:
            return given
        path = os.path.join(self.root, file)
        try:
            mode = os.stat(path).st_mode
            if stat.S_ISDIR(mode):
                self._note(file, named, "is a folder, expected a file")
            elif not stat.S_ISREG(mode):
                self._note(file, named, "is a device or pipe, expected a file")
            else:
                with open(path, "rb") as stream:
                    return stream.read()
        except FileNotFoundError:
            self._note(file, named, "does not exist")
        except (OSError, ValueError) as error:
            self._note(file, named, f"can't be read: {getattr(error, 'strerror', None) or error}")
        return None

    def _text(self, file: str, data: bytes) -> str | None:
        if data.startswith(b"\xef\xbb\xbf"):
            text = "found a byte order mark, expected UTF-8 without one"
            self.problems.append(SyntaxProblem(file, 1, 1, text, "save the file as plain UTF-8"))
            return None
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = error.start - data.rfind(b"\n", 0, error.start)
            text = f"found the byte 0x{data[error.start]:02x}, which is no UTF-8"
            self.problems.append(SyntaxProblem(file, line, column, text, "save the file as UTF-8"))
            return None

    def _parsed(self, file: str, text: str, is_json: bool) -> dict[str, Any] | None:
        if not is_json and (deep := deep_key(text)):
            line = text.count("\n", 0, deep.end()) + 1
            self.problems.append(Problem(file, line, "", f"found a key of more than {MOST_PARTS:,} parts"))
            return None
        try:
            tables = json.loads(text) if is_json else toml.loads(text)
        except toml.TOMLDecodeError as error:
            self.problems.append(_toml_problem(file, text, str(error)))
        except json.JSONDecodeError as error:
            self.problems.append(SyntaxProblem(file, error.lineno, error.colno, f"this is no JSON: {error.msg}"))
        except RecursionError:
            self.problems.append(Problem(file, 0, "", "values are nested too deeply"))
        except ValueError as error:  # such as a number of five thousand digits
            self.problems.append(Problem(file, 0, "", f"holds a value that can't be read: {error}"))
        else:
            if isinstance(tables, dict):
                return tables
            self.problems.append(
                Problem(file, 1, "", f"found {expect.found(tables)}, expected an object of parameters")
            )
        return None


def _toml_problem(file: str, text: str, message: str) -> SyntaxProblem:
    """The message of the reader of TOML with its place in front, and what to do where that is known."""
    parsed = _AT.fullmatch(message)
    what = _TWICE.sub(
        lambda twice: f"'{'.'.join(_QUOTED.findall(twice[1]))}' is declared", parsed[1] if parsed else message
    )
    if parsed and parsed[2]:
        line, column = int(parsed[2]), int(parsed[3])
    else:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    hint = next((hint for start, hint in _HINTS.items() if what.startswith(start)), "")
    return SyntaxProblem(file, line, column, f"this is no TOML: {what}", hint)

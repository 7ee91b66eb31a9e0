"""The text of a lock file: a `Lock` as TOML, and back.

Rules: what is equal has one text, sorted, with a line for each file, so that it can be reviewed; blank lines stand
between tasks, and between inputs, so that git unites changes of different ones by itself. Any other TOML that says
the same is read as well. Parsing what was printed gives the lock again.
"""

from __future__ import annotations

import json
import re

from provstore.digest import canonical_json
from provstore.errors import LockfileError
from provstore.model.files import RecordedContent
from provstore.model.lock import FROZEN, Lock, LockedTask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

VERSION = 1
"""Of this spelling. A file of a newer one is refused."""

HEAD = """\
# Made by provstore: what each task made, and from what. Commit it beside the Pipelinefile.
# 'provstore check --locked' compares with it, 'provstore run' keeps it up to date;
# after a merge with conflicts, 'provstore lock --resolve' mends it.
"""

ANEW = "take an earlier version of it, or write it anew with 'provstore lock'"
CONFLICTED = "'provstore lock --resolve' mends it"

MARKER = re.compile(r"^(<{7}|\|{7}|={7}|>{7})(?: .*)?\r?$", re.MULTILINE)
"""A line that git puts around the two sides of a conflict, and around what both came from."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DIGEST = re.compile(r"blake3:[0-9a-f]{64}")
_SEMANTIC = re.compile(r"[^\s/:+]+/[^\s/:+]+:[0-9a-f]+")
_AT = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)


# --- printing ---------------------------------------------------------------------------------------------


def text_of(lock: Lock) -> str:
    """The text of a lock."""
    tasks = [task_text(task) for _, task in sorted(lock.tasks.items())]
    inputs = [input_text(read) for _, read in sorted(lock.inputs.items())]
    return text_from(tasks, inputs)


def text_from(tasks: Sequence[str], inputs: Sequence[str]) -> str:
    """The text of a lock from those of its parts."""
    return "".join([f"{HEAD}version = {VERSION}\n", *tasks, "\n[input]\n" if inputs else "", *inputs])


def task_text(task: LockedTask) -> str:
    """The lines of a task."""
    lines = [f"\n[task.{_key(task.stage)}.{_key(task.data_id)}]", f"key = {_text(task.key)}"]
    return "\n".join([*lines, *[f"output.{_line(output)}" for output in sorted(task.outputs)], ""])


def input_text(read: RecordedContent) -> str:
    """The lines of an input."""
    return f"\n{_line(read)}\n"


def _line(dataset: RecordedContent) -> str:
    fields = [f"kind = {_text(dataset.kind)}"]
    if dataset.executable:
        fields.append("executable = true")
    fields.append(f"digest = {_text(dataset.digest)}")
    if dataset.semantic is not None:
        fields.append(f"semantic = {_text(dataset.semantic)}")
    return f"{_key(dataset.path)} = {{ {', '.join(fields)} }}"


def _key(name: str) -> str:
    """A key of TOML: bare where it may be, in single quotes where that saves escapes."""
    if _BARE.fullmatch(name):
        return name
    if '"' in name and "'" not in name and name.isprintable():
        return f"'{name}'"
    return _text(name)


def _text(value: str) -> str:
    """A text of TOML: as JSON has it, which leaves one character as it is that TOML does not."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


# --- parsing ----------------------------------------------------------------------------------------------


def parse(text: str, file: str) -> Lock:
    """The lock that a text says.

    Args:
        file: Its name, for messages.

    Raises:
        LockfileError: It says something else, or has conflicts of a merge in it; the first of what is wrong.
    """
    marker = MARKER.search(text)
    if marker is not None:
        line = text.count("\n", 0, marker.start()) + 1
        raise LockfileError(file, line, "has conflicts of a merge in it", CONFLICTED)
    found = _tables(text, file)
    try:
        return _lock_from(found)
    except _WrongError as wrong:
        raise LockfileError(file, _line_of(text, wrong.where), wrong.text, wrong.hint) from None


def _tables(text: str, file: str) -> Mapping[str, Any]:
    from provstore.pipelinefile import toml
    from provstore.pipelinefile.locate import deep_key

    deep = deep_key(text)  # such a key would take minutes to read
    if deep is not None:
        raise LockfileError(file, text.count("\n", 0, deep.start()) + 1, "a key has too many parts", ANEW)
    try:
        return toml.loads(text)
    except toml.TOMLDecodeError as error:
        at = _AT.fullmatch(str(error))
        line = int(at[2]) if at and at[2] else text.count("\n") + 1
        raise LockfileError(file, line, f"is no TOML: {at[1] if at else error}", ANEW) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets of any depth
        raise LockfileError(file, 1, "is no lock file", ANEW) from error


class _WrongError(Exception):
    """Something else than a lock says stands at a key."""

    def __init__(self, where: tuple[str, ...], text: str, hint: str = ANEW) -> None:
        super().__init__(text)
        self.where, self.text, self.hint = where, text, hint


def _lock_from(found: Mapping[str, Any]) -> Lock:
    version = found.get("version")
    if type(version) is not int or version < 1:
        raise _WrongError(("version",), f"version: found {_shown(version)}, expected {VERSION}")
    if version > VERSION:
        text = f"version: found {version}, this provstore knows up to {VERSION}"
        raise _WrongError(("version",), text, "upgrade provstore")
    _expect_keys((), found, {"version", "task", "input"})
    tasks = {(task.stage, task.data_id): task for task in _tasks(found.get("task", {}))}
    inputs = {read.path: read for read in _datasets(("input",), found.get("input", {}))}
    return Lock(tasks, inputs)


def _tasks(found: object) -> Iterator[LockedTask]:
    for stage, of_stage in _table(("task",), found).items():
        for data_id, value in _table(("task", stage), of_stage).items():
            where = ("task", stage, data_id)
            table = _table(where, value)
            _expect_keys(where, table, {"key", "output"})
            if not _is_data_id(data_id):
                raise _WrongError(where, f"found {_shown(data_id)}, expected a data ID as canonical JSON")
            key = table.get("key")
            if not isinstance(key, str) or not (key == FROZEN or _DIGEST.fullmatch(key)):
                raise _WrongError((*where, "key"), f"key: found {_shown(key)}, expected a digest")
            outputs = _datasets((*where, "output"), table.get("output", {}))
            yield LockedTask(stage, data_id, key, tuple(sorted(outputs)))


def _datasets(where: tuple[str, ...], found: object) -> Iterator[RecordedContent]:
    for path, value in _table(where, found).items():
        table = _table((*where, path), value)
        _expect_keys((*where, path), table, {"kind", "executable", "digest", "semantic"})
        kind, executable = table.get("kind"), table.get("executable", False)
        digest, semantic = table.get("digest"), table.get("semantic")
        if kind not in ("file", "directory"):
            raise _WrongError((*where, path), f"kind: found {_shown(kind)}, expected 'file' or 'directory'")
        if not isinstance(executable, bool):
            raise _WrongError((*where, path), f"executable: found {_shown(executable)}, expected true or false")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise _WrongError((*where, path), f"digest: found {_shown(digest)}, expected blake3: and 64 digits")
        if semantic is not None and not (isinstance(semantic, str) and _SEMANTIC.fullmatch(semantic)):
            raise _WrongError((*where, path), f"semantic: found {_shown(semantic)}, expected FORMAT/VERSION:DIGITS")
        yield RecordedContent(path, kind, executable, digest, semantic)


def _table(where: tuple[str, ...], value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(where, f"{where[-1]}: found {_shown(value)}, expected a table")
    return value


def _expect_keys(where: tuple[str, ...], table: Mapping[str, Any], known: set[str]) -> None:
    for name in table:
        if name not in known:
            raise _WrongError((*where, name), f"unknown key {_shown(name)}, expected {', '.join(sorted(known))}")


def _is_data_id(text: str) -> bool:
    try:
        value = json.loads(text)
        return isinstance(value, dict) and canonical_json(value) == text
    except (ValueError, RecursionError):
        return False


def _shown(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _line_of(text: str, where: tuple[str, ...]) -> int:
    """The line of a key, else of the nearest table around it."""
    from provstore.pipelinefile.locate import key_lines

    lines = key_lines(text)
    return next((lines[where[:end]] for end in range(len(where), 0, -1) if where[:end] in lines), 1)

"""Which files of the project a task seems to read without declaring them: from what it printed when it failed.

A guess, and told as such: programs say in many ways that a file is not there. What counts is that the log names
something that is in the project and was not in the scratch folder.
"""

from __future__ import annotations

import os
import re

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

COMPLAINTS = re.compile(
    r"no such file|not found|cannot (?:open|access|find|stat|read)|can't (?:open|find|read|load)"
    r"|could not (?:open|find)|unable to (?:open|read|find)|does not exist|doesn't exist|filenotfound|errno 2\b"
    r"|failed to open|not a git repository",
    re.IGNORECASE,
)
MODULE = re.compile(r"No module named ['\"]?([\w.]+)")
QUOTED = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"|`([^`'\n]+)['`]|‘([^’\n]+)’|«\s*([^»\n]+?)\s*»|„([^“\n]+)“")
LINES = 200
"""Of the end of a log that are looked at."""
NAMED_AT_MOST = 10


class Rooms(NamedTuple):
    """Where a name in a log may lead.

    Attributes:
        project: Absolute path of the project.
        scratch: Of the folder that stood for it.
        cwd: Folder in which the command worked, relative to both; "" is the root.
        outputs: What the task itself makes: that it is missing is no sign of an input.
        scripts: Folders of its inputs, in which interpreters look for modules.
        known: Paths that the Pipelinefile has: of those that other tasks make, not all need lie in the project.
    """

    project: str
    scratch: str
    cwd: str
    outputs: Sequence[str]
    scripts: Sequence[str]
    known: Collection[str] = ()


def undeclared(log: bytes, rooms: Rooms) -> tuple[str, ...]:
    """Paths that a log complains of, relative to the project's root; ``..`` leads to those outside of it."""
    lines = log.decode("utf-8", "replace").splitlines()[-LINES:]
    found: dict[str, None] = {}
    for line in lines:
        for name in _names(line, rooms):
            found.update(dict.fromkeys(_missing(name, rooms)))
    return tuple(found)[:NAMED_AT_MOST]


def _names(line: str, rooms: Rooms) -> Iterator[str]:
    """What in a line may be the name of a file."""
    module = MODULE.search(line)
    if module is not None:
        yield from _files_of_module(module.group(1), rooms)
    if COMPLAINTS.search(line) is None:
        return
    for groups in QUOTED.findall(line):
        yield from filter(None, groups)
    for word in line.split():
        yield word.strip("'\"`‘’«»„“,;()[]<>")
        yield word.strip("'\"`‘’«»„“,;()[]<>:.")
        yield word.strip("'\"`‘’«»„“,;()[]<>:")
    before, colon, _ = line.rpartition(": ")  # "cat: two words.txt: No such file or directory"
    if colon:
        yield before.rpartition(": ")[2]


def _files_of_module(name: str, rooms: Rooms) -> Iterator[str]:
    parts = name.split(".")
    for folder in rooms.scripts:
        for number in range(len(parts), 0, -1):
            place = os.path.join(rooms.scratch, folder, *parts[:number])
            yield f"{place}.py"
            yield f"{place}/__init__.py"


def _missing(name: str, rooms: Rooms) -> list[str]:
    """The paths of undeclared files that a name stands for, which may be a pattern that a shell found nothing for."""
    if not name or name in (".", "/") or "\0" in name:
        return []
    path = os.path.relpath(os.path.normpath(os.path.join(rooms.scratch, rooms.cwd, name)), rooms.scratch)
    if path == "." or (name.startswith("/") and path.split("/")[0] == ".."):  # that one was there for the command
        return []
    if _is_undeclared(path, rooms):
        return [path]
    return [found for found in _matches(path, rooms.project) if _is_undeclared(found, rooms)]


def _matches(pattern: str, project: str) -> list[str]:
    """Some of what a pattern stands for."""
    folder, _, last = pattern.rpartition("/")
    if "**" in last or not any(sign in last for sign in "*?["):  # "***" stands for a secret
        return []
    if any(sign in folder for sign in "*?["):  # of one folder: there may be very many
        return []
    from glob import iglob
    from itertools import islice

    return sorted(islice(iglob(pattern, root_dir=project), NAMED_AT_MOST))


def _is_undeclared(path: str, rooms: Rooms) -> bool:
    """It is there for the project, was not there for the command, and is nothing that the task makes."""
    if any(path == made or path.startswith(f"{made}/") or made.startswith(f"{path}/") for made in rooms.outputs):
        return False
    is_there = path in rooms.known or os.path.lexists(os.path.join(rooms.project, path))
    return is_there and not os.path.lexists(os.path.join(rooms.scratch, path))


def sentence(paths: Sequence[str]) -> str:
    """What is to be said of them."""
    if len(paths) == 1:
        return f"reads {paths[0]}, which is not declared as an input"
    return f"reads {', '.join(paths)}, which are not declared as inputs"

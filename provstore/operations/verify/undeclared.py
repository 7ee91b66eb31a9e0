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
    from collections.abc import Iterator, Sequence

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
    """

    project: str
    scratch: str
    cwd: str
    outputs: Sequence[str]
    scripts: Sequence[str]


def undeclared(log: bytes, rooms: Rooms) -> tuple[str, ...]:
    """Paths of the project that a log complains of, relative to the project's root."""
    lines = log.decode("utf-8", "replace").splitlines()[-LINES:]
    found: dict[str, None] = {}
    for line in lines:
        for name in _names(line, rooms):
            path = _inside(name, rooms)
            if path and path not in found:
                found[path] = None
    return tuple(found)[:NAMED_AT_MOST]


def _names(line: str, rooms: Rooms) -> Iterator[str]:
    """What in a line may be the name of a file."""
    module = MODULE.search(line)
    if module is not None:
        yield from _files_of_module(module.group(1), rooms.scripts)
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


def _files_of_module(name: str, scripts: Sequence[str]) -> Iterator[str]:
    parts = name.split(".")
    for folder in scripts:
        for number in range(len(parts), 0, -1):
            place = os.path.join("/", folder, *parts[:number])  # from the root, whatever folder the command works in
            yield f"{place}.py"
            yield f"{place}/__init__.py"


def _inside(name: str, rooms: Rooms) -> str:
    """The path of an undeclared file that a name stands for; "" for anything else."""
    if not name or name in (".", "/") or "\0" in name:
        return ""
    full = os.path.join(rooms.scratch, rooms.cwd, name)
    if name.startswith("/") and not f"{name}/".startswith(f"{rooms.scratch}/"):
        full = os.path.join(rooms.scratch, name[1:])  # as `_files_of_module` gives them
    path = os.path.relpath(os.path.normpath(full), rooms.scratch)
    if path == "." or path.split("/")[0] == "..":
        return ""
    if any(path == made or path.startswith(f"{made}/") or made.startswith(f"{path}/") for made in rooms.outputs):
        return ""
    is_missing = os.path.lexists(os.path.join(rooms.project, path)) and not os.path.lexists(
        os.path.join(rooms.scratch, path)
    )
    return path if is_missing else ""


def sentence(paths: Sequence[str]) -> str:
    """What is to be said of them."""
    if len(paths) == 1:
        return f"reads {paths[0]}, which is not declared as an input"
    return f"reads {', '.join(paths)}, which are not declared as inputs"

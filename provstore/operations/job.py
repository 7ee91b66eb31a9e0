"""What a command is started with: its words, its environment, its description for stages in any language."""

from __future__ import annotations

import json
import os

from provstore.errors import naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from provstore.model.task import Work
    from provstore.model.values import JSON, DataId

LONGEST_ARGUMENT = 120_000
"""Bytes: Linux refuses a single argument beyond 128 KiB, so a longer script goes into a file."""

LONGEST_PADDING = 4096
"""Bytes: what a task with thousands of inputs left behind is not written again for each one after it."""


def environment_for(base: Mapping[str, str], stage: str, execution: str, root: str, description: str) -> dict[str, str]:
    """The whole environment of a command.

    Args:
        base: What the runner itself was given.
        root: Absolute path of the folder that stands for the project.
        description: Absolute path of what `write_description` has written.
    """
    return {
        **base,
        "PROVSTORE_STAGE": stage,
        "PROVSTORE_EXECUTION": execution,
        "PROVSTORE_ROOT": root,
        "PROVSTORE_TASK": description,
    }


def argv_for(work: Work, folder: str) -> tuple[str, ...]:
    """The command to start; a script that is too long for an argument is put into a file."""
    argv = work.started or work.argv
    if not work.shell or len(argv[-1]) * 4 < LONGEST_ARGUMENT or argv[-2] != "-c":
        return argv
    if len(argv[-1].encode()) < LONGEST_ARGUMENT:
        return argv
    script = os.path.join(folder, "script")
    with naming(script), open(script, "w", encoding="utf-8") as file:
        file.write(argv[-1])
    return (*argv[:-2], script)


def write_description(work: Work, stage: str, data_id: DataId, path: str, more: Mapping[str, JSON]) -> None:
    """Writes `task.json`: what a command is told of its task.

    Args:
        more: What else is to be put down there.
    """
    seen = _seen_from(work.cwd)
    inputs: dict[str, str | list[str]] = {role: [] for role in work.gathered}
    for role, read in work.inputs:
        place = seen(read)
        listed = inputs.setdefault(role, place)
        if isinstance(listed, list):
            listed.append(place)
    description = {
        "stage": stage,
        "data_id": dict(data_id),
        "inputs": inputs,
        "outputs": {output.role: seen(output.path) for output in work.outputs},
        "params": work.params,
        **more,
    }
    data = _encoded(description).encode()
    try:
        _write_in_place(path, data)
    except FileNotFoundError:  # the first task in this folder, or the last one has removed it
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _write_in_place(path, data)


_encoded = json.JSONEncoder(ensure_ascii=False).encode


def _seen_from(cwd: str) -> Callable[[str], str]:
    """How a path relative to the root is written in the folder `cwd`."""
    if not cwd:
        return str
    from provstore.pipelinefile.render import seen_from

    return lambda path: seen_from(cwd, path)


def _write_in_place(path: str, data: bytes) -> None:
    """Writes a small file over an older one, with spaces behind if that was longer.

    A file that is cut to nothing first is written to the disk at once by ext4 when it is closed, which would
    cost more than all else that is done for a task.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        with naming(path):
            size = os.fstat(descriptor).st_size
            if size > len(data) + LONGEST_PADDING:
                os.ftruncate(descriptor, len(data) + LONGEST_PADDING)
            data = data.ljust(min(size, len(data) + LONGEST_PADDING))
            done = 0
            while done < len(data):  # a disk that gets full takes a part
                done += os.pwrite(descriptor, data[done:], done)
    finally:
        os.close(descriptor)

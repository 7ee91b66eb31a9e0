"""Another text for a project's Pipelinefile: from a file, from standard input, or from a commit of git."""

from __future__ import annotations

import os
import subprocess

from provstore.errors import MissingProgramError, PipelinefileError, UsageError
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.pipelinefile.tables import Document

LARGEST = 64 << 20
"""Bytes; a Pipelinefile of 250,000 tasks has a tenth of that."""


class OldPipelinefile(NamedTuple):
    """What the Pipelinefile said, or is to say.

    Attributes:
        name: As typed.
        data: Its bytes.
        commit: The commit that the files which it names are read from; "" means that they are those on the disk.
    """

    name: str
    data: bytes
    commit: str = ""


def find_old(folder: str, name: str, standard_input: bytes | None) -> OldPipelinefile:
    """Reads what ``FILE``, ``-`` or ``COMMIT:PATH`` stands for.

    Args:
        folder: What paths are relative to.
        standard_input: What was read there, for ``-``.

    Raises:
        UsageError: There is no such file, or it can't be read.
    """
    if standard_input is not None:
        return OldPipelinefile("standard input", standard_input)
    path = os.path.join(folder, name)
    commit, colon, _ = name.partition(":")
    if colon and not os.path.lexists(path):
        return OldPipelinefile(name, _from_git(folder, name, name), commit)
    try:
        with open(path, "rb") as file:
            return OldPipelinefile(name, file.read(LARGEST))
    except OSError as error:
        raise UsageError(
            f"--refactor {name}: {error.strerror or error}",
            hint="name a file, COMMIT:PATH as in 'HEAD:Pipelinefile.toml', or '-' for standard input",
        ) from None


def read_old(root: str, file: str, old: OldPipelinefile) -> Document:
    """Reads it as if it stood in the place of the project's Pipelinefile: what it names is relative to that.

    Args:
        root: Absolute path of the project.
        file: Its Pipelinefile, relative to that.

    Raises:
        PipelinefileError: It, or a file that it names, can't be read or is no TOML.
    """
    from provstore.pipelinefile.read import read_document

    def instead(path: str) -> bytes | None:
        if path == file:
            return old.data
        return _in_commit(root, old.commit, path) if old.commit else None

    return read_document(root, file, instead)


class calling:  # noqa: N801 - read as a verb: `with calling(file, name):`
    """Gives problems of a text that stands in the place of a file the name of that text."""

    def __init__(self, file: str, name: str) -> None:
        self._file, self._name = file, name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, PipelinefileError):
            for problem in error.problems:
                if problem.file == self._file:
                    problem.file = self._name
            raise PipelinefileError(error.problems) from None


def _in_commit(root: str, commit: str, file: str) -> bytes | None:
    """A file as a commit has it; None where it has none: then it is one that git does not track."""
    try:
        return _from_git(root, f"{commit}:./{file}", file)
    except UsageError:
        return None


def _from_git(folder: str, object: str, name: str) -> bytes:
    if object.startswith("-"):
        raise UsageError(f"--refactor {name}: a commit's name does not begin with '-'")
    command = ["git", "cat-file", "blob", object]
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise MissingProgramError(f"--refactor {name}: git is not installed", hint="install git") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        hint = "name a file, COMMIT:PATH as in 'HEAD:Pipelinefile.toml', or '-' for standard input"
        raise UsageError(f"--refactor {name}: neither a file nor one that git has: {said}", hint=hint)
    return done.stdout

"""What git says of the code of two runs: which files changed between their commits, and what a file was then.

Rule: git is only asked for what it has at hand, by ids of commits that look like such; what it can't say is no error.
"""

from __future__ import annotations

import os
import re

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMIT = re.compile("[0-9a-f]{40}([0-9a-f]{24})?")
PATIENCE = 20.0
"""Seconds after which git is not waited for any more."""
MOST = 1 << 20
"""Bytes of a difference, or of a file, that are taken over."""
QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
KINDS = {b"100644": "file", b"100755": "executable", b"120000": "link"}
"""Modes of what git keeps."""
_ROW = re.compile(rb"(?P<mode>100644|100755|120000) blob (?P<id>[0-9a-f]+) +(?P<size>[0-9]+)\t(?P<path>.*)", re.DOTALL)
DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames")


class Changed(NamedTuple):
    """A file that changed between two commits; the numbers of lines are None where it is no text."""

    path: str
    added: int | None
    removed: int | None


class Held(NamedTuple):
    """What git has at one path of a folder.

    Attributes:
        path: In the folder.
        kind: "file", "executable" or "link", as in the manifest of a directory.
        data: The bytes; of a link its target.
    """

    path: str
    kind: str
    data: bytes


class Git:
    """The repository that a project lies in, if it lies in one.

    Args:
        root: Absolute path of the project.
    """

    def __init__(self, root: str) -> None:
        self._root = root

    def changed(self, a: str, b: str) -> Sequence[Changed] | None:
        """Files that changed between two commits; None where git does not have both."""
        answer = self._ask(*DIFF, "--numstat", "-z", *_commits(a, b))
        if answer is None:
            return None
        rows = [row.split("\t", 2) for row in answer.decode("utf-8", "surrogateescape").split("\0") if row]
        return [Changed(row[2], _number(row[0]), _number(row[1])) for row in rows if len(row) == 3]

    def patch(self, a: str, b: str) -> str:
        """All that changed between two commits, line by line; "" where git does not have both."""
        answer = self._ask(*DIFF, *_commits(a, b))
        return "" if answer is None else answer.decode("utf-8", "replace").removesuffix("\n")

    def file(self, commit: str, path: str) -> bytes | None:
        """What a file of the project was at a commit; None where git does not say."""
        if not COMMIT.fullmatch(commit) or path.startswith(("/", "../")):
            return None
        return self._ask("cat-file", "blob", f"{commit}:./{path}")

    def folder(self, commit: str, path: str) -> Sequence[Held] | None:
        """All that was in a folder of the project at a commit; None where git does not say, or where it is much."""
        if not COMMIT.fullmatch(commit) or path.startswith(("/", "../")):
            return None
        listed = self._ask("ls-tree", "-r", "-l", "-z", commit, "--", f"./{path}/")
        rows = [_ROW.fullmatch(row) for row in (listed or b"").split(b"\0") if row]
        found = [row for row in rows if row is not None]
        if not found or len(found) < len(rows) or sum(len(row[0]) + int(row["size"]) for row in found) > MOST:
            return None
        answer = self._ask("cat-file", "--batch", data=b"".join(row["id"] + b"\n" for row in found), most=3 * MOST)
        return None if answer is None else _held(found, answer, len(os.fsencode(path)) + 1)

    def _ask(self, *words: str, data: bytes = b"", most: int = MOST) -> bytes | None:
        """What git prints, cut at `most` bytes; None where it fails, or is not there.

        Args:
            data: What it reads from its standard input.
        """
        import subprocess

        if not words[-1]:
            return None
        try:
            done = subprocess.run(
                ["git", *words],
                cwd=self._root,
                env={**os.environ, **QUIET},
                input=data,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
        return done.stdout[:most] if done.returncode == 0 else None


def _held(rows: Sequence[re.Match[bytes]], answer: bytes, skipped: int) -> Sequence[Held] | None:
    """What ``cat-file --batch`` says of each row of a listing; None where it says something else.

    Args:
        skipped: Bytes of each path that are those of the folder.
    """
    found = []
    for row in rows:
        size = int(row["size"])
        head, _, rest = answer.partition(b"\n")
        if head != row["id"] + b" blob " + row["size"] or len(rest) <= size:
            return None
        found.append(Held(os.fsdecode(row["path"][skipped:]), KINDS[row["mode"]], rest[:size]))
        answer = rest[size + 1 :]
    return found


def _commits(a: str, b: str) -> tuple[str, ...]:
    """Both as words of a command line; an empty last word where one is none, so that nothing is asked."""
    return (a, b, "--") if COMMIT.fullmatch(a) and COMMIT.fullmatch(b) else ("",)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None

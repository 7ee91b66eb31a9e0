"""Calls git."""

from __future__ import annotations

import subprocess

from provstore.errors import MissingProgramError, UsageError


def git(folder: str, *words: str, accept: tuple[int, ...] = (0,)) -> tuple[int, str]:
    """Exit status and output of a git command.

    Args:
        folder: Where it is called.
        accept: Exit statuses that are answers.

    Raises:
        MissingProgramError: git is not installed.
        UsageError: It says that something is wrong: the folder is in no repository, say.
    """
    try:
        done = subprocess.run(("git", *words), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise MissingProgramError("git is not installed", hint="install git") from error
    if done.returncode not in accept:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise UsageError(f"git {words[0]}: {said or f'ended with {done.returncode}'}", hint="see 'git status' there")
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape")

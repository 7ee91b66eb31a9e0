"""Files that CI reads: whole or not there, and never in the place of something else."""

from __future__ import annotations

import os
import stat
import sys

from provstore.errors import STORE_FOLDER, FileError, UsageError, naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

REPORTS = {"--junit": b"<testsuite", "--code-quality": b'"check_name"'}
"""Option → what stands at the beginning of one of its files; only such a file is replaced, or one with nothing."""

LOOKED_AT = 200
"""Bytes in which that is looked for."""


def claim_writable(option: str, file: str | None, folder: str) -> str | None:
    """The absolute path of a file that an option names, when it can be written; None where none is named.

    The folder that it is to lie in is made.

    Args:
        folder: What its path is relative to.

    Raises:
        UsageError: It can't be written, or something else lies there.
    """
    if file is None:
        return None
    if not file or file.endswith("/"):
        raise UsageError(f"{option} {file!r}: expected the name of a file")
    path = os.path.join(folder, file)
    if STORE_FOLDER in os.path.realpath(path).split("/"):
        raise UsageError(f"{option} {file}: lies in {STORE_FOLDER}", hint="name a file outside of it")
    try:
        problem = _problem(path, REPORTS[option])
    except OSError as error:
        problem = f"can't be written: {error.strerror or error}"
    if problem:
        raise UsageError(f"{option} {file}: {problem}", hint="name another file")
    return path


def _problem(path: str, mark: bytes) -> str:
    """Why a file can't be written; "" if it can.

    Raises:
        OSError: Says it, too.
    """
    if os.path.isdir(path):
        return "is a folder, expected a file"
    if _is_stream(path):
        return "" if os.access(path, os.W_OK) else "can't be written: no permission"
    if os.path.exists(path) and not _may_go(path, mark):
        return "there is a file that is no such report, which would be lost"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    half = _half(path)
    with open(half, "wb"):  # only the attempt tells: of permissions, of names that are too long, of what is read-only
        pass
    os.unlink(half)
    return ""


def _is_stream(path: str) -> bool:
    """It is no file of a folder: a pipe, a device, `/dev/stdout` wherever that leads."""
    return path.startswith("/dev/") or (os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode))


def _may_go(path: str, mark: bytes) -> bool:
    """It holds nothing, or is a report of an earlier time."""
    with open(path, "rb") as file:
        found = file.read(LOOKED_AT)
    return mark in found or found.strip() in (b"", b"[]")


def _stream(path: str) -> BinaryIO:
    """Opens a pipe or device. Our own output is not opened anew: in a file behind it that would have another place."""
    if os.path.samestat(os.stat(path), os.fstat(1)):
        sys.stdout.flush()
        return open(1, "wb", closefd=False)
    return open(path, "ab")


def _half(path: str) -> str:
    """Name of a file that is not whole yet."""
    return f"{os.path.realpath(path)}.{os.getpid()}.provstore"


def write_whole(option: str, path: str, text: str) -> None:
    """Writes a file under another name first, so that nobody reads half of it; to a pipe or device as it is.

    Args:
        option: That named it: what was made there since it was claimed is no more lost than what was there before.

    Raises:
        OSError: It can't be written; what was there before is still there.
        FileError: By now something else lies there.
    """
    data = text.encode("utf-8", "backslashreplace")
    if _is_stream(path):
        with naming(path), _stream(path) as file:
            file.write(data)
        return
    if os.path.exists(path) and not _may_go(path, REPORTS[option]):
        raise FileError(f"{option} {path}: by now there is a file that is no such report", hint="name another file")
    half = _half(path)
    try:
        with naming(path), open(half, "wb") as file:
            file.write(data)
        os.replace(half, os.path.realpath(path))
    except BaseException:
        if os.path.lexists(half):
            os.unlink(half)
        raise

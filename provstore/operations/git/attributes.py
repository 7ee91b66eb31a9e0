"""Lines of a `.gitattributes`: added where they are missing, taken out again, and nothing else of the file changed."""

from __future__ import annotations

import contextlib
import os
import re

from provstore.errors import error_from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SPECIAL = re.compile(r"[\\*?\[]")
UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


def pattern(path: str) -> str:
    """What stands for one path in a line of attributes.

    Args:
        path: Relative to where the patterns begin.
    """
    text = "/" + SPECIAL.sub(r"\\\g<0>", path)
    if text.isascii() and text.isprintable() and not re.search(r'[\s"]', text):
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{UNSEEN.sub(lambda found: f"{chr(92)}{ord(found[0]):03o}", quoted)}"'


def has(file: str, lines: Sequence[str]) -> bool:
    """All lines are there.

    Raises:
        FileError, StoreUnwritableError: The file can't be read.
    """
    return {*lines} <= {line.strip() for line in _read(file).splitlines()}


def add(file: str, lines: Sequence[str]) -> bool:
    """Adds the lines that are missing at the end; says whether there were any.

    Raises:
        FileError, StoreUnwritableError: The file can't be read or written.
    """
    before = _read(file)
    known = {line.strip() for line in before.splitlines()}
    missing = [line for line in lines if line not in known]
    if missing:
        between = "\n" if before and not before.endswith("\n") else ""
        _write(file, before + between + "".join(f"{line}\n" for line in missing))
    return bool(missing)


def remove(file: str, lines: Sequence[str]) -> bool:
    """Takes the lines out; says whether there were any. A file in which there is nothing else goes, too.

    Raises:
        FileError, StoreUnwritableError: The file can't be read or written.
    """
    before = _read(file)
    left = "".join(line for line in before.splitlines(keepends=True) if line.strip() not in lines)
    if left == before:
        return False
    if left:
        _write(file, left)
    else:
        with _named(file):
            os.unlink(file)
    return True


def _read(file: str) -> str:
    """The text; "" where there is no file. What is not UTF-8 stays as it is."""
    try:
        with open(file, encoding="utf-8", errors="surrogateescape", newline="") as opened:
            return opened.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise error_from_os(error, file) from error


def _write(file: str, text: str) -> None:
    """Puts a whole file in the place; a link stays one."""
    target = os.path.realpath(file)
    scratch = f"{target}.{os.getpid()}.provstore"
    with _named(file):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            with open(scratch, "w", encoding="utf-8", errors="surrogateescape", newline="") as opened:
                opened.write(text)
            if os.path.exists(target):
                os.chmod(scratch, os.stat(target).st_mode & 0o7777)
            os.replace(scratch, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(scratch)
            raise


@contextlib.contextmanager
def _named(file: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise error_from_os(error, file) from error

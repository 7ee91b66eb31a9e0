"""Same? Digests of bytes, files and directories.

Rules: a digest is text with its algorithm in front, ``blake3:<64 hex digits>``. A directory's digest is that
of its manifest, which is kept like any other bytes. The encodings are a contract: `tests/golden/digests.json`
holds vectors; a new encoding gets a new tag.
"""

from __future__ import annotations

import os
from functools import cache

import blake3 as blake3_package
from blake3 import blake3

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

TAG = "blake3:"
CHUNK = 1 << 20
BIG_CHUNK = 1 << 23
MANY_BYTES = 1 << 24
"""From here on a file is read by several threads; below, starting them costs more than they save."""
MAPPED_BYTES = 1 << 29
"""From here on it is mapped by a process of its own; below, starting that costs more than it saves."""
WINDOW = 1 << 26
"""Bytes that are mapped at a time."""
APART = "import sys; sys.path[:0] = sys.argv[3:]; getattr(__import__(sys.argv[1], None, None, '*'), sys.argv[2])()"
PR_SET_PDEATHSIG = 1
"""Linux's prctl: the signal that a process gets when the one that started it ends."""


def canonical_json(value: object) -> str:
    """The one spelling of a JSON value: sorted keys, no white space, characters as they are."""
    return _encoder()(value)


@cache
def _encoder() -> Callable[[object], str]:
    """Made once, and not before it is needed: `json` takes 2 ms to import, which a run with nothing to do saves."""
    import json

    return json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class Spelling:
    """`canonical_json` of many objects that have the same names: a fraction of the time, for a hundred thousand.

    Args:
        names: Of the values that differ.
        shared: Name → the value that all have.
        around: "": none; else the name whose value in an outer object the object is.
    """

    def __init__(self, names: Iterable[str], shared: Mapping[str, object] = {}, around: str = "") -> None:
        from json.encoder import encode_basestring

        self._encode = encode_basestring
        self._names = sorted(names)
        texts = dict.fromkeys(self._names, "%s")
        texts.update({name: _as_template(value) for name, value in shared.items()})
        pieces = [f"{_as_template(name)}:{texts[name]}" for name in sorted(texts)]
        self._template = "{" + ",".join(pieces) + "}"
        if around:
            self._template = f"{{{_as_template(around)}:{self._template}}}"

    def of(self, values: Mapping[str, object]) -> str:
        """The JSON of one of them. Names that were not announced are passed over."""
        texts = []
        for name in self._names:
            value = values[name]
            if type(value) is str:
                texts.append(self._encode(value))
            elif value is None:
                texts.append("null")
            else:
                texts.append(str(value) if type(value) is int else canonical_json(value))
        return self._template % tuple(texts)


def _as_template(value: object) -> str:
    """Canonical JSON into which nothing is to be put."""
    return canonical_json(value).replace("%", "%%")


def digest_bytes(data: bytes | bytearray | memoryview) -> str:
    """Digest of bytes in memory."""
    return TAG + blake3(data).hexdigest()


def digest_text(text: str) -> str:
    """Digest of a text's UTF-8 bytes (file names that are not UTF-8 keep their bytes)."""
    return TAG + blake3(text.encode("utf-8", "surrogateescape")).hexdigest()


def digest_json(value: object) -> str:
    """Digest of a value's canonical JSON: texts, numbers, booleans, None, lists, and mappings whose keys are texts.

    The order of keys does not count. For other keys, and other values, there is `Hasher`.
    """
    return digest_text(canonical_json(value))


SALTED = "salted-"
"""Before the digest that stands for a secret value."""


def digest_of_variable(value: str | None) -> str:
    """Digest of an environment variable's value; "" when it is not set."""
    return "" if value is None else digest_text(value)


def digest_descriptor(descriptor: int, size: int, each: Callable[[memoryview], object] | None = None) -> str:
    """Digest of what an open file holds from its present position on, in bounded memory.

    Args:
        descriptor: Open for reading.
        size: Bytes expected; only decides how the file is read.
        each: Gets every piece in its turn, so that what is digested can be copied in the same pass.
    """
    # Not mapped into memory: should somebody cut the file meanwhile, that would be the end of this process.
    if size >= MAPPED_BYTES and each is None and not os.lseek(descriptor, 0, os.SEEK_CUR):
        found = _digest_apart(descriptor)
        if found:
            return found
    if size >= MANY_BYTES:
        return _digest_many(descriptor, each)
    hasher = blake3()
    piece = memoryview(bytearray(min(size + 1, CHUNK)))
    while length := os.readv(descriptor, [piece]):
        hasher.update(piece[:length])
        if each is not None:
            each(piece[:length])
    return TAG + hasher.hexdigest()


def _digest_apart(descriptor: int) -> str:
    """Digest of a very big file by a process of its own, which maps it: to copy it here would take as long again.

    Should somebody cut the file meanwhile, or the disk fail, that process ends, and nothing else.

    Returns:
        "" when it did not come to an end, for whatever reason: then the file is read.
    """
    import signal

    answer, end = os.pipe()
    pid = spawn_apart("provstore.digest", "print_digest", descriptor, end)
    os.close(end)
    if not pid:
        os.close(answer)
        return ""
    try:
        found = os.read(answer, 2 * blake3.digest_size + 1)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.close(answer)
        os.waitpid(pid, 0)
    return TAG + found.decode() if len(found) == 2 * blake3.digest_size else ""


def spawn_apart(module: str, function: str, source: int, target: int) -> int:
    """Starts a process that calls a function of provstore; it imports no more than that needs.

    Args:
        source: An open file that is its standard input.
        target: Another one that is its standard output.

    Returns:
        Its process ID; 0 where it can't be started.
    """
    import sys

    folders = [os.path.dirname(os.path.dirname(os.path.abspath(file))) for file in (__file__, blake3_package.__file__)]
    actions = [
        (os.POSIX_SPAWN_DUP2, source, 0),
        (os.POSIX_SPAWN_DUP2, target, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    try:
        command = [sys.executable or "", "-ISBc", APART, module, function, *folders]
        return os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    except (OSError, ValueError):  # the latter in a program that has Python in it
        return 0


def print_digest() -> None:
    """What that process does: maps its standard input, window after window. It ends with the one that started it."""
    import mmap

    parent = os.getppid()
    end_with_parent()
    hasher, start = blake3(max_threads=blake3.AUTO), 0
    how = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
    while start < (size := os.fstat(0).st_size):
        with mmap.mmap(0, min(WINDOW, size - start), how, mmap.PROT_READ, offset=start) as window:
            hasher.update(window)
        if os.getppid() != parent:
            return
        start += WINDOW
    os.write(1, hasher.hexdigest().encode())


def end_with_parent() -> None:
    """Has the kernel end this process as soon as the one that started it has ended, also while it waits for a disk."""
    import sys

    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))


def _digest_many(descriptor: int, each: Callable[[memoryview], object] | None) -> str:
    """Digest of a big file: while one piece is digested, by a thread of its own, the next one is read."""
    from queue import SimpleQueue
    from threading import Thread

    hasher = blake3(max_threads=blake3.AUTO)
    free: SimpleQueue[memoryview] = SimpleQueue()
    for _ in range(2):
        free.put(memoryview(bytearray(BIG_CHUNK)))
    waiting: SimpleQueue[tuple[memoryview, int] | None] = SimpleQueue()

    def digest() -> None:
        while (item := waiting.get()) is not None:
            piece, length = item
            hasher.update(piece[:length])
            free.put(piece)

    thread = Thread(target=digest, name="digest")
    thread.start()
    try:
        while length := os.readv(descriptor, [piece := free.get()]):
            waiting.put((piece, length))
            if each is not None:
                each(piece[:length])
    finally:
        waiting.put(None)
        thread.join()
    return TAG + hasher.hexdigest()


class Entry(NamedTuple):
    """One line of a directory's manifest.

    Attributes:
        path: Relative to the directory, POSIX.
        kind: "file", "executable", "link" or "empty" (a directory with nothing in it).
        digest: Of the file's bytes, or of the link's target text; "" for an empty directory.
        size: Bytes; 0 for links and empty directories.
    """

    path: str
    kind: str
    digest: str
    size: int


def manifest_text(entries: Iterable[tuple[str, str, str, int]]) -> str:
    """The manifest as it is digested and kept: canonical JSON of [path, kind, digest, size], sorted by path.

    Args:
        entries: Each an `Entry` or its values.
    """
    return canonical_json(sorted(entries, key=lambda entry: entry[0].encode("utf-8", "surrogateescape")))


def entries_from_manifest(text: str) -> Sequence[Entry]:
    """The entries of a kept manifest, in its order."""
    import json

    return [Entry(path, kind, digest, size) for path, kind, digest, size in json.loads(text)]

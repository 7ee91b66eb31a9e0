"""What the process apart does: answers questions about files, one after the other, until nobody asks any more.

A question is a line of JSON on standard input, ``[question, arguments]``; the answer is one on standard output.
Whatever a plug-in prints goes nowhere.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path

from provstore.digest import end_with_parent
from provstore.errors import PluginError
from provstore.plugin.format import Format, Unavailable
from provstore.plugin.inner import formats_at_work
from provstore.plugins import Plugins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

    from provstore.model.values import JSON

DIGEST = re.compile(r"(?:[a-z0-9]+:)?([0-9a-f]{32,})")
SHARE_OF_MEMORY = 0.5
"""Of the machine's memory, that reading one file may take."""
LONGEST_REASON = 400


class Worker:
    """Answers questions with the formats of one project."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self.questions: dict[str, Callable[..., dict[str, Any]]] = {
            "digest": self.digest,
            "compare": self.compare,
            "describe": self.describe,
            "preview": self.preview,
            "measures": self.measures,
        }

    def answer(self, question: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The answer, or ``{"error": why there is none}``."""
        try:
            return self.questions[question](**arguments)
        except Exception as error:
            return {"error": reason_of(error)}

    def _format(self, name: str) -> Format:
        formats = self._plugins.formats()
        if name not in formats:
            raise self._plugins.unknown(name)
        return formats[name]

    def _inner(self, name: str) -> Format | None:
        """See `provstore.plugin.inner_format`; what bytes decide is as good as none."""
        found = self._plugins.format_of(name, None)
        return found if found.name != "bytes" else None

    def digest(self, path: str, name: str, format: str) -> dict[str, Any]:
        """``format``, ``digest`` (or null) and the ``reason`` why there is none."""
        try:
            used = self._format(format)
        except PluginError as error:
            return {"format": format, "digest": None, "reason": f"{error.message} ({error.hint})"}
        if not used.has_digest:
            return {"format": format, "digest": None, "reason": ""}
        with formats_at_work(self._inner, os.path.basename(name)):
            try:
                return {"format": format, "digest": semantic_digest(used, Path(path)), "reason": ""}
            except Exception as error:
                return {"format": format, "digest": None, "reason": reason_of(error)}

    def compare(self, a: str, b: str, name: str, format: str, tolerance: list[float] | None) -> dict[str, Any]:
        """A `Comparison` as a mapping."""
        from provstore.apart.compare import compare
        from provstore.plugin.difference import Tolerance

        used = self._format(format)
        with formats_at_work(self._inner, os.path.basename(name)):
            return compare(used, Path(a), Path(b), Tolerance(*tolerance) if tolerance else None).to_json()

    def describe(self, path: str, name: str, format: str) -> dict[str, Any]:
        """``facts`` and ``components`` of a file."""
        used = self._format(format)
        with formats_at_work(self._inner, os.path.basename(name)):
            return {"facts": plain(dict(used.describe(Path(path)))), "components": plain(used.components(Path(path)))}

    def preview(self, path: str, name: str, format: str) -> dict[str, Any]:
        """``kind``, ``data`` in base64, and ``text`` of a preview."""
        from base64 import b64encode

        used = self._format(format)
        with formats_at_work(self._inner, os.path.basename(name)):
            kind, data, text = used.preview(Path(path))
        if kind not in ("text", "svg", "png"):
            raise Unavailable(f"preview gave the kind {kind!r}, expected 'text', 'svg' or 'png'")
        return {"kind": kind, "data": b64encode(data).decode(), "text": text}

    def measures(self, path: str, name: str, format: str) -> dict[str, Any]:
        """``measures`` in a file: name → number, text or truth."""
        from provstore.apart.measures import LARGEST, measures_in
        from provstore.model.measures import stem_of

        used = self._format(format)
        file = Path(path)
        if file.is_dir():
            raise Unavailable("found a directory, expected a file of measures")
        if file.stat().st_size > LARGEST:
            raise Unavailable(f"it has more than {LARGEST:,} bytes")
        with formats_at_work(self._inner, os.path.basename(name)):
            return {"measures": measures_in(used.read(file), stem_of(name))}


def semantic_digest(format: Format, path: Path) -> str:
    """The digest of a file by its format, with the name of the rules: ``NAME/VERSION:<hex>``.

    Raises:
        Unavailable: The format can't tell, or gave what is no digest.
        Exception: Whatever the format raised.
    """
    found = format.digest(path)
    match = DIGEST.fullmatch(found) if isinstance(found, str) else None
    if match is None:
        raise Unavailable(f"format {format.name}: digest gave {found!r}, expected text such as 'blake3:<hex digits>'")
    return f"{format.name}/{format.version}:{match[1]}"


def plain(value: object) -> JSON:
    """A value that JSON can write: what is no number becomes text.

    Raises:
        Unavailable: It is of another kind, such as a number of numpy.
    """
    if isinstance(value, float) and not isfinite(value):
        return str(float(value))
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [plain(entry) for entry in value]
    kind = type(value)
    raise Unavailable(f"the format gave a {kind.__module__}.{kind.__qualname__}, expected plain values as in JSON")


def reason_of(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, MemoryError):
        return "it takes more than half of this machine's memory to read"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, (KeyError, IndexError, AttributeError, TypeError, AssertionError)):
        text = f"{type(error).__name__}: {text}"  # what a library did not expect says little without its name
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"


def serve() -> None:
    """Answers until standard input ends. It is started by `provstore.apart.client`."""
    requests, answers = _own_channels()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the one that asks decides when it is over
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()
    _limit_memory()
    root, named, choices = json.loads(sys.argv[2])
    worker = Worker(Plugins(root, named, choices))
    for line in requests:
        question, arguments = json.loads(line)
        data = memoryview(json.dumps(worker.answer(question, arguments)).encode() + b"\n")
        while data:
            data = data[answers.write(data) :]


def _own_channels() -> tuple[BinaryIO, BinaryIO]:
    """Questions and answers, out of reach of plug-ins: what reads from a terminal finds nothing, what prints is lost.

    A process that a plug-in forks has neither: it would answer a second time, or keep the one that asks waiting.
    """
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    os.register_at_fork(after_in_child=requests.close)
    os.register_at_fork(after_in_child=answers.close)
    return requests, answers


def _limit_memory() -> None:
    """What takes too much memory shall fail by itself, before the kernel chooses whom to end."""
    import resource

    try:
        limit = int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * SHARE_OF_MEMORY)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    except (OSError, ValueError):  # a lower limit is set already, or the system knows none
        pass

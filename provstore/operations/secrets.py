"""Values of environment variables that no record may show, and taking them out of what a task prints.

Rule: what is hidden is the very bytes of a value, wherever they are; of a value of several lines each long line
as well. What a command makes of it (base64, an escape sequence) is not known here.
"""

from __future__ import annotations

import os

from provstore.errors import naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

HIDDEN = b"***"
"""Stands in the place of a secret."""

LONG_LINE = 8
"""Bytes from which on a line of a secret counts as one by itself: shorter ones are everywhere."""

PIECE = 1 << 20


class Secrets:
    """The secret values of one run.

    Args:
        names: `[project] secret_env`.
        environment: What the commands are given; a variable that is not set, or is empty, hides nothing.
    """

    def __init__(self, names: Sequence[str], environment: Mapping[str, str]) -> None:
        self.names = tuple(names)
        values: set[bytes] = set()
        for name in names:
            value = os.fsencode(environment.get(name, ""))
            lines = {line for line in value.splitlines() if len(line) >= LONG_LINE}
            values |= {value, *lines} if value else set()
        ordered = sorted(values, key=lambda value: (-len(value), value))
        self._longest = len(ordered[0]) if ordered else 0
        self._pattern: re.Pattern[bytes] | None = None
        if ordered:
            import re

            self._pattern = re.compile(b"|".join(map(re.escape, ordered)))

    def out_of(self, text: str) -> str:
        """A text with each secret hidden."""
        if self._pattern is None:
            return text
        errors = "surrogateescape"
        try:
            data = text.encode("utf-8", errors)
        except UnicodeEncodeError:  # half of a pair, as JSON may have it
            errors = "surrogatepass"
            data = text.encode("utf-8", errors)
        return self._pattern.sub(HIDDEN, data).decode("utf-8", errors)

    def clean(self, path: str, size: int) -> tuple[str, int]:
        """A file with each secret hidden.

        Returns:
            Its path and size in bytes: the file itself where nothing is secret, else a copy beside it.
        """
        if self._pattern is None:
            return path, size
        target = path + ".clean"
        written = 0
        with naming(target), open(path, "rb") as source, open(target, "wb") as copy:
            for piece in self._hidden(_pieces(source, size)):
                written += copy.write(piece)
        return target, written

    def _hidden(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces with secrets hidden that lie in one of them, or across two."""
        rest = b""
        for piece in pieces:
            text = rest + piece
            safe = max(0, len(text) - self._longest + 1)  # what begins before is here as a whole
            done, rest = self._part(text, safe)
            yield done
        yield self._part(rest, len(rest))[0]

    def _part(self, text: bytes, safe: int) -> tuple[bytes, bytes]:
        """The text with all that begins before `safe` hidden, up to there; and what is left."""
        found, position = [], 0
        for match in self._pattern.finditer(text) if self._pattern is not None else ():
            if match.start() >= safe:
                break
            found += [text[position : match.start()], HIDDEN]
            position = match.end()
        end = max(position, safe)
        return b"".join([*found, text[position:end]]), text[end:]


def _pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    """The first `size` bytes of a file: what is written to it later does not count."""
    while size and (piece := source.read(min(PIECE, size))):
        size -= len(piece)
        yield piece

r"""What a plug-in imports: this module and nothing else of provstore. It is the promise; all else may move.

    from provstore.plugin import Format, hookimpl

    class Lines(Format):
        name = "lines"
        suffixes = (".lst",)
        python_type = list

        def read(self, path, component=None, **parameters):
            return path.read_text(encoding="utf-8").splitlines()

        def write(self, value, path):
            path.write_text("".join(f"{line}\n" for line in value), encoding="utf-8")

    @hookimpl
    def provstore_formats():
        return [Lines()]

A package offers its module under the entry point group ``provstore``; a project names a module of its own by
``[project] plugins = ["tools/lines.py"]``. The hooks are described in `provstore.hookspecs`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import pluggy

from provstore.digest import digest_bytes, digest_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from provstore.model.values import JSON

__all__ = [
    "Difference",
    "Format",
    "Preview",
    "Tolerance",
    "Unavailable",
    "digest_bytes",
    "digest_json",
    "hookimpl",
]

hookimpl = pluggy.HookimplMarker("provstore")
"""Marks a function that implements a hook."""


class Unavailable(Exception):  # noqa: N818 - no error of anybody: the byte digest decides instead
    """A format can't say it of this file; the text says why ("line 3 is no JSON")."""


class Tolerance(NamedTuple):
    """How far numbers may be apart and still count as equal: within either bound."""

    absolute: float = 0.0
    relative: float = 0.0


class Difference(NamedTuple):
    """One place in which two files differ.

    Attributes:
        place: Where, in the words of the format ("row 3, column mass", "/images/flux").
        a, b: What the first and the second file hold there, for a person; "" for nothing.
    """

    place: str
    a: str
    b: str


class Preview(NamedTuple):
    """A small picture of a file.

    Attributes:
        kind: "text", "svg" or "png".
        data: UTF-8 for text and SVG.
    """

    kind: str
    data: bytes


class Format(ABC):
    """How a file, or a directory, of one kind is read, written, digested, described and compared.

    An object without state that can be pickled; its methods may be called in any process. Reading never runs
    code from the file and never follows a link out of it.

    Attributes:
        name: Letters, digits and ``-``; no other format has it.
        suffixes: Endings of files that are taken for this format, in lower case, each with its dot. The longest
            that fits wins (".tar.gz" before ".gz").
        python_type: What `read` returns and `write` takes; a value of another type is refused before `write`.
        version: Of the rules of `digest`: a part of the digest's name, so that digests of different rules are
            never compared. Raise it whenever equal data would get another digest than before.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    python_type: ClassVar[type | tuple[type, ...]]
    version: ClassVar[int] = 1

    @abstractmethod
    def read(self, path: Path, component: str | None = None, **parameters: object) -> object:
        """The value in a file.

        Args:
            component: One of `components`; None: the whole.
            parameters: Of this format ("rows=…").

        Raises:
            LookupError: There is no such component or parameter.
            ValueError: The file is not of this format.
        """

    @abstractmethod
    def write(self, value: object, path: Path) -> None:
        """Writes a value to a new file, which gets its final name when this has ended well."""

    def digest(self, path: Path) -> str:
        """A digest that is equal for files which are equal as data, by `digest_json` or `digest_bytes`.

        A format without one of its own leaves this out (`has_digest`); then the bytes decide.

        Raises:
            Unavailable: It can't be told for this file; the byte digest decides, and the user is told why.
        """
        raise Unavailable(f"the format {self.name} has no digest of its own")

    @property
    def has_digest(self) -> bool:
        """The format has a digest of its own."""
        return type(self).digest is not Format.digest

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """Facts about a file (shape, columns, unit, header) at little cost: large data are not read for it."""
        del path
        return {}

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterable[Difference]:
        """Where two files differ as data; nothing where they are equal within `tolerance`.

        Raises:
            Unavailable: The format can't compare, or one of the files is not of it.
        """
        raise Unavailable(f"the format {self.name} compares bytes only")

    def components(self, path: Path) -> Sequence[str]:
        """Names of the parts that `read` can give alone (``get("image.header")``)."""
        del path
        return ()

    def preview(self, path: Path) -> Preview:
        """A small picture of the file, for people.

        Raises:
            Unavailable: There is none.
        """
        raise Unavailable(f"the format {self.name} has no preview")

"""What a format is: the class that an author of one writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from provstore.model.values import JSON
    from provstore.plugin.difference import Difference, Tolerance


class Unavailable(Exception):  # noqa: N818 - no error of anybody: the byte digest decides instead
    """A format can't say it of this file; the text says why ("line 3 is no JSON")."""


class Preview(NamedTuple):
    """A small picture of a file.

    Attributes:
        kind: "text", "svg" or "png".
        data: UTF-8 for text and SVG.
        text: What a terminal shows in the place of a picture; not needed for text.
    """

    kind: str
    data: bytes
    text: str = ""


class Format(ABC):
    """How a file, or a directory, of one kind is read, written, digested, described and compared.

    An object without state that can be pickled; its methods may be called in any process, and are called in one
    apart from the run's, so that a file which ends its reader ends nothing else. Reading never runs code from the
    file and never follows a link out of it. Import heavy libraries inside the methods.

    Whatever a method raises counts as `Unavailable`, with its text as the reason: no file is ever equal to
    another because it can't be read.

    Attributes:
        name: Letters, digits and ``-``; no other format has it.
        suffixes: Endings of names that are taken for this format, in lower case, each with its dot. The longest
            that fits wins (".tar.gz" before ".gz").
        python_type: What `read` returns and `write` takes; a value of another type is refused before `write`. The
            type of a library that is slow to import goes by its full name, as text: "numpy.ndarray".
        version: Of the rules of `digest`: a part of the digest's name, so that digests of different rules are
            never compared. Raise it whenever equal data would get another digest than before.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    python_type: ClassVar[type | str | tuple[type | str, ...]]
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
        """A digest that is equal for files which are equal as data, by `Hasher`, `digest_json` or `digest_bytes`.

        It is recorded as ``NAME/VERSION:<hex>`` and decides whether what reads the file is out of date. When in
        doubt, data differ: to run a task for nothing costs time, to skip one gives a wrong result. A format without
        a digest of its own leaves this out (`has_digest`); then the bytes decide.

        Raises:
            Unavailable: It can't be told for this file; the byte digest decides, and the user is told why.
        """
        raise Unavailable(f"the format {self.name} has no digest of its own")

    @property
    def has_digest(self) -> bool:
        """The format has a digest of its own."""
        return type(self).digest is not Format.digest

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """Facts about a file (shape, columns, unit, header) at little cost: large data are not read for it.

        The order of the keys is the order in which a person reads them.
        """
        del path
        return {}

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterable[Difference]:
        """Where two files differ, each place once; nothing of what is within `tolerance`.

        It agrees with `digest`: without a tolerance, a difference that counts is found if and only if the digests
        differ. What does not count (`STORAGE`) is told as well, so that it can be said in what equal data differ.

        Raises:
            Unavailable: The format can't compare, or one of the files is not of it.
        """
        raise Unavailable(f"the format {self.name} compares bytes only")

    def components(self, path: Path) -> Sequence[str]:
        """Names of the parts that `read` can give alone (``get("image.header")``)."""
        del path
        return ()

    def preview(self, path: Path) -> Preview:
        """A small picture of the file, for people: text of at most some thirty lines, or a picture of some 100 KB.

        Raises:
            Unavailable: There is none.
        """
        raise Unavailable(f"the format {self.name} has no preview")

    def accepts(self, value: object) -> bool:
        """The value is of `python_type`."""
        kinds = self.python_type if isinstance(self.python_type, tuple) else (self.python_type,)
        names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__}
        return any(kind in names if isinstance(kind, str) else isinstance(value, kind) for kind in kinds)

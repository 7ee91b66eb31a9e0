"""The format `npz`: arrays of numpy by their names, in a zip archive (also that of a sparse matrix of scipy).

Counts: the names, and of each array what counts in `npy`. Does not count: compression, order and times of the members.
Refused: names twice or outside ("../"), members that are no .npy, encryption, and what expands too far. Arrays of
Python objects are never loaded.
"""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from tempfile import TemporaryFile

from provstore.formats.npy import add_array, check_writable, compare_stored, heading, shown_values
from provstore.formats.npy_layout import BLOCK, Header, facts, read_header
from provstore.plugin import (
    STORAGE,
    STRUCTURE,
    Difference,
    Expansion,
    Format,
    Hasher,
    Preview,
    Unavailable,
    hookimpl,
    shown,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO, Any

    from provstore.model.values import JSON
    from provstore.plugin import Tolerance

ENCRYPTED = 0x1
METHODS = {0: "stored", 8: "deflate", 12: "bzip2", 14: "lzma", 93: "zstandard"}
MOST_SHOWN = 12
"""Arrays in a preview."""


class Npz(Format):
    """Arrays by name, as ``numpy.savez`` writes them."""

    name = "npz"
    suffixes = (".npz",)
    python_type = dict

    def read(self, path: Path, component: str | None = None, **parameters: object) -> Any:
        """A dict of arrays, in the order of the file; or one array, by its name.

        Raises:
            LookupError: There is no such array; or a parameter was given, and there are none.
        """
        if parameters:
            raise LookupError(f"arrays have no {', '.join(parameters)}")
        with Members(path) as members:
            if component is None:
                return {name: members.array(name) for name in members.names}
            if component not in members.names:
                raise LookupError(f"found the arrays {', '.join(members.names)}, no {component!r}")
            return members.array(component)

    def write(self, value: object, path: Path) -> None:
        """Writes arrays, uncompressed; the same arrays give the same bytes.

        Raises:
            TypeError: It is no dict of plain arrays, or a name is none of a member.
        """
        import numpy

        if not isinstance(value, dict) or not all(_is_name(name) for name in value):
            raise TypeError("expected a dict of arrays by their names, which are relative paths")
        for array in value.values():
            check_writable(array)
        with zipfile.ZipFile(path, "w") as archive:
            for name, array in value.items():
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                    numpy.lib.format.write_array(file, array, allow_pickle=False)

    def digest(self, path: Path) -> str:
        """By the names, and the arrays."""
        with Members(path) as members:
            hasher = Hasher().add("npz", len(members.names))
            for name in sorted(members.names):
                hasher.add(name)
                with members.opened(name) as (file, header):
                    add_array(hasher, file, header)
            return hasher.digest

    def describe(self, path: Path) -> dict[str, JSON]:
        """Type, shape and size of each array."""
        with Members(path) as members:
            return {"arrays": {name: facts(members.header(name)) for name in members.names}}

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Arrays that one of them lacks, then the others one by one; how they are stored."""
        with Members(a) as left, Members(b) as right:
            for name in [*left.names, *(name for name in right.names if name not in left.names)]:
                if name not in right.names:
                    yield Difference(STRUCTURE, (name,), "missing", heading(left.header(name)))
                elif name not in left.names:
                    yield Difference(STRUCTURE, (name,), "added", "", heading(right.header(name)))
                else:
                    with left.opened(name) as one, right.opened(name) as other:
                        yield from compare_stored(one, other, (name,), tolerance)
            yield from _storage_differences(left, right)

    def components(self, path: Path) -> tuple[str, ...]:
        """The names of the arrays."""
        with Members(path) as members:
            return tuple(members.names)

    def preview(self, path: Path) -> Preview:
        """Type and shape of each array; the values of small ones."""
        with Members(path) as members:
            lines = []
            for name in [*members.names][:MOST_SHOWN]:
                header = members.header(name)
                is_small = 0 < header.size <= 64
                values = f": {shown_values(members.array(name))}" if is_small else ""
                lines.append(f"{name}  {heading(header)}{values}")
            if len(members.names) > MOST_SHOWN:
                lines.append(f"… and {len(members.names) - MOST_SHOWN} more")
            return Preview("text", "\n".join([*lines, ""] if lines else ["no arrays"]).encode())


class Members:
    """The arrays in an archive, after all that can be said against it without expanding it.

    Attributes:
        names: Of the arrays, in the order of the archive, each with its entry.

    Raises:
        Unavailable: See the rules of the module; zipfile raises BadZipFile for what is no archive.
    """

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        try:
            self.names = _checked(self._archive, path.stat().st_size)
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> Members:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def header(self, name: str) -> Header:
        """Type and shape of an array; its values are not read."""
        with self._archive.open(self.names[name]) as file:
            return _header(file, self.names[name])

    @contextmanager
    def opened(self, name: str) -> Iterator[tuple[IO[bytes], Header]]:
        """An array at its first value, and its header.

        What is in Fortran order can't be read from front to back and goes to a temporary file first. At the end the
        archive's checksum is compared.
        """
        entry = self.names[name]
        with self._archive.open(entry) as packed:
            header = _header(packed, entry)
            if header.is_fortran:
                with TemporaryFile(prefix="provstore-npz-") as file:
                    _spill(packed, file, header)
                    yield file, header
            else:
                yield packed, header
                while packed.read(BLOCK):  # to the end, where the checksum is compared
                    pass

    def array(self, name: str) -> Any:
        """An array, in memory."""
        import numpy

        self.header(name)
        with self._archive.open(self.names[name]) as file:
            values = numpy.lib.format.read_array(file, allow_pickle=False)
            file.read()
            return values


def _checked(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The entries by the names of the arrays."""
    expansion = Expansion(size, "the archive")
    names: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        expansion.add_member()
        expansion.add(entry.file_size)
        name = entry.filename.removesuffix(".npy")
        if not entry.filename.endswith(".npy"):
            raise Unavailable(f"the member {entry.filename!r} is no .npy")
        if not _is_name(name):
            raise Unavailable(f"the member {entry.filename!r} has a name that leads out of the archive")
        if name in names:
            raise Unavailable(f"two members are named {entry.filename!r}")
        if entry.flag_bits & ENCRYPTED:
            raise Unavailable(f"the member {entry.filename!r} is encrypted")
        names[name] = entry
    return names


def _is_name(name: object) -> bool:
    """The name of an array may have folders; it may not lead out of the archive."""
    return isinstance(name, str) and not name.startswith(("/", "\\")) and ".." not in name.replace("\\", "/").split("/")


def _header(file: IO[bytes], entry: zipfile.ZipInfo) -> Header:
    try:
        return read_header(file, entry.file_size)
    except Unavailable as error:
        raise Unavailable(f"{entry.filename}: {error}") from error


def _spill(packed: IO[bytes], file: IO[bytes], header: Header) -> None:
    """Copies the values of an array to their place in a file, and compares the checksum."""
    file.seek(header.start)
    while block := packed.read(BLOCK):
        file.write(block)
    file.flush()
    file.seek(header.start)


def _storage_differences(a: Members, b: Members) -> Iterator[Difference]:
    if list(a.names) != list(b.names) and set(a.names) == set(b.names):
        yield Difference(STORAGE, (), "order", shown(", ".join(a.names)), shown(", ".join(b.names)))
    common = [(name, a.names[name], b.names[name]) for name in a.names if name in b.names]
    for name, one, other in common:
        if one.compress_type != other.compress_type:
            yield Difference(STORAGE, (name,), "compression", _method(one), _method(other))
    times = next(((one, other) for _, one, other in common if one.date_time != other.date_time), None)
    if times is not None:
        yield Difference(STORAGE, (), "times", _time(times[0]), _time(times[1]))


def _method(entry: zipfile.ZipInfo) -> str:
    return METHODS.get(entry.compress_type, str(entry.compress_type))


def _time(entry: zipfile.ZipInfo) -> str:
    return "{}-{:02}-{:02} {:02}:{:02}:{:02}".format(*entry.date_time)


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Npz()]

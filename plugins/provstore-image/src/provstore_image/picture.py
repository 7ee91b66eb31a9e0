"""What a picture is, whatever its file: frames of pixels, and what is said of them.

Rules: two pictures are equal as data if they have the same frames in the same order, each with the same facts (size,
samples, type, kind), the same pixels and the same metadata. How they are stored never counts. Digest and comparison
are written here once, for every format; a format only says what it found.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from provstore.plugin import (
    METADATA,
    STORAGE,
    STRUCTURE,
    ArrayComparison,
    Difference,
    Hasher,
    Unavailable,
    compare_trees,
    type_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from provstore.plugin import Tolerance

BAND = 1 << 21
"""Bytes of pixels that are decoded in one go, where the file allows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One page of a file, or one picture of an animation.

    Attributes:
        shape: Rows, columns, samples of a pixel.
        type: Of a sample, as numpy calls the type in which `bands` has it: "uint16".
        facts: What there is: the kind of samples ("RGB", "grey"), their bits, and the like. Counts as structure.
        metadata: What is said of the pixels. Counts.
        storage: How they are stored, each in a few words. Does not count.
        bands: Gives the pixels from the top, as arrays of some rows each, of the shape (rows, columns, samples).
    """

    shape: tuple[int, int, int]
    type: str
    facts: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    storage: Mapping[str, str] = field(default_factory=dict)
    bands: Callable[[], Iterator[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All of a file; `metadata` and `storage` as for a `Frame`."""

    frames: Sequence[Frame]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    storage: Mapping[str, str] = field(default_factory=dict)


def digest(picture: Picture) -> str:
    """The digest of a picture; a band of pixels is in memory at a time."""
    hasher = Hasher().add("picture", picture.metadata, len(picture.frames))
    for frame in picture.frames:
        hasher.add(frame.facts, frame.metadata).begin_array(frame.type, frame.shape)
        for band in checked(frame):
            hasher.part(band)
    return hasher.digest


def checked(frame: Frame) -> Iterator[Any]:
    """The bands of a frame, of which nothing is missing.

    Raises:
        Unavailable: They are not what the frame announces.
    """
    rows = 0
    for band in frame.bands():
        rows += len(band)
        if band.shape[1:] != frame.shape[1:] or type_name(band.dtype) != frame.type:
            raise Unavailable(f"found pixels {band.shape[1:]} {band.dtype}, expected {frame.shape[1:]} {frame.type}")
        yield band
    if rows != frame.shape[0]:
        raise Unavailable(f"found {rows} rows of pixels, expected {frame.shape[0]}")


def pixels(frame: Frame) -> Any:
    """All pixels as one array: (rows, columns) where a pixel has one sample, else (rows, columns, samples)."""
    import numpy

    whole = numpy.empty(frame.shape, frame.type)
    row = 0
    for band in checked(frame):
        whole[row : row + len(band)] = band
        row += len(band)
    return whole[:, :, 0] if frame.shape[2] == 1 else whole


# --- comparison -------------------------------------------------------------------------------------------


def compare(a: Picture, b: Picture, tolerance: Tolerance | None) -> Iterator[Difference]:
    """Where two pictures differ, frame by frame."""
    yield from compare_trees(a.metadata, b.metadata, (), None, METADATA)
    yield from _compare_storage(a.storage, b.storage, ())
    if len(a.frames) != len(b.frames):
        yield Difference(STRUCTURE, (), "frames", str(len(a.frames)), str(len(b.frames)))
    is_one = len(a.frames) == len(b.frames) == 1
    for number, (left, right) in enumerate(zip(a.frames, b.frames, strict=False)):
        yield from _compare_frames(left, right, () if is_one else (f"frame {number}",), tolerance)


def _compare_frames(a: Frame, b: Frame, place: tuple[str, ...], tolerance: Tolerance | None) -> Iterator[Difference]:
    if a.shape != b.shape:
        yield Difference(STRUCTURE, place, "shape", _shape(a), _shape(b))
    if a.type != b.type:
        yield Difference(STRUCTURE, place, "type", a.type, b.type)
    yield from compare_trees(a.facts, b.facts, place, None, STRUCTURE)
    yield from compare_trees(a.metadata, b.metadata, place, None, METADATA)
    if a.shape == b.shape:
        comparison = ArrayComparison(a.shape, (*place, "pixels"), tolerance)
        for left, right in _in_step(checked(a), checked(b)):
            comparison.add(left, right)
        yield from comparison.differences()
    yield from _compare_storage(a.storage, b.storage, place)


def _shape(frame: Frame) -> str:
    return "×".join(map(str, frame.shape))


def _compare_storage(a: Mapping[str, str], b: Mapping[str, str], place: tuple[str, ...]) -> Iterator[Difference]:
    for what in [*a, *(what for what in b if what not in a)]:
        if a.get(what, "") != b.get(what, ""):
            yield Difference(STORAGE, place, what, a.get(what, ""), b.get(what, ""))


def _in_step(a: Iterator[Any], b: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    """The bands of two frames, cut at the same rows."""
    left = right = None
    while True:
        left = next(a, None) if left is None else left
        right = next(b, None) if right is None else right
        if left is None or right is None:
            return
        rows = min(len(left), len(right))
        yield left[:rows], right[:rows]
        left = left[rows:] if len(left) > rows else None
        right = right[rows:] if len(right) > rows else None

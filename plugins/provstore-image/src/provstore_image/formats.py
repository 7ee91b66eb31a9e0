"""The three formats. What a file says comes from `png`, `jpeg` and `tiff`; all else is the same for each."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import contextmanager

from provstore.plugin import Format
from provstore_image import picture
from provstore_image.jpeg import open_jpeg
from provstore_image.png import open_png
from provstore_image.preview import preview
from provstore_image.tiff import open_tiff
from provstore_image.writing import as_pixels, write_png, write_tiff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from provstore.plugin import Difference, Preview, Tolerance
    from provstore_image.picture import Frame, Picture

METADATA = "metadata"


class Pictures(Format):
    """What the formats of pictures share."""

    python_type = ("numpy.ndarray", "PIL.Image.Image")

    @abstractmethod
    def open(self, path: Path, *, is_whole: bool) -> Any:
        """A context manager that gives the `Picture` of a file, while that is open.

        Args:
            path: Of the file.
            is_whole: Check all of it. Otherwise nothing that takes long is done.
        """

    def read(self, path: Path, component: str | None = None, **parameters: object) -> object:
        """The pixels, as a numpy array of (rows, columns), or (rows, columns, samples) where a pixel has several.

        All values are as they are in the file: sixteen bits stay sixteen. Of a palette picture the colours are read.
        A file of several frames is an array of (frames, rows, columns, samples); frames of different sizes or types
        can be read alone, by the component "frame N". The component "metadata" is what is said of the pixels.

        Raises:
            LookupError: There is no such component, or a parameter was given.
            ValueError: The frames differ, so that no array holds them all.
        """
        if parameters:
            raise LookupError(f"{self.name} has no parameter {', '.join(parameters)}")
        with self.open(path, is_whole=component != METADATA) as found:
            if component == METADATA:
                return {**found.metadata, "frames": [dict(frame.metadata) for frame in found.frames]}
            if component is None:
                return _stacked(found.frames)
            names = _names(found)
            if component not in names:
                raise LookupError(f"{self.name} has no component {component!r}")
            return picture.pixels(found.frames[names.index(component)])

    def components(self, path: Path) -> Sequence[str]:
        """Of what is said, "metadata"; and each frame where there are several."""
        with self.open(path, is_whole=False) as found:
            return [METADATA, *(_names(found) if len(found.frames) > 1 else [])]

    def digest(self, path: Path) -> str:
        """Of the pixels and what is said of them; the format's own rules stand at the top of its module."""
        with self.open(path, is_whole=True) as found:
            return picture.digest(found)

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Frame by frame: size, type and kind of samples, pixels, metadata, and how they are stored."""
        with self.open(a, is_whole=True) as left, self.open(b, is_whole=True) as right:
            yield from picture.compare(left, right, tolerance)

    def describe(self, path: Path) -> Mapping[str, Any]:
        """Size, samples, type, number of frames, resolution; pixels are not read."""
        with self.open(path, is_whole=False) as found:
            frame = found.frames[0]
            facts = {"size": f"{frame.shape[1]}×{frame.shape[0]}", **frame.facts, "type": frame.type}
            facts["samples"] = frame.shape[2]
            resolution = self.resolution(found)
            return {**facts, "frames": len(found.frames), **({"resolution": resolution} if resolution else {})}

    def resolution(self, found: Picture) -> str:
        """How many pixels there are to a length; "" where that is not said."""
        del found
        return ""

    def preview(self, path: Path) -> Preview:
        """The first frame, small."""
        facts = self.describe(path)
        with self.open(path, is_whole=True) as found:
            return preview(found.frames[0], ", ".join(f"{name} {value}" for name, value in facts.items() if value))


def _names(found: Picture) -> list[str]:
    return [f"frame {number}" for number in range(len(found.frames))]


def _stacked(frames: Sequence[Frame]) -> Any:
    """The pixels of all frames; of one alone without the axis of frames."""
    import numpy

    if len(frames) == 1:
        return picture.pixels(frames[0])
    if len({(frame.shape, frame.type) for frame in frames}) > 1:
        raise ValueError("the frames have different sizes or types; read them one by one, as 'frame 0', …")
    return numpy.stack([picture.pixels(frame).reshape(frame.shape) for frame in frames])


def _is_array(value: object) -> bool:
    """An array of numpy; else it is a picture of Pillow."""
    return any(kind.__module__ == "numpy" for kind in type(value).__mro__)


class Png(Pictures):
    """PNG, see `png`."""

    name = "png"
    suffixes = (".png",)

    @contextmanager
    def open(self, path: Path, *, is_whole: bool) -> Iterator[Picture]:
        """As it says in `Pictures`."""
        with path.open("rb") as file:
            yield open_png(file, path.stat().st_size, is_whole=is_whole)

    def write(self, value: Any, path: Path) -> None:
        """Writes an array of bool, uint8 or uint16 with one to four samples, or a picture of Pillow.

        Raises:
            TypeError: It is something else.
        """
        if not self.accepts(value):
            raise TypeError(f"found {type(value).__name__}, expected an array or a picture")
        if not _is_array(value):
            value.save(path, "PNG")
            return
        with path.open("wb") as file:
            write_png(value, file)

    def resolution(self, found: Picture) -> str:
        """From pHYs."""
        across, down, unit = found.metadata.get("pHYs", (0, 0, 0))
        return f"{across}×{down}{' per metre' if unit else ''}" if across else ""


class Jpeg(Pictures):
    """JPEG, see `jpeg`. What is written is not what is read: it loses."""

    name = "jpeg"
    suffixes = (".jpg", ".jpeg")

    @contextmanager
    def open(self, path: Path, *, is_whole: bool) -> Iterator[Picture]:
        """As it says in `Pictures`; a JPEG file is read as a whole in any case."""
        del is_whole
        yield open_jpeg(path.read_bytes())

    def write(self, value: Any, path: Path) -> None:
        """Writes an array of uint8 with one or three samples, or a picture of Pillow, in high quality.

        Raises:
            TypeError: It is something else.
        """
        from PIL import Image

        if not self.accepts(value):
            raise TypeError(f"found {type(value).__name__}, expected an array or a picture")
        if _is_array(value):
            value = as_pixels(value)
            if value.dtype.name != "uint8" or value.shape[2] not in (1, 3):
                raise TypeError(f"found {value.shape[2]} samples of {value.dtype.name}, which JPEG does not have")
            value = Image.fromarray(value[:, :, 0].copy() if value.shape[2] == 1 else value)
        value.save(path, "JPEG", quality=95, subsampling=0)

    def resolution(self, found: Picture) -> str:
        """From JFIF."""
        unit, across, down = found.metadata.get("resolution", (0, 0, 0))
        return f"{across}×{down}{('', ' per inch', ' per cm')[min(unit, 2)]}" if across else ""


class Tiff(Pictures):
    """TIFF, see `tiff`."""

    name = "tiff"
    suffixes = (".tif", ".tiff")

    @contextmanager
    def open(self, path: Path, *, is_whole: bool) -> Iterator[Picture]:
        """As it says in `Pictures`."""
        del is_whole
        with path.open("rb") as file:
            yield open_tiff(file, path.stat().st_size)

    def write(self, value: Any, path: Path) -> None:
        """Writes an array of numbers, or a picture of Pillow.

        Raises:
            TypeError: It is something else.
        """
        if not self.accepts(value):
            raise TypeError(f"found {type(value).__name__}, expected an array or a picture")
        if not _is_array(value):
            value.save(path, "TIFF")
            return
        with path.open("wb") as file:
            write_tiff(value, file)

    def resolution(self, found: Picture) -> str:
        """From XResolution, YResolution and ResolutionUnit of the first page."""
        metadata = found.frames[0].metadata
        numbers = []
        for side in (metadata.get("282"), metadata.get("283")):
            if not (isinstance(side, list) and len(side) == 1 and isinstance(side[0], list)):
                return ""
            over, under = side[0]
            numbers.append(f"{over / under:g}" if under else "?")
        unit = {"[2]": " per inch", "[3]": " per cm"}.get(str(metadata.get("296", [2])), "")
        return "×".join(numbers) + unit

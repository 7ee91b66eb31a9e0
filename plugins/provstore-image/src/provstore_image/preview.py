"""A small picture of a picture: PNG for a page, and marks of half a character's height for a terminal."""

from __future__ import annotations

import io

from provstore.plugin import Preview
from provstore_image.picture import Frame, checked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST = 400
"""Pixels of a side, at most."""
BYTES = 100_000
"""Bytes of the PNG, at most."""
COLUMNS, LINES = 60, 20
MARKS = " ▀▄█"
"""Nothing, the upper half, the lower half, both."""


def preview(frame: Frame, title: str) -> Preview:
    """A picture of a frame; numbers beyond eight bits are shown from the least to the largest."""
    image = _image(_sampled(frame))
    side = LARGEST
    while True:
        image.thumbnail((side, side))
        buffer = io.BytesIO()
        image.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= BYTES or side <= 32:
            return Preview("png", buffer.getvalue(), f"{title}\n{_marks(image)}")
        side = side * 3 // 4


def _sampled(frame: Frame) -> Any:
    """Every few rows and columns of a frame: at most twice as many as are shown."""
    import numpy

    step = max(1, min(frame.shape[:2]) // (2 * LARGEST), max(frame.shape[:2]) // (4 * LARGEST))
    parts, row = [], 0
    for band in checked(frame):
        parts.append(band[-row % step :: step, ::step].copy())
        row += len(band)
    return numpy.concatenate(parts)


def _image(values: Any) -> Any:
    """Pillow's picture of grey values or colours of eight bits."""
    from PIL import Image

    values = _eight_bits(values)
    samples = values.shape[2]
    if samples == 1:
        return Image.fromarray(values[:, :, 0])
    if samples == 2:
        return Image.merge("LA", [Image.fromarray(values[:, :, number].copy()) for number in (0, 1)])
    bands = [Image.fromarray(values[:, :, number].copy()) for number in range(min(samples, 4))]
    return Image.merge("RGBA" if len(bands) == 4 else "RGB", bands)


def _eight_bits(values: Any) -> Any:
    import numpy

    if values.dtype == numpy.uint8 and values.max(initial=0) > 15:
        return values
    values = numpy.abs(values) if values.dtype.kind == "c" else values
    values = values.astype("f8")
    known = values[numpy.isfinite(values)]
    least, most = (known.min(), known.max()) if known.size else (0.0, 1.0)
    scaled = numpy.nan_to_num((values - least) / ((most - least) or 1.0), posinf=1.0, neginf=0.0)
    return (255 * scaled.clip(0, 1)).astype("u1")


def _marks(image: Any) -> str:
    """Lines of half-height marks: light is a mark."""
    import numpy
    from PIL import Image

    grey = image.convert("RGBA" if image.mode == "LA" else image.mode).convert("L")
    scale = min(COLUMNS / grey.width, 2 * LINES / grey.height, 1.0)
    size = max(1, round(grey.width * scale)), max(1, round(grey.height * scale))
    grey = grey.resize(size, Image.Resampling.BOX)
    light = numpy.asarray(grey.convert("1"), dtype=bool)
    if len(light) % 2:
        light = numpy.vstack([light, numpy.zeros((1, light.shape[1]), bool)])
    numbers = light[::2] + 2 * light[1::2]
    return "\n".join("".join(MARKS[number] for number in line).rstrip() for line in numbers.tolist())

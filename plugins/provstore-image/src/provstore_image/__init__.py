"""Pictures for provstore: the formats `png`, `jpeg` and `tiff`.

Equal as data are pictures with the same pixels and the same that is said of them, however they are packed. The rules
of each format stand at the top of its module: `png`, `jpeg`, `tiff`.
"""

from __future__ import annotations

from provstore.plugin import Format, hookimpl
from provstore_image.formats import Jpeg, Png, Tiff

__version__ = "0.1.0"
__all__ = ["Jpeg", "Png", "Tiff", "provstore_formats"]


@hookimpl
def provstore_formats() -> list[Format]:
    """The formats of this package."""
    return [Png(), Jpeg(), Tiff()]

"""FITS files for provstore: equal images, tables and headers are equal data, however they are written.

What counts: the HDUs in their order, with their kinds, names and cards (value and comment); shape, type and values of
images; names, types and values of columns. What does not: `cards` lists it for headers, `scaling` for numbers, `images`
for compression, `columns` and `ascii` for tables.
"""

from __future__ import annotations

from provstore.plugin import Format, hookimpl

__version__ = "0.1.0"


@hookimpl
def provstore_formats() -> list[Format]:
    """The format `fits`."""
    from provstore_fits.format import Fits

    return [Fits()]

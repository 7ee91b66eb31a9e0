"""The format `fits`."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

from provstore.plugin import Format, Preview
from provstore_fits.comparison import compare
from provstore_fits.content import contents_of, digest_of
from provstore_fits.describe import facts_of, lines_of
from provstore_fits.images import Image
from provstore_fits.picture import picture_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from provstore.plugin import Difference, Tolerance

HEADER = "header"


class Fits(Format):
    """Images and tables with headers, as the FITS Standard 4.0 has them."""

    name = "fits"
    suffixes = (".fits", ".fit", ".fts", ".fits.fz")
    python_type = "astropy.io.fits.hdu.hdulist.HDUList"

    def read(self, path: Path, component: str | None = None, **parameters: object) -> Any:
        """All HDUs with their data, in memory; or one component.

        Args:
            component: "header": the primary header. A number or a name (``EXTNAME``): the data of that HDU, None
                where it has none. Either with ``.header``: its header.

        Raises:
            LookupError: There is no such component; or a parameter was given, and there are none.
        """
        if parameters:
            raise LookupError(f"a FITS file has no {', '.join(parameters)}")
        contents_of(path)  # refuses what is cut or would expand too far
        with opened(path) as hdus:
            if component is None:
                for hdu in hdus:
                    hdu.data  # noqa: B018 - loads what is read on demand
                return hdus
            return _component(hdus, component)

    def write(self, value: object, path: Path) -> None:
        """Writes an HDUList, with what has to be mended to keep to the standard.

        Raises:
            TypeError: It is something else.
        """
        if not self.accepts(value):
            raise TypeError(f"found {type(value).__name__}, expected an astropy.io.fits.HDUList")
        with path.open("wb") as file:
            value.writeto(file)  # type: ignore[attr-defined]

    def digest(self, path: Path) -> str:
        """By the cards and the data of each HDU, in order."""
        return digest_of(contents_of(path))

    def describe(self, path: Path) -> Mapping[str, Any]:
        """Kind, shape or columns, type and unit of each HDU, from the headers."""
        return facts_of(contents_of(path))

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """HDU by HDU: kind, cards, shape and type, values; then how they are stored."""
        yield from compare(a, b, tolerance)

    def components(self, path: Path) -> tuple[str, ...]:
        """The primary header, and each HDU by its number and, where it is one of a kind, its name."""
        with opened(path) as hdus:
            names = [hdu.name for hdu in hdus if hdu.name and hdu.name != "PRIMARY"]
            single = [name for name in names if names.count(name) == 1]
            return (HEADER, *map(str, range(len(hdus))), *single)

    def preview(self, path: Path) -> Preview:
        """The first image as a picture; in text what there is, and the first rows of tables."""
        contents = contents_of(path)
        text = "\n".join(lines_of(contents))
        for content in contents:
            picture = picture_of(content.data) if isinstance(content.data, Image) else None
            if picture is not None:
                return Preview("png", picture, text)
        return Preview("text", text.encode())


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A file as astropy sees it, without its warnings: what matters was looked at before."""
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(path, memmap=False, lazy_load_hdus=False) as hdus:
            yield hdus


def _component(hdus: Any, component: str) -> Any:
    if component == HEADER:
        return hdus[0].header
    name, _, rest = component.rpartition(".") if component.endswith(f".{HEADER}") else (component, "", "")
    key = int(name) if name.isdecimal() else name
    try:
        hdu = hdus[key]
    except (KeyError, IndexError) as error:
        raise LookupError(f"found {len(hdus)} HDUs, none of them {name!r}") from error
    return hdu.header if rest else hdu.data

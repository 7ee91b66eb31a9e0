"""provstore's own exporters, offered by the hook that plug-ins use."""

from __future__ import annotations

from provstore.plugin import Exporter, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.plugin import Drawing

DPI = 144


class Text(Exporter):
    """Lines with rails beside them; on a terminal `provstore graph` colours them and fits them in."""

    name = "text"
    suffixes = (".txt",)

    def export(self, drawing: Drawing) -> bytes:
        """Without colour, as wide as it takes."""
        from provstore.exporters import text

        return text.draw(drawing, lambda shown, _: shown).encode()


class Dot(Exporter):
    """The language of Graphviz."""

    name = "dot"
    suffixes = (".dot", ".gv")

    def export(self, drawing: Drawing) -> bytes:
        """DOT text."""
        from provstore.exporters import dot

        return dot.draw(drawing).encode()


class Svg(Exporter):
    """A picture by Graphviz."""

    name = "svg"
    suffixes = (".svg",)

    def export(self, drawing: Drawing) -> bytes:
        """The picture.

        Raises:
            MissingProgramError: Graphviz is not installed.
        """
        from provstore.exporters import dot

        return dot.picture(dot.draw(drawing), "svg")


class Png(Exporter):
    """A picture of dots by Graphviz."""

    name = "png"
    suffixes = (".png",)
    is_text = False

    def export(self, drawing: Drawing) -> bytes:
        """The picture.

        Raises:
            MissingProgramError: Graphviz is not installed.
        """
        from provstore.exporters import dot

        return dot.picture(dot.draw(drawing, DPI), "png")


class Mermaid(Exporter):
    """A flow chart for Markdown pages."""

    name = "mermaid"
    suffixes = (".mmd", ".mermaid")

    def export(self, drawing: Drawing) -> bytes:
        """Mermaid text."""
        from provstore.exporters import mermaid

        return mermaid.draw(drawing).encode()


EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in (Text(), Dot(), Svg(), Png(), Mermaid())}


@hookimpl
def provstore_exporters() -> list[Exporter]:
    """All of them."""
    return list(EXPORTERS.values())

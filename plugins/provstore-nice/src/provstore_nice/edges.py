"""The pipeline's edges as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provstore.plugin import Exporter

if TYPE_CHECKING:
    from provstore.plugin import Drawing


class Edges(Exporter):
    """A line ``source,target,path`` for whatever flows; without a path where the second only comes after the first."""

    name = "csv"
    suffixes = (".csv",)

    def export(self, drawing: Drawing) -> bytes:
        """The table, quoted as RFC 4180 has it."""
        import csv
        import io

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["source", "target", "path"])
        for edge in drawing.edges:
            writer.writerows([edge.source, edge.target, path] for path in edge.paths or [""])
        return text.getvalue().encode("utf-8", "surrogateescape")

"""What became of files that were taken in, as text and JSON. Pure functions."""

from __future__ import annotations

from provstore.cli.dataset_text import dataset_json
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.values import JSON
    from provstore.operations.registry.data.ingest import IngestReport

LISTED = 5
"""Names of files at most; of the others it is said how many there are."""


def ingest_json(report: IngestReport) -> dict[str, JSON]:
    """The contract of `dataset ingest`."""
    return {
        "run": report.run,
        "ingested": [dataset_json(record) for record in report.ingested],
        "unmatched": list(report.unmatched),
        "skipped": list(report.skipped),
    }


def ingest_text(type: str, template: str | None, report: IngestReport) -> str:
    """How many were taken in, and which were not."""
    where = f" into {report.run}" if report.run is not None else ""
    lines = [f"{type}: ingested {len(report.ingested)}{where}"]
    if report.unmatched:
        lines += _named(report.unmatched, "does not fit", "do not fit", f" {template or 'the path of the type'}")
    if report.skipped:
        lines += _named(report.skipped, "was known already", "were known already", "")
    return "\n".join(map(harmless, lines))


def _named(files: Sequence[str], one: str, many: str, what: str) -> list[str]:
    """One file behind the words, several below them."""
    if len(files) == 1:
        return [f"1 {one}{what}: {files[0]}"]
    lines = [f"{len(files)} {many}{what}:", *(f"  {name}" for name in files[:LISTED])]
    return [*lines, f"  and {len(files) - LISTED} more"] if len(files) > LISTED else lines

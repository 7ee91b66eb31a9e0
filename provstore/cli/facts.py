"""What a file is, and how it looks → text for people and JSON for programs. Pure functions."""

from __future__ import annotations

from provstore.cli.comparison import wrapped
from provstore.cli.records import size_text
from provstore.cli.tables import fitted
from provstore.model.values import harmless, spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.model.values import JSON
    from provstore.operations.describe import DescribeReport
    from provstore.operations.preview import PreviewReport

STEP = 2
DEEPEST = 20
"""Levels of facts that are shown as a tree; what lies deeper is shown as JSON."""
KEPT = 60
"""Facts that are shown of one mapping, and entries of one list; the others are counted."""
LONGEST_VALUE = 400
WHOLE_DIGESTS = 100
"""Columns of a terminal on which digests are not shortened."""
SHOWN_DIGEST = 24


# --- describe ---------------------------------------------------------------------------------------------


def describe_json(report: DescribeReport) -> dict[str, JSON]:
    """The contract of `describe`."""
    return {
        "path": report.path,
        "kind": report.kind,
        "format": report.format,
        "size": report.size,
        "digest": report.digest,
        "semantic": report.semantic,
        "unavailable": report.unavailable or None,
        "facts": dict(report.facts),
        "components": list(report.components),
    }


def describe_text(report: DescribeReport, width: int | None = None) -> str:
    """What every file has, then what the format says of this one."""
    digest = _fitting(report.digest, width)
    told: list[tuple[str, JSON]] = [("format", report.format), ("size", _size(report)), ("digest", digest)]
    if report.semantic is not None:
        told.append(("semantic", _fitting(report.semantic, width)))
    elif report.unavailable:
        told.append(("semantic", f"unavailable: {report.unavailable}"))
    if report.silent and report.silent != report.unavailable:
        told.append(("facts", f"unavailable: {report.silent}"))
    if report.facts:
        told.append(("content", dict(report.facts)))
    return "\n".join([harmless(report.path), *fact_lines(told, width)])


def _fitting(digest: str, width: int | None) -> str:
    """A digest that stays on its line of a narrow terminal; `--json` has all of it."""
    return digest if width is None or width >= WHOLE_DIGESTS else fitted(digest, SHOWN_DIGEST)


def _size(report: DescribeReport) -> str:
    text = size_text(report.size)
    exact = "" if text.endswith(" B") else f" ({report.size:,} bytes)"
    return f"{text}{exact}" + (" in a directory" if report.kind == "directory" else "")


def fact_lines(facts: Sequence[tuple[str, JSON]], width: int | None, level: int = 1) -> Iterator[str]:
    """Facts as an indented tree, the values of one level below each other."""
    indent = STEP * level
    kept = [(harmless(str(name)), value, _inner(value, level)) for name, value in facts[:KEPT]]
    wide = max((len(name) for name, _, inner in kept if not inner), default=0)
    for name, value, inner in kept:
        if inner:
            yield from wrapped(name, width, indent, indent)
            yield from fact_lines(inner, width, level + 1)
        else:
            yield from wrapped(f"{name.ljust(wide)}  {_shown(value)}".rstrip(), width, indent + wide + 2, indent)
    if len(facts) > KEPT:
        yield " " * indent + f"… and {len(facts) - KEPT:,} more"


def _inner(value: JSON, level: int) -> list[tuple[str, JSON]]:
    """What is shown below the name of a fact: a mapping, or a list of what does not fit on a line; else nothing."""
    if level >= DEEPEST:
        return []
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list) and any(isinstance(entry, (dict, list)) for entry in value):
        return [(f"[{place}]", entry) for place, entry in enumerate(value)]
    return []


def _shown(value: JSON) -> str:
    if value is None:
        return "-"
    text = _listed(value) if isinstance(value, list) and value else spelled(value)
    shown = harmless(text)
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"


def _listed(values: Sequence[JSON]) -> str:
    left = len(values) - KEPT
    return ", ".join(map(spelled, values[:KEPT])) + (f", … and {left:,} more" if left > 0 else "")


# --- preview ----------------------------------------------------------------------------------------------


def preview_text(report: PreviewReport, width: int | None = None) -> str:
    """What a terminal shows; lines that are too long are cut."""
    lines = [harmless(line.expandtabs()) for line in report.text.rstrip("\n").split("\n")]
    return "\n".join(line if width is None else fitted(line, width) for line in lines)

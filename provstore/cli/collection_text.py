"""Reports about collections → text and JSON. Pure functions."""

from __future__ import annotations

from provstore.cli.records import number_of
from provstore.cli.tables import table
from provstore.model.values import harmless
from provstore.operations.registry.ranges import spelled_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.values import JSON
    from provstore.operations.registry.collections.calibrations import CertifyReport, DecertifyReport
    from provstore.operations.registry.collections.chains import ChainReport
    from provstore.operations.registry.collections.making import Listed
    from provstore.operations.registry.collections.removing import Removal
    from provstore.operations.registry.collections.tags import TagReport

NAME = 0
"""Column of the names, which people copy."""

SHOWN = 10
"""Children of a chain, and referrers of a collection, that a person sees; the others are counted."""


def one_json(collection: Listed) -> dict[str, JSON]:
    """A collection, as all JSON has it."""
    return {"name": collection.name, "type": collection.type, "children": list(collection.children)}


def one_text(collection: Listed) -> str:
    """Name and type."""
    return f"{harmless(collection.name)}  {collection.type}"


def list_json(found: Sequence[Listed]) -> dict[str, JSON]:
    """The contract of `collection ls`."""
    return {"collections": [one_json(collection) for collection in found]}


def list_text(found: Sequence[Listed], width: int | None) -> str:
    """A table; where there are none, a word about that."""
    if not found:
        return "no collections"
    rows = [[harmless(entry.name), entry.type, _names(entry.children), harmless(entry.description)] for entry in found]
    columns = [0, 1, *(column for column in (2, 3) if any(row[column] for row in rows))]
    head = ("name", "type", "children", "description")
    cells = [[row[column] for column in columns] for row in rows]
    return table([head[column] for column in columns], cells, width, whole=frozenset({NAME}))


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join([harmless(name) for name in names[:SHOWN]]) + more


def chain_json(report: ChainReport) -> dict[str, JSON]:
    """The contract of `collection chain`."""
    return {
        "name": report.name,
        "type": "CHAINED",
        "children": list(report.children),
        "before": list(report.before),
    }


def chain_text(report: ChainReport) -> str:
    """What the chain holds now."""
    return f"{harmless(report.name)}: {_names(report.children) or 'empty'}"


def tag_json(report: TagReport) -> dict[str, JSON]:
    """The contract of `collection associate`, `collection disassociate` and `dataset tag`."""
    return {"name": report.name, "changed": list(report.changed), "unchanged": list(report.unchanged)}


def tag_text(report: TagReport, done: str, not_done: str) -> str:
    """How many were put in or taken out."""
    text = f"{harmless(report.name)}: {number_of(len(report.changed), 'dataset')} {done}"
    return text + (f", {len(report.unchanged)} {not_done}" if report.unchanged else "")


def certify_json(report: CertifyReport) -> dict[str, JSON]:
    """The contract of `collection certify`."""
    return {"name": report.name, "datasets": list(report.datasets), "begin": report.begin, "end": report.end}


def certify_text(report: CertifyReport) -> str:
    """How many are valid for which range."""
    number = len(report.datasets)
    are = "is" if number == 1 else "are"
    return (
        f"{harmless(report.name)}: {number_of(number, 'dataset')} {are} valid for "
        f"{spelled_range((report.begin, report.end))}"
    )


def decertify_json(report: DecertifyReport) -> dict[str, JSON]:
    """The contract of `collection decertify`."""
    cuts: list[JSON] = [
        {
            "dataset": cut.dataset,
            "begin": cut.begin,
            "end": cut.end,
            "left": [{"begin": begin, "end": end} for begin, end in cut.left],
        }
        for cut in report.cuts
    ]
    return {"name": report.name, "type": report.type, "begin": report.begin, "end": report.end, "cut": cuts}


def decertify_text(report: DecertifyReport) -> str:
    """Each range that was cut, and what is left of it."""
    lines = [f"{harmless(report.name)}: {number_of(len(report.cuts), 'range')} of {harmless(report.type)} cut"]
    for cut in report.cuts:
        lines.append(f"  dataset {cut.dataset} for {spelled_range((cut.begin, cut.end))}")
        lines += [f"    left: {spelled_range(part)}" for part in cut.left] or ["    nothing is left"]
    return "\n".join(lines)


def removal_json(report: Removal) -> dict[str, JSON]:
    """The contract of `collection remove`."""
    return {
        "dry_run": report.dry_run,
        "name": report.name,
        "type": report.type,
        "datasets": report.datasets,
        "chains": list(report.chains),
        "tags": [{"collection": collection, "dataset": dataset} for collection, dataset in report.tags],
    }


def removal_text(report: Removal) -> str:
    """What was removed, or would be, and what was taken out of other collections."""
    did, was = ("would remove", "would be") if report.dry_run else ("removed", "was")
    number = number_of(report.datasets, "dataset")
    held = f": {number} deleted" if report.type == "RUN" else f": it held {number}"
    if report.dry_run:
        held = f": {number} would be deleted" if report.type == "RUN" else f": it holds {number}"
    if report.type == "CHAINED":
        held = ""
    lines = [f"{did} {harmless(report.name)} ({report.type}){held}"]
    links = [f"chain {harmless(chain)}" for chain in report.chains]
    links += [f"collection {harmless(collection)}: dataset {dataset}" for collection, dataset in report.tags]
    lines += [f"  {was} taken out of {link}" for link in links[:SHOWN]]
    if len(links) > SHOWN:
        lines.append(f"  and {len(links) - SHOWN} more")
    return "\n".join(lines)

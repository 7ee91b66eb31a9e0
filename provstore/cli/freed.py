"""Report of `gc` → text and JSON. Pure functions."""

from __future__ import annotations

from provstore.cli.records import size_text
from provstore.cli.tables import moment
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.values import JSON
    from provstore.operations.gc import GcReport


def gc_json(report: GcReport) -> dict[str, JSON]:
    """The contract of `gc`."""
    freed: list[JSON] = [
        {
            "digest": object.digest,
            "size": object.size,
            "path": object.path,
            "dataset": object.dataset,
            "made": object.made,
        }
        for object in report.objects
    ]
    freed += [
        {"digest": file.digest or None, "size": file.size, "path": None, "dataset": None, "made": None}
        for file in report.files
    ]
    return {
        "dry_run": report.dry_run,
        "freed": freed,
        "freed_bytes": report.freed.bytes,
        "kept": {**report.kept._asdict(), "by": {why: amount._asdict() for why, amount in report.by.items()}},
        "shrunk_bytes": report.shrunk,
    }


def gc_text(report: GcReport) -> str:
    """What was freed, by dataset, and what is kept."""
    would = "would " if report.dry_run else ""
    free, keep = ("free", "keep") if report.dry_run else ("freed", "kept")
    if not report.freed.objects:
        lines = ["there is nothing to free"]
    else:
        of = f" of {_counted(report.number, 'dataset')}" if report.number else ""
        lines = [f"{would}{free} {_counted(report.freed.objects, 'object')}{of}, {size_text(report.freed.bytes)}"]
    for version in report.versions:
        path = harmless(version.path) if version.path is not None else "(no dataset refers to it)"
        made = f"  {moment(version.made)}" if version.made else ""
        lines.append(f"  {path}{made}  {size_text(version.bytes)}")
    if report.number > len(report.versions):
        lines.append(f"  and {report.number - len(report.versions)} more")
    if report.files:
        lines.append(f"  {_counted(len(report.files), 'file')} that no record knows")
    if report.kept.objects:
        by = ", ".join(f"{why} {amount.objects}" for why, amount in report.by.items())
        several = sum(amount.objects for amount in report.by.values()) > report.kept.objects
        by += " (some by several)" if several else ""
        lines += [
            f"{would}{keep} {_counted(report.kept.objects, 'object')}, {size_text(report.kept.bytes)}",
            f"  needed by: {by}",
        ]
    if report.shrunk:
        lines.append(f"the store's file is {size_text(report.shrunk)} smaller")
    return "\n".join(lines)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

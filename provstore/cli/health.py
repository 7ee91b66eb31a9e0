"""Reports of `fsck` and `backup` → text for people and JSON for programs. Pure functions."""

from __future__ import annotations

from provstore.cli.records import size_text
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.values import JSON
    from provstore.operations.backup import BackupReport
    from provstore.operations.fsck import FsckReport

FSCK_HINT = "hint: 'provstore recover' writes a new store with all that is whole, and keeps this one"


def fsck_text(report: FsckReport | None) -> str:
    """A line for each problem, and one for the whole."""
    if report is None:
        return "there is no store: nothing was recorded yet"
    checked = f"{report.records} records, {report.objects} objects ({size_text(report.size)})"
    if not report.problems:
        return f"the store is sound: {checked}"
    lines = [harmless(f"{problem.check}: {problem.subject}: {problem.text}") for problem in report.problems]
    number = len(report.problems)
    return "\n".join([*lines, f"{number} problem{'s' if number != 1 else ''} in {checked}"])


def fsck_json(report: FsckReport | None) -> dict[str, JSON]:
    """The contract of `fsck`."""
    if report is None:
        return {"ok": True, "checked": {"records": 0, "objects": 0, "bytes": 0, "unknown": 0}, "problems": []}
    checked: dict[str, JSON] = {
        "records": report.records,
        "objects": report.objects,
        "bytes": report.size,
        "unknown": report.unknown,
    }
    problems: list[JSON] = [problem._asdict() for problem in report.problems]
    return {"ok": not report.problems, "checked": checked, "problems": problems}


def backup_text(report: BackupReport) -> str:
    """What is in the backup, and what is not."""
    lines = [f"backed up: {report.records} records, {report.objects} objects, {size_text(report.size)}"]
    if report.beside:
        number = f"{report.beside} object{'s' if report.beside != 1 else ''} ({size_text(report.beside_size)})"
        lines.append(f"not in it: {number} in .provstore/objects: copy that folder, too")
    return "\n".join(lines)


def backup_json(report: BackupReport) -> dict[str, JSON]:
    """The contract of `backup`."""
    return {
        "file": report.file,
        "bytes": report.size,
        "records": report.records,
        "objects": report.objects,
        "beside": {"folder": report.folder, "objects": report.beside, "bytes": report.beside_size},
    }

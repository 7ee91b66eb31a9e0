"""`provstore fsck`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options
from provstore.cli.records import number_of, size_text
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.values import JSON
    from provstore.operations.fsck import FsckReport

FSCK_HINT = "hint: 'provstore recover' writes a new store with all that is whole, and keeps this one"


@click.command(short_help="check that the store is what was written")
@click.option("--objects", is_flag=True, help="Also read every kept object that lies in a file of its own.")
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, objects: bool, as_json: bool, folder: str | None, file: str | None) -> int:
    """Check that the store is what was written; nothing is changed.

    Exit status 1 when something is wrong.

    \b
    $ provstore fsck
    the store is sound: 12 records, 9 objects (1.4 MiB)
    """
    from provstore.cli import render
    from provstore.cli.main import flush_output, say
    from provstore.operations.fsck import fsck

    with place_of(ctx, folder, file).project() as project:
        report = fsck(project, objects=objects)
    print(render.to_json(fsck_json(report)) if as_json else fsck_text(report))
    if report is None or not report.problems:
        return 0
    flush_output()  # the hint comes behind what it is about
    say(FSCK_HINT)
    return 1


def fsck_text(report: FsckReport | None) -> str:
    """A line for each problem, and one for the whole."""
    if report is None:
        return "there is no store: nothing was recorded yet"
    checked = f"{report.records} records, {report.objects} objects ({size_text(report.size)})"
    if not report.problems:
        return f"the store is sound: {checked}"
    lines = [harmless(f"{problem.check}: {problem.subject}: {problem.text}") for problem in report.problems]
    return "\n".join([*lines, f"{number_of(len(report.problems), 'problem')} in {checked}"])


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

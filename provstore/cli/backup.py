"""`provstore backup`."""

from __future__ import annotations

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options
from provstore.cli.records import number_of, size_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.values import JSON
    from provstore.operations.backup import BackupReport


@click.command(short_help="copy the store, also while a run is under way")
@click.argument("target", metavar="FILE", shell_complete=complete_path)
@click.option("--replace", is_flag=True, help="FILE may be an older backup.")
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context, target: str, replace: bool, as_json: bool, folder: str | None, file: str | None
) -> None:
    """Copy the store into one FILE, also while a run is under way. The copy is checked before it gets its name.

    Objects of more than 32 KiB lie in .provstore/objects and are not in it: copy that folder too.
    To go back to a backup, put it in the place of .provstore/store.db while nothing runs.

    \b
    $ provstore backup ../stars.db
    backed up: 12 records, 9 objects, 212.0 KiB
    not in it: 2 objects (1.4 MiB) in .provstore/objects: copy that folder, too
    """
    import os

    from provstore.cli import render
    from provstore.operations.backup import backup

    place = place_of(ctx, folder, file)
    with place.project() as project:
        report = backup(project, os.path.normpath(os.path.join(place.folder, target)), replace=replace)
    print(render.to_json(backup_json(report)) if as_json else backup_text(report))


def backup_text(report: BackupReport) -> str:
    """What is in the backup, and what is not."""
    lines = [f"backed up: {report.records} records, {report.objects} objects, {size_text(report.size)}"]
    if report.beside:
        number = f"{number_of(report.beside, 'object')} ({size_text(report.beside_size)})"
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

"""`provstore backup`."""

from __future__ import annotations

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options


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

    from provstore.cli import health, render
    from provstore.operations.backup import backup

    place = place_of(ctx, folder, file)
    with place.project() as project:
        report = backup(project, os.path.normpath(os.path.join(place.folder, target)), replace=replace)
    print(render.to_json(health.backup_json(report)) if as_json else health.backup_text(report))

"""`provstore fsck`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options


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
    from provstore.cli import health, render
    from provstore.cli.main import flush_output, say
    from provstore.operations.fsck import fsck

    with place_of(ctx, folder, file).project() as project:
        report = fsck(project, objects=objects)
    print(render.to_json(health.fsck_json(report)) if as_json else health.fsck_text(report))
    if report is None or not report.problems:
        return 0
    flush_output()  # the hint comes behind what it is about
    say(health.FSCK_HINT)
    return 1

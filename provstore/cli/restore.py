"""`provstore restore`."""

from __future__ import annotations

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options


@click.command(short_help="put a recorded version of a file back")
@click.argument("version", metavar="PATH[@ID]", shell_complete=complete_path)
@click.option("--to", metavar="FILE", shell_complete=complete_path, help="Put it there instead of in its own place.")
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context, version: str, to: str | None, as_json: bool, folder: str | None, file: str | None
) -> int:
    """Put a recorded version of a file or a directory back.

    ID is the beginning of the id of a dataset, an execution or a run, or of a digest. Without it: the version that
    the last success of its task made. What lies there is kept before it is replaced.

    \b
    $ provstore restore count.txt@019310a3-b2
    count.txt is restored from dataset 019310a3-b2f0-7a11-9d3c-51d2a90b77e4
    """
    from provstore.cli import render, tables
    from provstore.cli.plain import PlainView
    from provstore.operations.restore import NOT_KEPT, RestoreRequest, restore

    place = place_of(ctx, folder, file)
    with place.project() as project:
        request = RestoreRequest(version, place.folder, to)
        report = restore(project, request, PlainView())
    print(render.to_json(report._asdict()) if as_json else tables.restore_text(report))
    return 1 if report.outcome == NOT_KEPT else 0

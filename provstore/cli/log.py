"""`provstore log`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options


@click.command(short_help="show the runs, newest first")
@click.option("-n", "number", type=click.IntRange(min=0), metavar="N", help="The last N runs. Default: all.")
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, number: int | None, as_json: bool, folder: str | None, file: str | None) -> None:
    """Show the runs, newest first. Times are UTC.

    \b
    $ provstore log -n 2
    run            started               took   outcome    tasks       arguments
    019310a4-77e2  2026-11-21 10:02:11Z  0.4 s  failed     1 failed    run
    019310a3-b201  2026-11-21 10:01:20Z  0.1 s  succeeded  2 executed  run -P top=3
    """
    import sys

    from provstore.cli import render, tables
    from provstore.cli.style import style_for
    from provstore.operations.log import log

    with place_of(ctx, folder, file).project() as project:
        report = log(project, number)
    print(render.to_json(tables.log_json(report)) if as_json else tables.log_text(report, style_for(sys.stdout)))

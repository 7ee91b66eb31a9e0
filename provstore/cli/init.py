"""`provstore init`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options


@click.command(short_help="make a project: .provstore/ and a starter Pipelinefile")
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, as_json: bool, folder: str | None, file: str | None) -> None:
    """Make a project here: .provstore/ and, where there is none, a starter Pipelinefile that runs.

    Nothing that is there is overwritten.

    \b
    $ provstore init
    made .provstore/, Pipelinefile.toml, text.txt
    next: read Pipelinefile.toml, then type: provstore run
    """
    from provstore.cli import render, tables
    from provstore.operations.init import init

    place = place_of(ctx, folder, file)
    report = init(place.folder, place.file)
    print(render.to_json(report._asdict()) if as_json else tables.init_text(report))

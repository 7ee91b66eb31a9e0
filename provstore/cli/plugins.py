"""`provstore plugins`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options


@click.command(short_help="show what is plugged in")
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, as_json: bool, folder: str | None, file: str | None) -> None:
    """Show what is plugged in, from where, and what could not be.

    \b
    $ provstore plugins
    plug-in   from                       offers
    bytes     provstore                  format bytes
    fits      package provstore-fits 1.2 format fits (.fits .fit)
    """
    from provstore.cli import render, tables
    from provstore.operations.plugins import plugins

    place = place_of(ctx, folder, file)
    report = plugins(place.folder, place.file)
    print(render.to_json(tables.plugins_json(report)) if as_json else tables.plugins_text(report))

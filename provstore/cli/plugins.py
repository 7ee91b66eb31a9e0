"""`provstore plugins`, and `provstore plugins new`."""

from __future__ import annotations

import click

from provstore.cli.options import folder_option, json_option, place_of, place_options


@click.group(short_help="show what is plugged in, or begin a plug-in", invoke_without_command=True)
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
    if ctx.invoked_subcommand is not None:
        return
    from provstore.cli import render, tables
    from provstore.cli.group import COMMANDS
    from provstore.operations.plugins import plugins

    place = place_of(ctx, folder, file)
    report = plugins(place.folder, place.file, click.Group, list(COMMANDS))
    print(render.to_json(tables.plugins_json(report)) if as_json else tables.plugins_text(report))


@command.command("new", short_help="write a package for a plug-in")
@click.argument("name")
@click.option("--format", "form", metavar="NAME", help="The format's name. Default: NAME.")
@click.option("--suffix", metavar=".SUFFIX", help="The ending of its files. Default: .NAME.")
@folder_option
@click.pass_context
def new(ctx: click.Context, name: str, form: str | None, suffix: str | None, folder: str | None) -> None:
    """Write the folder provstore-NAME: a package with a small format that works, tests of it, and a README.

    \b
    $ provstore plugins new records --suffix .rec
    wrote provstore-records: a package with the format records (.rec)
    next:  pip install -e './provstore-records[test]' && pytest provstore-records
    """
    from provstore.cli import tables
    from provstore.operations.new_plugin import new_plugin

    before = ctx.parent.params.get("folder") if ctx.parent is not None else None
    place = place_of(ctx, folder or before, None)
    print(tables.new_plugin_text(new_plugin(place.folder, name, form, suffix)))

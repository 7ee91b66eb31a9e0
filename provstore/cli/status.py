"""`provstore status`."""

from __future__ import annotations

import click

from provstore.cli import render
from provstore.cli.options import json_option, place_of, place_options
from provstore.cli.run import overrides_from
from provstore.operations.status import status
from provstore.operations.targets import Targets


@click.command(short_help="show the state of every task, and why")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("-P", "overrides", multiple=True, metavar="NAME=VALUE", callback=overrides_from,
              help="As if this parameter had this value.")  # fmt: skip
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    overrides: dict[str, str],
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Show the state of every task, and why.

    \b
    $ provstore status
    stale       sort  (input names.txt changed)
    waiting     count  (waits for sort)
    1 stale, 1 waiting
    """
    place = place_of(ctx, folder, file)
    with place.project() as project:
        report = status(project, Targets((*place.targets, *targets), place.folder), overrides)
    print(render.to_json(render.status_json(report)) if as_json else render.status_text(report))

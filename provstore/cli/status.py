"""`provstore status`."""

from __future__ import annotations

import click

from provstore.cli import faces
from provstore.cli.faces import Words
from provstore.cli.options import file_of, folders_of, inputs_option, json_option, place_options, targets_argument
from provstore.cli.run import overrides_from


@click.command(short_help="show the state of every task, and why")
@targets_argument
@click.option("-P", "overrides", multiple=True, metavar="NAME=VALUE", callback=overrides_from,
              help="As if this parameter had this value.")  # fmt: skip
@inputs_option
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    overrides: dict[str, str],
    inputs: tuple[str, ...],
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Show the state of every task, and why.

    \b
    $ provstore status
    stale       sort  (input names.txt changed)
    waiting     count  (waits for sort)
    1 stale, 1 waiting
    """
    words = Words(
        targets, overrides=overrides, as_json=as_json, folders=folders_of(ctx, folder), file=file_of(ctx, file)
    )
    return faces.status(words._replace(inputs=inputs), check=False)

"""`provstore check`."""

from __future__ import annotations

import click

from provstore.cli import faces
from provstore.cli.faces import Words
from provstore.cli.options import file_of, folders_of, json_option, place_options, targets_argument


@click.command(short_help="for CI: exit 1 unless everything is fresh")
@targets_argument
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, targets: tuple[str, ...], as_json: bool, folder: str | None, file: str | None) -> int:
    """Exit 1 unless everything is fresh. Runs nothing.

    \b
    $ provstore check && echo up to date
    fresh       sort
    1 fresh
    up to date
    """
    words = Words(targets, as_json=as_json, folders=folders_of(ctx, folder), file=file_of(ctx, file))
    return faces.status(words, check=True)

"""`provstore check`."""

from __future__ import annotations

import click

from provstore.cli import render
from provstore.cli.options import json_option, place_of, place_options
from provstore.operations.status import status
from provstore.operations.targets import Targets


@click.command(short_help="for CI: exit 1 unless everything is fresh")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
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
    place = place_of(ctx, folder, file)
    with place.project() as project:
        report = status(project, Targets((*place.targets, *targets), place.folder), {})
    ok = report.is_fresh
    print(render.to_json(render.status_json(report, ok=ok)) if as_json else render.status_text(report))
    return 0 if ok else 1

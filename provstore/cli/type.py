"""`provstore type` and its commands."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options


@click.group(short_help="list and show dataset types")
def command() -> None:
    """List and show dataset types: named kinds of data, of which each dataset is one.

    \b
    $ provstore type ls
    name   dimensions       format  path
    flat   detector         fits
    image  detector, visit  fits
    """


@command.command("ls", short_help="list dataset types")
@click.argument("glob", default="*")
@json_option
@place_options
@click.pass_context
def ls(ctx: click.Context, glob: str, as_json: bool, folder: str | None, file: str | None) -> None:
    """List dataset types that are registered or used, by name; `*` and `?` in GLOB are wild cards.

    Dimensions and format of a type that is used but not registered are those of its datasets.

    \b
    $ provstore type ls '*_metrics'
    name             dimensions  format  path
    quality_metrics  visit       json
    """
    import sys

    from provstore.cli import render, type_text
    from provstore.cli.style import width_of
    from provstore.operations.registry.queries import query_dataset_types

    with place_of(ctx, folder, file).project() as project:
        found = query_dataset_types(project, glob)
    shown = (
        render.to_json(type_text.types_json(found)) if as_json else type_text.types_text(found, width_of(sys.stdout))
    )
    if shown:
        print(shown)


@command.command("show", short_help="show one dataset type")
@click.argument("name")
@json_option
@place_options
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool, folder: str | None, file: str | None) -> None:
    """Show one dataset type in full.

    \b
    $ provstore type show image
    type image
      dimensions  detector, visit
      format      fits
    """
    from provstore.cli import render, type_text
    from provstore.operations.registry.queries import dataset_type

    with place_of(ctx, folder, file).project() as project:
        found = dataset_type(project, name)
    print(render.to_json(type_text.type_json(found)) if as_json else type_text.type_text(found))

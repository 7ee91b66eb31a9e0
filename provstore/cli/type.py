"""`provstore type` and its commands."""

from __future__ import annotations

from typing import Any

import click

from provstore.cli.options import json_option, place_of, place_options


@click.group(short_help="list, show and register dataset types")
@place_options
@click.pass_context
def command(ctx: click.Context, folder: str | None, file: str | None) -> None:
    """List, show and register dataset types: named kinds of data, of which each dataset is one.

    \b
    $ provstore type ls
    name   dimensions       format  path
    flat   detector         fits
    image  visit, detector  fits
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
    from provstore.operations.registry.queries.types import query_dataset_types

    with place_of(ctx, folder, file).project() as project:
        found = query_dataset_types(project, glob)
    print(render.to_json(type_text.types_json(found)) if as_json else type_text.types_text(found, width_of(sys.stdout)))


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
      dimensions  visit, detector
      format      fits
    """
    from provstore.cli import render, type_text
    from provstore.operations.registry.queries.types import dataset_type

    with place_of(ctx, folder, file).project() as project:
        found = dataset_type(project, name)
    print(render.to_json(type_text.type_json(found)) if as_json else type_text.type_text(found))


@command.command("register", short_help="register a dataset type")
@click.argument("name")
@click.option("--dimensions", default="", metavar="A,B", help="What labels its data; without it nothing does.")
@click.option("--format", required=True, metavar="FORMAT", help="What its files are, such as csv.")
@click.option("--path", metavar="TEMPLATE", help="Where put and ingest put its data.")
@click.option("--description", default="", metavar="TEXT", help="What it is.")
@json_option
@place_options
@click.pass_context
def register(
    ctx: click.Context,
    /,
    name: str,
    dimensions: str,
    as_json: bool,
    folder: str | None,
    file: str | None,
    **said: Any,  # noqa: ANN401 - each option has its own type
) -> None:
    """Register a dataset type, and print its name. The same definition once more is no error, another one is.

    What the Pipelinefile declares under [datasets] is registered by itself when data of it are first recorded.

    \b
    $ provstore type register metrics --dimensions visit --format json --path 'metrics/{visit}.json'
    metrics
    """
    from provstore.cli import render, type_text
    from provstore.cli.plain import PlainView
    from provstore.model.values import harmless
    from provstore.operations.registry.queries.types import dataset_type
    from provstore.operations.registry.types.register import TypeRequest, register_type

    names = tuple(word.strip() for word in dimensions.split(",")) if dimensions.strip() else ()
    with place_of(ctx, folder, file).project() as project:
        register_type(project, TypeRequest(name, names, **said), PlainView())
        found = dataset_type(project, name)
    print(render.to_json(type_text.type_json(found)) if as_json else harmless(found.name))

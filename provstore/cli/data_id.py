"""`provstore data-id`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, names_of, order_option, place_of, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@click.command(short_help="list the data IDs that records allow, or that datasets have")
@click.argument("words", nargs=-1, required=True, metavar="DIMENSION... [NAME=VALUE]...")
@click.option("--where", default="", metavar="CONDITION", help="Only what fulfils it: \"tract = 9697 and band = 'r'\".")
@click.option("--data-id", "given", multiple=True, metavar="NAME=VALUE", callback=names_of,
              help="Only with this value, as the words NAME=VALUE; repeatable, or several with commas.")  # fmt: skip
@click.option("--datasets", "types", multiple=True, metavar="TYPE", callback=names_of,
              help="Only where there is a dataset of this type; repeatable, or several with commas.")  # fmt: skip
@click.option("--collection", "collections", multiple=True, metavar="NAME|GLOB", callback=names_of,
              help="Where these datasets are; repeatable, or several with commas.")  # fmt: skip
@order_option
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    given: tuple[str, ...],
    as_json: bool,
    folder: str | None,
    file: str | None,
    collections: tuple[str, ...],
    **asked: Any,  # noqa: ANN401 - each option has its own type
) -> None:
    """List data IDs with these dimensions and all that they require: all combinations that the records allow.

    Records go together where they have the same values for what they require or imply, and where their regions and
    time spans overlap. NAME=VALUE and --where may name other dimensions, which are joined too. Where nothing is found,
    standard error says why.

    \b
    $ provstore data-id visit detector skymap=rings --where "tract = 9697 and detector in (20..22)" --datasets image
    instrument  visit  detector
    HSC          6320        20
    HSC          6320        21
    """
    import sys

    from provstore.cli import data_id_text, render
    from provstore.cli.main import say
    from provstore.cli.style import width_of
    from provstore.model.values import harmless
    from provstore.operations.registry.queries.data_ids import DataIdQuery, list_data_ids

    dimensions = tuple(name for word in words if "=" not in word for name in word.split(","))
    query = DataIdQuery(dimensions, collections=collections or None, **asked)
    values = (*[word for word in words if "=" in word], *given)
    with place_of(ctx, folder, file).project() as project:
        listing = list_data_ids(project, query, values)
    if listing.why:
        say(harmless(listing.why))
    text = data_id_text.data_ids_text(listing.data_ids, width_of(sys.stdout))
    if as_json or text:
        print(render.to_json(data_id_text.data_ids_json(listing.data_ids)) if as_json else text)

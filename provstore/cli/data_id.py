"""`provstore data-id`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


@click.command(short_help="list the data IDs that records allow, or that datasets have")
@click.argument("words", nargs=-1, required=True, metavar="DIMENSION... [NAME=VALUE]...")
@click.option("--where", default="", metavar="CONDITION", help="Only what fulfils it: \"tract = 9697 and band = 'r'\".")
@click.option("--data-id", "given", multiple=True, metavar="NAME=VALUE",
              help="Only with this value, as the words NAME=VALUE; repeatable, or several with commas.")  # fmt: skip
@click.option("--datasets", "types", multiple=True, metavar="TYPE",
              help="Only where there is a dataset of this type; repeatable, or several with commas.")  # fmt: skip
@click.option("--collection", "collections", multiple=True, metavar="NAME|GLOB",
              help="Where these datasets are; repeatable, or several with commas.")  # fmt: skip
@click.option("--order-by", multiple=True, metavar="[-]NAME",
              help="Sort by this, with - downwards; repeatable, or several with commas.")  # fmt: skip
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
    where: str,
    limit: int | None,
    **several: Any,  # noqa: ANN401 - tuples of texts
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
    from provstore.operations.registry.data_id_queries import DataIdQuery, list_data_ids

    asked = {name: _names(texts) for name, texts in several.items()}
    dimensions = _names([word for word in words if "=" not in word])
    query = DataIdQuery(dimensions, where, types=asked["types"], collections=asked["collections"] or None,
                        order_by=asked["order_by"], limit=limit)  # fmt: skip
    values = (*[word for word in words if "=" in word], *_names(given))
    with place_of(ctx, folder, file).project() as project:
        listing = list_data_ids(project, query, values)
    if listing.why:
        say(harmless(listing.why))
    text = data_id_text.data_ids_text(listing.data_ids, width_of(sys.stdout))
    if as_json or text:
        print(render.to_json(data_id_text.data_ids_json(listing.data_ids)) if as_json else text)


def _names(texts: Sequence[str]) -> tuple[str, ...]:
    """Names that were given one by one, or several with commas between."""
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())

"""`provstore sql`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options


@click.command(short_help="ask the store in SQL")
@click.argument("query")
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, query: str, as_json: bool, folder: str | None, file: str | None) -> None:
    """Ask the store in SQL; nothing can be changed by it. With --json: a list of objects.

    \b
    $ provstore sql "SELECT stage, outcome, count(*) AS number FROM v_execution GROUP BY 1, 2"
    stage  outcome    number
    count  succeeded       3
    sort   succeeded       2
    """
    import sys

    from provstore.cli import render, tables
    from provstore.cli.style import width_of
    from provstore.operations.sql import sql

    with place_of(ctx, folder, file).project() as project:
        answer = sql(project, query)
    print(render.to_json(tables.sql_json(answer)) if as_json else tables.sql_text(answer, width_of(sys.stdout)))

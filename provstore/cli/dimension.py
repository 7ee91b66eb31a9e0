"""`provstore dimension` and its commands."""

from __future__ import annotations

import os
import re
import sys

import click

from provstore.cli.options import complete_path, json_option, order_option, place_of, place_options

SHOWN = 100
"""Records that a person is shown, unless more are asked for."""
WORD = re.compile(r"[A-Za-z_]\w*=")
"""How a value of a field begins on the command line; no path that begins so is a file."""


@click.group(short_help="list, show and fill dimensions")
@place_options
@click.pass_context
def command(ctx: click.Context, folder: str | None, file: str | None) -> None:
    """List and show dimensions, the axes that label data, and insert what is known of their values.

    The Pipelinefile declares them in `[dimensions]`.

    \b
    $ provstore dimension insert visit instrument=HSC visit=6320 band=i exposure_time=30
    visit: 1 record inserted
    $ provstore dimension ls
    name        type  requires    implies  metadata       more    records
    band        str                                                     1
    instrument  str                                                     1
    visit       int   instrument  band     exposure_time  region        1
    """


@command.command("ls", short_help="list dimensions")
@json_option
@place_options
@click.pass_context
def ls(ctx: click.Context, as_json: bool, folder: str | None, file: str | None) -> None:
    """List the dimensions that the Pipelinefile declares or that were recorded, by name.

    \b
    $ provstore dimension ls
    name        type  requires    implies  metadata       more    records
    band        str                                                     1
    instrument  str                                                     1
    visit       int   instrument  band     exposure_time  region        1
    """
    from provstore.cli import dimension_text, render
    from provstore.cli.style import width_of
    from provstore.operations.registry.dimensions.records import list_dimensions

    with place_of(ctx, folder, file).project() as project:
        found = list_dimensions(project)
    if as_json:
        print(render.to_json(dimension_text.list_json(found)))
    else:
        print(dimension_text.list_text(found, width_of(sys.stdout)))


@command.command("show", short_help="show a dimension and its records")
@click.argument("name")
@click.option("--where", default="", metavar="CONDITION", help='Only records that fulfil it: "exposure_time > 20".')
@order_option
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N",
              help="At most so many records; without it, a person sees 100.")  # fmt: skip
@json_option
@place_options
@click.pass_context
def show(
    ctx: click.Context,
    name: str,
    where: str,
    order_by: tuple[str, ...],
    limit: int | None,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Show what a dimension is, and its records. Where a condition leaves none, standard error says why.

    What `--json` gives can be inserted elsewhere: `provstore dimension show visit --json | provstore dimension insert
    visit -`.

    \b
    $ provstore dimension show visit --where "region OVERLAPS CIRCLE(150, 2, 1)"
    dimension visit
      type      int
      requires  instrument
      implies   band
      metadata  exposure_time (float)
      records   with a region on the sky
    \b
    instrument  visit  band  exposure_time  region
    HSC          6320  i              30.0  CIRCLE(150.1, 2.2, 0.75)
    """
    from provstore.cli import dimension_text, render
    from provstore.cli.main import flush_output, say
    from provstore.cli.style import width_of
    from provstore.model.values import harmless
    from provstore.operations.registry.dimensions.records import show_dimension

    most = SHOWN + 1 if limit is None and not as_json else limit
    with place_of(ctx, folder, file).project() as project:
        report = show_dimension(project, name, where, order_by, most)
    if report.why:
        say(harmless(report.why))
    if as_json:
        print(render.to_json(dimension_text.show_json(report)))
        return
    is_cut = limit is None and len(report.records) > SHOWN
    print(dimension_text.show_text(report, SHOWN if is_cut else None, width_of(sys.stdout)))
    if is_cut:
        flush_output()
        say(f"there are more than these {SHOWN} records; --limit and --where choose, --json gives all")


@command.command("insert", short_help="insert what is known of values of a dimension")
@click.argument("name")
@click.argument("records", nargs=-1, required=True, metavar="FILE|-|FIELD=VALUE...", shell_complete=complete_path)
@json_option
@place_options
@click.pass_context
def insert(
    ctx: click.Context, name: str, records: tuple[str, ...], as_json: bool, folder: str | None, file: str | None
) -> None:
    """Insert records of a dimension: from a file, from standard input (`-`), or one from the command line.

    A file holds JSON (an array of records, or one in each line) or CSV with the names of the fields in its first line.
    A record has the dimensions that its own requires, its own value, and what else is known: implied dimensions,
    metadata, `begin` and `end` (ISO 8601), `region`. All of them are inserted, or none. The same record again is no
    error, one that says otherwise is.

    \b
    $ cat visits.csv
    instrument,visit,band,exposure_time,region
    HSC,6320,i,30,"CIRCLE(150.1, 2.2, 0.75)"
    HSC,6322,i,30,"CIRCLE(150.4, 2.2, 0.75)"
    $ provstore dimension insert visit visits.csv
    visit: 2 records inserted
    $ provstore dimension insert visit instrument=HSC visit=6324 band=r
    visit: 1 record inserted
    """
    from provstore.cli import dimension_text, render
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.dimensions.files import STANDARD_INPUT, insert_file, insert_words

    place = place_of(ctx, folder, file)
    is_file = len(records) == 1 and not WORD.match(records[0])
    with place.project() as project:
        if is_file:
            path = records[0]
            path = path if path == STANDARD_INPUT else os.path.join(place.folder, path)
            done = insert_file(project, name, path, PlainView())
        else:
            done = insert_words(project, name, records, PlainView())
    print(render.to_json(dimension_text.inserted_json(done)) if as_json else dimension_text.inserted_text(done))

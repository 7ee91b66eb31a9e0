"""`provstore describe`."""

from __future__ import annotations

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options


@click.command(short_help="show what a file is, and what is in it")
@click.argument("path", metavar="FILE", shell_complete=complete_path)
@click.option(
    "--format", "form", metavar="NAME", help="Read it as this format. Default: by the Pipelinefile, or by its ending."
)
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context, path: str, form: str | None, as_json: bool, folder: str | None, file: str | None
) -> None:
    """Show what a file or a directory is: its format, its digests, and what the format says of it.

    \b
    $ provstore describe stars.csv
    stars.csv
      format    csv
      size      28 B
      digest    blake3:fe9c42c6a00a…
      semantic  csv/1:632e6b280992…
      content
        rows       3
        columns    2
        header     name, mass
        delimiter  ,
    """
    import sys

    from provstore.cli import facts, render
    from provstore.cli.plain import say_remarks
    from provstore.cli.style import width_of
    from provstore.operations.describe import describe

    place = place_of(ctx, folder, file)
    report = describe(place.folder, place.file, path, form)
    say_remarks(report.remarks)
    print(render.to_json(facts.describe_json(report)) if as_json else facts.describe_text(report, width_of(sys.stdout)))

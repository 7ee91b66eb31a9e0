"""`provstore show`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options


@click.command(short_help="show one run, execution or dataset in full")
@click.argument("id")
@click.option("--pipelinefile", is_flag=True, help="Also the text of the Pipelinefile that the run read.")
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context, id: str, pipelinefile: bool, as_json: bool, folder: str | None, file: str | None
) -> None:
    """Show one run, execution or dataset in full. An ID may be shortened as long as it is the only one.

    \b
    $ provstore show 019310a3-b2
    execution 019310a3-b2d1-7cc1-8e2c-3a5f0b6c7d8e
      task      count
      outcome   succeeded
      command   wc -l < sorted.txt > count.txt
    """
    import sys

    from provstore.cli import records, render
    from provstore.cli.style import style_for
    from provstore.operations.show import show

    with place_of(ctx, folder, file).project() as project:
        report = show(project, id, pipelinefile=pipelinefile)
    print(render.to_json(records.show_json(report)) if as_json else records.show_text(report, style_for(sys.stdout)))

"""`provstore why`."""

from __future__ import annotations

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options


@click.command(short_help="show what made a file, and whether it still is that")
@click.argument("path", shell_complete=complete_path)
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, path: str, as_json: bool, folder: str | None, file: str | None) -> int:
    """Show what made a file or a directory, when, where and from what, and whether it is still what was recorded.

    PATH may lie anywhere: what the store does not know by its path, it looks up by its content. Exits 1 when the
    store knows neither.

    \b
    $ provstore why count.txt
    current  count.txt
      made by  count, 2026-11-21 10:01:20Z, in 0.1 s
      host     ada@tower, Linux 6.1.0 x86_64
      command  wc -l < sorted.txt > count.txt
      inputs   sorted.txt  made by sort on 2026-11-21 10:01:20Z
      content  2 B, blake3:53c234e5e847
      records  dataset 019310a3-b2f0, execution 019310a3-b2d1, run 019310a3-b201
    """
    import sys

    from provstore.cli import origins, render
    from provstore.cli.plain import say_remarks
    from provstore.cli.style import style_for, width_of
    from provstore.operations.why import UNKNOWN, why

    place = place_of(ctx, folder, file)
    with place.project() as project:
        report = why(project, place.folder, path)
    say_remarks(report.remarks)
    text = origins.why_json(report) if as_json else None
    print(render.to_json(text) if text else origins.why_text(report, style_for(sys.stdout), width_of(sys.stdout)))
    return 1 if report.state == UNKNOWN else 0

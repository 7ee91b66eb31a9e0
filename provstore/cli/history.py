"""`provstore history`."""

from __future__ import annotations

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options

SHOWN = 20
"""Versions that a person sees who does not ask for another number."""


@click.command(short_help="show every recorded version of a file")
@click.argument("path", shell_complete=complete_path)
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N",
              help="The last N versions. Default: 20, with --json all.")  # fmt: skip
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context, path: str, limit: int | None, as_json: bool, folder: str | None, file: str | None
) -> None:
    """Show every version of a file or a directory that the store knows, newest first.

    "current" is what lies there now; what is "kept" can be restored. A file in a directory that a task makes has the
    versions of that directory.

    \b
    $ provstore history count.txt
    recorded              size  digest        change                  by
    2026-11-21 10:02:11Z   2 B  53c234e5e847  content  current, kept  count
    2026-11-21 10:01:20Z   2 B  8f0e0d1c9d6a  first    kept           count
    """
    import sys

    from provstore.cli import origins, render
    from provstore.cli.plain import say_remarks
    from provstore.cli.style import width_of
    from provstore.operations.history import history

    place = place_of(ctx, folder, file)
    with place.project() as project:
        report = history(project, place.folder, path, SHOWN if limit is None and not as_json else limit)
    say_remarks(report.remarks)
    print(render.to_json(origins.history_json(report)) if as_json
          else origins.history_text(report, width_of(sys.stdout)))  # fmt: skip

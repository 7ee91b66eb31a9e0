"""`provstore report`."""

from __future__ import annotations

import os

import click

from provstore.cli.options import complete_path, place_of, place_options, targets_argument

DEFAULT_FILE = "provstore-report.html"


@click.command(short_help="write a page with the state of everything")
@targets_argument
@click.option("-o", "output", metavar="FILE", default=DEFAULT_FILE, shell_complete=complete_path,
              help=f"Write to FILE instead of {DEFAULT_FILE}; - is standard output.")  # fmt: skip
@place_options
@click.pass_context
def command(ctx: click.Context, targets: tuple[str, ...], output: str, folder: str | None, file: str | None) -> None:
    """Write one HTML page with the graph, the state of each task and why, the last run, failures with their logs,
    and the results. It loads nothing from anywhere, so that it can be kept as an artifact of CI. Nothing is run, and
    nothing is recorded. An earlier report is replaced, any other file is not.

    \b
    $ provstore report
    provstore-report.html: 2 tasks, everything is up to date
    """
    from provstore.cli.main import show_bytes
    from provstore.cli.plain import say_remarks
    from provstore.model.values import harmless
    from provstore.operations.artifact import claim_place, put
    from provstore.operations.overview import overview
    from provstore.operations.targets import Targets
    from provstore.web.report import MARK, report_html, summary_line

    place = place_of(ctx, folder, file)
    target = None if output == "-" else os.path.join(place.folder, output)
    with place.project() as project:
        if target is not None:
            claim_place(project, target, output, MARK)
        report = overview(project, Targets((*place.targets, *targets), place.folder, everything=True))
    say_remarks([f"{section}: {text}" for section, text in report.troubles.items()])
    page = report_html(report).encode("utf-8")
    if target is None:
        show_bytes(page)
    else:
        put(target, page)
        print(f"{harmless(output)}: {summary_line(report)}")

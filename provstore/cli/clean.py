"""`provstore clean`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options, targets_argument
from provstore.cli.records import number_of, size_text
from provstore.cli.render import plain
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.cli.render import Style
    from provstore.model.values import JSON
    from provstore.operations.clean import CleanReport

SHOWN = 20
"""Outputs that a person is shown, of those that were removed and of those that were left; --json has all."""


@click.command(short_help="remove outputs that the store can restore")
@targets_argument
@click.option("--dead", is_flag=True, help="Remove what no task makes or reads any more instead.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be removed; change nothing.")
@click.option("--no-wait", is_flag=True, help="If a run holds the project, give up at once.")
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    dead: bool,
    dry_run: bool,
    no_wait: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Remove the outputs of the targets, without targets those of all tasks, and folders that held nothing else.

    Only what a task made is removed, to the byte, and only if the store keeps every byte of it: the next run puts
    back what was up to date without running anything, 'provstore restore PATH' any of it. What was edited by hand,
    what is not kept and what is frozen is left and listed; exits 1 when something is left that a target named.

    \b
    $ provstore clean
    removed 2 outputs, 41.0 KiB; 'provstore run' puts them back
      sorted.txt  40.9 KiB
      out/count.txt  2 B
    """
    import sys

    from provstore.cli import render
    from provstore.cli.plain import PlainView, say_remarks
    from provstore.cli.style import style_for
    from provstore.operations.clean import CleanRequest, clean
    from provstore.operations.targets import Targets

    place = place_of(ctx, folder, file)
    named = (*place.targets, *targets)
    request = CleanRequest(Targets(named, place.folder), dead, dry_run, wait=not no_wait)
    with place.project() as project:
        report = clean(project, request, PlainView())
    say_remarks(report.remarks)
    print(render.to_json(clean_json(report)) if as_json else clean_text(report, style_for(sys.stdout)))
    return 1 if named and (report.left or report.unknown) else 0


def clean_json(report: CleanReport) -> dict[str, JSON]:
    """The contract of `clean`."""
    return {
        "dry_run": report.dry_run,
        "removed": [entry._asdict() for entry in report.removed],
        "left": [entry._asdict() for entry in report.left],
        "folders": list(report.folders),
        "unknown": list(report.unknown),
        "bytes": report.bytes,
    }


def clean_text(report: CleanReport, style: Style = plain) -> str:
    """What was removed, with sizes; what was left, with reasons."""
    lines = []
    if report.removed:
        word = "would remove" if report.dry_run else "removed"
        back = "'provstore restore PATH' puts one back" if report.dead else "'provstore run' puts them back"
        lines.append(f"{word} {number_of(len(report.removed), 'output')}, {size_text(report.bytes)}; {back}")
        lines += [f"  {harmless(entry.path)}  {size_text(entry.bytes)}" for entry in report.removed[:SHOWN]]
        if len(report.removed) > SHOWN:
            lines.append(f"  and {len(report.removed) - SHOWN} more")
    elif not report.left:
        lines.append("nothing was removed" if report.unknown else "there is nothing to remove")
    if report.left:
        lines.append(style(f"left {number_of(len(report.left), 'output')}", "remark"))
        lines += [f"  {harmless(entry.path)}  {harmless(entry.reason)}" for entry in report.left[:SHOWN]]
        if len(report.left) > SHOWN:
            lines.append(f"  and {len(report.left) - SHOWN} more")
    return "\n".join(lines)

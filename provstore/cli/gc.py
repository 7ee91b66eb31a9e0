"""`provstore gc`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options


def kept_from(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[float, int]:
    """``--keep 30d --keep 3`` as seconds and a number of versions; the largest of each."""
    from provstore.pipelinefile.expect import UnexpectedError, duration

    del ctx
    age, versions = 0.0, 0
    for text in values:
        if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS:
            versions = max(versions, int(text))
            continue
        try:
            age = max(age, duration(text))
        except UnexpectedError:
            expected = "a number of versions such as 3, or a duration such as 12h, 30d or 2w"
            raise click.BadParameter(f"found '{text}', expected {expected}", param=param) from None
    return age, versions


MOST_DIGITS = 9


@click.command(short_help="free the bytes of versions that nothing needs")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be freed; change nothing.")
@click.option("--keep", multiple=True, metavar="WHAT", callback=kept_from,
              help="Also keep what is younger (12h, 30d), or so many last versions of each path (3).")  # fmt: skip
@click.option("--no-wait", is_flag=True, help="If a run holds the project, give up at once.")
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    dry_run: bool,
    keep: tuple[float, int],
    no_wait: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Free the bytes of versions that nothing needs. The records stay.

    Needed is what lies in the workspace, what the tasks' last successes made, what is tagged, and what is found
    first along each chain of collections: of every dataset its newest version. What was edited by hand is never
    freed, nor are logs and texts of Pipelinefiles.

    \b
    $ provstore gc -n --keep 30d
    would free 1 object of 1 dataset, 2.1 KiB
      out/table.txt  2026-09-02 10:02:11Z  2.1 KiB
    would keep 12 objects, 41.0 KiB
      needed by: workspace 3, collections 5, keep 4, history 3 (some by several)
    """
    from provstore.cli import freed, render
    from provstore.cli.plain import PlainView
    from provstore.operations.gc import GcRequest, gc

    with place_of(ctx, folder, file).project() as project:
        report = gc(project, GcRequest(dry_run, *keep, wait=not no_wait, every=as_json), PlainView())
    print(render.to_json(freed.gc_json(report)) if as_json else freed.gc_text(report))
    return 0

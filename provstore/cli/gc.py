"""`provstore gc`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options
from provstore.cli.records import number_of, size_text
from provstore.cli.tables import moment
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.values import JSON
    from provstore.operations.gc import GcReport


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
    from provstore.cli import render
    from provstore.cli.plain import PlainView
    from provstore.operations.gc import GcRequest, gc

    with place_of(ctx, folder, file).project() as project:
        report = gc(project, GcRequest(dry_run, *keep, wait=not no_wait, every=as_json), PlainView())
    print(render.to_json(gc_json(report)) if as_json else gc_text(report))
    return 0


def gc_json(report: GcReport) -> dict[str, JSON]:
    """The contract of `gc`."""
    freed: list[JSON] = [
        {
            "digest": object.digest,
            "size": object.size,
            "path": object.path,
            "dataset": object.dataset,
            "made": object.made,
        }
        for object in report.objects
    ]
    freed += [
        {"digest": file.digest or None, "size": file.size, "path": None, "dataset": None, "made": None}
        for file in report.files
    ]
    return {
        "dry_run": report.dry_run,
        "freed": freed,
        "freed_bytes": report.freed.bytes,
        "kept": {**report.kept._asdict(), "by": {why: amount._asdict() for why, amount in report.by.items()}},
        "shrunk_bytes": report.shrunk,
    }


def gc_text(report: GcReport) -> str:
    """What was freed, by dataset, and what is kept."""
    would = "would " if report.dry_run else ""
    free, keep = ("free", "keep") if report.dry_run else ("freed", "kept")
    if not report.freed.objects:
        lines = ["there is nothing to free"]
    else:
        of = f" of {number_of(report.number, 'dataset')}" if report.number else ""
        lines = [f"{would}{free} {number_of(report.freed.objects, 'object')}{of}, {size_text(report.freed.bytes)}"]
    for version in report.versions:
        path = harmless(version.path) if version.path is not None else "(no dataset refers to it)"
        made = f"  {moment(version.made)}" if version.made else ""
        lines.append(f"  {path}{made}  {size_text(version.bytes)}")
    if report.number > len(report.versions):
        lines.append(f"  and {report.number - len(report.versions)} more")
    if report.files:
        lines.append(f"  {number_of(len(report.files), 'file')} that no record knows")
    if report.kept.objects:
        by = ", ".join(f"{why} {amount.objects}" for why, amount in report.by.items())
        several = sum(amount.objects for amount in report.by.values()) > report.kept.objects
        by += " (some by several)" if several else ""
        lines += [
            f"{would}{keep} {number_of(report.kept.objects, 'object')}, {size_text(report.kept.bytes)}",
            f"  needed by: {by}",
        ]
    if report.shrunk:
        lines.append(f"the store's file is {size_text(report.shrunk)} smaller")
    return "\n".join(lines)

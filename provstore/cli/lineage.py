"""`provstore lineage`."""

from __future__ import annotations

import os
import sys

import click

from provstore.cli.graph import exporter_of, write_file
from provstore.cli.main import say, show_bytes
from provstore.cli.options import complete_path, place_of, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.operations.lineage import LineageReport
    from provstore.plugin import Exporter


@click.command(short_help="show all that a file came from, or what came from it")
@click.argument("path", metavar="PATH[@ID]", shell_complete=complete_path)
@click.option("--down", is_flag=True, help="Show all that came from it instead.")
@click.option(
    "--depth", metavar="N", type=click.IntRange(min=1), help="Follow at most N executions, one behind the other."
)
@click.option("--format", "form", metavar="FORMAT",
              help="text, dot, svg, png, mermaid, json, or what a plug-in offers. "
              "Default: what the ending of -o says, else text.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-o", "output", metavar="FILE", shell_complete=complete_path,
              help="Write to FILE instead of standard output, which is -.")  # fmt: skip
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    path: str,
    down: bool,
    depth: int | None,
    form: str | None,
    as_json: bool,
    output: str | None,
    folder: str | None,
    file: str | None,
) -> None:
    """Show all that a file came from, through executions, or what came from it.

    PATH is the version that lies there now; PATH@ID another one: ID is the beginning of the id of a dataset, an
    execution or a run, or of a digest. The id of a dataset or an execution stands for itself.

    \b
    $ provstore lineage count.txt
    count.txt  blake3:25a49dd33ebd  by count on 2026-11-21
    ╰─ sorted.txt  blake3:4b782a407c7b  by sort on 2026-11-21
       ╰─ names.txt  blake3:ab16a55e85be  source
    $ provstore lineage --down names.txt -o names.svg
    """
    from provstore.model.values import harmless
    from provstore.operations.lineage import LineageRequest, lineage

    place = place_of(ctx, folder, file)
    output = None if output == "-" else output
    form = "json" if as_json else form
    is_tree = form == "text" or (form is None and os.path.splitext(output or "")[1].lower() in ("", ".txt"))
    with place.project() as project:
        exporter = None if is_tree else exporter_of(project, form, output)
        report = lineage(project, LineageRequest(path, place.folder, down, depth))
    for remark in report.remarks:
        say(f"remark: {harmless(remark)}")
    data = _tree(report, to_terminal=output is None) if is_tree else _drawn(report, exporter)
    if output is None:
        show_bytes(data)
    else:
        write_file(os.path.join(place.folder, output), data)


def _tree(report: LineageReport, *, to_terminal: bool) -> bytes:
    from provstore.cli.style import width_of
    from provstore.cli.tree import lineage_text

    return lineage_text(report, width_of(sys.stdout) if to_terminal else None).encode()


def _drawn(report: LineageReport, exporter: Exporter | None) -> bytes:
    """The graph in the form of an exporter; None: JSON."""
    if exporter is None:
        from provstore.cli import render, tree

        return f"{render.to_json(tree.lineage_json(report))}\n".encode()
    from provstore.operations.exporters import exported

    return exported(exporter, report.drawing())

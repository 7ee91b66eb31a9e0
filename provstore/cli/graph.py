"""`provstore graph`."""

from __future__ import annotations

import os
import sys

import click

from provstore.cli.main import show_bytes
from provstore.cli.options import complete_path, place_of, place_options, targets_argument
from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.operations.graph import GraphReport

ENDINGS = {
    ".txt": "text",
    ".dot": "dot",
    ".gv": "dot",
    ".svg": "svg",
    ".png": "png",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".json": "json",
}
DPI = 144


@click.command(short_help="draw the pipeline")
@targets_argument
@click.option("--tasks", is_flag=True, help="Draw tasks instead of stages.")
@click.option("--format", "form", type=click.Choice(("text", "dot", "svg", "png", "mermaid", "json")),
              help="What to write. Default: what the ending of -o says, else text.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-o", "output", metavar="FILE", shell_complete=complete_path,
              help="Write to FILE instead of standard output.")  # fmt: skip
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    tasks: bool,
    form: str | None,
    as_json: bool,
    output: str | None,
    folder: str | None,
    file: str | None,
) -> None:
    """Draw the pipeline: what is made (→), from which files that nothing makes (←), in the colours of its state.

    \b
    $ provstore graph
    ●  sort   fresh  → sorted.txt  ← names.txt
    ●  count  fresh  → count.txt
    $ provstore graph -o pipeline.svg
    """
    from provstore.operations.graph import graph
    from provstore.operations.targets import Targets

    form = "json" if as_json else form or form_of(output)
    if form == "png" and output is None and sys.stdout.isatty():
        raise UsageError("a PNG picture is no text for a terminal", hint="name a file: provstore graph -o graph.png")
    place = place_of(ctx, folder, file)
    with place.project() as project:
        report = graph(project, Targets((*place.targets, *targets), place.folder), tasks=tasks)
    data = drawn(report, form, to_terminal=output is None)
    if output is None:
        show_bytes(data) if form == "png" else print(data.decode("utf-8"), end="")
    else:
        write_file(os.path.join(place.folder, output), data)


def form_of(output: str | None) -> str:
    """The form that the ending of a file's name says; text for none."""
    ending = os.path.splitext(output or "")[1].lower()
    if ending and ending not in ENDINGS:
        raise UsageError(
            f"-o {output}: the ending {ending} says no format", hint=f"known are {', '.join(ENDINGS)}; or use --format"
        )
    return ENDINGS.get(ending, "text")


def drawn(report: GraphReport, form: str, *, to_terminal: bool) -> bytes:
    """The drawing in one of the forms."""
    from provstore.cli import render, tables
    from provstore.exporters import dot, mermaid, text

    drawing = report.drawing()
    if form in ("svg", "png"):
        return dot.picture(dot.draw(drawing, DPI if form == "png" else None), form)
    if form == "dot":
        found = dot.draw(drawing)
    elif form == "mermaid":
        found = mermaid.draw(drawing)
    elif form == "json":
        found = render.to_json(tables.graph_json(report)) + "\n"
    else:
        from provstore.cli.style import style_for, width_of

        style = style_for(sys.stdout) if to_terminal else render.plain
        found = text.draw(drawing, style, width_of(sys.stdout) if to_terminal else None)
    return found.encode()


def write_file(path: str, data: bytes) -> None:
    """Writes a file that the user named."""
    with open(path, "wb") as file:
        file.write(data)

"""`provstore graph`."""

from __future__ import annotations

import os
import sys

import click

from provstore.cli.main import show_bytes
from provstore.cli.options import complete_path, inputs_option, place_of, place_options, targets_argument
from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.operations.graph import GraphReport
    from provstore.plugin import Exporter
    from provstore.project import Project


@click.command(short_help="draw the pipeline")
@targets_argument
@click.option("--tasks", is_flag=True, help="Draw tasks instead of stages.")
@click.option("--format", "form", metavar="FORMAT",
              help="text, dot, svg, png, mermaid, json, or what a plug-in offers. "
              "Default: what the ending of -o says, else text.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-o", "output", metavar="FILE", shell_complete=complete_path,
              help="Write to FILE instead of standard output, which is -.")  # fmt: skip
@inputs_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    tasks: bool,
    form: str | None,
    as_json: bool,
    output: str | None,
    inputs: tuple[str, ...],
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

    place = place_of(ctx, folder, file)._replace(inputs=inputs)
    output = None if output == "-" else output
    form = "json" if as_json else form or (None if output else "text")
    to_terminal = form == "text" and output is None
    with place.project() as project:
        exporter = None if to_terminal else exporter_of(project, form, output)
        report = graph(project, Targets((*place.targets, *targets), place.folder), tasks=tasks)
    if to_terminal:
        print(shown(report), end="")
    elif output is None:
        show_bytes(drawn(report, exporter))
    else:
        write_file(os.path.join(place.folder, output), drawn(report, exporter))


def exporter_of(project: Project, form: str | None, output: str | None) -> Exporter | None:
    """What writes the form, or what the ending of the file's name says; without either, text.

    Returns:
        None: JSON, which holds more than a drawing.

    Raises:
        UsageError: Nothing does, or it would write a picture to a terminal.
        PluginError: Two plug-ins offer it.
    """
    from provstore.operations.exporters import JSON_FORM, exporter_for, exporter_named

    ending = os.path.splitext(output or "")[1].lower()
    if form == JSON_FORM or (form is None and ending == f".{JSON_FORM}"):
        return None
    exporter = exporter_named(project, form or "text") if form or not ending else exporter_for(project, ending)
    if not exporter.is_text and output is None and sys.stdout.isatty():
        what, hint = exporter.name, (*exporter.suffixes, "")[0]
        raise UsageError(f"{what} is no text for a terminal", hint=f"name a file by -o, such as -o graph{hint}")
    return exporter


def drawn(report: GraphReport, exporter: Exporter | None) -> bytes:
    """The drawing in the form of an exporter; None: JSON."""
    if exporter is None:
        from provstore.cli import render, tables

        return f"{render.to_json(tables.graph_json(report))}\n".encode()
    from provstore.operations.exporters import exported

    return exported(exporter, report.drawing())


def shown(report: GraphReport) -> str:
    """The drawing as text for a terminal, in its colours and its width."""
    from provstore.cli.style import style_for, width_of
    from provstore.exporters import text

    return text.draw(report.drawing(), style_for(sys.stdout), width_of(sys.stdout))


def write_file(path: str, data: bytes) -> None:
    """Writes a file that the user named."""
    with open(path, "wb") as file:
        file.write(data)

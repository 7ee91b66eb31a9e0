"""`provstore preview`."""

from __future__ import annotations

import os

import click

from provstore.cli.options import complete_path, place_of, place_options
from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.operations.preview import PreviewReport

ENDINGS = {".txt": "text", ".svg": "svg", ".png": "png"}


@click.command(short_help="show a small picture of a file")
@click.argument("path", metavar="FILE", shell_complete=complete_path)
@click.option(
    "--format", "form", metavar="NAME", help="Read it as this format. Default: by the Pipelinefile, or by its ending."
)
@click.option("-o", "output", metavar="OUT", shell_complete=complete_path,
              help="Write to OUT: a picture as .png or .svg, as the format makes it; text as .txt.")  # fmt: skip
@place_options
@click.pass_context
def command(
    ctx: click.Context, path: str, form: str | None, output: str | None, folder: str | None, file: str | None
) -> None:
    """Show a small picture of a file: as text on the terminal, or as a picture in a file.

    \b
    $ provstore preview stars.csv
    name   mass
    Vega   2.1
    Deneb  19
    $ provstore preview sky.fits -o sky.png
    """
    import sys

    from provstore.cli import facts
    from provstore.cli.plain import say_remarks
    from provstore.cli.style import width_of
    from provstore.operations.preview import preview

    kind = None if output is None else kind_of(output)
    place = place_of(ctx, folder, file)
    report = preview(place.folder, place.file, path, form)
    say_remarks(report.remarks)
    if output is None:
        print(facts.preview_text(report, width_of(sys.stdout)))
        return
    data = written(report, output, kind)
    target, source = (os.path.join(place.folder, name) for name in (output, path))
    if os.path.exists(target) and os.path.samefile(target, source):
        raise UsageError(f"-o {output}: this is the file itself, which would be overwritten")
    with open(target, "wb") as opened:
        opened.write(data)


def kind_of(output: str) -> str:
    """The kind of preview that the ending of a file's name asks for."""
    ending = os.path.splitext(output)[1].lower()
    if ending not in ENDINGS:
        raise UsageError(f"-o {output}: found the ending '{ending}', expected one of {', '.join(ENDINGS)}")
    return ENDINGS[ending]


def written(report: PreviewReport, output: str, kind: str | None) -> bytes:
    """The bytes of a preview of one kind; the text of any."""
    if kind == "text":
        return (report.text.rstrip("\n") + "\n").encode("utf-8", "backslashreplace")
    if kind != report.kind:
        ending = next(ending for ending, known in ENDINGS.items() if known == report.kind)
        raise UsageError(
            f"-o {output}: the preview of {report.path} as {report.format} is {report.kind}",
            hint=f"expected the ending {ending}" + ("" if report.kind == "text" else ", or .txt for its text"),
        )
    return report.data

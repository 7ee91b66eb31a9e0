"""`provstore dataset put`, `get` and `ingest`: data in and out."""

from __future__ import annotations

import click

from provstore.cli.main import show_report
from provstore.cli.options import complete_path, json_option, names_of, place_of, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

TRANSFERS = "copy, move, hardlink, symlink, relsymlink, direct or auto."


@click.command("put", short_help="put a file into the store as a dataset of a type")
@click.argument("type")
@click.argument("source", metavar="FILE", shell_complete=complete_path)
@click.argument("words", nargs=-1, metavar="[DIMENSION=VALUE]...")
@click.option("--run", metavar="RUN", help="RUN collection, made if missing; without it a new one at the head of main.")
@click.option("--transfer", default="copy", show_default=True, metavar="HOW", help=TRANSFERS)
@json_option
@place_options
@click.pass_context
def put(
    ctx: click.Context,
    /,
    type: str,
    source: str,
    words: tuple[str, ...],
    run: str | None,
    transfer: str,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Put FILE into the store as it is, as a dataset of TYPE with this data ID, and print its id.

    It goes to the path of the dataset type. What the same type and data ID has there makes room; its bytes are kept.

    \b
    $ provstore dataset put metrics new.json visit=101
    019310a4-77e2-7d01-8c22-1a2b3c4d5e6f
    """
    from provstore.cli.dataset_text import dataset_json
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.data.put import PutFileRequest, put_file

    place = place_of(ctx, folder, file)
    with place.project() as project:
        record = put_file(project, PutFileRequest(type, source, words, transfer, run, place.folder), PlainView())
    show_report(dataset_json(record), lambda: record.id, as_json=as_json)


@click.command("get", short_help="write the recorded bytes of a dataset")
@click.argument("named", metavar="TYPE|ID")
@click.argument("words", nargs=-1, metavar="[DIMENSION=VALUE]...")
@click.option("-o", "--output", metavar="FILE", shell_complete=complete_path,
              help="Write to this new file or folder; without it to standard output.")  # fmt: skip
@click.option("--collection", "collections", multiple=True, metavar="NAME", callback=names_of,
              help="Search these, first to last; repeatable, or several with commas. Without it: main.")  # fmt: skip
@click.option("--at", metavar="TIME", help="In CALIBRATION collections, what is valid at this time.")
@json_option
@place_options
@click.pass_context
def get(
    ctx: click.Context,
    /,
    named: str,
    words: tuple[str, ...],
    output: str | None,
    collections: tuple[str, ...],
    at: str | None,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Write the bytes of a dataset as they were recorded: from its place, or from what the store keeps of it.

    Of a dataset type and a data ID, it is the first along the collections. With --json its record is printed, and its
    data only go to the file of -o.

    \b
    $ provstore dataset get metrics visit=101 -o old.json
    old.json: dataset 019310a4-77e2-7d01-8c22-1a2b3c4d5e6f (metrics visit=101)
    """
    import os

    from provstore.cli.dataset_text import dataset_json
    from provstore.model.values import harmless
    from provstore.operations.registry.data.get import find_in_words, write_file, write_stream

    place = place_of(ctx, folder, file)
    with place.project() as project:
        meant = find_in_words(project, named, words, collections or None, at)
        if output is not None:
            write_file(project, meant, os.path.normpath(os.path.join(place.folder, output)))
        elif not as_json:
            write_stream(project, meant, _writer())
    if as_json or output is not None:
        show_report(dataset_json(meant.record), lambda: harmless(f"{output}: {meant.called}"), as_json=as_json)


def _writer() -> Callable[[memoryview], object]:
    """What writes to standard output; to a terminal only what does not steer it."""
    import sys

    from provstore.errors import UsageError

    is_terminal = sys.stdout.isatty()

    def write(piece: memoryview) -> None:
        data = bytes(piece)
        if is_terminal and (b"\0" in data or b"\x1b" in data):
            raise UsageError("these data are not text for a terminal", hint="write them to a file: -o FILE")
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    return write


@click.command("ingest", short_help="take in many files whose names say what they are")
@click.argument("type")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=complete_path)
@click.option("--template", metavar="TEMPLATE",
              help="Of a file's name: '{visit}_{detector}.fits'; without it, the path of the type.")  # fmt: skip
@click.option("--transfer", default="copy", show_default=True, metavar="HOW", help=TRANSFERS)
@click.option("--run", metavar="RUN", help="RUN collection, made if missing; without it a new one at the head of main.")
@click.option("--data-id", "said", multiple=True, metavar="DIMENSION=VALUE",
              help="What the names do not say, the same for all; repeatable.")  # fmt: skip
@click.option("--skip-existing", is_flag=True, help="Pass over what is known; else that is an error.")
@json_option
@place_options
@click.pass_context
def ingest(
    ctx: click.Context,
    /,
    type: str,
    files: tuple[str, ...],
    template: str | None,
    transfer: str,
    run: str | None,
    said: tuple[str, ...],
    skip_existing: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Take in files as datasets of TYPE, all that fit the template or none. FILE may be a glob.

    A file belongs to the template only under the name that it would write: {detector:02d} finds 03, not 3. Files whose
    names do not fit are named, and left; where none fits, the exit status is 1. 'direct' leaves data where they are, as
    external; 'auto' leaves those in the project in their places, and copies all others.

    \b
    $ provstore dataset ingest raw incoming/*.fits --template '{visit}_{detector}.fits'
    raw: ingested 6 into manual/2026-11-21T101500.123Z
    1 does not fit {visit}_{detector}.fits: incoming/readme.txt
    """
    from provstore.cli.data_text import ingest_json, ingest_text
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.data.ingest import IngestRequest, ingest_said

    place = place_of(ctx, folder, file)
    request = IngestRequest(type, files, template, transfer, run, {}, skip_existing, place.folder)
    with place.project() as project:
        report = ingest_said(project, request, said, PlainView())
    show_report(ingest_json(report), lambda: ingest_text(type, template, report), as_json=as_json)
    return int(not (report.ingested or report.skipped) and bool(report.unmatched))

"""`provstore collection` and its commands."""

from __future__ import annotations

import sys
from functools import partial

import click

from provstore.cli.main import show_report
from provstore.cli.options import json_option, place_of, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.cli.place import Place
    from provstore.operations.registry.collections.removing import Removal

TYPES = ("RUN", "TAGGED", "CHAINED", "CALIBRATION")
BEGIN = click.option("--begin", metavar="TIME", help="First moment; without it the range is open there.")
END = click.option("--end", metavar="TIME", help="First moment after; without it the range is open there.")


@click.group(short_help="list, make, change and remove collections of datasets")
@place_options
@click.pass_context
def command(ctx: click.Context, folder: str | None, file: str | None) -> None:
    """List, make, change and remove collections: named sets of datasets.

    RUN: what one run or call recorded. TAGGED: any datasets, one of each type and data ID. CHAINED: collections in an
    order, searched first to last. CALIBRATION: datasets, each for a range of time.

    \b
    $ provstore collection create best
    best  TAGGED
    $ provstore collection associate best 019310a4-77e2
    best: 1 dataset put in
    """


@command.command("ls", short_help="list collections")
@click.argument("glob", default="*")
@click.option("--type", "type_", type=click.Choice(TYPES, case_sensitive=False), help="Only those of this type.")
@click.option("--flatten", is_flag=True, help="In the place of a chain, the collections that are searched for it.")
@json_option
@place_options
@click.pass_context
def ls(
    ctx: click.Context,
    glob: str,
    type_: str | None,
    flatten: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """List collections by name; `*` and `?` in GLOB are wild cards.

    \b
    $ provstore collection ls 'ma*'
    name                     type     children
    main                     CHAINED  main/2026-11-21T100211Z
    main/2026-11-21T100211Z  RUN
    """
    from provstore.cli import collection_text
    from provstore.cli.style import width_of
    from provstore.operations.registry.collections.making import query_collections

    with place_of(ctx, folder, file).project() as project:
        found = query_collections(project, [glob], [type_] if type_ else None, flatten=flatten)
    show_report(collection_text.list_json(found), lambda: collection_text.list_text(found, width_of(sys.stdout)),
                as_json=as_json)  # fmt: skip


@command.command("create", short_help="make a collection")
@click.argument("name")
@click.option("--type", "type_", type=click.Choice(TYPES, case_sensitive=False), default="TAGGED", show_default=True,
              help="What it is to hold.")  # fmt: skip
@click.option("--description", default="", metavar="TEXT", help="What it is for.")
@json_option
@place_options
@click.pass_context
def create(
    ctx: click.Context,
    name: str,
    type_: str,
    description: str,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Make a collection. One that is there and of this type is left as it is; one that was removed comes back empty.

    \b
    $ provstore collection create flats --type CALIBRATION
    flats  CALIBRATION
    """
    from provstore.cli import collection_text
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.collections.making import register

    with place_of(ctx, folder, file).project() as project:
        made = register(project, name, type_, description, PlainView())
    show_report(collection_text.one_json(made), lambda: collection_text.one_text(made), as_json=as_json)


@command.command("chain", short_help="say what a chain holds, and in which order")
@click.argument("name")
@click.argument("children", nargs=-1, required=True, metavar="CHILD...")
@click.option("--prepend", "how", flag_value="prepend", help="Put them at its head; where they were, they are no more.")
@click.option("--extend", "how", flag_value="extend", help="Put them at its end; where they were, they are no more.")
@click.option("--remove", "how", flag_value="remove", help="Take them out.")
@json_option
@place_options
@click.pass_context
def chain(
    ctx: click.Context,
    name: str,
    children: tuple[str, ...],
    how: str | None,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Make a chain of collections, or change one. It is searched from the first to the last.

    Without an option, the chain holds these and no others.

    \b
    $ provstore collection chain all best main
    all: best, main
    """
    from provstore.cli import collection_text
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.collections.chains import change_chain

    with place_of(ctx, folder, file).project() as project:
        report = change_chain(project, name, how or "redefine", children, make=True, observe=PlainView())
    show_report(collection_text.chain_json(report), lambda: collection_text.chain_text(report), as_json=as_json)


@command.command("associate", short_help="put datasets into a TAGGED collection")
@click.argument("name")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@json_option
@place_options
@click.pass_context
def associate(
    ctx: click.Context, name: str, ids: tuple[str, ...], as_json: bool, folder: str | None, file: str | None
) -> None:
    """Put datasets into a TAGGED collection, all or none. It holds one of each dataset type and data ID.

    \b
    $ provstore collection associate best 019310a4-77e2 019310a4-81c0
    best: 2 datasets put in
    """
    tag_datasets(place_of(ctx, folder, file), name, ids, as_json=as_json)


def tag_datasets(place: Place, name: str, ids: tuple[str, ...], *, as_json: bool) -> None:
    """What `collection associate` and `dataset tag` do."""
    from provstore.cli import collection_text
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.collections.tags import associate

    with place.project() as project:
        report = associate(project, name, ids, PlainView())
    text = partial(collection_text.tag_text, report, "put in", "was in it before")
    show_report(collection_text.tag_json(report), text, as_json=as_json)


@command.command("disassociate", short_help="take datasets out of a TAGGED collection")
@click.argument("name")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@json_option
@place_options
@click.pass_context
def disassociate(
    ctx: click.Context, name: str, ids: tuple[str, ...], as_json: bool, folder: str | None, file: str | None
) -> None:
    """Take datasets out of a TAGGED collection. Those that are not in it are passed over.

    \b
    $ provstore collection disassociate best 019310a4-77e2
    best: 1 dataset taken out
    """
    from provstore.cli import collection_text
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.collections.tags import disassociate as operation

    with place_of(ctx, folder, file).project() as project:
        report = operation(project, name, ids, PlainView())
    text = partial(collection_text.tag_text, report, "taken out", "was not in it")
    show_report(collection_text.tag_json(report), text, as_json=as_json)


@command.command("certify", short_help="put datasets into a CALIBRATION collection, for a time")
@click.argument("name")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@BEGIN
@END
@json_option
@place_options
@click.pass_context
def certify(
    ctx: click.Context,
    name: str,
    ids: tuple[str, ...],
    begin: str | None,
    end: str | None,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Say for which time datasets are valid, all or none. Ranges of one type and data ID never overlap.

    Times are of ISO 8601, in UTC where no zone is given; the begin is in the range, the end is not.

    \b
    $ provstore collection certify flats 019310a4-77e2 --begin 2026-01-01 --end 2026-02-01
    flats: 1 dataset is valid for 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z
    """
    from provstore.cli import collection_text
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.collections.calibrations import Span
    from provstore.operations.registry.collections.calibrations import certify as operation

    with place_of(ctx, folder, file).project() as project:
        report = operation(project, name, ids, Span(begin, end), PlainView())
    show_report(collection_text.certify_json(report), lambda: collection_text.certify_text(report), as_json=as_json)


@command.command("decertify", short_help="cut a time out of a CALIBRATION collection")
@click.argument("name")
@click.argument("type_", metavar="TYPE")
@click.argument("words", nargs=-1, metavar="[DIMENSION=VALUE]...")
@BEGIN
@END
@json_option
@place_options
@click.pass_context
def decertify(
    ctx: click.Context,
    name: str,
    type_: str,
    words: tuple[str, ...],
    begin: str | None,
    end: str | None,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Cut a time out of all ranges of a dataset type, or of one data ID; a range with it in the middle becomes two.

    \b
    $ provstore collection decertify flats flat --begin 2026-01-10 --end 2026-01-12
    flats: 1 range of flat cut
      dataset 019310a4-77e2-7000-8000-000000000000 for 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z
        left: 2026-01-01T00:00:00Z until 2026-01-10T00:00:00Z
        left: 2026-01-12T00:00:00Z until 2026-02-01T00:00:00Z
    """
    from provstore.cli import collection_text
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.collections.calibrations import Span
    from provstore.operations.registry.collections.calibrations import decertify as operation
    from provstore.operations.registry.types.by_hand import data_id_of_words

    with place_of(ctx, folder, file).project() as project:
        data_id = data_id_of_words(project, words)
        only = None if data_id is None else [data_id]
        report = operation(project, name, type_, Span(begin, end), only, PlainView())
    show_report(collection_text.decertify_json(report), lambda: collection_text.decertify_text(report), as_json=as_json)


@command.command("remove", short_help="remove a collection")
@click.argument("name")
@click.option("--unlink", is_flag=True, help="Take it out of the collections that hold it or what is in it.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@place_options
@click.pass_context
def remove(
    ctx: click.Context,
    name: str,
    unlink: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Remove a collection; refused while something refers to it. On a terminal it asks first; no is exit status 1.

    The datasets of a RUN collection are deleted with it: their records stay, files in the project are left alone, and
    `provstore gc` frees the kept bytes that nothing else needs.

    \b
    $ provstore collection remove -n --unlink main/2026-11-21T100211Z
    would remove main/2026-11-21T100211Z (RUN): 3 datasets would be deleted
      would be taken out of chain main
    """
    from provstore.cli import collection_text
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.collections.removing import remove as operation

    with place_of(ctx, folder, file).project() as project:
        report: Removal = operation(project, name, unlink=unlink, dry_run=True)
        if not dry_run:
            if not yes and sys.stdin.isatty() and sys.stderr.isatty():
                click.echo(collection_text.removal_text(report), err=True)
                if not click.confirm("remove it?", err=True):
                    return 1
            report = operation(project, name, unlink=unlink, observe=PlainView())
    show_report(collection_text.removal_json(report), lambda: collection_text.removal_text(report), as_json=as_json)
    return 0

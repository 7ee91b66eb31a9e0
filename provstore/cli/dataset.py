"""`provstore dataset` and its commands."""

from __future__ import annotations

from typing import Any

import click

from provstore.cli.data import TRANSFERS, get, ingest, put
from provstore.cli.main import show_report
from provstore.cli.options import complete_path, json_option, names_of, order_option, place_of, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from provstore.model.values import JSON
    from provstore.project import Project

    Command = TypeVar("Command", bound=Callable[..., Any])


@click.group(short_help="register, list, replace and delete datasets")
@place_options
@click.pass_context
def command(ctx: click.Context, folder: str | None, file: str | None) -> None:
    """Register data that no stage makes, list datasets, replace, describe and delete them.

    \b
    $ provstore dataset register sky/stars.csv 1.0.0 --old-location /archive/stars.csv
    019310a4-77e2-7d01-8c22-1a2b3c4d5e6f
    $ provstore dataset ls
    id        name   version  path
    019310a4  stars  1.0.0    sky/stars.csv
    """


for part in (put, get, ingest):
    command.add_command(part)


def _said(command: Command) -> Command:
    """Adds what may be said of a dataset when it is registered and when it is replaced."""
    options = (
        click.option("--old-location", metavar="PATH", shell_complete=complete_path, help="Where the data are now."),
        click.option("--transfer", default="copy", show_default=True, metavar="HOW",
                     help=TRANSFERS),
        click.option("--execution", metavar="ID", help="What made it."),
        click.option("--keyword", "keywords", multiple=True, metavar="WORD", help="A word to find it by; repeatable."),
        click.option("--url", help="Where it can be had."),
        click.option("--contact", help="Whom to ask."),
        click.option("--metadata", metavar="JSON", callback=_json_object, help="A JSON object."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _json_object(ctx: click.Context, param: click.Parameter, text: str | None) -> JSON:
    del ctx, param
    if text is None:
        return None
    import json

    try:
        found: JSON = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"found {text!r}, expected a JSON object: {error}") from None
    if not isinstance(found, dict):
        raise click.BadParameter(f"found {text!r}, expected a JSON object")
    return found


@command.command("register", short_help="register data that no stage makes")
@click.argument("path")
@click.argument("version", required=False)
@click.option("--name", help="Its name; without it the last part of PATH without its ending.")
@click.option("--description", default="", metavar="TEXT", help="What it is.")
@click.option("--owner", help="Whose it is; without it [project] owner, or the user.")
@click.option("--owner-type", default="user", show_default=True, metavar="TYPE",
              help="user, group, project or production.")  # fmt: skip
@click.option("--overwritable", is_flag=True, help="It may be replaced.")
@click.option("--location", default="project", show_default=True, metavar="WHERE",
              help="project; external (needs --url or --contact) and meta record no data.")  # fmt: skip
@click.option("--type", "dataset_type", metavar="TYPE", help="Its dataset type.")
@click.option("--data-id", "data_id", multiple=True, metavar="DIMENSION=VALUE",
              help="A value of its data ID; repeatable.")  # fmt: skip
@click.option("--collection", metavar="RUN", help="RUN collection that it goes to, made if missing.")
@_said
@json_option
@place_options
@click.pass_context
def register(
    ctx: click.Context,
    /,
    path: str,
    as_json: bool,
    folder: str | None,
    file: str | None,
    execution: str | None,
    **said: Any,  # noqa: ANN401 - each option has its own type
) -> None:
    """Register a file or a directory at PATH in the project, and print its id.

    With --old-location the data are copied there first. VERSION is 1.10.0, say, or 'major', 'minor', 'patch' for the
    next one.

    \b
    $ provstore dataset register sky/stars.csv 1.0.0 --old-location /archive/stars.csv --keyword catalogue
    019310a4-77e2-7d01-8c22-1a2b3c4d5e6f
    """
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.by_hand.register import RegisterRequest
    from provstore.operations.registry.by_hand.register import register as operation
    from provstore.operations.registry.types.by_hand import data_id_of_words

    place = place_of(ctx, folder, file)
    with place.project() as project:
        said["data_id"] = data_id_of_words(project, said["data_id"])
        request = RegisterRequest(path, execution_id=execution, current=place.folder, **said)
        _print_new(project, operation(project, request, PlainView()), as_json=as_json)


def _print_new(project: Project, id: str, *, as_json: bool) -> None:
    """Prints the id of what was registered, or all of it."""
    from provstore.cli.dataset_text import dataset_json
    from provstore.operations.registry.datasets import dataset

    show_report(dataset_json(dataset(project, id).dataset) if as_json else None, lambda: id, as_json=as_json)


@command.command("ls", short_help="list datasets, newest first")
@click.argument("type", required=False, metavar="[TYPE|GLOB]")
@click.option("--where", default="", metavar="CONDITION", help="Only what fulfils it: \"visit = 101 and band = 'r'\".")
@click.option("--collection", "collections", multiple=True, metavar="NAME|GLOB", callback=names_of,
              help="Only what is in it; repeatable, or several with commas.")  # fmt: skip
@click.option("--find-first", is_flag=True,
              help="Of each type and data ID, what is found first along the collections.")  # fmt: skip
@order_option
@click.option("--owner", help="Only what is theirs.")
@click.option("--keyword", "keywords", multiple=True, metavar="WORD",
              help="Only what has this keyword; repeatable: all of them.")  # fmt: skip
@click.option("--status", default="valid", show_default=True, help="valid, replaced, deleted or all.")
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@json_option
@place_options
@click.pass_context
def ls(
    ctx: click.Context,
    /,
    type: str | None,
    collections: tuple[str, ...],
    order_by: tuple[str, ...],
    as_json: bool,
    folder: str | None,
    file: str | None,
    **asked: Any,  # noqa: ANN401 - each option has its own type
) -> None:
    """List datasets, newest first: of one dataset type, or of those that match a pattern with * and ?.

    With --where and --find-first they come in no special order, unless --order-by says one. Where nothing is found,
    standard error says why.

    \b
    $ provstore dataset ls image --where "visit in (101..120:2) and dataset.size > 0" --order-by visit
    id        type   data ID                path
    019310a4  image  visit=101, detector=3  images/101_03.fits
    """
    import sys

    from provstore.cli.dataset_text import datasets_json, datasets_text
    from provstore.cli.main import say
    from provstore.cli.style import width_of
    from provstore.model.values import harmless
    from provstore.operations.identify import short_ids
    from provstore.operations.registry.queries.datasets import Query, list_datasets

    asked["keywords"] = [word.strip().lower() for word in asked["keywords"]]
    query = Query("*" if type is None else type, collections=collections or None, order_by=order_by, **asked)
    with place_of(ctx, folder, file).project() as project:
        listing = list_datasets(project, query)
        short = {} if as_json else short_ids(project.store, [record.id for record in listing.report.datasets])
    if listing.why:
        say(harmless(listing.why))
    show_report(datasets_json(listing.report), lambda: datasets_text(listing.report, short, width_of(sys.stdout)),
                as_json=as_json)  # fmt: skip


@command.command("show", short_help="show one dataset in full")
@click.argument("id")
@click.option("--history", is_flag=True, help="What was said of it since it was recorded.")
@json_option
@place_options
@click.pass_context
def show(ctx: click.Context, id: str, history: bool, as_json: bool, folder: str | None, file: str | None) -> None:
    """Show one dataset in full. ID is its id, the beginning of one, or an alias.

    \b
    $ provstore dataset show 019310a4-77e
    dataset 019310a4-77e2-7d01-8c22-1a2b3c4d5e6f
      name      stars 1.0.0
      path      sky/stars.csv
    """
    from provstore.cli.dataset_text import changes_json, changes_text, dataset_json, dataset_text
    from provstore.operations.registry.datasets import dataset

    with place_of(ctx, folder, file).project() as project:
        report = dataset(project, id)
    if history:
        show_report(changes_json(report), lambda: changes_text(report), as_json=as_json)
    else:
        show_report(dataset_json(report.dataset), lambda: dataset_text(report), as_json=as_json)


@command.command("path", short_help="print where a dataset lies")
@click.argument("id")
@json_option
@place_options
@click.pass_context
def path(ctx: click.Context, id: str, as_json: bool, folder: str | None, file: str | None) -> None:
    """Print where a dataset lies, as an absolute path. What was recorded without data has none.

    \b
    $ provstore dataset path 019310a4-77e
    /data/project/sky/stars.csv
    """
    from provstore.model.values import harmless
    from provstore.operations.registry.datasets import place_of_dataset

    with place_of(ctx, folder, file).project() as project:
        found = place_of_dataset(project, id)
    show_report({"path": found}, lambda: harmless(found), as_json=as_json)


@command.command("replace", short_help="put new data in the place of an overwritable dataset")
@click.argument("id")
@click.option("--description", metavar="TEXT", help="What it is; without it, as before.")
@_said
@json_option
@place_options
@click.pass_context
def replace(
    ctx: click.Context,
    /,
    id: str,
    as_json: bool,
    folder: str | None,
    file: str | None,
    execution: str | None,
    keywords: tuple[str, ...],
    **said: Any,  # noqa: ANN401 - each option has its own type
) -> None:
    """Put new data in the place of an overwritable dataset, and print the new id. The old bytes can be restored.

    Without --old-location, what lies at its path now is the new data.

    \b
    $ provstore dataset replace 019310a4-77e --old-location /archive/stars-2.csv
    019310b0-12f3-7aa0-9d3e-6f5e4d3c2b1a
    """
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.by_hand.changes import ReplaceRequest
    from provstore.operations.registry.by_hand.changes import replace as operation

    place = place_of(ctx, folder, file)
    with place.project() as project:
        request = ReplaceRequest(id, execution_id=execution, keywords=keywords or None, current=place.folder, **said)
        _print_new(project, operation(project, request, PlainView()), as_json=as_json)


@command.command("delete", short_help="delete a dataset; its record stays")
@click.argument("id")
@click.option("--keep-bytes", is_flag=True, help="Leave the data where they are, and what is kept of them.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@place_options
@click.pass_context
def delete(
    ctx: click.Context,
    id: str,
    keep_bytes: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Delete a registered dataset: its data go, its record stays with the time and who did it.

    What the store keeps of its bytes is freed by `provstore gc`. Its path and its version can be used again. On a
    terminal it asks first; no is exit status 1.

    \b
    $ provstore dataset delete 019310a4-77e
    deleted 019310a4-77e2-7d01-8c22-1a2b3c4d5e6f, removed sky/stars.csv
    """
    import sys

    from provstore.cli.dataset_text import deletion_json, deletion_text
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.by_hand.changes import delete as operation
    from provstore.operations.registry.by_hand.changes import would_delete

    with place_of(ctx, folder, file).project() as project:
        asks = not (dry_run or yes) and sys.stdin.isatty() and sys.stderr.isatty()
        if dry_run or asks:
            report = would_delete(project, id, keep_bytes=keep_bytes)
        if asks:
            click.echo(deletion_text(report), err=True)
            if not click.confirm("delete it?", err=True):
                return 1
        if not dry_run:
            report = operation(project, id, PlainView(), keep_bytes=keep_bytes)
    show_report(deletion_json(report), lambda: deletion_text(report), as_json=as_json)
    return 0


@command.command("modify", short_help="change a dataset's description, url or metadata")
@click.argument("id")
@click.option("--description", metavar="TEXT", help="What it is.")
@click.option("--url", help="Where it can be had; '' for nowhere.")
@click.option("--metadata", metavar="JSON", callback=_json_object, help="A JSON object, in the place of the former.")
@json_option
@place_options
@click.pass_context
def modify(
    ctx: click.Context,
    /,
    id: str,
    as_json: bool,
    folder: str | None,
    file: str | None,
    **said: Any,  # noqa: ANN401 - each option has its own type
) -> None:
    """Change a dataset's description, url or metadata. The former values stay: 'dataset show --history'.

    \b
    $ provstore dataset modify 019310a4-77e --description "Stars brighter than 6 mag"
    019310a4-77e: changed description
    """
    from provstore.cli.plain import PlainView
    from provstore.model.values import harmless
    from provstore.operations.registry.by_hand.changes import modify as operation

    values = {field: value for field, value in said.items() if value is not None}
    if values.get("url") == "":
        values["url"] = None
    with place_of(ctx, folder, file).project() as project:
        changed = operation(project, id, values, PlainView())
    text = f"changed {', '.join(changed)}" if changed else "nothing to change"
    show_report({"id": id, "changed": list(changed)}, lambda: f"{harmless(id)}: {text}", as_json=as_json)


@command.command("tag", short_help="put a dataset into a TAGGED collection")
@click.argument("id")
@click.argument("collection")
@json_option
@place_options
@click.pass_context
def tag(ctx: click.Context, id: str, collection: str, as_json: bool, folder: str | None, file: str | None) -> None:
    """Put a dataset into a TAGGED collection, which holds one of each dataset type and data ID.

    \b
    $ provstore dataset tag 019310a4-77e best
    best: 1 dataset put in
    """
    from provstore.cli.collection import tag_datasets

    tag_datasets(place_of(ctx, folder, file), collection, (id,), as_json=as_json)


@command.command("alias", short_help="give a dataset a name of your own")
@click.argument("name")
@click.argument("id")
@click.option("--supersede", is_flag=True, help="The name may stand for something else until now.")
@json_option
@place_options
@click.pass_context
def alias(
    ctx: click.Context, name: str, id: str, supersede: bool, as_json: bool, folder: str | None, file: str | None
) -> None:
    """Give a dataset, or another alias, a name: it can be used wherever a dataset's id can.

    \b
    $ provstore dataset alias best-stars 019310a4-77e
    best-stars = 019310a4-77e
    """
    from provstore.cli.plain import PlainView
    from provstore.model.values import harmless
    from provstore.operations.registry.by_hand.changes import alias as operation

    with place_of(ctx, folder, file).project() as project:
        operation(project, name, id, PlainView(), supersede=supersede)
    show_report({"name": name, "target": id}, lambda: harmless(f"{name} = {id}"), as_json=as_json)

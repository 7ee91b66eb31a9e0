"""`provstore execution` and its commands."""

from __future__ import annotations

import click

from provstore.cli.main import show_report
from provstore.cli.options import complete_path, json_option, place_of, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.cli.place import Place

ALL = -1


@click.group(short_help="register and list executions")
@place_options
@click.pass_context
def command(ctx: click.Context, folder: str | None, file: str | None) -> None:
    """Register what was done outside of any pipeline, and list executions.

    \b
    $ provstore execution register "stage 2" --input 019310a4-77e
    019310b0-5a01-7c11-8123-0123456789ab
    """


@command.command("register", short_help="register what was done outside of any pipeline")
@click.argument("name")
@click.option("--description", default="", metavar="TEXT", help="What was done.")
@click.option("--input", "inputs", multiple=True, metavar="ID", help="A dataset that it read; repeatable.")
@click.option("--started", metavar="TIME", help="ISO 8601, UTC without a zone; without it now.")
@click.option("--ended", metavar="TIME", help="The same.")
@click.option("--site", help="Where it was done.")
@click.option("--configuration", metavar="FILE", shell_complete=complete_path, help="A file whose text is kept whole.")
@json_option
@place_options
@click.pass_context
def register(
    ctx: click.Context,
    /,
    name: str,
    inputs: tuple[str, ...],
    as_json: bool,
    folder: str | None,
    file: str | None,
    **said: str | None,
) -> None:
    """Register something that was done outside of any pipeline, and print its id.

    \b
    $ provstore execution register "stage 2" --input 019310a4-77e --input best-stars
    019310b0-5a01-7c11-8123-0123456789ab
    """
    from provstore.cli import render
    from provstore.cli.dataset_text import execution_json
    from provstore.cli.plain import PlainView
    from provstore.operations.registry.by_hand.executions import ExecutionRequest, execution, register_execution

    place = place_of(ctx, folder, file)
    request = ExecutionRequest(name, input_datasets=inputs, current=place.folder, **said)  # type: ignore[arg-type]
    with place.project() as project:
        id = register_execution(project, request, PlainView())
        print(render.to_json(execution_json(execution(project, id))) if as_json else id)


@command.command("ls", short_help="list executions, newest first")
@click.option("--all", "every", is_flag=True, help="Those of runs as well, not only what was registered.")
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@json_option
@place_options
@click.pass_context
def ls(ctx: click.Context, every: bool, limit: int | None, as_json: bool, folder: str | None, file: str | None) -> None:
    """List the executions that were registered, newest first.

    \b
    $ provstore execution ls
    id            name     started               outcome    read  made
    019310b0-5a0  stage 2  2026-11-21 10:00:00Z  succeeded  2     1
    """
    import sys

    from provstore.cli.dataset_text import executions_json, executions_text
    from provstore.cli.style import width_of
    from provstore.operations.identify import short_ids
    from provstore.operations.registry.by_hand.executions import executions

    with place_of(ctx, folder, file).project() as project:
        report = executions(project, ALL if limit is None else limit, every=every)
        short = {} if as_json else short_ids(project.store, [record.id for record in report.executions])
    show_report(executions_json(report), lambda: executions_text(report, short, width_of(sys.stdout), every=every),
                as_json=as_json)  # fmt: skip


@command.command("show", short_help="show one execution in full")
@click.argument("id")
@click.option("--configuration", is_flag=True, help="The text of its configuration instead, as it is.")
@json_option
@place_options
@click.pass_context
def show(ctx: click.Context, id: str, configuration: bool, as_json: bool, folder: str | None, file: str | None) -> None:
    """Show one execution in full, with what it read and made. An ID may be shortened.

    \b
    $ provstore execution show 019310b0-5a0
    execution 019310b0-5a01-7c11-8123-0123456789ab
      name     stage 2
      outcome  succeeded
               by hand: registered, not run
    """
    from provstore.cli import render
    from provstore.cli.dataset_text import execution_json, execution_text
    from provstore.operations.registry.by_hand.executions import execution

    if configuration:
        _show_configuration(place_of(ctx, folder, file), id, as_json)
        return
    with place_of(ctx, folder, file).project() as project:
        found = execution(project, id)
    print(render.to_json(execution_json(found)) if as_json else execution_text(found))


def _show_configuration(place: Place, id: str, as_json: bool) -> None:
    from provstore.cli import render
    from provstore.cli.main import show_bytes
    from provstore.operations.registry.by_hand.executions import configuration

    with place.project() as project:
        whole, text = configuration(project, id)
    if as_json:
        print(render.to_json({"id": whole, "text": text.decode("utf-8", "replace")}))
    else:
        show_bytes(text)

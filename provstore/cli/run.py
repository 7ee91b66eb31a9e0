"""`provstore run`."""

from __future__ import annotations

import os
import sys

import click

from provstore.cli import render
from provstore.cli.main import say
from provstore.cli.options import json_option, place_of, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.cli.options import Place
    from provstore.operations.run import RunRequest


def overrides_from(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """``-P name=value`` as a mapping."""
    del ctx
    found = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"found '{text}', expected NAME=VALUE", param=param)
        found[name] = value
    return found


@click.command(short_help="bring targets up to date")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would run, and why; run nothing.")
@click.option("-j", "--jobs", type=click.IntRange(1, 4096), help="Tasks at once. Default: the number of processors.")
@click.option("-k", "--keep-going", is_flag=True, help="After a failure, go on with what does not depend on it.")
@click.option("--force", is_flag=True, help="Run the targets whatever their state.")
@click.option("--only", is_flag=True, help="Leave out what is upstream of the targets.")
@click.option("--downstream", is_flag=True, help="Also run all that needs the targets.")
@click.option("-P", "overrides", multiple=True, metavar="NAME=VALUE", callback=overrides_from,
              help="Use another value of a parameter, for this run.")  # fmt: skip
@click.option("-o", "--output", "collection", default="main", metavar="COLLECTION", show_default=True,
              help="The collection that gets what is made.")  # fmt: skip
@click.option("--no-wait", is_flag=True, help="If another run holds the project, give up at once.")
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    dry_run: bool,
    jobs: int | None,
    keep_going: bool,
    force: bool,
    only: bool,
    downstream: bool,
    overrides: dict[str, str],
    collection: str,
    no_wait: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Bring targets up to date: a stage, a subset, a task, an output's path, or a selection of stages.

    \b
    $ provstore run
    done      sort  0.0 s  (never run)
    succeeded: 1 executed
    $ provstore run
    Everything is up to date.
    """
    from provstore.operations.run import RunRequest
    from provstore.operations.targets import Targets

    place = place_of(ctx, folder, file)
    wanted = Targets((*place.targets, *targets), place.folder, downstream, only)
    if dry_run:
        return show_plan(place, wanted, overrides, force=force, as_json=as_json)
    request = RunRequest(wanted, jobs or 0, keep_going, force, overrides, collection, not no_wait, words())
    return run_and_show(place, request, as_json=as_json)


def words() -> tuple[str, ...]:
    """The words after "provstore", for the record; bytes that are no text are spelled out."""
    return tuple(os.fsencode(word).decode("utf-8", "backslashreplace") for word in sys.argv[1:])


def show_plan(place: Place, targets: object, overrides: dict[str, str], *, force: bool, as_json: bool) -> int:
    """`run -n`: what would run, and why."""
    from provstore.operations.status import status
    from provstore.operations.targets import Targets

    assert isinstance(targets, Targets)
    with place.project() as project:
        report = status(project, targets, overrides, force=force)
    print(render.to_json(render.status_json(report)) if as_json else render.status_text(report))
    return 0


def run_and_show(place: Place, request: RunRequest, *, as_json: bool) -> int:
    """Runs, shows what happens, and returns the exit status."""
    from provstore.operations.run import run

    live = not as_json and sys.stderr.isatty()
    if live:
        from provstore.cli.live import LiveView

        view = LiveView()
    else:
        from provstore.cli.plain import PlainView

        view = PlainView()
    with place.project() as project:
        try:
            report = run(project, request._replace(estimate=live), view)
        finally:
            view.close()
    if as_json:
        print(render.to_json(render.run_json(report)))
    else:
        say(render.run_text(report))
    if report.signal:
        return 128 + report.signal
    return 0 if report.outcome == "succeeded" else 1

"""`provstore run`."""

from __future__ import annotations

import click

from provstore.cli import faces
from provstore.cli.faces import Words
from provstore.cli.options import ci_options, file_of, folders_of, json_option, place_options, targets_argument


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
@targets_argument
@click.option("-n", "--dry-run", is_flag=True, help="Say what would run, and why; run nothing.")
@click.option("-j", "--jobs", type=click.IntRange(1, 4096), metavar="N",
              help="Tasks at once. Default: the number of processors.")  # fmt: skip
@click.option("-k", "--keep-going", is_flag=True, help="After a failure, go on with what does not depend on it.")
@click.option("--force", is_flag=True, help="Run the targets whatever their state.")
@click.option("--only", is_flag=True, help="Leave out what is upstream of the targets.")
@click.option("--downstream", is_flag=True, help="Also run all that needs the targets.")
@click.option("-P", "overrides", multiple=True, metavar="NAME=VALUE", callback=overrides_from,
              help="Use another value of a parameter, for this run.")  # fmt: skip
@click.option("-o", "--output", "collection", default="main", metavar="COLLECTION", show_default=True,
              help="The collection that gets what is made.")  # fmt: skip
@click.option("--no-wait", is_flag=True, help="If another run holds the project, give up at once.")
@click.option("--executor", default="local", metavar="NAME", show_default=True,
              help="Where tasks run: on this machine, or what a plug-in offers.")  # fmt: skip
@ci_options
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
    executor: str,
    junit: str | None,
    code_quality: str | None,
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
    return faces.run(
        Words(
            targets,
            dry_run,
            jobs,
            keep_going,
            force,
            only,
            downstream,
            overrides,
            collection,
            no_wait,
            executor,
            as_json,
            folders_of(ctx, folder),
            file_of(ctx, file),
            junit,
            code_quality,
        )
    )

"""`provstore run`."""

from __future__ import annotations

import click

from provstore.cli import faces
from provstore.cli.faces import Words
from provstore.cli.options import (
    ci_options,
    file_of,
    folders_of,
    inputs_option,
    json_option,
    place_options,
    targets_argument,
)
from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
@click.option("--register-dataset-types", "register_types", is_flag=True,
              help="Register the dataset types of what is made, before anything runs.")  # fmt: skip
@inputs_option
@click.option("--replace-run", is_flag=True, help="Take the place of the last run in that collection.")
@click.option("--prune-replaced", type=click.Choice(["unstore", "purge"]),
              help="With --replace-run: delete its data; purge: remove its RUN collection, too.")  # fmt: skip
@click.option("--no-wait", is_flag=True, help="If another run holds the project, give up at once.")
@click.option("--executor", default="local", metavar="NAME", show_default=True,
              help="Where tasks run: on this machine, or what a plug-in offers.")  # fmt: skip
@ci_options
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - `faces.Words` has their types
    """Bring targets up to date: a stage, a subset, a task, an output's path, or a selection of stages.

    \b
    $ provstore run
    done      sort  0.0 s  (never run)
    succeeded: 1 executed
    $ provstore run
    Everything is up to date.

    Inputs that are dataset types are looked up in the collections that -i names; what is made goes to a RUN
    collection of its own, at the head of the chain that -o names.

    \b
    $ provstore run -i calib,nightly -o me/test
    done      clean@visit=1  0.0 s  (never run)
    succeeded: 1 executed

    With --replace-run the new run takes the place of the last one in that chain, if it succeeds.

    \b
    $ provstore run --force -o me/test --replace-run --prune-replaced purge
    done      clean@visit=1  0.0 s  (forced)
    remark: me/test/2026-11-21T100211Z was replaced, and removed
    succeeded: 1 executed
    """
    folder, file = options.pop("folder"), options.pop("file")
    words = Words(**options, folders=folders_of(ctx, folder), file=file_of(ctx, file))
    if words.prune_replaced and not words.replace_run:
        raise UsageError("--prune-replaced: found without --replace-run", hint="say both")
    return faces.run(words)

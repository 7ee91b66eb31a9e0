"""`provstore lock`."""

from __future__ import annotations

import click

from provstore.cli.options import inputs_option, json_option, place_of, place_options


@click.command(short_help="write Pipelinefile.lock: what each task made, for git")
@click.option("--resolve", is_flag=True, help="Take the conflicts of a merge out of it.")
@inputs_option
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    resolve: bool,
    inputs: tuple[str, ...],
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Write Pipelinefile.lock: the key of each task, and the digests of what it made.

    Everything has to be fresh. From then on every run keeps the file up to date. Commit it:
    'provstore check --locked' compares with it, also where there is no store and no output.

    \b
    $ provstore lock
    Pipelinefile.lock is written: 2 tasks, 2 outputs

    With --resolve: what one side of a merge has changed is taken over; of what both have changed, the entry whose key
    fits the present Pipelinefile and sources. What fits neither is left out.

    \b
    $ provstore lock --resolve
    Pipelinefile.lock is resolved: 1 task
    left out, as neither side fits: count
    'provstore run' makes them, and their entries
    """
    from provstore.cli import lock_faces

    place = place_of(ctx, folder, file)._replace(inputs=inputs)
    return (lock_faces.resolve if resolve else lock_faces.lock)(place, as_json=as_json)

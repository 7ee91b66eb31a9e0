"""`provstore accept`."""

from __future__ import annotations

import click

from provstore.cli.options import inputs_option, json_option, place_of, place_options, targets_argument
from provstore.cli.run import overrides_from


@click.command(short_help="take the present outputs of a task for right")
@targets_argument
@click.option("-m", "--message", default="", metavar="TEXT", help="Why they are right; every later answer shows it.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be accepted, and what has changed; change nothing.")
@click.option("-P", "overrides", multiple=True, metavar="NAME=VALUE", callback=overrides_from,
              help="Accept for another value of a parameter.")  # fmt: skip
@click.option("--no-wait", is_flag=True, help="If a run holds the project, give up at once.")
@inputs_option
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    message: str,
    dry_run: bool,
    overrides: dict[str, str],
    no_wait: bool,
    inputs: tuple[str, ...],
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Take the present outputs of tasks for right, although something has changed since they were made.

    Nothing runs. The tasks are fresh from now on, as long as nothing else changes, and every answer shows that a
    person said so; what made the outputs stays what it is. Outputs that no task made (of another tool, edited by hand)
    are recorded as put there by hand. What is upstream must be fresh, or be named too.

    \b
    $ provstore accept count -m 'only a comment'
    accepted  count  (command changed)
    1 accepted
    """
    import sys

    from provstore.cli import accept_text, render
    from provstore.cli.plain import PlainView, say_remarks
    from provstore.cli.style import style_for
    from provstore.operations.accept import AcceptRequest, accept
    from provstore.operations.targets import Targets

    place = place_of(ctx, folder, file)._replace(inputs=inputs)
    request = AcceptRequest(
        Targets((*place.targets, *targets), place.folder), message, overrides, dry_run, wait=not no_wait
    )
    with place.project() as project:
        report = accept(project, request, PlainView())
    say_remarks(report.remarks)
    print(render.to_json(accept_text.accept_json(report)) if as_json
          else accept_text.accept_text(report, style_for(sys.stdout)))  # fmt: skip
    return 0

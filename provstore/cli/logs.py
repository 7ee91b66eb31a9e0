"""`provstore logs`."""

from __future__ import annotations

import click

from provstore.cli.main import say, show_bytes
from provstore.cli.options import folder_option, place_of, target_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.operations.logs import Printed
    from provstore.project import Project


@click.command(short_help="show what a task printed")
@target_argument
@click.option("-f", "--follow", is_flag=True, help="Go on while the task runs, and end with it.")
@click.option("--failed", is_flag=True, help="Only executions that did not succeed.")
@click.option("-n", "number", type=click.IntRange(min=1), default=1, metavar="N", show_default=True,
              help="The last N executions of each task.")  # fmt: skip
@folder_option
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    follow: bool,
    failed: bool,
    number: int,
    folder: str | None,
) -> int:
    """Show what a stage, a task, or the execution, run or dataset of an ID printed, byte by byte.

    Several logs have a line between them on standard error.

    \b
    $ provstore logs count
    3 words counted
    $ provstore logs --failed calibrate@visit=101
    """
    from provstore.operations.logs import LogsRequest, logs

    with place_of(ctx, folder, None).project() as project:
        found = logs(project, LogsRequest(target, number, failed))
        if not found:
            say(f"{target}: no execution failed")
        return max([write(project, printed, follow=follow, name=len(found) > 1) for printed in found], default=0)


def write(project: Project, printed: Printed, *, follow: bool, name: bool) -> int:
    """Writes one log to standard output as it is; returns 1 where it is no longer kept, or damaged."""
    from provstore.model.values import harmless
    from provstore.operations.logs import pieces

    if name or (not printed.log and not printed.folder):
        nothing = "" if printed.log or printed.folder else ", printed nothing"
        say(f"== {harmless(printed.task)}  {printed.execution}  {printed.outcome}{nothing}")
    try:
        for piece in pieces(project, printed, follow=follow):
            if not show_bytes(piece):
                break
    except KeyError:
        say(f"{printed.execution}: what it printed is no longer kept, or damaged: 'provstore fsck --objects' tells")
        return 1
    return 0

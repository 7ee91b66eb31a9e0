"""The table of commands. Each is imported only when it is called, since imports are what a short command costs."""

from __future__ import annotations

import importlib
import os

import click

from provstore.cli.options import complete_folder, complete_path
from provstore.errors import PluginError, ProvstoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from provstore.operations.commands import CommandsReport

COMMANDS = {
    "init": "make a project: .provstore/ and a starter Pipelinefile",
    "run": "bring targets up to date",
    "status": "show the state of every task, and why",
    "check": "for CI: exit 1 unless everything is fresh",
    "verify": "for CI: do the work again in a clean folder, and compare",
    "graph": "draw the pipeline",
    "report": "write a page with the state of everything",
    "log": "show the runs, newest first",
    "show": "show one run, execution or dataset in full",
    "logs": "show what a task printed",
    "why": "show what made a file, and whether it still is that",
    "lineage": "show all that a file came from, or what came from it",
    "history": "show every recorded version of a file",
    "diff": "show in what two runs, executions, versions or files differ",
    "metrics": "show measures over runs, compare and draw them",
    "describe": "show what a file is, and what is in it",
    "preview": "show a small picture of a file",
    "restore": "put a recorded version of a file back",
    "clean": "remove outputs that the store can restore",
    "accept": "take the present outputs of a task for right",
    "lock": "write Pipelinefile.lock: what each task made, for git",
    "dataset": "register, list, replace and delete datasets",
    "execution": "register and list executions",
    "collection": "list, make, change and remove collections of datasets",
    "type": "list and show dataset types",
    "dimension": "list, show and fill dimensions",
    "data-id": "list the data IDs that records allow, or that datasets have",
    "fsck": "check that the store is what was written",
    "recover": "write a new store with all that is whole in a damaged one",
    "backup": "copy the store, also while a run is under way",
    "merge": "add the facts of another store to this one",
    "git": "have git show changed stores as text, and unite them",
    "gc": "free the bytes of versions that nothing needs",
    "sql": "ask the store in SQL",
    "plugins": "show what is plugged in, or begin a plug-in",
    "completion": "print the completion script for a shell",
}
"""Every command with its one line of help; the module of the same name under `provstore.cli` defines `command`."""


ADDED, SAID = "provstore.added", "provstore.said"
"""Where a command line keeps the commands of plug-ins, and that it has said what is wrong with them."""


class LazyGroup(click.Group):
    """Imports a command when it is called, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table, those of plug-ins behind them."""
        return [*COMMANDS, *added_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None when there is none. Only for what is none of ours, plug-ins are looked at."""
        if cmd_name not in COMMANDS:
            return added_commands(ctx).get(cmd_name)
        command: click.Command = importlib.import_module(f"provstore.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the table without importing what it lists; behind it, the commands of plug-ins."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        added = added_commands(ctx, complain=True)
        if added:
            with formatter.section("Commands of plug-ins"):
                formatter.write_dl([(name, command.get_short_help_str(60)) for name, command in added.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggests the nearest name for one that is unknown."""
        if args and args[0] not in COMMANDS:
            added = added_commands(ctx)
            if args[0] not in added:
                from difflib import get_close_matches

                added_commands(ctx, complain=not ctx.resilient_parsing)
                near = get_close_matches(args[0], [*COMMANDS, *added], 1)
                hint = f" (did you mean '{near[0]}'?)" if near else ""
                raise click.UsageError(f"there is no command '{args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; what one of a plug-in raises becomes an error that names it."""
        try:
            return super().invoke(ctx)
        except (ProvstoreError, click.ClickException, click.Abort, click.exceptions.Exit, OSError, MemoryError):
            raise
        except Exception as error:
            name = ctx.invoked_subcommand
            if name in COMMANDS or os.environ.get("PROVSTORE_DEBUG"):
                raise
            what = f"command {name} of a plug-in: {type(error).__name__}: {error}"
            raise PluginError(what, hint="set PROVSTORE_DEBUG=1 to see where it comes from") from error


def added_commands(ctx: click.Context, *, complain: bool = False) -> Mapping[str, click.Command]:
    """Commands of plug-ins, by name. They are looked for once.

    Args:
        complain: Say on standard error what is wrong with plug-ins.
    """
    report: CommandsReport | None = ctx.meta.get(ADDED)
    if report is None:
        from provstore.operations.commands import plugin_commands

        folder, file = ctx.params.get("folder"), ctx.params.get("file")
        report = ctx.meta[ADDED] = plugin_commands(folder or ".", file, click.Group, list(COMMANDS))
    if complain and not ctx.meta.get(SAID):
        from provstore.cli.main import say
        from provstore.model.values import harmless

        ctx.meta[SAID] = True
        for problem in report.problems:
            say(harmless(problem))
    return report.commands


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-C", "folder", metavar="DIR", shell_complete=complete_folder, is_eager=True, help="Work in DIR.")
@click.option("-f", "file", metavar="FILE", shell_complete=complete_path, is_eager=True,
              help="Use this Pipelinefile; FILE#a,b also selects targets.")  # fmt: skip
@click.version_option(None, "-V", "--version", package_name="provstore", message="provstore %(version)s")
@click.pass_context
def root(ctx: click.Context, folder: str | None, file: str | None) -> None:
    """Make with a memory: runs what is out of date, by content, and remembers all of it.

    \b
    $ provstore run
    $ provstore status
    """
    ctx.obj = {"folder": folder, "file": file}


def call(words: list[str]) -> int:
    """Runs the command line; usage errors become messages, the command's own value the exit status."""
    try:
        status: Any = root.main(words, prog_name="provstore", standalone_mode=False)
    except click.ClickException as error:
        import io

        from provstore.cli.main import say
        from provstore.model.values import harmless

        shown = io.StringIO()
        error.show(shown)
        say("\n".join(map(harmless, shown.getvalue().rstrip("\n").split("\n"))))
        return 2
    except click.Abort as error:
        raise error.__cause__ or KeyboardInterrupt from error
    return int(status) if isinstance(status, int) else 0

"""The table of commands. Each is imported only when it is called, since imports are what a short command costs."""

from __future__ import annotations

import importlib

import click

from provstore.cli.options import complete_folder, complete_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COMMANDS = {
    "init": "make a project: .provstore/ and a starter Pipelinefile",
    "run": "bring targets up to date",
    "status": "show the state of every task, and why",
    "check": "for CI: exit 1 unless everything is fresh",
    "graph": "draw the pipeline",
    "log": "show the runs, newest first",
    "show": "show one run, execution or dataset in full",
    "logs": "show what a task printed",
    "restore": "put a recorded version of a file back",
    "fsck": "check that the store is what was written",
    "recover": "write a new store with all that is whole in a damaged one",
    "backup": "copy the store, also while a run is under way",
    "gc": "free the bytes of versions that nothing needs",
    "sql": "ask the store in SQL",
    "plugins": "show what is plugged in",
    "completion": "print the completion script for a shell",
}
"""Every command with its one line of help; the module of the same name under `provstore.cli` defines `command`."""


class LazyGroup(click.Group):
    """Imports a command when it is called, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None when there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"provstore.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the table without importing what it lists."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggests the nearest name for one that is unknown."""
        if args and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            raise click.UsageError(f"there is no command '{args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-C", "folder", metavar="DIR", shell_complete=complete_folder, help="Work in DIR.")
@click.option("-f", "file", metavar="FILE", shell_complete=complete_path,
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
    return int(status or 0)

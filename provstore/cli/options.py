"""Options that all commands share: before or after the command's name, or between that of its group and its own."""

from __future__ import annotations

import click

from provstore.cli.place import Place, place_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from click.shell_completion import CompletionItem

    Command = TypeVar("Command", bound=Callable[..., Any])


def place_options(command: Command) -> Command:
    """Adds `-C` and `-f`; they arrive as `folder` and `file`, for `place_of`."""
    option = click.option("-f", "file", metavar="FILE", shell_complete=complete_path,
                          help="Use this Pipelinefile; FILE#a,b also selects targets.")  # fmt: skip
    return folder_option(option(command))


def folder_option(command: Command) -> Command:
    """Adds `-C` alone, for a command whose `-f` means something else; that of the Pipelinefile stands before it."""
    return click.option("-C", "folder", metavar="DIR", shell_complete=complete_folder, help="Work in DIR.")(command)


def json_option(command: Command) -> Command:
    """Adds `--json`, which arrives as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="The report as JSON.")(command)


def inputs_option(command: Command) -> Command:
    """Adds `-i`, which arrives as `inputs`: names of collections, in order."""
    option = click.option("-i", "--input", "inputs", multiple=True, metavar="COLLECTION,…", callback=names_of,
                          help="Look inputs that are dataset types up in these collections, in order.")  # fmt: skip
    return option(command)


def order_option(command: Command) -> Command:
    """Adds `--order-by`, which arrives as `order_by`: names, each with an optional `-` in front."""
    option = click.option("--order-by", multiple=True, metavar="[-]NAME", callback=names_of,
                          help="Sort by this, with - downwards; repeatable, or several with commas.")  # fmt: skip
    return option(command)


def names_of(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Names that were given one by one, or several with commas between; each once, none of them empty."""
    del ctx
    names = [name.strip() for value in values for name in value.split(",")]
    if "" in names:
        raise click.BadParameter(f"found '{','.join(values)}', expected names with commas between", param=param)
    return tuple(dict.fromkeys(names))


def ci_options(command: Command) -> Command:
    """Adds `--junit` and `--code-quality`, for `cli.ci.Announcer`; they arrive as `junit` and `code_quality`."""
    option = click.option("--code-quality", metavar="FILE", shell_complete=complete_path,
                          help="Write what failed as a code quality report, for GitLab.")  # fmt: skip
    junit = click.option("--junit", metavar="FILE", shell_complete=complete_path,
                         help="Write how each task fared as JUnit XML, for CI.")  # fmt: skip
    return junit(option(command))


def folders_of(ctx: click.Context, folder: str | None) -> tuple[str, ...]:
    """Every `-C`, before and after the command's name."""
    return tuple(part for part in (*_before(ctx, "folder"), folder) if part)


def file_of(ctx: click.Context, file: str | None) -> str | None:
    """What `-f` named last, before or after the command's name."""
    return next((name for name in (file, *reversed(_before(ctx, "file"))) if name), None)


def _before(ctx: click.Context, option: str) -> list[str | None]:
    """What an option says before the command's name: before that of its group, if it is in one, then behind that."""
    found = [(ctx.find_root().obj or {}).get(option)]
    if ctx.parent is not None and ctx.parent.parent is not None:
        found.append(ctx.parent.params.get(option))
    return found


def place_of(ctx: click.Context, folder: str | None, file: str | None) -> Place:
    """Where to work, from the options before and after the command's name."""
    return place_from(list(folders_of(ctx, folder)), file_of(ctx, file))


def targets_argument(command: Command) -> Command:
    """Adds targets; the shell completes names of stages, subsets and outputs."""
    argument = click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=_complete)
    return argument(command)


def target_argument(command: Command) -> Command:
    """Adds one target, which arrives as `target`."""
    return click.argument("target", shell_complete=_complete)(command)


def complete_path(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shell is to complete the path of a file."""
    from click.shell_completion import CompletionItem

    del ctx, param
    return [CompletionItem(incomplete, type="file")]


def complete_folder(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shell is to complete the path of a folder."""
    from click.shell_completion import CompletionItem

    del ctx, param
    return [CompletionItem(incomplete, type="dir")]


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from provstore.cli.complete import targets_like

    del param
    words = [context.params for context in (ctx.find_root(), ctx)]
    folders = [found["folder"] for found in words if found.get("folder")]
    files = [found["file"] for found in words if found.get("file")]
    return targets_like(incomplete, folders, files[-1] if files else None)

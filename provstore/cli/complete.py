"""What a shell offers while a command line is typed."""

from __future__ import annotations

from click.shell_completion import CompletionItem

from provstore.cli.place import place_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

PATH = "file"
"""Type of an item by which click tells the shell to complete paths itself."""


def targets_like(beginning: str, folders: Sequence[str], file: str | None) -> list[CompletionItem]:
    """Stages and subsets that begin so; where there are none, the shell is to complete a path.

    Never fails: whatever is wrong here, the command itself says it better.

    Args:
        folders, file: What `-C` and `-f` name.
    """
    from provstore.operations.names import target_names

    try:
        with place_from(list(folders), file).project() as project:
            names = target_names(project)
    except Exception:
        names = []
    found = [CompletionItem(name) for name in names if name.startswith(beginning)]
    return found or [CompletionItem(beginning, type=PATH)]

"""Sub-commands of the command line."""

from __future__ import annotations

from provstore.offers.offer import Offers, without_claims_to_ours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from provstore.plugins import Plugins


def commands(plugins: Plugins, new_group: Callable[[], Any], taken: Sequence[str]) -> Offers:
    """Sub-commands of the command line.

    Args:
        new_group: Makes the group that a plug-in adds its commands to; it has a mapping `commands`.
        taken: Names of our own commands.
    """
    entries = []
    for plugin, call in plugins.implementing("provstore_commands"):
        group = new_group()
        try:
            call(group=group)
        except (Exception, SystemExit) as error:
            plugins.note_failure(plugin, error)
        else:
            entries += [(str(name), plugin, command) for name, command in group.commands.items()]
    return Offers("command", without_claims_to_ours(plugins, entries, "command", taken))

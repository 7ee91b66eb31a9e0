"""Takes simulated exposures into a project: the command ``provstore ingest-simulated``.

files     which files there are, and what a regular expression says of their names
command   the command line
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provstore.plugin import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def provstore_commands(group: click.Group) -> None:
    """``provstore ingest-simulated``."""
    from provstore_simulated.command import ingest_simulated

    group.add_command(ingest_simulated)

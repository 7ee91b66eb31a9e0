"""`provstore completion`."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="print the completion script for a shell")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that makes a shell complete commands, options and targets.

    \b
    $ echo 'eval "$(provstore completion bash)"' >> ~/.bashrc
    $ echo 'eval "$(provstore completion zsh)"' >> ~/.zshrc
    $ provstore completion fish > ~/.config/fish/completions/provstore.fish
    """
    from click.shell_completion import get_completion_class

    from provstore.cli.group import root

    found = get_completion_class(shell)
    assert found is not None  # these three are click's own
    script = found(root, {}, "provstore", "_PROVSTORE_COMPLETE")
    # Not `source()`, which runs bash to learn its version.
    print(script.source_template % script.source_vars())

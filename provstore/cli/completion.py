"""`provstore completion`."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")

BASH = r"""
%(complete_func)s() {
    # bash breaks words at @, = and :, provstore does not: what has no space between is put together again.
    local IFS=$'\n' rest=$COMP_LINE words=() piece lead i response completion type value
    for ((i = 0; i <= COMP_CWORD; i++)); do
        piece=${COMP_WORDS[i]}
        lead=${rest%%%%[! $'\t']*}
        if [[ -z $COMP_LINE || -n $lead || $i == 0 ]]; then words+=("$piece"); else words[-1]+=$piece; fi
        rest=${rest#"$lead"}
        rest=${rest#"$piece"}
    done
    local word=${words[-1]} broken=
    if [[ -n $COMP_LINE ]]; then broken=${word%%"${word##*[@=:]}"}; fi
    response=$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) %(complete_var)s=bash_complete $1)
    for completion in $response; do
        IFS=',' read type value <<< "$completion"
        case $type in
            dir) COMPREPLY=() && compopt -o dirnames ;;
            file) COMPREPLY=() && compopt -o default ;;
            plain) COMPREPLY+=("${value#"$broken"}") ;;
        esac
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
"""Instead of click's script for bash, which takes ``a@visit=1`` for five words and completes the last of them."""


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
    template = BASH.lstrip() if shell == "bash" else script.source_template
    print(template % script.source_vars())

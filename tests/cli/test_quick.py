"""The quick reader of plain words agrees with click on everything it reads."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.cli import check, main, quick, run, status
from provstore.cli.faces import Words
from provstore.cli.group import COMMANDS

CLICK = {"run": run.command, "status": status.command, "check": check.command}
PIECES = [
    "-n",
    "-k",
    "--dry-run",
    "--force",
    "--json",
    "-j",
    "-j2",
    "4",
    "0",
    "9999",
    "-C",
    "-Cx",
    "x",
    "a..b",
    "-f",
    "-P",
    "--",
    "-kn",
]


def by_click(command: click.Command, words: list[str]) -> dict[str, object]:
    """What click makes of the words, as fields of `Words`; raises a ClickException for mistakes."""
    # The names of the help option are those of the whole program: click remembers the first it hears of.
    context = command.make_context(command.name, list(words), help_option_names=["-h", "--help"])
    found = dict(context.params)
    if found.pop("old", None) is not None:
        raise AssertionError("check --refactor is another question, and none of the plain forms")
    folder = found.pop("folder")
    found["folders"] = tuple(folder) if isinstance(folder, tuple | list) else (folder,) if folder else ()
    if "overrides" in found:
        found["overrides"] = dict(found["overrides"])
    return found


@given(st.sampled_from(sorted(CLICK)), st.lists(st.sampled_from(PIECES), max_size=5))
def test_what_is_read_quickly_is_what_click_reads(command: str, words: list[str]) -> None:
    """Whatever `quick` accepts, click accepts with the same meaning."""
    found = quick.read(command, words)
    if found is None:
        return

    expected = by_click(CLICK[command], words)

    assert Words(**found)._asdict() == {**Words()._asdict(), **expected}


@pytest.mark.parametrize("command", sorted(CLICK))
def test_every_plain_flag_is_one_of_clicks(command: str) -> None:
    """The tables name flags that click knows under the same name, and leave none out."""
    flags = {
        option: parameter.name
        for parameter in CLICK[command].params
        if isinstance(parameter, click.Option) and parameter.is_flag
        for option in parameter.opts
        if option not in ("-h", "--help")
    }

    assert dict(quick.FLAGS[command]) == flags


def test_plain_words_do_not_go_to_click() -> None:
    """The forms that people type every day are read quickly."""
    for words in ([], ["-j1"], ["-j", "8", "-k"], ["-n"], ["report"], ["-C", "x"]):
        assert quick.read("run", words) is not None


def test_quick_commands_are_commands() -> None:
    """The quick reader knows no command that the table of commands does not."""
    assert set(quick.FLAGS) <= set(COMMANDS)


def test_a_signal_while_a_class_is_made_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 wraps what is raised then."""

    def interrupted(words: list[str]) -> int:
        raise RuntimeError("Error calling __set_name__") from main.Interrupted(15)

    monkeypatch.setattr("provstore.cli.quick.quick_call", interrupted)

    assert main.run_command(["status"]) == 143

"""Pages whose commands are typed, and whose output is compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .page import ROOT, Reader, alike, steps

PAGES = ("README.md", "docs/tutorial.md", "docs/verify.md")
STARS = "".join(f"{name}\n" for name in ("Vega", "Deneb", "Altair", "Vega", "Deneb", "Vega", "Sirius"))


@pytest.mark.parametrize("name", PAGES)
def test_commands_print_what_the_page_shows(name: str, tmp_path: Path) -> None:
    """Typed in order in an empty folder, but for times and ids."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "stars.txt").write_text(STARS, encoding="utf-8")
    text = (ROOT / name).read_text(encoding="utf-8")
    played = [(step, printed) for step, printed in Reader(folder).play(text) if not step.command.startswith("cd ")]

    assert played
    for step, printed in played:
        assert alike(printed) == alike(step.output), f"$ {step.command}"


def test_what_differs_from_call_to_call_is_not_compared() -> None:
    """Seconds, moments and ids; nothing else."""
    assert alike("done  a  0.1 s") == alike("done  a  12.5 s")
    assert alike("2026-11-21 10:02:11Z") == alike("2027-01-01 00:00:00Z")
    assert alike("019310a4-77e2-7000-8000-000000000000") == alike("019310a4-77e2-7000-8000-00000000000f")
    assert alike("3 executed") != alike("2 executed")
    assert alike("facade") != alike("arcade")


def test_the_first_screen_is_short() -> None:
    """One sentence, a Pipelinefile of ten lines, three commands; then the commands that CI runs."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    file, *commands = list(steps(text))

    assert len(file.output.splitlines()) == 10
    assert len([step for step in commands if step.command]) == 3
    assert re.findall(r"^<!-- command: (\w+) -->\n```sh\n(.+)\n```$", text, re.M) == [
        ("run", "python3 -m venv .venv && . .venv/bin/activate && pip install '.[plot]' && provstore run"),
        (
            "test",
            "python3 -m venv .venv && . .venv/bin/activate && pip install -e '.[plot,test]' "
            "&& python -m pytest -n 2 --dist loadgroup",
        ),
    ]

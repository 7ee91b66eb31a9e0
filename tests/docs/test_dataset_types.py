"""What the page of dataset types shows is what its reader sees."""

from __future__ import annotations

from pathlib import Path

from provstore import Store

from .page import BLOCK, ROOT, Reader, alike

PAGE = ROOT / "docs" / "dataset-types.md"


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    """Each command prints what is shown, and the call in Python agrees with the command that it stands beside."""
    text = PAGE.read_text(encoding="utf-8")
    folder = tmp_path / "project"
    folder.mkdir()
    played = list(Reader(folder).play(text))
    program = next(block["body"] for block in BLOCK.finditer(text) if block["language"] == "python")
    code = program.replace("Store.open()", "Store.open(folder)")
    exec(compile(code, str(PAGE), "exec"), {"folder": folder})
    with Store.open(folder) as store:
        names = [kind.name for kind in store.query_dataset_types()]

    assert len(played) == 5
    for step, printed in played:
        assert alike(printed) == alike(step.output), step.command
    assert names == ["catalogue", "file", "metrics"]

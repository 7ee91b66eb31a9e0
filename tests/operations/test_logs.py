"""What a task printed, at the moments at which it is neither running nor written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provstore.operations.logs import LogsRequest, logs
from provstore.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose run is under way, with a folder for a task that the store does not know yet."""
    (tmp_path / "Pipelinefile.toml").write_text("[stages.a]\nrun = 'true'\n")
    folder = tmp_path / ".provstore" / "running" / "0"
    folder.mkdir(parents=True)
    (folder / "task.json").write_text(json.dumps({"execution": "01a2", "stage": "a", "data_id": {}}))
    (folder / "log").write_text("printed\n")
    monkeypatch.setattr("provstore.operations.logs.holder_is_alive", lambda lock: True)
    return Project(str(tmp_path))


@pytest.mark.parametrize("note", [None, "", " ", "4711 0 boot"])
def test_a_task_that_has_ended_and_is_not_written_is_known(project: Project, note: str | None) -> None:
    """Ends within a tenth of a second are written together: until then its folder says what the store can't."""
    if note is not None:
        (Path(project.root) / ".provstore" / "running" / "0" / "process").write_text(note)
    (printed,) = logs(project, LogsRequest("a"))

    assert (printed.task, printed.outcome) == ("a", "running")

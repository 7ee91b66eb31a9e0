"""A project in a temporary folder, read by the one function that everybody calls."""

from __future__ import annotations

import pytest

from provstore.errors import PipelinefileError
from provstore.pipelinefile.read import read_pipelinefile


class Project:
    """Files in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def read(self, text=None):
        if text is not None:
            self.write("Pipelinefile.toml", text)
        return read_pipelinefile(str(self.folder), "Pipelinefile.toml")

    def problems(self, text=None):
        """What a reader is told, line by line."""
        with pytest.raises(PipelinefileError) as caught:
            self.read(text)
        return [str(problem) for problem in caught.value.problems]

    def stage(self, text):
        """The one stage of a file that has only this."""
        return self.read(f"[stages.s]\n{text}").stages["s"]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)

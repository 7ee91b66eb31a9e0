"""For tests of provstore and of its plug-ins: contract suites, fakes that behave and remember, and a project to play.

FormatContract     what every format keeps to (FormatContractByBytes: one without a digest of its own)
ExecutorContract   what every executor keeps to
FakeExecutor       an executor without processes
local_executor     provstore's own, to put behind one that only changes what is started
Project, Done      a project folder, and how a command ended in it
fixtures           the fixture `project`: ``pytest_plugins = ["provstore.testing.fixtures"]``
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("provstore.testing.formats", "provstore.testing.executors", "provstore.testing.project")

from provstore.testing.executor import FakeExecutor  # noqa: E402 - asserts of the others are rewritten to explain themselves
from provstore.testing.executors import ExecutorContract, local_executor  # noqa: E402
from provstore.testing.formats import FormatContract, FormatContractByBytes  # noqa: E402
from provstore.testing.project import Done, Project  # noqa: E402

__all__ = [
    "Done",
    "ExecutorContract",
    "FakeExecutor",
    "FormatContract",
    "FormatContractByBytes",
    "Project",
    "local_executor",
]

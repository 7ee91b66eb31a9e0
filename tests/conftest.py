"""For all tests: signals at their defaults, and no CI to tell anything, however the tests themselves were started.

A shell starts what it puts into the background with SIGINT ignored, `nohup` with SIGHUP ignored, and that is handed
on to every process that is started from there; provstore leaves a signal ignored that was so from the start.
"""

import os
import signal

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("untimed")
for name in ("GITHUB_ACTIONS", "GITLAB_CI"):
    os.environ.pop(name, None)

DEFAULTS = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGQUIT: signal.SIG_DFL,
}
for number, handler in DEFAULTS.items():
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the work (``-n 2 --dist loadgroup``), one has the tests of faults: half of the time.

    So none of these runs beside another: each has its processes, signals and disks to itself.
    """
    for item in items:
        if "faults" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("faults"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the fault tests."""
    group = parser.getgroup("faults")
    group.addoption("--faults", type=int, default=1, metavar="N", help="Try N times as many faults.")
    group.addoption("--figures", metavar="FILE", help="Write how many faults were tried into FILE, as JSON.")

"""For all tests: signals at their defaults, and no CI to tell anything, however the tests themselves were started.

The same code has the same verdict everywhere: laws are tried with the same examples each time. Who looks for what they
miss takes others, and more of them: ``--examples 20``.

A shell starts what it puts into the background with SIGINT ignored, `nohup` with SIGHUP ignored, and that is handed
on to every process that is started from there; provstore leaves a signal ignored that was so from the start.
"""

import os
import signal
from typing import Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from hypothesis.internal.conjecture import providers

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
settings.register_profile("same everywhere", UNTIMED, derandomize=True)
settings.register_profile("at random", UNTIMED, derandomize=False, print_blob=True)
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


def pytest_configure(config: pytest.Config) -> None:
    """Says how laws are tried, before their modules are imported, where each takes what holds then."""
    is_usual = config.getoption("--examples") == 1
    settings.load_profile("same everywhere" if is_usual else "at random")
    if is_usual:
        take_no_constants()


def take_no_constants() -> None:
    """Hypothesis also tries constants of what is imported by then: the tests before, on each of two processes others.

    There is no setting for it: hence the private name.
    """
    vars(providers)["is_local_module_file"] = lambda path: False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Multiplies examples, and shares the tests out."""
    functions = {item.function for item in items if isinstance(item, pytest.Function)}
    for law in filter(is_hypothesis_test, functions):
        multiply_examples(law, config.getoption("--examples"))
    group_faults(items)


def multiply_examples(law: Any, times: int) -> None:
    """A law that says itself how many examples it takes is not asked again by a profile: hence the private name."""
    usual = law._hypothesis_internal_use_settings
    law._hypothesis_internal_use_settings = settings(usual, max_examples=usual.max_examples * times)


def group_faults(items: list[pytest.Item]) -> None:
    """Where two processes share the work (``-n 2 --dist loadgroup``), one has the tests of faults: half of the time.

    So none of these runs beside another: each has its processes, signals and disks to itself.
    """
    for item in items:
        if "faults" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("faults"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much is tried."""
    group = parser.getgroup("provstore")
    group.addoption("--examples", type=int, default=1, metavar="N", help="Try N times as many examples, at random.")
    group.addoption("--faults", type=int, default=1, metavar="N", help="Try N times as many faults.")
    group.addoption("--figures", metavar="FILE", help="Write how many faults were tried into FILE, as JSON.")

"""Places to run tasks."""

from __future__ import annotations

from provstore.errors import PluginError, UsageError
from provstore.offers.offer import Offers, advice, collected, done, without_claims_to_ours
from provstore.plugins import NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from provstore.plugins import Plugins
    from provstore.ports import Executor, Finished, Job

    MakeExecutor: TypeAlias = Callable[[str, Callable[[], Executor]], Executor]


METHODS = ("start", "wait", "stop", "kill", "close")


def executors(plugins: Plugins) -> Offers:
    """What makes executors, by name."""
    entries = collected(plugins, "provstore_executors", _named_executors)
    return Offers("executor", without_claims_to_ours(plugins, entries, "executor"))


def _named_executors(result: Mapping[str, MakeExecutor]) -> Iterator[tuple[str, MakeExecutor]]:
    for name, make in result.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise PluginError(f"executor {name!r}: found this name, expected letters, digits and '-'")
        if not callable(make):
            raise PluginError(f"executor {name}: found {make!r}, expected a function that makes one")
        yield name, make


def maker_of(plugins: Plugins, name: str) -> MakeExecutor:
    """What makes the executor of a name.

    Raises:
        UsageError: There is none.
        PluginError: Two plug-ins have one of this name.
    """
    offers = executors(plugins)
    found = offers.get(name)
    if found is None:
        raise UsageError(f"there is no executor '{name}'", hint=advice(name, offers, plugins))
    plugin, make = found

    def made(folder: str, local: Callable[[], Executor]) -> Executor:
        whose = f"executor {name} of plug-in {plugin}"
        executor = done(whose, make, folder, local)
        missing = [method for method in METHODS if not callable(getattr(executor, method, None))]
        if missing:
            raise PluginError(f"{whose}: {executor!r} has no {', '.join(missing)}")
        return NamedExecutor(executor, whose)

    return made


class NamedExecutor:
    """An executor of a plug-in: what it raises becomes an error that names it."""

    def __init__(self, executor: Executor, whose: str) -> None:
        self._executor, self._whose = executor, whose

    def start(self, job: Job) -> None:
        """See `provstore.ports.Executor`, as for all of these."""
        done(self._whose, self._executor.start, job)

    def wait(self, seconds: float | None) -> Sequence[Finished]:
        """Jobs that ended."""
        return done(self._whose, self._executor.wait, seconds)

    def stop(self, number: int) -> None:
        """Sends a signal to all that runs."""
        done(self._whose, self._executor.stop, number)

    def kill(self) -> None:
        """Kills all that runs."""
        done(self._whose, self._executor.kill)

    def close(self) -> None:
        """Frees what it holds."""
        done(self._whose, self._executor.close)

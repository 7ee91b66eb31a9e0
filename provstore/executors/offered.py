"""provstore's own executor, offered by the hook that plug-ins use."""

from __future__ import annotations

from provstore.plugin import hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from provstore.plugin import Executor


def make_local(folder: str, local: Callable[[], Executor]) -> Executor:
    """An executor of this machine's processes."""
    del folder
    return local()


@hookimpl
def provstore_executors() -> Mapping[str, Callable[[str, Callable[[], Executor]], Executor]]:
    """The executor that a run has unless another is asked for."""
    return {"local": make_local}

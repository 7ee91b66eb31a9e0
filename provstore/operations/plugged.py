"""What plug-ins do in a run: the executor that was asked for, and observers.

Rule: a run with nothing to do loads no plug-in, and one in a project without any pays for a look into some folders.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from provstore.events import Observer
    from provstore.ports import Executor
    from provstore.project import Project


def executor_maker(project: Project, name: str, make_local: Callable[[str], Executor]) -> Callable[[str], Executor]:
    """What makes the executor of a run, for the folder that holds the folders of jobs.

    Args:
        make_local: Makes provstore's own, which that of a plug-in may use.

    Raises:
        UsageError: There is no executor of this name.
        PluginError: Two plug-ins have one of this name.
    """
    from provstore.offers.executors import maker_of

    make = maker_of(project.claims.plugins or project.plugins(), name)
    return lambda folder: make(folder, lambda: make_local(folder))


def with_observers(project: Project, observe: Observer) -> Observer:
    """The observer of a run, and behind it those of plug-ins, where there are any besides provstore's own."""
    plugins = project.claims.plugins
    if plugins is None:
        return observe
    from provstore.offers.observers import Observers

    return Observers(plugins, project.root, observe)

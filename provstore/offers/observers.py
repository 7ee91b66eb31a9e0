"""What hears of the events of a run."""

from __future__ import annotations

import contextlib
import sys

from provstore.events import Remark, RunEnded, RunStarted, TaskEnded, TaskStarted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from provstore.events import Event, Observer
    from provstore.plugins import Plugin, Plugins

HOOKS: Mapping[type, str] = {
    RunStarted: "provstore_run_started",
    RunEnded: "provstore_run_finished",
    TaskStarted: "provstore_task_started",
    TaskEnded: "provstore_task_finished",
}


class Observers:
    """Hears the events of a run, and tells plug-ins.

    Args:
        root: Absolute path of the project.
        observe: Hears everything first, and what there is to say of plug-ins that fail.
    """

    def __init__(self, plugins: Plugins, root: str, observe: Observer) -> None:
        self._root, self._observe = root, observe
        self._calls = {kind: plugins.implementing(hook) for kind, hook in HOOKS.items()}
        self._failed: set[str] = set()

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        self._observe(event)
        for plugin, call in self._calls.get(type(event), ()):
            if plugin.name not in self._failed:
                self._tell(plugin, call, event)

    def _tell(self, plugin: Plugin, call: Callable[..., Any], event: Event) -> None:
        told = event._replace(seconds=dict(event.seconds)) if isinstance(event, RunStarted) else event
        try:
            with contextlib.redirect_stdout(sys.stderr):  # standard output belongs to reports
                call(event=told, root=self._root)
        except (Exception, SystemExit) as error:
            self._failed.add(plugin.name)
            what = f"{HOOKS[type(event)]}: {type(error).__name__}: {error}"
            self._observe(Remark(f"plug-in {plugin} failed and hears nothing more of this run: {what}"))

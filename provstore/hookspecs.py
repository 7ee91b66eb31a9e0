"""The hooks: where plug-ins come in. A hook finds things, a class does the work.

A plug-in implements a hook by a function of the same name under `provstore.plugin.hookimpl`. It may take fewer
arguments than are specified here. A function under that mark whose name is no hook, or which wants other
arguments, makes the plug-in one that can't be used; it is named with the reason, and provstore goes on without it.
"""

from __future__ import annotations

import pluggy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from provstore.plugin import Format

hookspec = pluggy.HookspecMarker("provstore")


@hookspec
def provstore_formats() -> Iterable[Format]:  # type: ignore[empty-body]
    """Offer formats that provstore should understand.

    Called once for a project, in the main thread, when something first has to know a format: not by a run with
    nothing to do. Do no I/O here, and import heavy libraries inside the methods of the format, not at the top of
    the plug-in: whoever has your package installed pays for its import.

    The results of all plug-ins are put together; their order does not count. provstore's own formats come through
    this hook too, and nothing sets them above yours.

    Two formats of one name are an error that names both plug-ins. So are two that claim one suffix, unless the
    Pipelinefile chooses (``[formats] ".fits" = "fits"``). A result that is no `Format`, or whose name or suffixes
    are not as `Format` says, makes the plug-in one that can't be used.

    Returns:
        Zero or more `Format` objects, which can be pickled.

    Raises:
        Whatever is raised makes the plug-in one that can't be used; others are not touched by it.

    Since 0.1. Example: ``provstore/formats/bytes.py``.
    """

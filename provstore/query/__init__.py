"""The languages in which people say which data, and which stages, they mean.

    where       ``visit > 100 and band = 'r'``           narrows data IDs and queries of the store
    selection   ``calibrate..report & ~plot``            stages, on the command line
    task        ``calibrate@visit=101,detector=3``       tasks, on the command line

A `where` goes  text → tokens → parse → check → tree;  `evaluate` says what the tree means. Rule 1: nothing in
here knows a store, a Pipelinefile or a graph; what it needs of them comes as names and functions. Rule 2: no
text makes anything but a tree or an error that points at a place in it. Rule 3: every tree can be printed, and
what was printed gives the same tree. A part is imported when it is first asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.query.check import check_where
    from provstore.query.evaluate import matches
    from provstore.query.parse import parse_where
    from provstore.query.selection import (
        Selection,
        is_selection,
        parse_selection,
        printed_selection,
        select,
        selected_names,
    )
    from provstore.query.spell import printed
    from provstore.query.task import parse_task
    from provstore.query.tree import Expression, bound_names, names

__all__ = [
    "Expression",
    "Selection",
    "bound_names",
    "check_where",
    "is_selection",
    "matches",
    "names",
    "parse_selection",
    "parse_task",
    "parse_where",
    "printed",
    "printed_selection",
    "select",
    "selected_names",
]

_HOMES = {
    "Expression": "tree",
    "Selection": "selection",
    "bound_names": "tree",
    "check_where": "check",
    "is_selection": "selection",
    "matches": "evaluate",
    "names": "tree",
    "parse_selection": "selection",
    "parse_task": "task",
    "parse_where": "parse",
    "printed": "spell",
    "printed_selection": "selection",
    "select": "selection",
    "selected_names": "selection",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value

r"""What a plug-in imports: this module and nothing else of provstore. It is the promise; all else may move.

    from provstore.plugin import Format, Hasher, hookimpl

    class Lines(Format):
        name = "lines"
        suffixes = (".lst",)
        python_type = list

        def read(self, path, component=None, **parameters):
            return path.read_text(encoding="utf-8").splitlines()

        def write(self, value, path):
            path.write_text("".join(f"{line}\n" for line in value), encoding="utf-8")

        def digest(self, path):
            return Hasher().add(self.read(path)).digest

    @hookimpl
    def provstore_formats():
        return [Lines()]

A package offers its module under the entry point group ``provstore``; a project names a module of its own by
``[project] plugins = ["tools/lines.py"]``. `docs/plugins.md` goes from nothing to a working format, `docs/hooks.md`
says when each hook is called.
"""

from __future__ import annotations

import pluggy

from provstore.digest import digest_bytes, digest_json
from provstore.events import RunEnded, RunStarted, TaskEnded, TaskStarted
from provstore.model.drawing import Drawing, Edge, Node
from provstore.model.verdict import Reason
from provstore.plugin.arrays import ArrayComparison, blocks, compare_arrays, describe_array, in_step, type_name
from provstore.plugin.difference import (
    BYTES,
    KINDS,
    METADATA,
    STORAGE,
    STRUCTURE,
    VALUES,
    Difference,
    Numbers,
    Tolerance,
)
from provstore.plugin.exporter import Exporter
from provstore.plugin.format import Format, Preview, Unavailable
from provstore.plugin.hasher import Hasher
from provstore.plugin.inner import inner_format, name_of, under_name
from provstore.plugin.limits import Expansion
from provstore.plugin.trees import compare_texts, compare_trees, shown
from provstore.ports import Executor, Finished, Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.api import Store

__all__ = [
    "BYTES",
    "KINDS",
    "METADATA",
    "STORAGE",
    "STRUCTURE",
    "VALUES",
    "ArrayComparison",
    "Difference",
    "Drawing",
    "Edge",
    "Executor",
    "Expansion",
    "Exporter",
    "Finished",
    "Format",
    "Hasher",
    "Job",
    "Node",
    "Numbers",
    "Preview",
    "Reason",
    "RunEnded",
    "RunStarted",
    "Store",
    "TaskEnded",
    "TaskStarted",
    "Tolerance",
    "Unavailable",
    "blocks",
    "compare_arrays",
    "compare_texts",
    "compare_trees",
    "describe_array",
    "digest_bytes",
    "digest_json",
    "hookimpl",
    "in_step",
    "inner_format",
    "name_of",
    "shown",
    "type_name",
    "under_name",
]

hookimpl = pluggy.HookimplMarker("provstore")
"""Marks a function that implements a hook."""


def __getattr__(name: str) -> object:
    """`Store`, once somebody asks for it: commands call what lies above, and formats must not pay for it."""
    if name == "Store":
        from provstore.api import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Jupyter notebooks for provstore: the formats `notebook`, `notebook-sources` and `notebook-outputs`.

A notebook is code and result in one file. `notebook` counts both; a stage that only needs the code says
``format = "notebook-sources"``, and one that only needs what came out ``format = "notebook-outputs"``. What counts in
each stands at the top of `notebook`.
"""

from __future__ import annotations

from provstore.plugin import Format, hookimpl
from provstore_notebook.formats import Notebook, NotebookOutputs, NotebookSources

__version__ = "0.1.0"
__all__ = ["Notebook", "NotebookOutputs", "NotebookSources", "provstore_formats"]


@hookimpl
def provstore_formats() -> list[Format]:
    """The formats of this package."""
    return [Notebook(), NotebookSources(), NotebookOutputs()]

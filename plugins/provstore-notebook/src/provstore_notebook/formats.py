"""The three formats of notebooks: everything, what was written, what came out. They differ in what counts only."""

from __future__ import annotations

from typing import ClassVar

from provstore.plugin import Format, Preview, Unavailable
from provstore_notebook import comparing
from provstore_notebook.document import load, modern
from provstore_notebook.notebook import Notebook as Content
from provstore_notebook.notebook import open_notebook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from provstore.plugin import Difference, Tolerance

LINES = 30
"""Of a preview, at most."""
WIDEST = 100
"""Characters of a line of it."""


class Notebook(Format):
    """Notebooks with all that counts, sources and outputs."""

    name = "notebook"
    suffixes: ClassVar[tuple[str, ...]] = (".ipynb",)
    python_type = "nbformat.notebooknode.NotebookNode"

    def content(self, path: Path) -> Content:
        """What counts of a file in this format."""
        return open_notebook(path)

    def read(self, path: Path, component: str | None = None, **parameters: object) -> object:
        """The notebook in the form of nbformat 4; "sources": its code as one text; "outputs": a list for each cell.

        Raises:
            LookupError: There is no such component, or a parameter was given.
        """
        if parameters or component not in (None, "sources", "outputs"):
            raise LookupError(f"{self.name} has no {component or ', '.join(parameters)}")
        found = open_notebook(path, exact=False)
        if component == "sources":
            return "\n\n".join(cell.source for cell in found.cells if cell.kind == "code")
        if component == "outputs":
            return [cell.outputs for cell in found.cells if cell.kind == "code"]
        import nbformat

        return _with_joined_lines(nbformat.from_dict(modern(load(path)[0])))

    def write(self, value: Any, path: Path) -> None:
        """Writes a notebook, as `nbformat` does.

        Raises:
            TypeError: It is something else.
        """
        import nbformat

        if not self.accepts(value):
            raise TypeError(f"found {type(value).__name__}, expected a NotebookNode of nbformat")
        nbformat.validate(value)
        path.write_text(nbformat.writes(value, version=nbformat.NO_CONVERT) + "\n", encoding="utf-8")

    def components(self, path: Path) -> Sequence[str]:
        """Both parts of a notebook."""
        del path
        return ("sources", "outputs")

    def digest(self, path: Path) -> str:
        """Of what counts in this format."""
        return self.content(path).digest

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Cell by cell."""
        yield from comparing.compare(self.content(a), self.content(b), tolerance)

    def describe(self, path: Path) -> Mapping[str, Any]:
        """Cells by kind, the kernel, the language, the number of outputs."""
        found = open_notebook(path)
        kinds = [cell.kind for cell in found.cells]
        named = {"kernel": found.metadata.get("kernelspec"), "language": found.metadata.get("language_info")}
        names = {what: value.get("name") for what, value in named.items() if isinstance(value, dict)}
        return {
            "cells": len(kinds),
            **{kind: kinds.count(kind) for kind in ("code", "markdown", "raw") if kind in kinds},
            "outputs": sum(len(cell.outputs) for cell in found.cells),
            "errors": sum(output["kind"] == "error" for cell in found.cells for output in cell.outputs),
            **{what: name for what, name in names.items() if isinstance(name, str)},
            "nbformat": found.storage()["nbformat"],
        }

    def preview(self, path: Path) -> Preview:
        """The first cells as text."""
        lines: list[str] = []
        for cell in self.content(path).cells:
            lines += [f"── {cell.place}: {cell.kind}", *cell.source.split("\n")]
            lines += [f"→ {line}" for output in cell.outputs for line in _output_text(output).split("\n")]
            if len(lines) > LINES:
                break
        if not lines:
            raise Unavailable("the notebook has no cells")
        if len(lines) > LINES:
            lines = [*lines[: LINES - 1], "…"]
        text = "\n".join(line if len(line) <= WIDEST else line[: WIDEST - 1] + "…" for line in lines)
        return Preview("text", text.encode("utf-8", "replace"))


class NotebookSources(Notebook):
    """Notebooks as code: what was written counts, what came out does not."""

    name = "notebook-sources"
    suffixes = ()

    def content(self, path: Path) -> Content:
        """The cells without their outputs."""
        return open_notebook(path).without_outputs()


class NotebookOutputs(Notebook):
    """Notebooks as results: what came out of each code cell counts, and nothing else."""

    name = "notebook-outputs"
    suffixes = ()

    def content(self, path: Path) -> Content:
        """The outputs of the code cells."""
        return open_notebook(path).only_outputs()


def _output_text(output: Mapping[str, Any]) -> str:
    """An output as text, in short."""
    if output["kind"] == "error":
        return f"{output['name']}: {output['value']}"
    if output["kind"] == "stream":
        return str(output["text"]).rstrip("\n")
    text = output["data"].get("text/plain", "")
    others = [mime for mime in output["data"] if mime != "text/plain"]
    return " ".join([*([text] if text else []), *(f"[{mime}]" for mime in others)])


def _with_joined_lines(notebook: Any) -> Any:
    """The notebook with every text as one, as `nbformat` reads it."""
    from nbformat.v4.rwbase import rejoin_lines

    return rejoin_lines(notebook)

"""What a notebook says, without what changes by itself.

Rules. What counts in `notebook`: the cells in their order, each with its kind, its source to the last blank, its
attachments, tags and other metadata, and its outputs (see `outputs`); metadata of the notebook: the name of the kernel
and of the language, and all that is not named below. `notebook-sources` is the same without outputs;
`notebook-outputs` are the outputs alone, by the number of their code cell: a text between two of them does not count.

What does not: cell ids, execution counts; white space and key order of the JSON, a text as one or as lines; nbformat's
minor version, and its major one, as `nbformat` upgrades it; title of the kernel, version and details of the language;
state of widgets, and the metadata of no account that are listed here.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field, replace
from functools import partial

from provstore.plugin import Hasher, Unavailable, shown
from provstore_notebook.document import load, modern
from provstore_notebook.outputs import beside, data_of, joined, mapping, outputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

KINDS = ("code", "markdown", "raw")
OF_NO_ACCOUNT = frozenset({"widgets", "signature", "papermill", "orig_nbformat", "orig_nbformat_minor", "vscode"})
"""Metadata of a notebook that do not count: state of widgets, a signature of trust, times and paths of papermill,
where it was converted from, what an editor remembers."""
OF_NO_ACCOUNT_IN_CELLS = frozenset({
    "collapsed", "scrolled", "trusted", "ExecuteTime", "execution", "executionInfo", "outputId", "papermill", "vscode",
    "heading_collapsed", "jp-MarkdownHeadingCollapsed",
})  # fmt: skip
"""The same of a cell or an output: what is folded or trusted on the screen, when and for how long it ran."""
KNOWN = frozenset({"nbformat", "nbformat_minor", "cells", "metadata"})
"""What a notebook of nbformat 4 has."""
KNOWN_OF_CELLS = frozenset({"id", "cell_type", "source", "metadata", "attachments", "outputs", "execution_count"})
"""What a cell has."""
FOLDED = frozenset({"outputs_hidden", "source_hidden"})
"""The same below "jupyter"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a notebook.

    Attributes:
        place: "cell 3", counted from 1 in the file.
        kind: One of `KINDS`.
        source: One text.
        metadata, attachments: What counts of them; attachments by name and MIME type.
        outputs: As `outputs` gives them.
    """

    place: str
    kind: str
    source: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    attachments: dict[str, Any] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def content(self) -> list[Any]:
        """All that counts."""
        return [self.kind, self.source, self.metadata, self.attachments, self.outputs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A notebook.

    Attributes:
        cells, metadata: What counts.
        storage: Gives what does not count, each in a few words; a digest has no need of it.
    """

    cells: list[Cell]
    metadata: dict[str, Any]
    storage: Callable[[], dict[str, str]]

    def without_outputs(self) -> Notebook:
        """What was written."""
        return replace(self, cells=[replace(cell, outputs=[]) for cell in self.cells])

    def only_outputs(self) -> Notebook:
        """What came out of the code cells."""
        cells = [
            Cell(place=cell.place, kind="code", outputs=cell.outputs) for cell in self.cells if cell.kind == "code"
        ]
        return replace(self, cells=cells, metadata={})

    @property
    def digest(self) -> str:
        """Of all that counts."""
        hasher = Hasher().add("notebook", self.metadata, len(self.cells))
        for cell in self.cells:
            hasher.add(cell.content)
        return hasher.digest


def open_notebook(path: Path, exact: bool = True) -> Notebook:
    """What a file says.

    Args:
        exact: See `load`.

    Raises:
        Unavailable: It is no notebook; the text says where it is not.
    """
    written, text = load(path, exact)
    document = modern(written, exact)
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise Unavailable("no notebook: it has no list of cells")
    metadata = mapping(document.get("metadata", {}), "the metadata")
    found = [_cell(mapping(cell, f"cell {number}"), f"cell {number}") for number, cell in enumerate(cells, start=1)]
    return Notebook(
        cells=found,
        metadata={**_metadata(metadata), **beside(document, KNOWN)},
        storage=partial(_storage, written, document, text),
    )


def _metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """What counts of the metadata of a notebook."""
    found = {key: value for key, value in metadata.items() if key not in OF_NO_ACCOUNT}
    for key in ("kernelspec", "language_info"):
        if isinstance(found.get(key), dict):
            found[key] = {"name": found[key].get("name")}
    return found


def _cell(cell: dict[str, Any], what: str) -> Cell:
    kind = cell.get("cell_type")
    if kind not in KINDS:
        raise Unavailable(f"{what} is of the kind {kind!r}, which notebooks do not have")
    attachments = mapping(cell.get("attachments", {}), f"attachments of {what}")
    return Cell(
        place=what,
        kind=kind,
        source=joined(cell.get("source"), f"the source of {what}"),
        metadata={
            **of_account(mapping(cell.get("metadata", {}), f"the metadata of {what}")),
            **beside(cell, KNOWN_OF_CELLS),
        },
        attachments={
            name: {
                mime: data_of(mime, data, what) for mime, data in mapping(bundle, f"an attachment of {what}").items()
            }
            for name, bundle in attachments.items()
        },
        outputs=[_clean(output) for output in outputs(cell.get("outputs", []), what)],
    )


def _clean(output: dict[str, Any]) -> dict[str, Any]:
    return {**output, "metadata": of_account(output["metadata"])} if "metadata" in output else output


def of_account(metadata: dict[str, Any]) -> dict[str, Any]:
    """What counts of the metadata of a cell or an output."""
    found = {key: value for key, value in metadata.items() if key not in OF_NO_ACCOUNT_IN_CELLS}
    if isinstance(found.get("jupyter"), dict):
        found["jupyter"] = {key: value for key, value in found["jupyter"].items() if key not in FOLDED}
    return {key: value for key, value in found.items() if not (key in ("jupyter", "tags") and not value)}


# --- what does not count ----------------------------------------------------------------------------------


def _storage(written: dict[str, Any], document: dict[str, Any], text: str) -> dict[str, str]:
    """What does not count, each as a text that is equal where it is."""
    cells, metadata = document["cells"], document.get("metadata", {})
    kernel, language = metadata.get("kernelspec", {}), metadata.get("language_info", {})
    counts = [cell.get("execution_count") for cell in cells if cell["cell_type"] == "code"]
    compact = json.dumps(written, separators=(",", ":"), ensure_ascii=False, default=str)
    return {
        "nbformat": f"{written['nbformat']}.{written.get('nbformat_minor', 0)}",
        "execution counts": shown(" ".join("-" if count is None else str(count) for count in counts)),
        "cell ids": shown(" ".join(str(cell.get("id", "-")) for cell in cells)) if written["nbformat"] == 4 else "",
        "kernel": shown(json.dumps(kernel, sort_keys=True, default=str)),
        "language": shown(json.dumps(language, sort_keys=True, default=str)),
        "transient metadata": _transient(metadata, cells),
        "white space": f"{len(text) - len(compact)} characters beyond the values",
        "key order": f"{_crc(_keys(written)):08x}",
    }


def _transient(metadata: dict[str, Any], cells: list[Any]) -> str:
    """A short name of all that is left out of the metadata."""
    left_out: list[Any] = [{key: metadata[key] for key in sorted(metadata) if key in OF_NO_ACCOUNT}]
    left_out += [
        {key: cell["metadata"][key] for key in sorted(cell["metadata"]) if key in {*OF_NO_ACCOUNT_IN_CELLS, "jupyter"}}
        for cell in cells
        if isinstance(cell.get("metadata"), dict)
    ]
    return f"{_crc(iter([json.dumps(left_out, sort_keys=True, default=str)])):08x}"


def _keys(value: Any) -> Iterator[str]:
    """All keys of a document in the order in which they are written."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        yield f"[{len(value)}]"
        for inner in value:
            if isinstance(inner, (dict, list)):
                yield from _keys(inner)


def _crc(texts: Iterator[str]) -> int:
    found = 0
    for text in texts:
        found = zlib.crc32(text.encode("utf-8", "surrogatepass") + b"\0", found)
    return found

"""Drawings as DOT text, and as SVG and PNG by Graphviz."""

from __future__ import annotations

from provstore.errors import MissingProgramError, ProvstoreError
from provstore.exporters.palette import FILL, LINE, PLAIN
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.drawing import Drawing, Node

FONT = "Helvetica,Arial,sans-serif"
QUIET = "#57606a"
MOST_PATHS = 4
"""Paths of one kind that a step shows; the number of the others stands below."""


def draw(drawing: Drawing, dpi: int | None = None) -> str:
    """The drawing as DOT: a card for each step, with what it reads that no step makes and what it makes.

    Args:
        dpi: Dots per inch, for pictures of dots; None: Graphviz decides.
    """
    import graphviz

    graph = graphviz.Digraph(
        graph_attr={
            **{"rankdir": "LR", "bgcolor": "white", "pad": "0.3", "nodesep": "0.25", "ranksep": "0.6"},
            **({"dpi": str(dpi)} if dpi is not None else {}),
        },
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fontname": FONT,
            "fontsize": "11",
            "margin": "0.14,0.08",
        },
        edge_attr={"color": PLAIN[1], "arrowsize": "0.7", "fontname": FONT, "fontsize": "9"},
    )
    number = {node.name: f"n{place}" for place, node in enumerate(drawing.nodes)}
    for node in drawing.nodes:
        tip = node.name + (f": {node.state}" if node.state else "")
        graph.node(
            number[node.name],
            label=_card(node),
            tooltip=_plain(tip),
            fillcolor=FILL.get(node.state, PLAIN[0]),
            color=LINE.get(node.state, PLAIN[1]),
        )
    for edge in drawing.edges:
        style = {} if edge.paths else {"style": "dashed"}
        tip = ", ".join(edge.paths) or f"{edge.target} comes after {edge.source}"
        graph.edge(number[edge.source], number[edge.target], tooltip=_plain(tip), **style)
    source: str = graph.source
    return source


def picture(dot: str, kind: str) -> bytes:
    """DOT text as a picture.

    Args:
        kind: "svg" or "png".

    Raises:
        MissingProgramError: Graphviz is not installed.
    """
    import graphviz

    try:
        drawn: bytes = graphviz.pipe("dot", kind, dot.encode("utf-8"), quiet=True)
    except graphviz.ExecutableNotFound:
        raise MissingProgramError(
            f"{kind} pictures are drawn by Graphviz's program 'dot', which is not installed",
            hint="install Graphviz (apt install graphviz, brew install graphviz), or use --format text or mermaid",
        ) from None
    except graphviz.CalledProcessError as error:
        raise ProvstoreError(f"Graphviz's program 'dot' failed: {error}") from error
    return drawn


def _card(node: Node) -> str:
    """A label in Graphviz's HTML-like language."""
    rows = [f"<B>{_html(node.name)}</B>" + (f" <FONT COLOR={QUIET!r}>{_html(node.note)}</FONT>" if node.note else "")]
    rows += [_small(f"← {path}") for path in _some(node.sources)]
    rows += [_small(f"→ {path}") for path in _some(node.outputs)]
    cells = "".join(f'<TR><TD ALIGN="LEFT">{row}</TD></TR>' for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells}</TABLE>>'


def _some(paths: Sequence[str]) -> list[str]:
    if len(paths) <= MOST_PATHS:
        return list(paths)
    return [*paths[: MOST_PATHS - 1], f"and {len(paths) - MOST_PATHS + 1} more"]


def _small(text: str) -> str:
    return f'<FONT POINT-SIZE="9" COLOR="{QUIET}">{_html(text)}</FONT>'


def _html(text: str) -> str:
    r"""Text in a label; never empty, which Graphviz would not take, and ``\N`` cut in two, for which it has a use."""
    from html import escape

    return escape(harmless(text), quote=False).replace("\\", "<FONT>\\</FONT>") or " "


def _plain(text: str) -> str:
    """Text in an attribute; never taken for HTML, and a backslash is one."""
    import graphviz

    escaped: str = graphviz.escape(harmless(text))
    return escaped

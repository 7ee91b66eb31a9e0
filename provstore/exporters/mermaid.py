"""Drawings as Mermaid text, which many Markdown pages show as a picture."""

from __future__ import annotations

from provstore.exporters.palette import FILL, LINE, PLAIN
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.drawing import Drawing


def draw(drawing: Drawing) -> str:
    """The drawing as a flow chart from left to right. What a person only has to wait for is a dotted line."""
    number = {node.name: f"n{place}" for place, node in enumerate(drawing.nodes)}
    lines = ["flowchart LR"]
    for node in drawing.nodes:
        note = f"<br/>{escaped(node.note)}" if node.note else ""
        lines.append(f'  {number[node.name]}["{escaped(node.name)}{note}"]:::{node.state or "plain"}')
    for edge in drawing.edges:
        arrow = "-->" if edge.paths else "-.->"
        lines.append(f"  {number[edge.source]} {arrow} {number[edge.target]}")
    for state in dict.fromkeys(node.state for node in drawing.nodes):
        fill, line = FILL.get(state, PLAIN[0]), LINE.get(state, PLAIN[1])
        lines.append(f"  classDef {state or 'plain'} fill:{fill},stroke:{line},color:#1f2328")
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """The text for a label in quotes: all but letters, digits and what means nothing to Mermaid is a code."""
    return "".join(char if char.isalnum() or char in " ./-_,=" else f"#{ord(char)};" for char in harmless(text))

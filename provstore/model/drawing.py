"""A graph that is to be drawn: what a picture of stages or tasks shows."""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Node(NamedTuple):
    """One step.

    Attributes:
        name: Unique in its drawing, and what is shown; any text.
        note: A few words beside it ("8 tasks"); may be empty.
        state: "fresh", "restorable", "new", "stale", "failed" or "waiting"; "" where nothing was ever recorded.
        sources: What it reads that no step makes.
        outputs: What it makes.
    """

    name: str
    note: str
    state: str
    sources: Sequence[str]
    outputs: Sequence[str]


class Edge(NamedTuple):
    """From one step to another, in the direction in which data flow.

    Attributes:
        paths: What flows; empty: the second only has to come after the first.
    """

    source: str
    target: str
    paths: Sequence[str]


class Drawing(NamedTuple):
    """Steps, each behind those it takes data from, and what leads from one to the other."""

    title: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]

    def upstream(self) -> dict[str, list[str]]:
        """Name of each step → names of those it takes data from or comes after."""
        found: dict[str, list[str]] = {node.name: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.target].append(edge.source)
        return found

"""The graph of tasks and stages: order, cycles, what lies up and down. The only file that imports networkx.

Rules: nodes are numbers (tasks) or names (stages); an edge goes in the direction in which data flow. Nothing
here knows what a task is. networkx takes a tenth of a second to import, so a run with nothing to do, which
uses a remembered order, must never come here.
"""

from __future__ import annotations

from typing import Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

Node = TypeVar("Node", bound="Hashable")


class CycleError(Exception, Generic[Node]):
    """Nodes wait for each other.

    Attributes:
        nodes: The cycle; each one's data flow to the next, the last one's to the first.
    """

    def __init__(self, nodes: list[Node]) -> None:
        super().__init__(" → ".join(map(str, nodes)))
        self.nodes = nodes


def ordered(upstream: Mapping[Node, Iterable[Node]]) -> list[Node]:
    """All nodes, each behind those it takes data from; where the graph leaves a choice, as in `upstream`.

    Args:
        upstream: Node → the nodes it takes data from.

    Raises:
        CycleError: There is no such order.
    """
    import networkx as nx

    graph = _graph(upstream)
    place = {node: number for number, node in enumerate(upstream)}
    try:
        return list(nx.lexicographical_topological_sort(graph, key=place.__getitem__))
    except nx.NetworkXUnfeasible:
        cycle = [source for source, _ in nx.find_cycle(graph)]
        raise CycleError(cycle) from None


def ancestors(upstream: Mapping[Node, Iterable[Node]], node: Node) -> frozenset[Node]:
    """All nodes from which data flow to `node`, without it."""
    import networkx as nx

    return frozenset(nx.ancestors(_graph(upstream), node))


def descendants(upstream: Mapping[Node, Iterable[Node]], node: Node) -> frozenset[Node]:
    """All nodes to which data flow from `node`, without it."""
    import networkx as nx

    return frozenset(nx.descendants(_graph(upstream), node))


def _graph(upstream: Mapping[Node, Iterable[Node]]) -> nx.DiGraph[Node]:
    import networkx as nx

    graph: nx.DiGraph[Node] = nx.DiGraph()
    graph.add_nodes_from(upstream)
    graph.add_edges_from((source, node) for node, sources in upstream.items() for source in sources)
    return graph


if TYPE_CHECKING:
    import networkx as nx

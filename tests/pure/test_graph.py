"""The graph against plain ways to say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.graph import CycleError, ancestors, descendants, ordered


@st.composite
def graphs(draw, acyclic=True):
    """Node → what it takes data from, in any order of nodes."""
    count = draw(st.integers(1, 9))
    order = draw(st.permutations(range(count)))
    links = {
        node: draw(st.lists(st.sampled_from(order[:place] if acyclic else order), unique=True, max_size=3))
        if place or not acyclic
        else []
        for place, node in enumerate(order)
    }
    return {node: links[node] for node in draw(st.permutations(range(count)))}


def upstream_of(graph, node):
    """All upstream nodes, one step after the other."""
    found, pending = set(), list(graph[node])
    while pending:
        if (source := pending.pop()) not in found:
            found.add(source)
            pending += graph[source]
    return found


@given(graphs())
def test_an_order_holds_every_node_once_behind_its_makers(graph):
    """Whatever order the nodes are given in."""
    found = ordered(graph)

    assert sorted(found) == sorted(graph)
    assert all(found.index(source) < found.index(node) for node, sources in graph.items() for source in sources)


@given(graphs())
def test_where_there_is_a_choice_the_order_is_that_of_the_file(graph):
    """Each node is the first of those whose makers have all come."""
    given_order, done = list(graph), set()
    for node in ordered(graph):
        assert node == next(other for other in given_order if other not in done and done.issuperset(graph[other]))
        done.add(node)


@given(graphs(acyclic=False))
def test_either_an_order_or_a_real_cycle(graph):
    """Each node of a reported cycle feeds the next, and the last one the first."""
    if not any(node in upstream_of(graph, node) for node in graph):
        assert len(ordered(graph)) == len(graph)
        return
    with pytest.raises(CycleError) as caught:
        ordered(graph)
    nodes = caught.value.nodes
    assert len(set(nodes)) == len(nodes) > 0
    assert all(node in graph[after] for node, after in zip(nodes, [*nodes[1:], nodes[0]], strict=True))
    assert str(caught.value) == " → ".join(map(str, nodes))


def test_a_node_that_waits_for_itself_is_a_cycle():
    """The shortest one."""
    with pytest.raises(CycleError) as caught:
        ordered({"a": [], "b": ["a", "b"]})
    assert caught.value.nodes == ["b"]


@given(graphs())
def test_up_and_down_are_two_views_of_one_relation(graph):
    """And agree with walking step by step."""
    for node in graph:
        assert ancestors(graph, node) == upstream_of(graph, node)
        assert descendants(graph, node) == {other for other in graph if node in upstream_of(graph, other)}

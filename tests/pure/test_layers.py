"""Where steps of a graph are drawn: laws that hold for every graph."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from provstore.exporters.layers import Box, Layout, lay_out
from provstore.model.drawing import Drawing, Edge, Node


def drawing(edges: list[tuple[int, int]], count: int) -> Drawing:
    """Steps with these numbers as names."""
    nodes = [Node(f"step {number}", "3 tasks", "fresh", (), ()) for number in range(count)]
    return Drawing("g", nodes, [Edge(f"step {a}", f"step {b}", ("x",)) for a, b in edges])


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    """Steps in the order of data, with edges between them."""
    count = draw(st.integers(1, 12))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] < pair[1])
    return drawing(draw(st.lists(pairs, unique=True, max_size=20)) if count > 1 else [], count)


def overlap(a: Box, b: Box) -> bool:
    """Two boxes cover each other somewhere."""
    apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
    return not apart


def box_of(layout: Layout, name: str) -> Box:
    return next(box for box in layout.boxes if box.node.name == name)


@given(drawings())
def test_boxes_never_cover_each_other_and_stay_in_the_picture(graph: Drawing) -> None:
    """Each step has a box of its own."""
    layout = lay_out(graph)
    boxes = layout.boxes

    assert [box.node for box in boxes] == list(graph.nodes)
    assert not [(a, b) for a in boxes for b in boxes if a is not b and overlap(a, b)]
    assert all(box.x >= 0 and box.x + box.width <= layout.width for box in boxes)
    assert all(box.y >= 0 and box.y + box.height <= layout.height for box in boxes)


@given(drawings())
def test_data_flow_in_one_direction(graph: Drawing) -> None:
    """Each step lies behind all that it takes data from, and each edge is drawn."""
    layout = lay_out(graph)

    assert [(curve.source, curve.target) for curve in layout.curves] == [edge[:2] for edge in graph.edges]
    for edge in graph.edges:
        a, b = box_of(layout, edge.source), box_of(layout, edge.target)
        assert a.x + a.width < b.x or a.y + a.height < b.y


@given(drawings())
def test_the_same_graph_always_looks_the_same(graph: Drawing) -> None:
    """Nothing is left to chance."""
    assert lay_out(graph) == lay_out(graph)


def test_a_chain_is_a_straight_line() -> None:
    """Its boxes lie at one height."""
    layout = lay_out(drawing([(0, 1), (1, 2), (2, 3)], 4))

    assert len({box.y + box.height / 2 for box in layout.boxes}) == 1


def test_an_edge_passes_beside_what_lies_between() -> None:
    """From the first to the last of three in a row: not through the one in the middle."""
    layout = lay_out(drawing([(0, 1), (1, 2), (0, 2)], 3))
    middle = layout.boxes[1]
    heights = [float(y) for _, y in re.findall(r"L(\d+) (\d+)", layout.curves[2].path)]

    assert heights
    assert all(not middle.y <= height <= middle.y + middle.height for height in heights)


def test_a_cycle_of_stages_is_drawn_all_the_same() -> None:
    """Stages may read from each other, where their tasks do not."""
    layout = lay_out(drawing([(0, 1), (1, 0), (1, 1)], 2))

    assert [(curve.source, curve.target) for curve in layout.curves] == [("step 0", "step 1"), ("step 1", "step 0")]


def test_long_and_wide_names_fit_into_their_boxes() -> None:
    """They are cut; characters that are twice as wide count twice."""
    nodes = [Node("星" * 40, "", "", (), ()), Node("a" * 200, "", "", (), ()), Node("\n", "", "", (), ())]
    boxes = lay_out(Drawing("g", nodes, [])).boxes

    assert all(box.width < 300 for box in boxes)
    assert [box.name[-1] for box in boxes] == ["…", "…", "n"]


def test_no_steps_are_no_picture() -> None:
    """An empty drawing has no size."""
    assert lay_out(Drawing("g", [], [])) == Layout(0, 0, (), ())

"""Drawings: whatever a step is called, text, DOT and Mermaid say the same graph."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.cli.render import plain
from provstore.exporters import dot, mermaid, text
from provstore.model.drawing import Drawing, Edge, Node
from provstore.model.verdict import STATES

NASTY = [
    'a "b"',
    "<b>&amp;</b>",
    "new\nline",
    "back\\slash",
    "n0:e",
    "[x] --> y",
    "`md`",
    "#35;",
    "→ Grüße 山",
    "<x>",
    "\\N",
]
NAMES = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6))


def drawing_of(upstream: dict[str, list[str]], state: str = "") -> Drawing:
    """A drawing of a graph: each step makes a file of its own name, or is only waited for."""
    nodes = [Node(name, "", state, (), (name,)) for name in upstream]
    edges = [Edge(source, name, (source,)) for name, sources in upstream.items() for source in sources]
    return Drawing("test", nodes, edges)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Steps by name, each behind those it takes data from."""
    names = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    return {
        name: draw(st.lists(st.sampled_from(names[:place]), unique=True)) if place else []
        for place, name in enumerate(names)
    }


# --- text -------------------------------------------------------------------------------------------------


SHAPES = {
    "chain": {"a": [], "b": ["a"], "c": ["b"]},
    "diamond": {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]},
    "crossing": {"a": [], "b": [], "c": ["a"], "d": ["b", "c"], "e": ["a", "d"]},
    "apart": {"a": [], "b": [], "c": []},
}
DRAWN = {
    "chain": ["●", "●", "●"],
    "diamond": ["●", "├─●", "● │", "●─╯"],
    "crossing": ["●", "│ ●", "├─│─●", "│ ●─╯", "●─╯"],
    "apart": ["●", "  ●", "●"],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_rails_of_small_graphs(shape: str) -> None:
    """What a person sees: steps above each other are connected, unconnected ones stand aside."""
    drawn = text.draw(drawing_of(SHAPES[shape]), plain).splitlines()

    assert [line[: len(expected) + 1].rstrip() for line, expected in zip(drawn, DRAWN[shape], strict=True)] == (
        DRAWN[shape]
    )


@given(graphs())
def test_no_rail_leads_to_a_step_that_it_does_not_feed(upstream: dict[str, list[str]]) -> None:
    """Of two lines one above the other, ● below ● in one column means that data flow between them."""
    names = list(upstream)
    drawn = text.draw(drawing_of(upstream), plain).splitlines()
    places = [line.index("●") for line in drawn]

    for (number, place), (_, below) in pairwise(enumerate(places)):
        if place == below:
            assert names[number] in upstream[names[number + 1]]


@given(graphs())
def test_each_join_is_an_edge(upstream: dict[str, list[str]]) -> None:
    """A line has as many joints, and a rail from above where it stands, as its step takes data from others."""
    drawn = text.draw(drawing_of(upstream), plain).splitlines()
    fed = {source for sources in upstream.values() for source in sources}
    carried: dict[int, str] = {}
    for line, (name, sources) in zip(drawn, upstream.items(), strict=True):
        rails = line[: 2 * len(upstream) + 2]
        place = rails.index("●")
        joined = {carried[column] for column, char in enumerate(rails) if char in "├┼┤╰┴╯" and column in carried}
        if place in carried:
            joined.add(carried[place])
        assert joined == set(sources)
        carried = {column: owner for column, owner in carried.items() if rails[column] in "│├┼┤"}
        if name in fed:
            carried[place] = name


def test_many_rails_become_a_list() -> None:
    """Where nobody could follow the rails, each step names what it takes data from."""
    many = {f"s{number}": [] for number in range(40)}
    drawn = text.draw(drawing_of({**many, "all": list(many)}), plain)

    assert "     from s0, s1, s2, s3, s4, s5, and 34 more\n" in drawn
    assert "│" not in drawn


@given(graphs(), st.integers(20, 80))
def test_text_is_one_line_a_step_and_fits(upstream: dict[str, list[str]], width: int) -> None:
    """Names with newlines and control characters don't break the lines; what is made is cut, never the name."""
    lines = text.draw(drawing_of(upstream, "fresh"), plain, width).split("\n")
    bare = text.draw(Drawing("", [node._replace(outputs=()) for node in drawing_of(upstream, "fresh").nodes],
                             drawing_of(upstream).edges), plain).split("\n")  # fmt: skip

    assert len(lines) == len(upstream) + 1
    for line, least in zip(lines, bare, strict=True):
        assert line.isprintable()
        assert len(line) <= max(width, len(least))


def test_a_drawing_without_steps_says_so() -> None:
    """An empty graph is no empty output."""
    assert text.draw(Drawing("", [], []), plain) == "no stages\n"


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_colours(state: str) -> None:
    """In pictures and in Mermaid; the terminal marks what is not fresh by an open circle as well."""
    drawing = drawing_of({"a": []}, state)

    assert f"fill:{dot.FILL[state]}" in mermaid.draw(drawing)
    assert dot.FILL[state] in dot.draw(drawing)
    assert text.draw(drawing, plain).startswith("●" if state == "fresh" else "○")


# --- Mermaid ----------------------------------------------------------------------------------------------

STEP = re.compile(r'  (n\d+)\["([^"\[\]`<>|\n]*(?:<br/>[^"\n]*)?)"\]:::\w+')
ARROW = re.compile(r"  (n\d+) (-->|-\.->) (n\d+)")


def unescaped(label: str) -> str:
    """A label as Mermaid shows it."""
    return re.sub(r"#(\d+);", lambda code: chr(int(code.group(1))), label)


@given(graphs())
def test_mermaid_says_the_same_graph(upstream: dict[str, list[str]]) -> None:
    """Read back by its grammar: every step by its name, every edge once, nothing else."""
    first, *lines = mermaid.draw(drawing_of(upstream)).splitlines()
    steps = [found for line in lines if (found := STEP.fullmatch(line))]
    arrows = [found for line in lines if (found := ARROW.fullmatch(line))]
    label = {found.group(1): unescaped(found.group(2)) for found in steps}

    assert first == "flowchart LR"
    assert len(steps) + len(arrows) + 1 == len(lines)
    assert list(label.values()) == [shown(name) for name in upstream]
    assert sorted((label[arrow.group(1)], label[arrow.group(3)]) for arrow in arrows) == sorted(
        (shown(source), shown(name)) for name, sources in upstream.items() for source in sources
    )


def shown(name: str) -> str:
    """A name as every drawing shows it: characters that are not seen are spelled out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def test_an_edge_without_data_is_drawn_otherwise() -> None:
    """`after` is dashed: the second only has to wait."""
    drawing = Drawing("", [Node("a", "", "", (), ()), Node("b", "", "", (), ())], [Edge("a", "b", ())])

    assert "n0 -.-> n1" in mermaid.draw(drawing)
    assert "style=dashed" in dot.draw(drawing)


# --- Graphviz ---------------------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(which("dot") is None, reason="Graphviz's program dot is not installed")


@needs_dot
def test_graphviz_shows_every_name_as_it_is() -> None:
    """Quotes, tags, backslashes, colons, newlines: Graphviz reads the DOT without complaint and shows each name."""
    upstream = {name: NASTY[:place][-1:] for place, name in enumerate(NASTY)}
    drawing = drawing_of(upstream, "fresh")
    tree = ET.fromstring(dot.picture(dot.draw(drawing), "svg"))
    steps = [group for group in tree.iter(f"{SVG}g") if group.get("class") == "node"]
    edges = [group for group in tree.iter(f"{SVG}g") if group.get("class") == "edge"]
    texts = ["".join("".join(found.itertext()) for found in step.iter(f"{SVG}text")) for step in steps]

    assert len(edges) == len(NASTY) - 1
    assert [text.replace("\xa0", " ") for text in texts] == [f"{shown(name)}→ {shown(name)}" for name in NASTY]


@needs_dot
def test_a_png_has_more_dots_than_points() -> None:
    """The picture is sharp on a dense screen: twice the dots give twice the width."""
    drawing = drawing_of({"a": []})
    small, large = (dot.picture(dot.draw(drawing, dpi), "png") for dpi in (72, 144))

    assert 1.9 < int.from_bytes(large[16:20], "big") / int.from_bytes(small[16:20], "big") < 2.1


def test_a_card_with_many_paths_shows_some() -> None:
    """A step that reads a hundred files is a card of some lines."""
    drawn = dot.draw(Drawing("", [Node("a", "", "", [f"f{number}" for number in range(100)], ())], []))

    assert "and 97 more" in drawn
    assert "f50" not in drawn

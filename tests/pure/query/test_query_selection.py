"""Selections over stages: laws over random graphs, then cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import QueryError, TargetError
from provstore.query import is_selection, parse_selection, printed_selection, select
from provstore.query.node import Node
from provstore.query.selection import Between, Both, Either, Others, Reached, Selection, Stages

STAGES = ("a", "b.1", "c-2", "d", "e", "f_")
SUBSETS = {"some": ("b.1", "d"), "none": ()}

graphs = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda edge: edge[0] < edge[1]))
"""Edges between the positions of STAGES, from what makes to what reads."""

atoms = st.sampled_from([*STAGES, *SUBSETS]).map(lambda name: Stages(0, name))


def extended(parts):
    return st.one_of(
        st.builds(Reached, st.just(0), st.sampled_from(["<", "<=", ">", ">="]), parts),
        st.builds(Between, st.just(0), parts, parts | st.none()),
        st.builds(Between, st.just(0), st.none(), parts),
        st.builds(Others, st.just(0), parts),
        st.builds(lambda many: Both(0, tuple(many)), st.lists(parts, min_size=2, max_size=3)),
        st.builds(lambda many: Either(0, tuple(many)), st.lists(parts, min_size=2, max_size=3)),
    )


selections = st.recursive(atoms, extended, max_leaves=5).map(lambda root: printed_selection(Selection("", root)))
"""Texts of random selections."""


def reach(edges, start):
    """All that a walk along edges from `start` comes to, without `start`."""
    found, waiting = set(), [start]
    while waiting:
        here = waiting.pop()
        new = {end for begin, end in edges if begin == here} - found
        found |= new
        waiting += new
    return found


def chosen(text, edges):
    """The stages that a selection names in a graph."""
    down = {(STAGES[begin], STAGES[end]) for begin, end in edges}
    up = {(end, begin) for begin, end in down}
    tree = parse_selection(text)
    return select(tree, STAGES, SUBSETS, lambda stage: reach(up, stage), lambda stage: reach(down, stage))


def on_a_way(edges, first, last):
    """All stages on any way from `first` to `last`, found by walking every way."""
    found = set()

    def walk(way):
        if way[-1] == last:
            found.update(way)
        for begin, end in edges:
            if STAGES[begin] == way[-1]:
                walk([*way, STAGES[end]])

    walk([first])
    return found


@given(st.recursive(atoms, extended, max_leaves=8))
def test_what_is_printed_parses_to_the_same_tree(root):
    """parse(printed(t)) == t."""
    tree = Selection("", root)

    assert parse_selection(printed_selection(tree)) == tree
    assert hash(parse_selection(printed_selection(tree))) == hash(tree)


@given(graphs, st.sampled_from(STAGES), st.sampled_from(STAGES))
def test_a_range_is_all_that_lies_on_a_way(edges, first, last):
    """a..c has each stage on a path from a to c, both in it, and nothing where there is no path."""
    assert chosen(f"{first}..{last}", edges) == on_a_way(edges, first, last)


@given(graphs, selections, selections)
def test_ranges_and_signs_agree(edges, a, b):
    """..c is <=c, a.. is >=a, a..c is both; < and > are <= and >= without what they start from."""
    assert chosen(f"..({b})", edges) == chosen(f"<=({b})", edges)
    assert chosen(f"({a})..", edges) == chosen(f">=({a})", edges)
    assert chosen(f"({a})..({b})", edges) == chosen(f"({a}).. & ..({b})", edges)
    assert chosen(f"<({a})", edges) == chosen(f"<=({a}) & ~({a})", edges)
    assert chosen(f">({a})", edges) == chosen(f">=({a}) & ~({a})", edges)


@given(graphs, selections, selections)
def test_the_laws_of_sets_hold(edges, a, b):
    """De Morgan, idempotence, double negation, and the comma as a union."""
    for one, other in (
        (f"~(({a}) & ({b}))", f"~({a}) | ~({b})"),
        (f"~(({a}) | ({b}))", f"~({a}) & ~({b})"),
        (f"({a}) & ({a})", a),
        (f"({a}) | ({a})", a),
        (f"~~({a})", a),
        (f"({a}), ({b})", f"({a}) | ({b})"),
        (f"<=(<=({a}))", f"<=({a})"),
    ):
        assert chosen(one, edges) == chosen(other, edges)


@given(selections)
def test_what_has_an_operator_is_a_selection(text):
    """A text is a selection unless it is a name alone."""
    assert is_selection(text) == (text not in {*STAGES, *SUBSETS})


@given(st.text(alphabet="ab.-<>=~&|,() \n@/'", max_size=15))
def test_any_text_is_a_selection_or_an_error_with_its_place(text):
    """No text gives anything else than a tree, or a QueryError that points into the text."""
    error = None
    try:
        parse_selection(text)
    except QueryError as caught:
        error = caught

    assert error is None or (error.text == text and error.column >= 1)


CHAIN = {(0, 1), (1, 2), (2, 3), (4, 2)}  # a → b.1 → c-2 → d, e → c-2, and f_ alone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"),
        ("some", "b.1 d"),
        ("none", ""),
        ("a..c-2", "a b.1 c-2"),
        ("b.1..d", "b.1 c-2 d"),
        ("b.1 .. d", "b.1 c-2 d"),
        ("d..a", ""),
        ("..c-2", "a b.1 c-2 e"),
        ("e..", "e c-2 d"),
        ("<d", "a b.1 c-2 e"),
        ("<=b.1", "a b.1"),
        (">c-2", "d"),
        (">=c-2", "c-2 d"),
        ("<some", "a c-2 e"),
        ("~a", "b.1 c-2 d e f_"),
        ("~a..c-2", "d e f_"),
        ("~<d", "d f_"),
        ("~~f_", "f_"),
        ("a, d | e", "a d e"),
        ("a | d & >=c-2", "a d"),
        ("(a | d) & >=c-2", "d"),
        ("(a | e)..d & ~c-2", "a b.1 d e"),
        ("a.. & ..d", "a b.1 c-2 d"),
        ("a..&..d", "a b.1 c-2 d"),
        ("none..", ""),
    ],
)
def test_selections_of_a_small_graph(text, expected):
    """Operators, their order, names with dots and hyphens, and subsets."""
    assert chosen(text, CHAIN) == set(expected.split())


def test_a_stage_goes_before_a_subset_of_its_name():
    """One name is one thing."""
    found = select(parse_selection("a"), ["a", "b"], {"a": ["b"]}, lambda _: set(), lambda _: set())

    assert found == {"a"}


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("", 1, "found the end, expected a stage", ""),
        ("..", 3, "found the end, expected a stage", ""),
        ("a &", 4, "found the end", ""),
        ("a | & b", 5, "found '&'", ""),
        ("a b", 3, "found 'b', expected & or | or the end", ""),
        ("(a | b", 7, "found the end, expected & or | or ')'", ""),
        ("a)", 2, "found ')'", ""),
        ("<a..b", 3, "found '..'", "parentheses"),
        ("a..b..c", 5, "found '..'", "parentheses"),
        ("a<b", 2, "found '<'", "parentheses"),
        ("<~a", 2, "found '~'", ""),
        ("a...b", 4, "found '.'", ""),
        ("a | b@visit=1", 6, "found '@'", "target of its own"),
        ("a | é", 5, "found 'é'", ""),
        ("~" * 5000 + "a", 101, "100 levels", ""),
        ("(" * 5000, 101, "100 levels", ""),
    ],
)
def test_a_mistake_is_named_with_its_place(text, column, message, hint):
    """Column and caret, what was found and expected."""
    with pytest.raises(QueryError) as caught:
        parse_selection(text)

    assert caught.value.column == column
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_an_unknown_name_lists_what_there_is():
    """The error shows the place, lists stages and subsets, and suggests the nearest."""
    with pytest.raises(TargetError) as caught:
        chosen("a | sime", CHAIN)

    assert caught.value.message == (
        "line 1, column 5: there is no stage or subset 'sime'; stages are: a, b.1, c-2, d, e, f_; "
        "subsets are: none, some\n  a | sime\n      ^"
    )
    assert caught.value.hint == "did you mean 'some'?"


def test_an_unknown_name_without_any_stage():
    """A project without stages is no special case."""
    with pytest.raises(TargetError, match="stages are: none\n"):
        select(parse_selection("a"), [], {}, lambda _: set(), lambda _: set())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", False),
        ("a.b-c", False),
        ("a..b", True),
        ("~a", True),
        ("a,b", True),
        ("out/a..b", False),
        ("../out.csv", False),
        ("..", False),
        (".", False),
        ("a@visit=1,detector=2", False),
        ("a@part='x|y'", False),
        ("a | b@visit=1", True),
    ],
)
def test_paths_and_tasks_are_no_selections(text, expected):
    """What has a slash is a path, what has a stage and @ is a task, whatever else is in them."""
    assert is_selection(text) is expected


def test_only_parts_of_selections_are_understood():
    """A tree put together by hand from something else is a programming error."""
    strange = Selection("", Node(0))

    with pytest.raises(TypeError, match="no part of a selection"):
        printed_selection(strange)
    with pytest.raises(TypeError, match="no part of a selection"):
        select(strange, STAGES, SUBSETS, lambda _: set(), lambda _: set())


def test_selections_show_what_they_say():
    """A failed comparison of selections is readable."""
    assert repr(parse_selection("<a")) == "Selection(Reached('<', Stages('a')))"
    assert parse_selection("<a") != "<a"

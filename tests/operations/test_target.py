"""Where data go whose type says no path: no two data IDs have one place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provstore.operations.registry.data.target import own_template
from provstore.operations.registry.types.definitions import TypeDefinition
from provstore.pipelinefile import templates

VALUES = st.integers(-9, 99) | st.text("ab_.1", min_size=1, max_size=3).filter(lambda text: text.strip("."))


@given(st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=2, unique_by=lambda pair: (str(pair[0]), str(pair[1]))))
def test_each_data_id_has_a_path_of_its_own(pairs: list[tuple[int | str, int | str]]) -> None:
    """Values never run into each other."""
    template = own_template(TypeDefinition("metrics", ("visit", "detector"), "json"), ".json")
    first, second = [templates.write(template, dict(zip(("visit", "detector"), pair, strict=True))) for pair in pairs]

    assert first != second


def test_a_type_without_dimensions_is_one_file() -> None:
    """Its name with the ending of its format; a component's dot stays."""
    assert own_template(TypeDefinition("image.header", (), "json"), ".json") == "image.header.json"

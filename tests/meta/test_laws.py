"""Laws are tried with the same examples each time, unless somebody asks for others: one verdict for one code."""

import pytest
from hypothesis import is_hypothesis_test


def test_every_law_has_the_same_examples_each_time(request: pytest.FixtureRequest) -> None:
    """Whatever settings a law has of its own; with ``--examples N`` each has others."""
    functions = [item.function for item in request.session.items if isinstance(item, pytest.Function)]
    is_usual = request.config.getoption("--examples") == 1
    laws = [function for function in functions if is_hypothesis_test(function)]

    assert [law.__name__ for law in laws if law._hypothesis_internal_use_settings.derandomize is not is_usual] == []

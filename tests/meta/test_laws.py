"""Laws are tried with the same examples each time, unless somebody asks for others: one verdict for one code."""

import importlib
from pathlib import Path

import pytest
from hypothesis import given, is_hypothesis_test
from hypothesis import strategies as st


def test_every_law_has_the_same_examples_each_time(request: pytest.FixtureRequest) -> None:
    """Whatever settings a law has of its own; with ``--examples N`` each has others."""
    functions = [item.function for item in request.session.items if isinstance(item, pytest.Function)]
    is_usual = request.config.getoption("--examples") == 1
    laws = [function for function in functions if is_hypothesis_test(function)]

    assert [law.__name__ for law in laws if law._hypothesis_internal_use_settings.derandomize is not is_usual] == []


def test_what_is_imported_makes_no_difference(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module with constants that comes in between brings no other examples."""
    tried: list[int] = []

    @given(st.integers())
    def law(number: int) -> None:
        tried.append(number)

    (tmp_path / "constants_of_ours.py").write_text(f"CONSTANTS = {[*range(10_000, 10_100)]}")
    monkeypatch.syspath_prepend(tmp_path)
    law()
    first = tried.copy()
    importlib.import_module("constants_of_ours")
    law()

    assert request.config.getoption("--examples") > 1 or tried == first * 2

"""What people may call their data: laws of names, paths and versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import UsageError
from provstore.operations.registry.names import (
    BUMPS,
    checked_data_id,
    checked_name,
    checked_version,
    checked_words,
    next_version,
    normal_path,
)

VERSIONS = st.tuples(*[st.integers(0, 12)] * 3).map(lambda parts: ".".join(map(str, parts)))
PIECES = st.lists(st.sampled_from(["a", "b c", ".", "..", "", "…", "-", "\n"]), min_size=1, max_size=7)


def numbers(version: str) -> tuple[int, ...]:
    """A version as it is compared."""
    return tuple(map(int, version.split(".")))


@given(st.sampled_from(BUMPS), st.lists(VERSIONS))
def test_the_next_version_is_the_least_of_its_kind_behind_all(bump: str, used: list[str]) -> None:
    """It is behind every version that was used; what stands right of the bumped number is 0."""
    found = numbers(next_version(bump, used))
    highest = max(map(numbers, used), default=(0, 0, 0))
    place = BUMPS.index(bump)

    assert found > highest
    assert found[:place] == highest[:place]
    assert found[place] == highest[place] + 1
    assert not any(found[place + 1 :])
    assert checked_version(next_version(bump, used))


@given(PIECES, st.booleans())
def test_a_path_has_one_spelling_and_never_leaves(pieces: list[str], trailing: bool) -> None:
    """What is accepted is in its simplest form: relative, without dots, the same again when asked again."""
    text = "/".join(pieces) + ("/" if trailing else "")
    try:
        found = normal_path(text)
    except UsageError:
        return

    assert normal_path(found) == normal_path(f"./{found}//") == found
    assert not {"", ".", ".."} & set(found.split("/"))
    assert not text.startswith("/")


@given(st.text(max_size=300))
def test_a_name_is_any_text_that_can_be_printed(text: str) -> None:
    """Spaces and dots too; nothing empty, nothing long, no control character."""
    try:
        assert checked_name("name", text) == text
    except UsageError:
        assert not text.strip() or len(text) > 255 or not text.isprintable()
    else:
        assert "\n" not in text
        assert "\x1b" not in text


@pytest.mark.parametrize(
    "text", ["1", "1.2", "1.2.3.4", "01.0.0", "1.0.0 ", "1.0.-1", "1.0.0\n", "v1.0.0", "١.0.0", "", "Major"]
)
def test_a_version_is_three_whole_numbers(text: str) -> None:
    """Nothing else is one."""
    with pytest.raises(UsageError, match="three whole numbers"):
        checked_version(text)


def test_a_version_may_be_of_any_size() -> None:
    """What is accepted has a next one, which is accepted."""
    huge = f"{'9' * 40}.0.0"

    assert checked_version(next_version("major", [checked_version(huge)])) == f"1{'0' * 40}.0.0"


def test_keywords_are_in_lower_case_and_each_once() -> None:
    """A text in the place of a list is an error, not its letters."""
    assert checked_words(["Sky", " sky", "RAW data"]) == ("raw data", "sky")
    with pytest.raises(UsageError, match="a list of words"):
        checked_words("sky")


@pytest.mark.parametrize("value", ["a\0b", 2**63, -(2**63) - 1, 10**40])
def test_a_data_id_holds_no_value_that_a_query_would_take_for_another(value: object) -> None:
    """SQLite cuts text at a NUL character, and knows numbers beyond 64 bits only roughly."""
    with pytest.raises(UsageError, match=r"data ID: .* expected"):
        checked_data_id({"n": value})  # type: ignore[dict-item]

    assert checked_data_id({"n": 2**63 - 1, "m": -(2**63)}) == '{"m":-9223372036854775808,"n":9223372036854775807}'

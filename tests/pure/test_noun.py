"""Nouns behave as named tuples of the standard library do; both are defined side by side here."""

from __future__ import annotations

import pickle
import subprocess
import sys
import typing

import pytest

from provstore import noun


class Ours(noun.NamedTuple):
    """Two fields, one with a default, and a property."""

    name: str
    size: int = 3

    @property
    def double(self) -> int:
        return self.size * 2


class Theirs(typing.NamedTuple):
    """The same."""

    name: str
    size: int = 3

    @property
    def double(self) -> int:
        return self.size * 2


class Nothing(noun.NamedTuple):
    """No field."""


def test_a_noun_is_made_and_read_like_a_named_tuple() -> None:
    """By position, by name and with defaults; as a tuple and by its fields."""
    for made, same in (
        (Ours("a"), Theirs("a")),
        (Ours("a", 4), Theirs("a", 4)),
        (Ours(size=1, name="b"), Theirs("b", 1)),
    ):
        assert tuple(made) == tuple(same) == (made.name, made.size)
        assert made == same
        assert hash(made) == hash(same)
        assert made.double == same.double
        assert made._asdict() == same._asdict()
        assert repr(made) == repr(same).replace("Theirs", "Ours")
    assert Ours._fields == Theirs._fields
    assert Nothing() == ()


def test_a_noun_is_made_from_others_like_a_named_tuple() -> None:
    """`_make`, `_replace` and copies by pickle."""
    made = Ours._make(["a", 1])

    assert made == Ours("a", 1)
    assert type(made) is Ours
    assert made._replace(size=2) == Ours("a", 2)
    assert type(made._replace(name="b")) is Ours
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("kind", [Ours, Theirs])
def test_wrong_fields_are_refused(kind: type) -> None:
    """Too few, too many, unknown: each is an error, and no noun is ever incomplete."""
    for wrong in (kind, lambda: kind("a", 1, 2), lambda: kind("a", colour=1), lambda: kind._make(["a"])):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises((TypeError, ValueError)):
        kind("a")._replace(colour=1)


def test_a_noun_cannot_be_changed() -> None:
    """Neither a field, nor by a new attribute: there is no room for one."""
    made = Ours("a")

    with pytest.raises(AttributeError):
        made.size = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        made.colour = 2  # type: ignore[attr-defined]


def test_a_default_before_a_field_without_one_is_refused() -> None:
    """As in a function's parameters."""
    with pytest.raises(TypeError, match="Wrong"):
        type(Ours)("Wrong", (noun.NamedTuple,), {"__annotations__": {"a": "int", "b": "int"}, "a": 1})


def test_defining_a_noun_imports_nothing() -> None:
    """What nouns are there for: no `typing`, no `collections`."""
    code = "import sys; before = set(sys.modules); import provstore.noun; print(*set(sys.modules) - before)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not set(done.stdout.split()) & {"typing", "collections", "functools", "operator"}

"""What every tree is made of: frozen, slotted nodes that know their place in the text.

Two nodes are equal if they say the same; where they stand in a text does not count. Values are equal only
if their types are: ``1``, ``1.0`` and ``true`` differ. (`dataclasses` would do as well, but costs more to
import than everything in this package together.)
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, dataclass_transform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass_transform(frozen_default=True)
class _Frozen:
    """Makes a constructor, equality and a hash of a class's ``__slots__``."""

    __slots__ = ()
    fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.fields = cls.fields + tuple(cls.__dict__["__slots__"])

    def __init__(self, *values: Any) -> None:  # noqa: ANN401  type checkers see the fields instead
        for name, value in zip(self.fields, values, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")


class Node(_Frozen):
    """A part of an expression.

    Attributes:
        at: Where it stands in the text, in characters from 0; for an operation, where its operator stands.
    """

    __slots__ = ("at",)
    at: int

    def _meaning(self) -> tuple[object, ...]:
        values = [getattr(self, name) for name in self.fields[1:]]
        return (type(self), *((type(value), value) for value in values))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self._meaning() == other._meaning()

    def __hash__(self) -> int:
        return hash(self._meaning())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(getattr(self, name)) for name in self.fields[1:])})"


def walk(root: Node) -> Iterator[Node]:
    """A node and all below it, in no particular order."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        for name in node.fields[1:]:
            value = getattr(node, name)
            parts = value if isinstance(value, tuple) else (value,)
            waiting.extend(part for part in parts if isinstance(part, Node))

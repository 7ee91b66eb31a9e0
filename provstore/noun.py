"""Named tuples that cost little to define: what the nouns on the way of every command are made of.

Written, checked and used like those of `typing.NamedTuple`, which takes 2 ms to import and a quarter of a
millisecond for each class: with thirty nouns as much as starting Python. Here a class is a tuple with a getter for
each field; its constructor is compiled when the first one is made, since most commands make few kinds of them
(`docs/decisions/0012-named-tuples.md`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414 - for others to import from here
    from typing import Self
else:
    try:
        from _collections import _tuplegetter as getter  # as the standard library's own named tuples do
    except ImportError:
        from operator import itemgetter

        def getter(number: int, doc: None) -> property:
            """Reads one value of a tuple."""
            return property(itemgetter(number), doc=doc)

    class Kind(type):
        """Makes a class of tuples out of one that lists names with their types, and values for some of them."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: Mapping[str, object]) -> Kind:
            """Puts getters in the place of the values that stand in the class, which its constructor gets."""
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body[field] for field in fields if field in body}
            if tuple(defaults) != fields[len(fields) - len(defaults) :]:
                raise TypeError(f"{name}: a field with a default stands before one without")
            getters = {field: getter(number, None) for number, field in enumerate(fields)}
            made = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields, "__slots__": ()}
            return super().__new__(cls, name, bases, {**body, **getters, **made})

    class NamedTuple(tuple, metaclass=Kind):
        """A tuple whose values have names; a class below this one lists them."""

        def __new__(cls, *values: object, **named: object) -> Self:
            """Makes the first one of its class, with the constructor that makes the others too."""
            cls.__new__ = staticmethod(constructor(cls))
            return cls.__new__(cls, *values, **named)

        @classmethod
        def _make(cls, values: Iterable[object]) -> Self:
            """One with these values, in the order of the fields."""
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__}: found {len(made)} values, expected {len(cls._fields)}")
            return made

        def _replace(self, **changed: object) -> Self:
            """One with other values in some fields."""
            made = self._make(map(changed.pop, self._fields, self))
            if changed:
                raise ValueError(f"{type(self).__name__} has no fields {list(changed)}")
            return made

        def _asdict(self) -> dict[str, object]:
            """Values by name."""
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            values = ", ".join([f"{name}={value!r}" for name, value in self._asdict().items()])
            return f"{type(self).__name__}({values})"

        def __getnewargs__(self) -> tuple[object, ...]:
            return tuple(self)

    def constructor(cls: Kind) -> Callable[..., tuple[object, ...]]:
        """A function whose parameters are the fields, so that Python itself takes them by name and counts them."""
        names = "".join([f", {field}" for field in cls._fields])
        values = "".join([f"{field}, " for field in cls._fields])
        made = eval(f"lambda cls{names}: new(cls, ({values}))", {"new": tuple.__new__})  # noqa: S307 - our own names
        made.__defaults__ = tuple(cls._field_defaults.values())
        made.__name__ = made.__qualname__ = cls.__name__
        return made

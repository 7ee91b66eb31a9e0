"""Whether two commands differ only by what was written into them: values of parameters, paths of inputs. Pure.

What a word was made of is not recorded, so it is judged by what it is: that of one command must be a value, or hold
one, where that of the other is, or holds, the value that took its place. What can't be judged is a change of its own.
"""

from __future__ import annotations

import posixpath
import re
import shlex

from provstore.model.values import spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.operations.diff.report import Change
    from provstore.store.materials import Material

BY_PARAMS = "by its parameters"
BY_INPUTS = "by its inputs"
BY_BOTH = "by its parameters and inputs"
FOLLOWS = (BY_PARAMS, BY_INPUTS, BY_BOTH)
"""What is said of commands that differ in nothing but what was written into them."""

_WORD = re.compile(r"""(?:"'"|'[^']*'|\S)+""")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?")


def follows_from(a: Material, b: Material, params: Sequence[Change]) -> str:
    """By what two commands that are not the same differ: one of `FOLLOWS`; "" for by more than that.

    Args:
        params: In what their parameters differ.
    """
    before, after = _words(a.command), _words(b.command)
    of_a, of_b = _without(before, _paths(a, b)), _without(after, _paths(b, a))
    by_inputs = (len(of_a), len(of_b)) != (len(before), len(after))
    by_params = False
    if of_a != of_b and (elements := _elements(params)):
        of_a, of_b, by_params = _without(of_a, elements), _without(of_b, elements), True
    if len(of_a) != len(of_b):
        return ""
    pairs = [(old, new) for old, new in zip(of_a, of_b, strict=True) if old != new]
    if not all(_is_written(old, new, params) for old, new in pairs):
        return ""
    by_params = by_params or bool(pairs)
    return BY_BOTH if by_inputs and by_params else BY_INPUTS if by_inputs else BY_PARAMS if by_params else ""


def _words(command: str) -> list[str]:
    """Its words; quotes of the shell hold one together, and are taken off."""
    return [_bare(word) for word in _WORD.findall(command)]


def _bare(word: str) -> str:
    return word.replace("'", "")


def _without(words: Sequence[str], others: set[str]) -> list[str]:
    return [word for word in words if word not in others]


def _paths(a: Material, b: Material) -> set[str]:
    """How a command writes the inputs that `a` has and `b` has not."""
    others = {(piece.role, piece.path) for piece in b.inputs}
    paths = {piece.path for piece in a.inputs if (piece.role, piece.path) not in others}
    if a.cwd:
        paths |= {posixpath.relpath(f"/{path}", f"/{a.cwd}") for path in paths}
    return {_bare(shlex.quote(f"./{path}" if path.startswith("-") else path)) for path in paths}


def _elements(params: Sequence[Change]) -> set[str]:
    """How a command writes the elements of arrays that differ: each as a word."""
    arrays = [value for change in params for value in (change.a, change.b) if isinstance(value, list)]
    return {_bare(shlex.quote(spelled(element))) for array in arrays for element in array}


def _is_written(old: str, new: str, params: Sequence[Change]) -> bool:
    """One word becomes another when values in it are replaced by others."""
    return any(_is_replaced(old, new, change) or _is_formatted(old, new, change) for change in params)


def _is_replaced(old: str, new: str, change: Change) -> bool:
    before, after = (_bare(shlex.quote(spelled(value))) for value in (change.a, change.b))
    return bool(before) and old.replace(before, after) == new


def _is_formatted(old: str, new: str, change: Change) -> bool:
    """The numbers in the words are the values, as a placeholder with a format writes them (``007``, ``0.50``)."""
    if _NUMBER.sub("", old) != _NUMBER.sub("", new):
        return False
    before, after = _NUMBER.findall(old), _NUMBER.findall(new)
    if len(before) != len(after):
        return False
    return all(
        ours == theirs or (_is_number(ours, change.a) and _is_number(theirs, change.b))
        for ours, theirs in zip(before, after, strict=True)
    )


def _is_number(text: str, value: object) -> bool:
    """A text is a number, in full or with fewer decimals."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    mantissa, exponent, _ = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    try:
        return float(text) == value or format(value, f".{decimals}{exponent or 'f'}") == text
    except OverflowError:  # an integer that no float can hold
        return False

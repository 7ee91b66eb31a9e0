"""Targets that select stages, as the Butler's `pipetask` writes them, and targets that name tasks.

    a        a stage, or all stages of a subset        ~a       all but a
    <a  <=a  all upstream of a, without or with it     a & b    in both
    >a  >=a  all downstream of a                       a | b    in either; a comma says the same
    a..c     all on a way from a to c, both in it: downstream of a and upstream of c
    ..c      c and all upstream of it                  a..      a and all downstream of it

``..`` binds most, then ``<``, ``<=``, ``>``, ``>=`` and ``~``, then ``&``, then ``|``. All but ``&``, ``|`` and
``~`` take a name, or anything in parentheses. A name may have dots in it, but not two in a row.
"""

from __future__ import annotations

import re

from provstore.noun import NamedTuple
from provstore.query.node import Node
from provstore.query.place import listed, nearest, query_error, quoted, target_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from typing import TypeAlias

    from provstore.errors import QueryError

    Reach: TypeAlias = Callable[[str], AbstractSet[str]]

DEEPEST = 100
"""Parentheses and signs inside of each other, so that no text exhausts the stack."""

NAME = r"[A-Za-z_](?:[A-Za-z0-9_-]|\.(?!\.))*"
_TOKEN = re.compile(rf"(?P<name>{NAME})|(?P<sign>\.\.|<=|>=|[<>~&|,()])")
_SPACE = re.compile(r"\s*")
_TASK = re.compile(rf"\s*{NAME}\s*@")
_SIGNS = ("<", "<=", ">", ">=")


class Stages(Node):
    """A stage, or the stages of a subset, by name."""

    __slots__ = ("name",)
    name: str


class Reached(Node):
    """What lies before (``<``, ``<=``) or behind (``>``, ``>=``) some stages; those are in it with ``=``."""

    __slots__ = ("sign", "part")  # noqa: RUF023  order of the constructor
    sign: str
    part: Node


class Between(Node):
    """What is downstream of `first` and upstream of `last`; None leaves that side open, one at most."""

    __slots__ = ("first", "last")
    first: Node | None
    last: Node | None


class Others(Node):
    """All stages but some."""

    __slots__ = ("part",)
    part: Node


class Both(Node):
    """Stages that are in every one of two or more selections."""

    __slots__ = ("parts",)
    parts: tuple[Node, ...]


class Either(Node):
    """Stages that are in any of two or more selections."""

    __slots__ = ("parts",)
    parts: tuple[Node, ...]


class Selection:
    """A parsed selection. Equal to any other that says the same in other spelling.

    Attributes:
        text: As it was written; errors point into it.
        root: Its tree.
    """

    __slots__ = ("root", "text")

    def __init__(self, text: str, root: Node) -> None:
        self.text = text
        self.root = root

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and self.root == other.root

    def __hash__(self) -> int:
        return hash(self.root)

    def __repr__(self) -> str:
        return f"Selection({self.root!r})"


def is_selection(text: str) -> bool:
    """A target has an operator of this language in it, and is neither a path with ``/`` nor a task.

    A file name such as ``a,b.csv`` looks like a selection: ask for outputs of that name first.
    """
    if "/" in text or _TASK.match(text) or text in (".", ".."):
        return False
    return re.search(r"\.\.|[<>~&|,()]", text) is not None


def parse_selection(text: str) -> Selection:
    """The tree of a selection; a name alone is one, too.

    Raises:
        QueryError: What is wrong and where; columns count from 1.
    """
    return Selection(text, _Reader(text).whole())


def select(
    tree: Selection,
    stages: Sequence[str],
    subsets: Mapping[str, Sequence[str]],
    ancestors: Reach,
    descendants: Reach,
) -> frozenset[str]:
    """The stages that a selection names.

    Args:
        tree: What `parse_selection` gave.
        stages: All that exist; ``~`` is the rest of these.
        subsets: Name → stages, other subsets and selections. A stage goes before a subset of that name.
        ancestors: Stage → all upstream of it; asked once for each stage that an operator needs.
        descendants: Stage → all downstream of it.

    Raises:
        TargetError: A name that is neither stage nor subset, or a subset that contains itself.
    """
    return _Selector(tree.text, frozenset(stages), subsets, ancestors, descendants).stages_of(tree.root)


def selected_names(tree: Selection) -> frozenset[str]:
    """All names of stages and subsets in a selection."""
    return frozenset(_names(tree.root))


def _names(node: Node) -> Iterator[str]:
    match node:
        case Stages():
            yield node.name
        case Reached() | Others():
            yield from _names(node.part)
        case Between():
            for end in (node.first, node.last):
                if end is not None:
                    yield from _names(end)
        case Both() | Either():
            for part in node.parts:
                yield from _names(part)


def printed_selection(tree: Selection) -> str:
    """The canonical text: parsing it gives the same tree."""
    return _text(tree.root)


class _Token(NamedTuple):
    """`kind` is "name", a sign as it is, or "" at the end."""

    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found = []
    at = _end_of_space(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            hint = "a task, or a path, is a target of its own" if text[at] in "@=/'" else ""
            raise query_error(
                text, at, f"found {quoted(text[at])}, expected a stage or one of .. < <= > >= ~ & | ( )", hint
            )
        word = match.group()
        found.append(_Token("name" if match.lastgroup == "name" else word, word, at))
        at = _end_of_space(text, match.end())
    found.append(_Token("", "", len(text)))
    return found


def _end_of_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


class _Reader:
    """Goes through the words of one selection, once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = _tokens(text)
        self.position = 0
        self.depth = 0

    @property
    def word(self) -> _Token:
        return self.words[self.position]

    def accept(self, *kinds: str) -> _Token | None:
        """Takes the next word if it is one of these."""
        word = self.word
        if word.kind not in kinds:
            return None
        self.position += 1
        return word

    def unexpected(self, expected: str, hint: str = "") -> QueryError:
        found = quoted(self.word.text) if self.word.kind else "the end"
        return query_error(self.text, self.word.at, f"found {found}, expected {expected}", hint)

    def whole(self) -> Node:
        root = self.either()
        if self.word.kind in ("..", *_SIGNS):
            raise self.unexpected("& or | or the end", "put parentheses around one of the two: (<a)..b")
        if self.word.kind:
            raise self.unexpected("& or | or the end")
        return root

    def either(self) -> Node:
        at, parts = self.word.at, [self.both()]
        while self.accept("|", ","):
            parts.append(self.both())
        return Either(at, tuple(parts)) if len(parts) > 1 else parts[0]

    def both(self) -> Node:
        at, parts = self.word.at, [self.sign()]
        while self.accept("&"):
            parts.append(self.sign())
        return Both(at, tuple(parts)) if len(parts) > 1 else parts[0]

    def sign(self) -> Node:
        """Something with a sign before it, a way, or a name."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise query_error(self.text, self.word.at, f"this is nested more than {DEEPEST} levels deep")
        if sign := self.accept("~"):
            node: Node = Others(sign.at, self.sign())
        elif sign := self.accept(*_SIGNS):
            node = Reached(sign.at, sign.kind, self.name())
        else:
            node = self.way()
        self.depth -= 1
        return node

    def way(self) -> Node:
        """``a..c`` and its open forms, or what could be an end of it."""
        if dots := self.accept(".."):
            return Between(dots.at, None, self.name())
        first = self.name()
        dots = self.accept("..")
        if dots is None:
            return first
        return Between(dots.at, first, self.name() if self.word.kind in ("name", "(") else None)

    def name(self) -> Node:
        if word := self.accept("name"):
            return Stages(word.at, word.text)
        if not self.accept("("):
            raise self.unexpected("a stage, a subset or '('")
        node = self.either()
        if not self.accept(")"):
            raise self.unexpected("& or | or ')'")
        return node


class _Selector:
    def __init__(
        self,
        text: str,
        stages: frozenset[str],
        subsets: Mapping[str, Sequence[str]],
        ancestors: Reach,
        descendants: Reach,
    ) -> None:
        self.text = text
        self.stages = stages
        self.subsets = subsets
        self.reach = {"<": ancestors, ">": descendants}
        self.open: tuple[str, ...] = ()

    def stages_of(self, node: Node) -> frozenset[str]:
        match node:
            case Stages():
                return self.named(node)
            case Reached():
                return self.reached(node.sign, self.stages_of(node.part))
            case Between():
                behind = self.reached(">=", self.stages_of(node.first)) if node.first else self.stages
                before = self.reached("<=", self.stages_of(node.last)) if node.last else self.stages
                return behind & before
            case Others():
                return self.stages - self.stages_of(node.part)
            case Both():
                return frozenset.intersection(*map(self.stages_of, node.parts))
            case Either():
                return frozenset().union(*map(self.stages_of, node.parts))
        raise TypeError(f"no part of a selection: {node!r}")

    def named(self, node: Stages) -> frozenset[str]:
        if node.name in self.stages:
            return frozenset((node.name,))
        if node.name in self.subsets:
            return frozenset().union(*(self.member(member, node) for member in self.subsets[node.name]))
        known = (*self.stages, *self.subsets)
        subsets = f"; subsets are: {listed(self.subsets)}" if self.subsets else ""
        message = f"there is no stage or subset {quoted(node.name)}; stages are: {listed(self.stages)}{subsets}"
        raise target_error(self.text, node.at, message, nearest(node.name, known))

    def member(self, text: str, subset: Stages) -> frozenset[str]:
        """The stages of a subset's member: a stage, another subset, or a selection."""
        if text in self.stages:
            return frozenset((text,))
        if subset.name in self.open:
            raise target_error(self.text, subset.at, f"the subset {quoted(subset.name)} contains itself")
        inner = _Selector(text, self.stages, self.subsets, self.reach["<"], self.reach[">"])
        inner.open = (*self.open, subset.name)
        return inner.stages_of(parse_selection(text).root)

    def reached(self, sign: str, some: frozenset[str]) -> frozenset[str]:
        reach = self.reach[sign[0]]
        found = frozenset().union(*map(reach, some))
        return found | some if sign.endswith("=") else found - some


def _text(node: Node) -> str:
    match node:
        case Stages():
            return node.name
        case Reached():
            return node.sign + _inside(node.part, Stages)
        case Between():
            first = _inside(node.first, Stages) if node.first else ""
            return f"{first}..{_inside(node.last, Stages) if node.last else ''}"
        case Others():
            return "~" + _inside(node.part, Stages, Reached, Between, Others)
        case Both():
            return " & ".join(_inside(part, Stages, Reached, Between, Others) for part in node.parts)
        case Either():
            return " | ".join(_inside(part, Stages, Reached, Between, Others, Both) for part in node.parts)
    raise TypeError(f"no part of a selection: {node!r}")


def _inside(node: Node, *plain: type[Node]) -> str:
    """A node as a part of another: in parentheses unless it is one of these."""
    return _text(node) if isinstance(node, plain) else f"({_text(node)})"

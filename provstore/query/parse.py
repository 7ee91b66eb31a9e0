"""From the text of a `where` to a tree.

Operators are read by how strongly they bind (Pratt's way): `expression` reads an operand and goes on while an
operator binds at least as strongly as it was asked for. Depth is counted, so that no text exhausts the stack;
chains of AND and OR are flat, of any length.
"""

from __future__ import annotations

from provstore.query.check import check_where
from provstore.query.place import listed, nearest, query_error, quoted
from provstore.query.tokens import tokens
from provstore.query.tree import (
    AND,
    COMPARISON,
    LEVELS,
    NOT,
    OR,
    SIGN,
    SUM,
    AllOf,
    AnyOf,
    Arithmetic,
    BoundName,
    Comparison,
    Expression,
    Glob,
    In,
    Literal,
    Name,
    Negative,
    Not,
    Overlaps,
    Range,
    Region,
    Time,
    TimeSpan,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.errors import QueryError
    from provstore.query.node import Node
    from provstore.query.tokens import Token

DEEPEST = 100
"""Parentheses, signs and NOT inside of each other, and operators of one chain of arithmetic."""

_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_LEVELS = {
    "OR": OR,
    "AND": AND,
    **dict.fromkeys((*_COMPARISONS, "IN", "NOT", "OVERLAPS"), COMPARISON),
    **LEVELS,
}
_SHAPES = ("CIRCLE", "BOX", "POLYGON", "POINT")
_FUNCTIONS = (*_SHAPES, "GLOB", "OVERLAPS")
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}
_LARGEST = 2**63 - 1  # of a whole number, as in SQLite
_FOREIGN = {
    "IS": "write x = NULL or x != NULL",
    "LIKE": "write GLOB(x, 'pat*')",
    "GLOB": "write GLOB(x, 'pat*')",
    "BETWEEN": "write x IN (1..9), or x >= 1 AND x <= 9",
    "..": "a range stands inside IN: visit IN (1..9)",
}


def parse_where(text: str) -> Expression:
    """The tree of a `where`. An empty text gives one that is always true.

    Raises:
        QueryError: What is wrong and where; line and column count from 1.
    """
    reader = _Reader(text)
    tree = Expression(text, reader.whole())
    check_where(tree)
    return tree


class _Reader:
    """Goes through the words of one text, once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = tokens(text)
        self.position = 0
        self.depth = 0

    @property
    def word(self) -> Token:
        """The next word, not yet taken."""
        return self.words[self.position]

    def take(self) -> Token:
        word = self.words[self.position]
        self.position += 1
        return word

    def accept(self, kind: str) -> bool:
        """Takes the next word if it is of this kind."""
        if self.word.kind != kind:
            return False
        self.position += 1
        return True

    def expect(self, kind: str, what: str = "") -> Token:
        if self.word.kind != kind:
            raise self.unexpected(what or f"'{kind}'")
        return self.take()

    def unexpected(self, expected: str, hint: str = "") -> QueryError:
        word = self.word
        found = quoted(word.text) if word.kind else "the end"
        hint = hint or _FOREIGN.get(word.text.upper(), "")
        return query_error(self.text, word.at, f"found {found}, expected {expected}", hint)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise query_error(self.text, self.word.at, f"this is nested more than {DEEPEST} levels deep")

    def whole(self) -> Node:
        if not self.word.kind:
            return AllOf(0, ())
        condition = self.expression()
        if self.word.kind:
            raise self.unexpected("AND, OR or the end" if isinstance(condition, _CONDITIONS) else "an operator")
        return condition

    def expression(self, lowest: int = OR) -> Node:
        """All that binds at least as strongly as `lowest`, one level deeper."""
        before = self.depth
        self.deeper()
        node = self.binding(lowest)
        self.depth = before
        return node

    def binding(self, lowest: int) -> Node:
        """All that binds at least as strongly as `lowest`."""
        before = self.depth
        node = self.operand()
        while (level := _LEVELS.get(self.word.kind, 0)) >= lowest:
            if level >= SUM:
                self.deeper()
            node = self.joined(node, level)
        self.depth = before
        return node

    def joined(self, left: Node, level: int) -> Node:
        """`left` with the operator that follows it, and what that takes."""
        if level == COMPARISON:
            return self.comparison(left)
        operator = self.take()
        if level >= SUM:
            return Arithmetic(operator.at, left, operator.kind, self.expression(level + 1))
        parts = [left, self.binding(level + 1)]
        while self.accept(operator.kind):
            parts.append(self.binding(level + 1))
        kind = AllOf if level == AND else AnyOf
        return kind(operator.at, tuple(parts))

    def comparison(self, left: Node) -> Node:
        operator = self.take()
        node: Node
        if operator.kind == "NOT":
            self.expect("IN", "IN")
            node = In(operator.at, left, self.items(), True)
        elif operator.kind == "IN":
            node = In(operator.at, left, self.items(), False)
        elif operator.kind == "OVERLAPS":
            node = Overlaps(operator.at, left, self.binding(SUM))
        else:
            node = Comparison(operator.at, left, operator.kind, self.binding(SUM))
        if _LEVELS.get(self.word.kind) == COMPARISON:
            raise self.unexpected("AND, OR or the end", "comparisons form no chain: write 1 < x AND x < 3")
        return node

    def operand(self) -> Node:
        """A value, a call, or an expression after NOT or in parentheses."""
        word = self.word
        if word.kind == "NOT":
            return Not(self.take().at, self.expression(NOT))
        if word.kind == "(":
            return self.parentheses()
        if word.kind == "-" and self.words[self.position + 1].kind != "number":
            return Negative(self.take().at, self.expression(SIGN))
        if word.kind == "+" and self.words[self.position + 1].kind != "number":
            zero = Literal(self.take().at, 0)  # "+x" is a number, and so is 0 + x
            return Arithmetic(word.at, zero, "+", self.expression(SIGN))
        if word.kind in ("name", "OVERLAPS") and self.words[self.position + 1].kind == "(":
            return self.call()
        if word.kind == "name":
            return self.name()
        if word.kind == "bind":
            return BoundName(word.at, self.take().text[1:])
        return self.constant("a name or a value")

    def parentheses(self) -> Node:
        begin = self.take()
        first = self.expression()
        if self.accept(","):
            last = self.expression()
            self.expect(")")
            return TimeSpan(begin.at, first, last)
        self.expect(")")
        return first

    def name(self) -> Node:
        word = self.take()
        if word.text.count(".") > 2:
            raise query_error(self.text, word.at, f"the name {quoted(word.text)} has more than three parts")
        return Name(word.at, word.text)

    def call(self) -> Node:
        """A function and its arguments."""
        word = self.take()
        function = word.text.upper()
        if function not in _FUNCTIONS:
            hint = nearest(function, _FUNCTIONS) or f"functions are: {listed(_FUNCTIONS)}"
            raise query_error(self.text, word.at, f"there is no function {quoted(word.text)}", hint)
        arguments = self.arguments()
        if function in _SHAPES:
            return Region(word.at, function, arguments)
        if len(arguments) != 2:
            raise query_error(self.text, word.at, f"{function} has {len(arguments)} arguments, expected 2")
        return (Glob if function == "GLOB" else Overlaps)(word.at, *arguments)

    def arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        if self.accept(")"):
            return ()
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        self.expect(")", "',' or ')'")
        return tuple(found)

    def items(self) -> tuple[Node, ...]:
        """The list after IN."""
        self.expect("(", "a list in parentheses")
        if self.word.kind == ")":
            raise self.unexpected("a value", "an empty list holds nothing; only a :bound list may be empty")
        found = [self.item()]
        while self.accept(","):
            found.append(self.item())
        self.expect(")", "',' or ')'")
        return tuple(found)

    def item(self) -> Node:
        if self.word.kind == "bind":
            return BoundName(self.word.at, self.take().text[1:])
        value = self.constant("a value, a range or a :name")
        return self.range(value) if self.word.kind == ".." else value

    def range(self, first: Node) -> Node:
        self.take()
        last = self.constant("the last number of the range")
        begin, end = self.whole_number(first), self.whole_number(last)
        if end < begin:
            raise query_error(self.text, first.at, f"the range {begin}..{end} goes backwards", f"write {end}..{begin}")
        stride = 1
        if self.accept(":"):
            stride = self.whole_number(step := self.constant("a stride"))
            if stride < 1:
                raise query_error(self.text, step.at, f"the stride is {stride}, expected 1 or more")
        return Range(first.at, begin, end, stride)

    def whole_number(self, node: Node) -> int:
        value = node.value if isinstance(node, Literal) else None
        if not isinstance(value, int) or isinstance(value, bool):
            raise query_error(self.text, node.at, "a range goes from one whole number to another")
        return value

    def constant(self, expected: str) -> Node:
        """A number with or without a sign, a text, a time, TRUE, FALSE or NULL."""
        word = self.word
        if word.kind in ("number", "-", "+"):
            return self.number()
        if word.kind == "text":
            return Literal(word.at, _unquoted(self.take().text))
        if word.kind == "time":
            return self.time()
        if word.kind in _CONSTANTS:
            return Literal(word.at, _CONSTANTS[self.take().kind])
        raise self.unexpected(expected)

    def number(self) -> Node:
        at = self.word.at
        sign = self.take().kind if self.word.kind in ("-", "+") else ""
        digits = self.expect("number", "a number").text
        if not digits.isdigit():
            value: int | float = float(digits)
            if value == float("inf"):
                raise query_error(self.text, at, f"the number {quoted(digits)} is too large")
            return Literal(at, -value if sign == "-" else value)
        # Python refuses to read thousands of digits; 20 are too many already.
        value = int(digits.lstrip("0")[:20] or "0")
        if value > _LARGEST + (sign == "-"):
            raise query_error(self.text, at, f"the number {quoted(digits)} is beyond 64 bits")
        return Literal(at, -value if sign == "-" else value)

    def time(self) -> Node:
        from provstore.query.times import canonical  # most expressions have no time

        word = self.take()
        try:
            return Time(word.at, canonical(_unquoted(word.text[1:])))
        except ValueError as error:
            raise query_error(self.text, word.at, str(error)) from None


_CONDITIONS = (AllOf, AnyOf, Not, Comparison, In, Glob, Overlaps)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")

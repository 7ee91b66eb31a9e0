"""Path templates: ``calibrated/{visit}_{detector:02d}.h5``.

Rules: a field is ``{name}`` or ``{name:format}``; ``{{`` and ``}}`` are braces. A field stands for one or
more characters without ``/``, and not for a name that begins with a dot. A path
belongs to a template only if the template, given the values found in it, writes that very path:
``{detector:02d}`` finds ``03`` and not ``3``. In an input, ``*``, ``?``, ``[...]`` and ``**`` are a glob.
"""

from __future__ import annotations

import functools
import re

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.values import Value

INTEGER_FORMAT = re.compile(r"[+ -]?#?0?\d*[bdoxX]")
_PLAIN_INTEGER = re.compile(r"(0?)(\d*)d?")
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAGIC = re.compile(r"[*?\[]")
_SPECIAL = re.compile(r"[{}*?\[]")
BRACKET = re.compile(r"\[([!^]?+)(\]?+[^\]]*)\]")
"""A glob's set of characters: its negation and its members, of which ``]`` may be the first."""
_GLOB = re.compile(rf"[*?]|{BRACKET.pattern}")
_NEVER = re.compile(r"(?!)")
BASES = {"b": 2, "o": 8, "x": 16, "X": 16}
"""Last character of a format → the base in which it writes integers; of others it is ten."""
_DIGITS = re.compile(r"([0-9]+)")
_NO_NAME = re.compile("[/\0\ud800-\udfff]")
_NO_LITERAL = re.compile(r"[{\[]")
ANY_TEXT = "[^/]+?"
"""What a field stands for of which nothing more is known."""

LONGEST_PATH, LONGEST_NAME = 4095, 255
"""Bytes of a path that a system call takes; characters of a name that any file system takes."""
INTEGERS = range(-(2**63), 2**63)
"""Those that a dimension can have: a store holds no others."""


class TemplateError(ValueError):
    """A template that can't be read; the message says what was found and what was expected."""


class Field(NamedTuple):
    """One ``{name:format}``."""

    name: str
    format: str

    @property
    def is_integer(self) -> bool:
        """Its format writes integers only."""
        return bool(self.format) and INTEGER_FORMAT.fullmatch(self.format) is not None


@functools.lru_cache(maxsize=4096)
def parse(template: str) -> tuple[str | Field, ...]:
    """Cuts a template into literal text and fields.

    Raises:
        TemplateError: A single brace, or a field whose name is no identifier.
    """
    pieces: list[str | Field] = []
    literal, end = "", 0
    for token in _TOKEN.finditer(template):
        literal += template[end : token.start()]
        end = token.end()
        text = token.group()
        if text in ("{{", "}}"):
            literal += text[0]
            continue
        if token.group(1) is None:
            raise TemplateError(
                f"a single '{text}' in path '{template}'; write '{text}{text}' for the character itself"
            )
        name, _, spec = token.group(1).partition(":")
        if not _NAME.fullmatch(name):
            raise TemplateError(
                f"'{text}' in path '{template}' is no {{dimension}}; write '{{{text}}}' for the text itself"
            )
        if literal:
            pieces.append(literal)
        pieces.append(Field(name, spec))
        literal = ""
    literal += template[end:]
    if literal:
        pieces.append(literal)
    return tuple(pieces)


def is_plain(template: str) -> bool:
    """It has neither braces nor glob characters, so that it is the path itself. Most templates are."""
    return not _SPECIAL.search(template)


def fields(template: str) -> tuple[str, ...]:
    """Names of the dimensions in a template, in order, each once."""
    if "{" not in template:
        return ()
    return tuple(dict.fromkeys(piece.name for piece in parse(template) if isinstance(piece, Field)))


def write(template: str, values: Mapping[str, Value]) -> str:
    """The path for a data ID.

    Raises:
        TemplateError: A format does not fit its value.
    """
    if is_plain(template):
        return template  # `check` has looked at it
    pieces = []
    for piece in parse(template):
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        value = values[piece.name]
        if isinstance(value, bool):
            value = "true" if value else "false"
        try:
            pieces.append(value if isinstance(value, str) and not piece.format else format(value, piece.format))
        except (ValueError, OverflowError):
            message = f"'{{{piece.name}:{piece.format}}}' in path '{template}' can't write the value {value!r}"
            raise TemplateError(message) from None
        if not pieces[-1] or _NO_NAME.search(pieces[-1]):
            message = f"'{{{piece.name}}}' in path '{template}' writes {pieces[-1]!r}, which can't be part of a name"
            raise TemplateError(message)
    path = "".join(pieces)
    if ".." in path and "/../" in f"/{path}/":
        raise TemplateError(f"path '{template}' becomes '{path}', which leads back by '..'")
    if fault := too_long(path):
        raise TemplateError(f"path '{template}' becomes '{path[:LONGEST_NAME]}…', which {fault}")
    return path


def too_long(path: str) -> str:
    """What no file system takes in a path, or in a template's literal names, as a message says it; empty: nothing."""
    if len(path) <= LONGEST_NAME:
        return ""
    if len(path.encode("utf-8", "surrogatepass")) > LONGEST_PATH:
        return f"has more than the {LONGEST_PATH:,} bytes that a path can have"
    if any(len(name) > LONGEST_NAME and not _NO_LITERAL.search(name) for name in path.split("/")):
        return f"has a name of more than {LONGEST_NAME} characters"
    return ""


def unescaped(template: str) -> str:
    """A path without fields as the file system spells it: ``[*]`` becomes ``*``, ``{{`` becomes ``{``."""
    if is_plain(template):
        return template
    text = "".join(piece if isinstance(piece, str) else "" for piece in parse(template))
    return re.sub(r"\[([*?\[])\]", r"\1", text)


def is_pattern(template: str) -> bool:
    """A glob once escapes such as ``[*]`` are set aside."""
    if not _MAGIC.search(template):
        return False
    literal = "".join(piece for piece in parse(template) if isinstance(piece, str))
    return bool(_MAGIC.search(re.sub(r"\[[*?\[]\]", "", literal)))


class Axis(NamedTuple):
    """What matching needs to know of a dimension.

    Attributes:
        values: Listed values; None when any text will do.
        is_integer: A found value becomes an integer.
    """

    values: tuple[Value, ...] | None
    is_integer: bool


LISTED_AT_MOST = 500
"""A longer list is looked up after the match instead of being part of the regular expression."""


class Matcher:
    """Finds the values in paths that belong to a template.

    Args:
        template: Normalised path template.
        axes: Every dimension in it.
        glob: ``*``, ``?`` and ``[`` are a glob (in inputs), not letters (in outputs).

    Attributes:
        parts: The template cut at ``/``, as in `Search`.
        regex: Regular expression of whole paths.
    """

    def __init__(self, template: str, axes: Mapping[str, Axis], *, glob: bool = True) -> None:
        self.template = template
        self._magic = _MAGIC if glob else _NEVER
        self._fields = tuple(piece for piece in parse(template) if isinstance(piece, Field))
        self._axes = {field.name: axes[field.name] for field in self._fields}
        self._texts = {
            field: {_written(field, value): value for value in axis.values or ()}
            for field in self._fields
            if (axis := axes[field.name]).values is not None
        }
        self._groups: dict[Field, str] = {}
        self._around: dict[str, str] = {}  # of a segment's regular expression, what surrounds its only field
        raw = _without_repeated_folders([self._segment(pieces) for pieces in _cut(parse(template))])
        self.parts = [("field", self._around[text]) if text in self._around else (kind, text)
                      for kind, text in _standing_alone(raw)]  # fmt: skip
        self.regex = _joined(raw)
        self._compiled = re.compile(self.regex, re.DOTALL)

    def match(self, path: str) -> dict[str, Value] | None:
        """The values in a path; None when it does not belong to the template."""
        found = self._compiled.fullmatch(path)
        if found is None:
            return None
        values: dict[str, Value] = {}
        for field in self._fields:
            text = found[self._groups[field]]
            listed = self._texts.get(field)
            value: Value | None = text
            if listed is not None:
                value = listed.get(text)
            elif self._axes[field.name].is_integer:
                value = _integer(field, text)
            elif field.format and not _is_written(field, text):
                value = None
            if value is None or values.setdefault(field.name, value) != value:
                return None
        return values

    def _segment(self, pieces: list[str | Field]) -> tuple[str, str]:
        """One segment: ("name", literal name), ("pattern", regular expression) or ("pattern", "**")."""
        if not any(isinstance(piece, Field) or self._magic.search(piece) for piece in pieces):
            return "name", "".join(str(piece) for piece in pieces)
        if pieces == ["**"] and self._magic is _MAGIC:
            return "pattern", "**"
        spelled = _translated if self._magic is _MAGIC else re.escape
        parts = [self._field(piece) if isinstance(piece, Field) else spelled(piece) for piece in pieces]
        first = pieces[0]
        hidden = "" if isinstance(first, str) and not self._magic.match(first) else r"(?!\.)"
        pattern = hidden + "".join(parts)
        around = ["/" if part.endswith(f">{ANY_TEXT})") else piece for piece, part in zip(pieces, parts, strict=True)]
        if around.count("/") == 1 and not any(
            isinstance(piece, Field) or self._magic.search(piece) for piece in around
        ):
            self._around[pattern] = "".join(map(str, around))
        return "pattern", pattern

    def _field(self, field: Field) -> str:
        if field in self._groups:
            return f"(?P={self._groups[field]})"
        group = self._groups[field] = f"field{len(self._groups)}"
        listed = self._texts.get(field)
        if listed is not None and len(listed) <= LISTED_AT_MOST:
            inner = "|".join(re.escape(text) for text in sorted(listed, key=len, reverse=True)) or "(?!)"
        elif self._axes[field.name].is_integer:
            inner = _integer_pattern(field.format)
        else:
            inner = ANY_TEXT
        return f"(?P<{group}>{inner})"


def _standing_alone(raw: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Segments to look for one by one: a field that an earlier segment defines matches anything here."""
    return [(kind, re.sub(r"\(\?P=\w+\)", ANY_TEXT, text) if kind == "pattern" else text) for kind, text in raw]


FOLDERS = ("pattern", "**")


def _without_repeated_folders(raw: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """``**/**`` says the same as ``**``."""
    return [segment for before, segment in zip([None, *raw], raw, strict=False) if not before == segment == FOLDERS]


def _joined(raw: list[tuple[str, str]]) -> str:
    """The regular expression of a whole path; ``**`` stands for any number of folders.

    Between two ``**`` without a field, the first place that fits is as good as any other, so that it is settled
    (an atomic group) and not tried again: the time stays in proportion to the path.
    """
    whole, start = "", 0
    for number, segment in enumerate([*raw, FOLDERS]):
        if segment != FOLDERS:
            continue
        part = "/".join(re.escape(text) if kind == "name" else text for kind, text in raw[start:number])
        part += "/" if start < number < len(raw) else ""
        before = r"(?:(?!\.)[^/]+/)*?" if start else ""
        if number == len(raw) and start == number:
            part = r"(?!\.)[^/]+"
        settled = start and number < len(raw) and "(?P" not in part
        whole += f"(?>{before}{part})" if settled else before + part
        start = number + 1
    return whole


def _cut(pieces: tuple[str | Field, ...]) -> list[list[str | Field]]:
    segments: list[list[str | Field]] = [[]]
    for piece in pieces:
        if isinstance(piece, Field):
            segments[-1].append(piece)
            continue
        first, *others = piece.split("/")
        if first:
            segments[-1].append(first)
        segments += [[part] if part else [] for part in others]
    return segments


def _integer_pattern(spec: str) -> str:
    """What a format can write: as narrow as possible, so that a search finds the right cut between two fields."""
    plain = _PLAIN_INTEGER.fullmatch(spec)
    if plain is None:
        return " *[+ -]?(?:0[boxX])?[0-9a-fA-F]+" if INTEGER_FORMAT.fullmatch(spec) else ANY_TEXT
    width = int(plain[2] or 0)
    if plain[1] and width > 1:
        rest = width - 1
        return rf"[0-9]{{{width}}}|-(?!0{{{rest}}})[0-9]{{{rest}}}|-?[1-9][0-9]{{{rest},}}"
    return (" *" if width > 1 else "") + "(?:0|-?[1-9][0-9]*)"


def _translated(text: str) -> str:
    """A glob within one segment as a regular expression.

    What stands between two ``*`` is settled where it is found first, as in `_joined`.
    """
    parts, position = [""], 0
    for found in _GLOB.finditer(text):
        parts[-1] += re.escape(text[position : found.start()])
        position = found.end()
        if found[2] is not None:
            parts[-1] += _one_of(found[2], negated=bool(found[1]))
        elif found.group() == "*":
            parts.append("")
        else:
            parts[-1] += "[^/]"
    parts[-1] += re.escape(text[position:])
    first, *others = parts
    settled = "".join(f"(?>[^/]*?{part})" for part in others[:-1] if part)
    return first + settled + "".join(f"[^/]*{part}" for part in others[-1:])


def _one_of(members: str, *, negated: bool) -> str:
    """A set of characters; a range that runs backwards holds none."""
    kept = ""
    for first, last, single in re.findall(r"(.)-(.)|(.)", members, re.DOTALL):
        if single:
            kept += re.escape(single)
        elif first <= last:
            kept += f"{re.escape(first)}-{re.escape(last)}"
    if not kept:
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{kept}]"


def _written(field: Field, value: Value) -> str:
    return write(f"{{{field.name}:{field.format}}}" if field.format else f"{{{field.name}}}", {field.name: value})


def _is_written(field: Field, text: str) -> bool:
    """The field, given this text as its value, writes it as it is."""
    try:
        return format(text, field.format) == text
    except (ValueError, OverflowError):
        return False


def _integer(field: Field, text: str) -> int | None:
    """The integer that the field writes as `text`; None when it would write another text, or no dimension has it."""
    try:
        value = int(text.replace(",", ""), BASES.get(field.format[-1:], 10))
        return value if value in INTEGERS and format(value, field.format) == text else None
    except (ValueError, OverflowError):
        return None


def natural_key(value: Value) -> tuple[tuple[int, float, str], ...]:
    """Sorts as a person would: numbers by value, also inside text (``a2`` before ``a10``)."""
    if not isinstance(value, str):
        return ((0, value, ""),)
    if value.isdecimal() and value.isascii() and len(value) <= LONGEST_NAME:
        return ((0, int(value), value),)
    return tuple(
        (0, int(part), part) if part.isdecimal() and len(part) <= LONGEST_NAME else (1, 0, part)
        for part in _DIGITS.split(value)
        if part
    )

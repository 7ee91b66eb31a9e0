"""Placeholders in commands: ``python fit.py {inputs.raw} --seed {params.seed}``.

Rules:
- A placeholder is ``{word}``, ``{word.word…}`` or ``{word[0]}``, each with an optional ``:format`` without
  white space. All other braces are ordinary text: ``{print $1}``, ``{}``, ``{a,b}``, ``{1..3}``, JSON.
- ``$`` before the braces makes them ordinary text: ``${HOME}``.
- Doubled braces around a word are single ones, as in Python: ``{{word}}`` is the text ``{word}``,
  ``{{{word}}}`` a value between braces, ``{{{{word}}}}`` the text ``{{word}}``. Doubled braces around anything
  else stay doubled.
- In a script every value is quoted for the shell, and several become several words. In an array of arguments
  nothing is quoted; an element that is one placeholder becomes as many elements as it has values.
- A path that begins with ``-`` is written with ``./`` in front, so that no command takes it for an option.
"""

from __future__ import annotations

import functools
import re
import shlex

from provstore.model.values import spelled
from provstore.noun import NamedTuple
from provstore.pipelinefile.templates import TemplateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON, Value

_BRACED = re.compile(
    r"""
    (?<!\{)(?P<opening>\{++)
    (?P<word> (?P<name>[A-Za-z_][A-Za-z0-9_]*)
        (?: \[(?P<index>[0-9]+)\] | (?P<dotted>(?:\.[A-Za-z0-9_-]+)+) )?
        (?: :(?P<format>[^{}\s]*) )? )
    (?P<closing>\}++)
    """,
    re.VERBOSE,
)


_UNSAYABLE = re.compile("[\0\ud800-\udfff]")
"""What no command can carry: NUL, and halves of characters."""


class Placeholder(NamedTuple):
    """One ``{name.attribute:format}``.

    Attributes:
        name: "inputs", "outputs", "params" or a dimension.
        attribute: What follows the name, "raw", "0" or "a.b"; None: nothing.
        format: In Python's format language; empty: none.
        text: As written, with its braces.
        offset: Where it stands in the command.
    """

    name: str
    attribute: str | None
    format: str
    text: str
    offset: int


class Values(NamedTuple):
    """What a task's placeholders stand for.

    Attributes:
        inputs, outputs: Role → paths, as the command must see them.
        params: Full name → value.
        data_id: Dimension → value.
    """

    inputs: Mapping[str, Sequence[str]]
    outputs: Mapping[str, Sequence[str]]
    params: Mapping[str, JSON]
    data_id: Mapping[str, Value]


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> tuple[str | Placeholder, ...]:
    """Cuts a command into literal text, with doubled braces resolved, and placeholders."""
    pieces: list[str | Placeholder] = []
    literal, end = "", 0
    for match in _BRACED.finditer(text):
        if text[match.start() - 1 : match.start()] == "$":
            continue
        depth = min(len(match["opening"]), len(match["closing"]))
        start = match.start("word") - depth
        literal += text[end:start] + "{" * (depth // 2)
        end = match.end("word") + depth
        if depth % 2:
            if literal:
                pieces.append(literal)
            pieces.append(_placeholder(match))
            literal = ""
        else:
            literal += match["word"]
        literal += "}" * (depth // 2)
    literal += text[end:]
    if literal:
        pieces.append(literal)
    return tuple(pieces)


def _placeholder(match: re.Match[str]) -> Placeholder:
    dotted = match["dotted"]
    attribute = dotted[1:] if dotted else match["index"]
    return Placeholder(match["name"], attribute, match["format"] or "", f"{{{match['word']}}}", match.start("word") - 1)


def names(text: str) -> tuple[Placeholder, ...]:
    """The placeholders of a command, in order, for whoever asks what it names."""
    if "{" not in text:
        return ()
    return tuple(piece for piece in parse(text) if isinstance(piece, Placeholder))


def render_script(text: str, values: Values) -> str:
    """The script with every value quoted for the shell.

    Raises:
        TemplateError: A format does not fit its value.
    """
    return "".join(
        [
            piece if isinstance(piece, str) else " ".join(map(shlex.quote, _words(piece, values)))
            for piece in parse(text)
        ]
    )


def render_argv(words: Sequence[str], values: Values) -> tuple[str, ...]:
    """Program and arguments, with nothing quoted.

    Raises:
        TemplateError: A format does not fit its value.
    """
    rendered: list[str] = []
    for word in words:
        pieces = parse(word)
        if len(pieces) == 1 and isinstance(pieces[0], Placeholder):
            rendered.extend(_words(pieces[0], values))
        else:
            rendered.append(
                "".join(piece if isinstance(piece, str) else " ".join(_words(piece, values)) for piece in pieces)
            )
    return tuple(rendered)


def _words(placeholder: Placeholder, values: Values) -> list[str]:
    """The words that a placeholder stands for, before any quoting."""
    name, attribute = placeholder.name, placeholder.attribute
    if name == "params":
        value = values.params[attribute or ""]
        return [_written(element, placeholder) for element in (value if isinstance(value, (list, tuple)) else [value])]
    if name in ("inputs", "outputs"):
        roles = values.inputs if name == "inputs" else values.outputs
        chosen = roles.values() if attribute is None else [roles[attribute]]
        if not placeholder.format:
            return [_path(path) for paths in chosen for path in paths]
        return [_path(_written(path, placeholder)) for paths in chosen for path in paths]
    return [_written(values.data_id[name], placeholder)]


def _path(path: str) -> str:
    return f"./{path}" if path.startswith("-") else path


def _written(value: JSON, placeholder: Placeholder) -> str:
    if not placeholder.format:
        return spelled(value)
    if isinstance(value, (bool, list, tuple, dict)):
        value = spelled(value)
    try:
        text = format(value, placeholder.format)
        if not _UNSAYABLE.search(text):
            return text
    except (ValueError, OverflowError):
        pass
    message = f"'{placeholder.text}' can't write the value {value!r}"
    raise TemplateError(message)

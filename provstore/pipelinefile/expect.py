"""What the value of a key has to be: one function for each kind, from TOML's value to ours.

Rules: a function gets what was read from TOML or JSON, of any type whatever, and returns the checked value or
raises `UnexpectedError`, which says what was found and what was expected. None looks at any other key.
"""

from __future__ import annotations

import math
import re

from provstore.model.values import spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from provstore.model.values import JSON, Value

DEEPEST = 32
"""Values may be nested this deep."""
LARGEST = 2**63 - 1
"""Whole numbers beyond 64 bits are no TOML and fit no store."""
LONGEST_RANGE = 1_000_000

_SHOWN = 60
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNITS = {"B": 1} | {f"{unit}B": 1000**power for power, unit in enumerate("kMGT", 1)}
_UNITS |= {"KB": 1000} | {f"{unit}iB": 1024**power for power, unit in enumerate("KMGT", 1)}
_DURATION = re.compile(r"(?:\d{1,12}(?:\.\d{1,12})?[smhdw])+")
_DURATION_PART = re.compile(r"([\d.]+)([smhdw])")
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,12})?) ?([A-Za-z]+)")
_RANGE = re.compile(r"(-?\d{1,18})\.\.(-?\d{1,18})(?::(-?\d{1,18}))?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class UnexpectedError(ValueError):
    """A value is not what its key wants; the message says what was found, then what was expected."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text, self.hint = text, hint


class UnknownNameError(UnexpectedError):
    """A name that nothing has; whoever notes it adds the nearest of `choices`."""

    def __init__(self, text: str, name: str, choices: Iterable[str]) -> None:
        super().__init__(text)
        self.name, self.choices = name, choices


def quoted(text: str) -> str:
    """Text as messages show it: on one line, of bounded length, in single quotes."""
    if not text.isprintable():
        text = text.encode("unicode_escape").decode()
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[:_SHOWN]}…'"


def found(value: object) -> str:
    """A value as a message names it: scalars by their text, everything else by its kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= LARGEST else "a number beyond 64 bits"
    if isinstance(value, float):
        return str(value)
    if isinstance(value, (list, dict)):
        return "an array" if isinstance(value, list) else "a table"
    return "null" if value is None else "a date or time"


def _unexpected(value: object, expected: str, hint: str = "") -> UnexpectedError:
    return UnexpectedError(f"found {found(value)}, expected {expected}", hint)


def text(value: object, expected: str = "text") -> str:
    """Any text that the operating system takes, so without NUL."""
    if not isinstance(value, str):
        raise _unexpected(value, expected)
    if "\0" in value:
        raise UnexpectedError("found text with a NUL character, which nothing can carry")
    return value


def script(value: object) -> str:
    """A script for the shell that is not blank."""
    if isinstance(value, list):
        raise _unexpected(value, "a script", "a program and its arguments go into 'argv'")
    checked = text(value, "a script")
    if not checked.strip():
        raise _unexpected(value, "a script")
    return checked


def flag(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    hint = "without quotes" if value in ("true", "false") else ""
    raise _unexpected(value, "true or false", hint)


def words(value: object, expected: str = "an array of texts") -> tuple[str, ...]:
    """An array of texts, in its order."""
    if isinstance(value, str):
        raise _unexpected(value, expected, f"write [{quoted(value)}]")
    if not isinstance(value, list):
        raise _unexpected(value, expected)
    for word in value:
        if not isinstance(word, str):
            raise UnexpectedError(f"found {found(word)} in the array, expected {expected}")
        text(word)
    return tuple(value)


def names(value: object) -> tuple[str, ...]:
    """An array of names, each once."""
    checked = words(value, "an array of names")
    if (twice := repeated(checked)) is not None:
        raise UnexpectedError(f"{found(twice)} is there twice")
    return checked


def argv(value: object) -> tuple[str, ...]:
    """A program and its arguments."""
    if isinstance(value, str):
        raise _unexpected(value, "an array of program and arguments", "a script for the shell goes into 'run'")
    checked = words(value, "an array of program and arguments")
    if not checked or not checked[0]:
        raise UnexpectedError("found no program, expected an array of program and arguments")
    return checked


def variables(value: object) -> tuple[str, ...]:
    """Names of environment variables, sorted."""
    if isinstance(value, dict):
        raise _unexpected(value, "an array of names", "'env' names variables that are set elsewhere")
    checked = names(value)
    for name in checked:
        if not _NAME.fullmatch(name):
            raise UnexpectedError(f"found {quoted(name)}, expected the name of an environment variable")
    return tuple(sorted(checked))


def repeated(values: Iterable[Value]) -> Value | None:
    """The first value that is there a second time."""
    seen = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


def count(value: object) -> int:
    """A whole number, >= 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise _unexpected(value, "a whole number, at least 0")
    return value


def amount(value: object) -> float:
    """A number, >= 0 and finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LARGEST:
        raise _unexpected(value, "a number, at least 0")
    return value


def duration(value: object) -> float:
    """Seconds, > 0, from a number of seconds or from text such as ``1h30m``."""
    expected = "a duration such as '10m', '90s' or '1h30m'"
    if isinstance(value, str) and _DURATION.fullmatch(value):
        try:
            value = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(value))
        except ValueError:
            raise _unexpected(value, expected) from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= LARGEST:
        raise _unexpected(value, expected)
    return float(value)


def size(value: object) -> int:
    """Bytes, >= 0, from a number of bytes or from text such as ``8GiB`` or ``1.5 MB``."""
    expected = "a size such as '8GiB' or '500MB'"
    if isinstance(value, str):
        parsed = _SIZE.fullmatch(value)
        if parsed is None or parsed[2] not in _UNITS:
            raise _unexpected(value, expected)
        value = int(float(parsed[1]) * _UNITS[parsed[2]])
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise _unexpected(value, expected)
    return value


def objects_limit(value: object) -> int | None:
    """From `[store] objects`: the largest output, in bytes, that is kept; None: all are."""
    if value in ("all", "none"):
        return None if value == "all" else 0
    try:
        return size(value)
    except UnexpectedError:
        raise _unexpected(value, "'all', 'none' or a size such as '1GiB'") from None


def shell(value: object) -> tuple[str, ...]:
    """The command that gets a script as its last argument; a shell alone gets ``-e -c``."""
    import shlex

    try:
        found_words = tuple(shlex.split(text(value, "a shell such as 'bash' or 'bash -euo pipefail -c'")))
    except ValueError as error:
        if isinstance(error, UnexpectedError):
            raise
        raise UnexpectedError(f"found {found(value)}, which has a quote without its partner") from None
    if not found_words:
        raise _unexpected(value, "a shell such as 'bash' or 'bash -euo pipefail -c'")
    return found_words if len(found_words) > 1 else (*found_words, "-e", "-c")


def spans(value: str) -> bool:
    """The text has the form of a range."""
    return _RANGE.fullmatch(value) is not None


def steps(value: str) -> tuple[int, ...]:
    """The numbers of a range, ``0..3`` or ``0..90:10``, both ends in it."""
    parsed = _RANGE.fullmatch(value)
    if parsed is None:
        raise _unexpected(value, "a range such as '0..3' or '0..90:10'")
    first, last, stride = int(parsed[1]), int(parsed[2]), int(parsed[3] or 1)
    if stride < 1:
        raise UnexpectedError(f"range {quoted(value)} has the stride {stride}, expected at least 1")
    if last < first:
        raise UnexpectedError(f"range {quoted(value)} runs backward", f"write '{last}..{first}'")
    if (last - first) // stride >= LONGEST_RANGE:
        raise UnexpectedError(f"range {quoted(value)} has more than {LONGEST_RANGE:,} values")
    return tuple(range(first, last + 1, stride))


def scalar(value: object) -> Value:
    """Text, a number or a truth value: what a path, a command and the store can carry."""
    if isinstance(value, str):
        return _unicode(text(value))
    if isinstance(value, float) and not math.isfinite(value):
        raise UnexpectedError(f"found {value}, expected a finite number", f"write '{value}' in quotes")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise UnexpectedError("found a number beyond 64 bits", "write it in quotes")
    if isinstance(value, (bool, int, float)):
        return value
    if value is None or isinstance(value, (list, dict)):
        raise _unexpected(value, "text, a number, true or false")
    raise UnexpectedError("found a date or time, expected text, a number, true or false", "write it in quotes")


def plain(value: object, depth: int = 0) -> JSON:
    """Whatever JSON can carry: scalars, and arrays and tables of them."""
    if depth > DEEPEST:
        raise UnexpectedError(f"is nested more than {DEEPEST} deep")
    if isinstance(value, list):
        return [plain(element, depth + 1) for element in value]
    if isinstance(value, dict):
        return {_unicode(key): plain(element, depth + 1) for key, element in value.items()}
    return scalar(value)


def _unicode(value: str) -> str:
    """JSON can spell halves of characters, which no file and no store can hold."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnexpectedError("found half of a character, expected Unicode text") from None
    return value


def writes(spec: str, samples: Iterable[Value]) -> bool:
    """A format, as in ``{detector:02d}``, can write at least one of the samples."""
    if re.search(r"\d{4}", spec):
        return False  # a width of thousands only fills memory
    for sample in samples:
        try:
            format(spelled(sample) if isinstance(sample, bool) else sample, spec)
        except (ValueError, OverflowError):
            continue
        return True
    return not spec

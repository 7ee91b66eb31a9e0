"""What names, paths, versions and words people may give to what they record. No disk, no store.

Rules: a name is any text that can be printed; a path is relative to the project and in its simplest form; a version
is three whole numbers. What is wrong is an error that says what was found and what was expected.
"""

from __future__ import annotations

import json
import posixpath
import re
import unicodedata
from collections.abc import Iterable

from provstore.digest import canonical_json
from provstore.errors import UsageError
from provstore.model.files import TOOL_FOLDERS
from provstore.model.values import nearest, whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.values import JSON

LONGEST = 255
"""Characters of a name at most."""

WILD = re.compile("[*?]")
"""What makes a glob of a name."""

OWNER_TYPES = ("user", "group", "project", "production")
LOCATIONS = ("project", "external", "meta")
BUMPS = ("major", "minor", "patch")
VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
TYPE_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, halves of characters and separators of lines."""


def checked_name(what: str, text: object) -> str:
    """A name of something that people record.

    Args:
        what: What is named, for messages.

    Raises:
        UsageError: It is empty, too long, or holds a control character.
    """
    if not isinstance(text, str):
        raise UsageError(f"{what}: found {text!r}, expected text")
    if not text.strip():
        raise UsageError(f"{what}: found {text!r}, expected a name that is not empty")
    if len(text) > LONGEST:
        raise UsageError(f"{what}: found {len(text)} characters, expected at most {LONGEST}: '{text[:40]}…'")
    wrong = next((char for char in text if unicodedata.category(char) in UNPRINTABLE), None)
    if wrong is not None:
        raise UsageError(f"{what}: found {text!r}, expected no control character ({wrong!r})")
    return text


def checked_text(what: str, value: object) -> str:
    """Any text, in any number of lines.

    Raises:
        UsageError: It is none, or not UTF-8.
    """
    if not isinstance(value, str):
        raise UsageError(f"{what}: found {value!r}, expected text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what}: {value!r} is not UTF-8") from None
    return value


def checked_owner(text: object) -> str:
    """A name that may be a folder's as well, since `[registry] layout` may make it one."""
    owner = checked_name("owner", text)
    if "/" in owner or owner in (".", ".."):
        raise UsageError(f"owner: found '{owner}', expected a name that may be a folder's")
    return owner


def one_of(what: str, text: object, known: Iterable[str]) -> str:
    """One of a few words."""
    words = tuple(known)
    if text not in words:
        near = nearest(str(text), words)
        hint = f"did you mean '{near}'?" if near else ""
        raise UsageError(f"{what}: found {text!r}, expected one of {', '.join(words)}", hint=hint)
    return str(text)


def checked_version(text: object) -> str:
    """``1.10.0``, or one of the words that ask for the next version.

    Raises:
        UsageError: It is neither.
    """
    if isinstance(text, str) and len(text) <= LONGEST and (text in BUMPS or VERSION.fullmatch(text)):
        return text
    raise UsageError(
        f"version: found {text!r}, expected three whole numbers such as 1.10.0",
        hint="or 'major', 'minor', 'patch' for the next one",
    )


def next_version(bump: str, used: Iterable[str]) -> str:
    """The version after the highest one that was ever used.

    Args:
        bump: "major", "minor" or "patch".
        used: Versions of one name and owner; without any, 0.0.0 is the highest.
    """
    highest = max((tuple(map(int, version.split("."))) for version in used), default=(0, 0, 0))
    place = BUMPS.index(bump)
    return ".".join(map(str, (*highest[:place], highest[place] + 1, *(0, 0)[place:])))


def pattern_of(glob: str) -> re.Pattern[str]:
    """What all names match that a glob stands for: `*` is any text, `?` any character, and nothing else is special."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in glob), re.DOTALL)


def normal_path(text: object) -> str:
    """A path within the project in its simplest form: ``a//b``, ``./a/b`` and ``a/b/`` are one.

    Raises:
        UsageError: It is absolute, leaves the project, is no path, or lies where no data may.
    """
    if not isinstance(text, str) or not text or "\0" in text:
        raise UsageError(f"path: found {text!r}, expected one relative to the project")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"path: {text!r} is not UTF-8") from None
    if text.startswith("/"):
        raise UsageError(f"{text}: this path is absolute, expected one relative to the project")
    path = posixpath.normpath(text)
    if path == ".." or path.startswith("../"):
        hint = "what lies elsewhere is copied in (old_location), or recorded where it is: location 'external'"
        raise UsageError(f"{text}: this path leaves the project", hint=hint)
    if path == "." or path.partition("/")[0] in TOOL_FOLDERS:
        raise UsageError(f"{text}: no dataset may lie there", hint="name a file or a folder in the project")
    return path


def checked_words(words: object) -> tuple[str, ...]:
    """Keywords in lower case, each once, sorted."""
    listed = checked_list("keywords", words, "words")
    return tuple(sorted({checked_name("keyword", word).strip().lower() for word in listed}))


def checked_list(what: str, values: object, of: str) -> tuple[object, ...]:
    """Several values; a text alone is none of several.

    Args:
        what: What they are, and `of` what each is, for messages.

    Raises:
        UsageError: It is no list.
    """
    if isinstance(values, str):
        raise UsageError(f"{what}: found the text '{values}', expected a list of {of}")
    if isinstance(values, bytes) or not isinstance(values, Iterable):
        raise UsageError(f"{what}: found {values!r}, expected a list of {of}")
    return tuple(values)


def checked_type(text: object) -> str:
    """The name of a dataset type: identifiers with dots between.

    Raises:
        UsageError: It is another text.
    """
    if isinstance(text, str) and len(text) <= LONGEST and TYPE_NAME.fullmatch(text):
        return text
    raise UsageError(f"dataset type: found {text!r}, expected identifiers with dots between, such as 'image.raw'")


def checked_alias(text: object) -> str:
    """A name that is none of an id's form."""
    name = checked_name("alias", text)
    if ID.fullmatch(name.lower()):
        raise UsageError(f"alias: '{name}' looks like an id, expected another name")
    return name


def checked_object(what: str, value: Mapping[str, JSON] | None) -> str:
    """A JSON object as the store spells it.

    Raises:
        UsageError: It is none, or holds what JSON does not: NaN, say.
    """
    if value is None:
        return "{}"
    if not isinstance(value, dict):
        raise UsageError(f"{what}: found {value!r}, expected a JSON object")
    try:
        json.dumps(value, allow_nan=False).encode()
        text = canonical_json(value)
        text.encode()
        plain: dict[str, JSON] = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{what}: found what JSON can't say: {error}") from None
    if canonical_json(plain) != text or set(plain) != set(value):
        raise UsageError(f"{what}: found a name that is no text, expected texts only")
    return text


def checked_data_id(value: Mapping[str, JSON] | None) -> str:
    """A data ID as the store spells it. Whole numbers may be those of numpy.

    Raises:
        UsageError: It is none, or holds what no query could tell from other values.
    """
    if isinstance(value, dict):
        value = {name: part if (number := whole_number(part)) is None else number for name, part in value.items()}
    text = checked_object("data ID", value)
    for dimension, part in (value or {}).items():
        if not dimension.isidentifier() or not isinstance(part, (str, int, float)):
            raise UsageError(f"data ID: found {dimension}={part!r}, expected a dimension with a text or a number")
        if isinstance(part, str) and "\0" in part:
            raise UsageError(f"data ID: found {dimension}={part!r}, expected text without NUL characters")
        if isinstance(part, int) and not -(2**63) <= part < 2**63:
            raise UsageError(f"data ID: {dimension}: found a number beyond 64 bits, expected a smaller one")
    return text


def spelled_dataset(type: str, values: Mapping[str, object]) -> str:
    """A dataset as messages name it: ``image visit=101, detector=3``."""
    return " ".join([type, ", ".join(f"{name}={value}" for name, value in values.items())]).strip()

"""Writes the package of a new plug-in: a small format that works, its tests, and a README."""

from __future__ import annotations

import os
import re

from provstore.errors import UsageError
from provstore.formats import BUILT_IN, KNOWN_PACKAGES
from provstore.noun import NamedTuple

TEMPLATES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "templates", "plugin")
"""Files of the package. Names and texts have words such as ``@module@`` in them; each ends in `ENDING` besides."""
ENDING = ".txt"

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 60
SUFFIX = re.compile(r"(\.[a-z0-9][a-z0-9_+-]*)+")


class NewPluginReport(NamedTuple):
    """What was written.

    Attributes:
        folder: Relative to where it was asked for.
        format: The format's name.
        suffix: The ending of its files.
    """

    folder: str
    format: str
    suffix: str


def new_plugin(folder: str, name: str, form: str | None, suffix: str | None) -> NewPluginReport:
    """Writes ``provstore-NAME`` into a folder.

    Args:
        folder: Absolute.
        form: The format's name; None: the plug-in's.
        suffix: The ending of its files; None: the format's name.

    Raises:
        UsageError: A name that can't be, or there is something of this name already.
        OSError: It can't be written.
    """
    name = name.removeprefix("provstore-")
    form = form or name
    suffix = suffix or f".{form}"
    _check(name, form, suffix)
    package = f"provstore-{name}"
    target = os.path.join(folder, package)
    if os.path.lexists(target):
        raise UsageError(
            f"{package}: there is something of this name already", hint="choose another name, or remove it"
        )
    words = {
        "@package@": package,
        "@module@": package.replace("-", "_"),
        "@format@": form,
        "@class@": "".join(part.capitalize() for part in form.split("-")) + "Format",
        "@suffix@": suffix,
    }
    for source in _templates():
        _write(os.path.join(TEMPLATES, source), os.path.join(target, _filled(source, words)[: -len(ENDING)]), words)
    return NewPluginReport(package, form, suffix)


def _check(name: str, form: str, suffix: str) -> None:
    expected = "expected lower case letters, digits and '-', a letter first"
    for what, found in (("name", name), ("format", form)):
        if not NAME.fullmatch(found) or len(found) > LONGEST:
            raise UsageError(f"{what} {found!r}: {expected}", hint="for example: provstore plugins new my-records")
    if not SUFFIX.fullmatch(suffix) or len(suffix) > LONGEST:
        hint = f"for example: --suffix .{form}"
        raise UsageError(f"--suffix {suffix!r}: expected a dot and lower case letters or digits", hint=hint)
    _refuse_claimed(name, form, suffix)


def _refuse_claimed(name: str, form: str, suffix: str) -> None:
    """What provstore or a package of ours has already would clash with it."""
    if f"provstore-{name}" in {package.name for package in KNOWN_PACKAGES.values()}:
        raise UsageError(f"provstore-{name}: there is a package of this name", hint="choose another name")
    ours = {**BUILT_IN, **{other: package.suffixes for other, package in KNOWN_PACKAGES.items()}}
    for other, suffixes in ours.items():
        if form == other:
            raise UsageError(f"format {form}: there is one of this name already", hint="choose another: --format NAME")
        if suffix in suffixes:
            hint = "choose another: --suffix .SUFFIX"
            raise UsageError(f"suffix {suffix}: it belongs to the format {other}", hint=hint)


def _templates() -> list[str]:
    """Paths of all templates, relative to their folder."""
    found = []
    for folder, _, files in os.walk(TEMPLATES):
        found += [os.path.relpath(os.path.join(folder, file), TEMPLATES) for file in files if file.endswith(ENDING)]
    return sorted(found)


def _write(source: str, target: str, words: dict[str, str]) -> None:
    with open(source, encoding="utf-8") as file:
        text = _filled(file.read(), words)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "x", encoding="utf-8") as file:
        file.write(text)


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text

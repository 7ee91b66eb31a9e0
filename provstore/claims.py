"""Which format a file has: by what was declared for it, else by what its ending is claimed for.

Rule: nothing is imported for that, unless there are plug-ins besides provstore's own. A run whose files look as
remembered asks nothing here at all.
"""

from __future__ import annotations

import os
import sys
from functools import cached_property

from provstore.errors import PluginError
from provstore.formats import BUILT_IN, BYTES_DECIDE
from provstore.model.values import longest_ending
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from provstore.plugins import Plugins

DEFAULT = "bytes"
GROUP_LINE = b"[provstore]"


class Claims:
    """The formats of one project, by name and by ending.

    Args:
        root: Absolute path of the project.
        named: Plug-ins that its Pipelinefile names.
        choices: Suffix → name of a format, from `[formats]`.
    """

    def __init__(self, root: str, named: Sequence[str], choices: Mapping[str, str]) -> None:
        self.root, self.named, self.choices = root, tuple(named), dict(choices)

    def is_like(self, other: Claims) -> bool:
        """Both are made from the same."""
        return (self.root, self.named, self.choices) == (other.root, other.named, other.choices)

    @cached_property
    def plugins(self) -> Plugins | None:
        """All plug-ins; None where there are provstore's own only, and nobody needs to look."""
        if not self.named and not has_packages():
            return None
        from provstore.plugins import Plugins

        return Plugins(self.root, self.named, self.choices)

    @cached_property
    def _by_suffix(self) -> Mapping[str, str]:
        """Suffix → name.

        Raises:
            PluginError: Two formats clash.
        """
        if self.plugins is None:
            claimed = {suffix: name for name, suffixes in BUILT_IN.items() for suffix in suffixes}
        else:
            formats = self.plugins.formats().values()
            claimed = {suffix: format.name for format in formats for suffix in format.suffixes}
        return claimed | self.choices

    def name_of(self, path: str, declared: str | None = None) -> str:
        """Name of a file's format: the declared one, else by the longest ending that fits, else `bytes`.

        Raises:
            PluginError: Two formats clash.
        """
        return declared or longest_ending(path, self._by_suffix) or DEFAULT

    def has_digest(self, name: str) -> bool:
        """The format has a digest of its own, or may have one: it is not known here."""
        if name in BUILT_IN:
            return name not in BYTES_DECIDE
        if self.plugins is None:
            return True
        format = self.plugins.formats().get(name)
        return format is None or format.has_digest

    def check(self, names: Mapping[Any, str]) -> list[tuple[Any, PluginError]]:
        """What is wrong with names of formats that a Pipelinefile has.

        Args:
            names: Where it has each, for the caller → the name.

        Returns:
            (where, error) for each that there is none of. One that a plug-in which can't be used may offer passes:
            whoever needs it is told, and everything else goes on.

        Raises:
            PluginError: Two formats clash.
        """
        wanted = {where: name for where, name in names.items() if name not in BUILT_IN}
        if not wanted:  # plug-ins are not looked for before something is asked of them
            return []
        from provstore.plugins import Plugins

        plugins = self.plugins or Plugins(self.root, self.named, self.choices)
        known = plugins.formats()
        if plugins.failures:
            return []
        return [(where, plugins.unknown(name)) for where, name in wanted.items() if name not in known]


class Declared(NamedTuple):
    """What a Pipelinefile says of formats.

    Attributes:
        paths: Path → name of its declared format.
    """

    claims: Claims
    paths: Mapping[str, str]


def has_packages() -> bool:
    """A package that is installed has plug-ins for provstore, or may have some.

    A look into the folders that packages are in: `importlib.metadata` would take twenty times as long to say that
    there is none, which is what nearly everybody is told.
    """
    return any(_has_plugin(folder) for folder in dict.fromkeys(sys.path))


def _has_plugin(folder: str) -> bool:
    try:
        names = os.listdir(folder or ".")
    except NotADirectoryError:
        return folder.endswith((".egg", ".zip")) and os.path.exists(folder) and not _is_standard_library(folder)
    except OSError:
        return False
    return any(
        _offers(os.path.join(folder, name, "entry_points.txt"))
        for name in names
        if name.endswith((".dist-info", ".egg-info", ".egg"))
    )


def _is_standard_library(folder: str) -> bool:
    """The archive that stands in ``sys.path`` for a standard library that is packed."""
    return os.path.basename(folder).startswith("python")


def _offers(file: str) -> bool:
    try:
        with open(file, "rb") as opened:
            return GROUP_LINE in opened.read()
    except OSError:
        return False

"""Finds plug-ins, checks them, and gives typed access to what they offer. Nobody else calls a hook.

Rules: a manager belongs to one project; provstore's own formats come through the same hook as those of
strangers; a plug-in that can't be used is named with the reason, and whatever does not need it goes on.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from contextlib import contextmanager, redirect_stdout
from functools import partial

import pluggy

from provstore import hookspecs
from provstore.digest import digest_text
from provstore.errors import PluginError
from provstore.formats import BUILT_IN, KNOWN_PACKAGES
from provstore.model.values import longest_ending, nearest
from provstore.noun import NamedTuple
from provstore.plugin import Format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

GROUP = "provstore"
"""Group of the entry points of packages."""

OURS = "provstore"
MODULES = {
    **{name: f"provstore.formats.{name}" for name in BUILT_IN},
    "local": "provstore.executors.offered",
    "drawings": "provstore.exporters.offered",
}
"""provstore's own plug-ins: name → module."""

DEFAULT = "bytes"
NAME = re.compile(r"[A-Za-z0-9-]+")
SUFFIX = re.compile(r"(\.[^./A-Z\s]+)+")


class Plugin(NamedTuple):
    """What was plugged in.

    Attributes:
        name: Unique: the entry point's, or as the Pipelinefile has it.
        origin: "provstore", "package NAME VERSION" or "file PATH"; "module NAME".
        formats: What it offers.
    """

    name: str
    origin: str
    formats: tuple[Format, ...]

    def __str__(self) -> str:
        return f"{self.name} ({self.origin})"


class Failure(NamedTuple):
    """A plug-in that can't be used, and why."""

    name: str
    origin: str
    reason: str


class Plugins:
    """The plug-ins of one project.

    Args:
        root: Absolute path of the project, for plug-ins that are named by file.
        named: Modules and files from `[project] plugins`.
        choices: Suffix → name of a format, from `[formats]`.

    Attributes:
        plugged: In the order in which they were found: provstore's own, those of packages, those of the project.
        failures: Those that can't be used.
    """

    def __init__(self, root: str, named: Sequence[str], choices: Mapping[str, str]) -> None:
        self._choices = dict(choices)
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._origins: dict[str, str] = {}
        self.failures: list[Failure] = []
        for name, module in MODULES.items():
            self._plug(name, OURS, partial(importlib.import_module, module))
        self._plug_packages()
        for name in named:
            self._plug_named(root, name)
        self._refuse_unknown_hooks()
        self.plugged = tuple(self._offers())

    # --- finding --------------------------------------------------------------------------------------

    def _plug(self, name: str, origin: str, load: Callable[[], object]) -> None:
        try:
            with redirect_stdout(sys.stderr):  # what a command prints is read by programs
                plugin = load()
            if name in self._origins:
                raise PluginError(f"{self._origins[name]} has given the name {name} already")
            self._manager.register(plugin, name)
            self._origins[name] = origin
        except (Exception, SystemExit) as error:
            self._fail(name, origin, error)

    def note_failure(self, plugin: Plugin, error: BaseException) -> None:
        """Adds one to `failures`: something that a plug-in offers can't be used."""
        self._fail(plugin.name, plugin.origin, error)

    def _fail(self, name: str, origin: str, error: BaseException) -> None:
        kind = "" if isinstance(error, (PluginError, pluggy.PluginValidationError)) else f"{type(error).__name__}: "
        self.failures.append(Failure(name, origin, f"{kind}{error}"))

    def _plug_packages(self) -> None:
        from importlib.metadata import entry_points

        for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
            package = f"package {entry.dist.name} {entry.dist.version}" if entry.dist is not None else "a package"
            self._plug(entry.name, package, entry.load)

    def _plug_named(self, root: str, name: str) -> None:
        """A plug-in that the Pipelinefile names: a file of the project, or a module."""
        with _with_modules_of(root):
            if name.endswith(".py") or "/" in name:
                self._plug(name, f"file {name}", lambda: _module_from(os.path.join(root, name)))
            else:
                self._plug(name, f"module {name}", lambda: importlib.import_module(name))

    def _refuse_unknown_hooks(self) -> None:
        while True:
            try:
                self._manager.check_pending()
            except pluggy.PluginValidationError as error:
                name = str(self._manager.get_name(error.plugin))
                self._manager.unregister(error.plugin)
                self._fail(name, self._origins.pop(name), error)
            else:
                return

    # --- what they offer ------------------------------------------------------------------------------

    def _offers(self) -> Iterator[Plugin]:
        everybody = self._manager.get_plugins()
        for name, origin in self._origins.items():
            others = everybody - {self._manager.get_plugin(name)}
            call = self._manager.subset_hook_caller("provstore_formats", others)
            try:
                formats = tuple(_checked(entry) for result in call() for entry in result)
            except (Exception, SystemExit) as error:
                self._fail(name, origin, error)
            else:
                yield Plugin(name, origin, formats)

    def implementing(self, hook: str) -> list[tuple[Plugin, Callable[..., Any]]]:
        """Each plug-in that implements a hook, in order, with what calls the hook of this one alone.

        Arguments go by name. The answer is that of `pluggy`: a list with what the function returned.
        """
        everybody = self._manager.get_plugins()
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        found: list[tuple[Plugin, Callable[..., Any]]] = []
        for plugin in self.plugged:
            one = self._manager.get_plugin(plugin.name)
            if any(implementation.plugin is one for implementation in implementations):
                found.append((plugin, self._manager.subset_hook_caller(hook, everybody - {one})))
        return found

    def formats(self) -> dict[str, Format]:
        """Every format by its name.

        Raises:
            PluginError: Two have one name, or claim one suffix and the Pipelinefile does not choose.
        """
        clashes = [*self._clashes_of_names(), *self._clashes_of_suffixes()]
        if clashes:
            raise PluginError("\n".join(clashes), hint=self._choice())
        return {format.name: format for plugin in self.plugged for format in plugin.formats}

    def _clashes_of_names(self) -> list[str]:
        return [
            f"format {name}: {' and '.join(map(str, plugins))} both have one of this name; take one of them out"
            for name, plugins in self._claims(lambda format: (format.name,)).items()
            if len(plugins) > 1
        ]

    def _clashes_of_suffixes(self) -> list[str]:
        return [
            f"suffix {suffix}: {' and '.join(map(str, plugins))} both claim it"
            for suffix, plugins in self._claims(lambda format: format.suffixes).items()
            if len(plugins) > 1 and suffix not in self._choices
        ]

    def _choice(self) -> str:
        """What decides about the first suffix that two claim, as an example; "": nobody has to choose."""
        for suffix, plugins in self._claims(lambda format: format.suffixes).items():
            if len(plugins) > 1 and suffix not in self._choices:
                names = [format.name for format in plugins[-1].formats if suffix in format.suffixes]
                return f'choose in the Pipelinefile: [formats] "{suffix}" = "{names[0]}"'
        return ""

    def _claims(self, of: Callable[[Format], Sequence[str]]) -> dict[str, list[Plugin]]:
        claims: dict[str, list[Plugin]] = {}
        for plugin in self.plugged:
            for format in plugin.formats:
                for claim in of(format):
                    claims.setdefault(claim, []).append(plugin)
        return claims

    def format_of(self, path: str, declared: str | None) -> Format:
        """The format of a file: the declared one, else by the longest ending that fits, else `bytes`.

        Raises:
            PluginError: There is no format of that name, or formats clash.
        """
        formats = self.formats()
        name = declared or self._name_by_suffix(path, formats) or DEFAULT
        if name not in formats:
            raise self.unknown(name, f"{path}: ")
        return formats[name]

    def _name_by_suffix(self, path: str, formats: Mapping[str, Format]) -> str | None:
        by_suffix = {suffix: format.name for format in formats.values() for suffix in format.suffixes} | self._choices
        return longest_ending(path, by_suffix)

    def unknown(self, name: str, place: str = "") -> PluginError:
        """The error that there is no format of a name, with the package to install where one is known."""
        return PluginError(f"{place}there is no format '{name}'", hint=self._advice(name, self.formats()))

    def _advice(self, name: str, formats: Mapping[str, Format]) -> str:
        package = KNOWN_PACKAGES.get(name)
        if package is not None:
            return f"it comes with a package: pip install {package.name}"
        near = nearest(name, [*formats, *KNOWN_PACKAGES])
        if near:
            return f"did you mean '{near}'?"
        failed = ", ".join(failure.name for failure in self.failures)
        return f"plug-ins that can't be used: {failed}" if failed else f"formats are: {', '.join(sorted(formats))}"


def _checked(format: object) -> Format:
    """A format that keeps to the rules of its class.

    Raises:
        PluginError: It does not.
    """
    if not isinstance(format, Format):
        raise PluginError(f"provstore_formats gave {format!r}, expected objects of the class Format")
    for attribute in ("name", "python_type"):
        if not hasattr(format, attribute):
            raise PluginError(f"format {format!r}: has no '{attribute}'")
    if not isinstance(format.name, str) or not NAME.fullmatch(format.name):
        raise PluginError(f"format {format.name!r}: found this name, expected letters, digits and '-'")
    for suffix in format.suffixes:
        if not isinstance(suffix, str) or not SUFFIX.fullmatch(suffix):
            raise PluginError(f"format {format.name}: found suffix {suffix!r}, expected lower case after a dot")
    return format


def _module_from(path: str) -> object:
    """A file, or a folder with an ``__init__.py``, as a module under a name of its own."""
    from importlib.util import module_from_spec, spec_from_file_location

    file = os.path.join(path, "__init__.py") if os.path.isdir(path) else path
    name = "provstore_project_" + digest_text(path).rpartition(":")[2][:16]
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError("found no Python file, expected a name that ends in .py")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _with_modules_of(root: str) -> Iterator[None]:
    """The project's modules can be imported, and leave no compiled files in it, which might be somebody's input."""
    path, writes = list(sys.path), sys.dont_write_bytecode
    sys.path.append(root)  # behind all others, so that a file of the project hides no library
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:] = path
        sys.dont_write_bytecode = writes

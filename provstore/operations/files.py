"""Files that a user names, wherever they lie, and the formats that they have there."""

from __future__ import annotations

import os
import stat

from provstore.apart.client import Apart, AskingError
from provstore.claims import DEFAULT, Claims
from provstore.errors import FileError, NoProjectError, UsageError
from provstore.formats import BUILT_IN, KNOWN_PACKAGES
from provstore.model.values import longest_ending
from provstore.noun import NamedTuple
from provstore.project import locate
from provstore.watch.reading import kind_of, unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from provstore.model.comparison import Comparison
    from provstore.model.pipeline import Pipeline


class Named(NamedTuple):
    """A file or directory that a user named.

    Attributes:
        path: As it was typed.
        full: Absolute path.
    """

    path: str
    full: str


def named(folder: str, path: str) -> Named:
    """The file or directory that a user means.

    Args:
        folder: What `path` is relative to.

    Raises:
        UsageError: There is none, or it is something else (a pipe would be waited for until the end of days).
        FileError: It can't be looked at.
    """
    full = os.path.join(folder, path)
    try:
        mode = os.stat(full).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{path}: there is no such file or directory") from None
    except OSError as error:
        raise unreadable(path, error) from error
    if not path:
        raise UsageError("'': found an empty name, expected that of a file or a directory")
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UsageError(f"{path}: found a {kind_of(mode)}, expected a file or a directory")
    return Named(path, full)


class Formats:
    """The formats of the project that a folder lies in; outside of one, those of provstore and of installed packages.

    A context manager: formats work in a process apart, which ends with it.

    Attributes:
        remarks: What a person should know: a package that would do more, a plug-in that can't be used.

    Raises:
        PipelinefileError: The Pipelinefile is wrong.
        NoProjectError: The named Pipelinefile is not there.
    """

    def __init__(self, folder: str, file: str | None) -> None:
        self._root, self._pipeline = _pipeline(folder, file)
        if self._pipeline is None:
            self._claims = Claims(folder, (), {})
        else:
            self._claims = Claims(self._root, self._pipeline.plugins, self._pipeline.format_choices)
        self.apart = Apart(self._claims)
        self.remarks: list[str] = []

    def __enter__(self) -> Formats:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.apart.close()

    def of(self, file: Named, wanted: str | None) -> str:
        """Name of a file's format: the one that is wanted, else the declared one, else by the ending.

        Raises:
            PluginError: There is no format of the name that is wanted, or two clash.
        """
        if wanted is not None:
            return self._known(wanted)
        declared = self._declared(file)
        name = self._claims.name_of(file.path, declared)
        for _, error in self._claims.check({file.path: name}):
            self.remark(f"{file.path}: {error.message}" + (f"; {error.hint}" if error.hint else ""))
            return DEFAULT
        if name == DEFAULT and declared is None:
            self._remark_package(file)
        return name

    def _known(self, name: str) -> str:
        """The name, of which there is a format, also where some plug-in can't be used."""
        for _, error in self._claims.check({"--format": name}):
            raise error
        plugins = self._claims.plugins
        if plugins is not None and name not in BUILT_IN and name not in plugins.formats():
            raise plugins.unknown(name)
        return name

    def remark(self, text: str) -> None:
        """Notes what a person should know, once."""
        if text not in self.remarks:
            self.remarks.append(text)

    def _remark_package(self, file: Named) -> None:
        """Names the package, or the plug-ins that can't be used, where bytes are all that is seen of a file."""
        package = longest_ending(file.path, PACKAGES)
        if package is not None and longest_ending(file.path, self._claims.choices) is None:
            self.remark(f"{file.path}: its bytes are all that is seen; the format comes with: pip install {package}")
        for failure in self._claims.plugins.failures if self._claims.plugins is not None else ():
            self.remark(f"plug-in {failure.name} ({failure.origin}) can't be used: {failure.reason}")

    def _declared(self, file: Named) -> str | None:
        """The format that the Pipelinefile declares for this path, as an output or as an input."""
        if self._pipeline is None:
            return None
        from provstore.pipelinefile.formats import format_for

        folder, name = os.path.split(file.full.rstrip("/"))
        full = os.path.join(os.path.realpath(folder), name)  # as the project knows it, if its name is a link
        return format_for(self._pipeline, (os.path.relpath(full, self._root), full))

    def compare(self, a: Named, b: Named, format: str, tolerance: tuple[float, float] | None) -> Comparison:
        """How two files differ.

        Raises:
            FileError: One of them can't be read.
        """
        try:
            return self.apart.compare(a.full, b.full, "", format, tolerance)
        except AskingError as error:
            raise FileError(f"{a.path}, {b.path}: can't be compared: {error}") from error


PACKAGES = {suffix: package.name for package in KNOWN_PACKAGES.values() for suffix in package.suffixes}
"""Ending → package of ours that brings its format."""


def _pipeline(folder: str, file: str | None) -> tuple[str, Pipeline | None]:
    """Root and Pipelinefile of the project that a folder lies in; its store is not needed, and may be damaged."""
    try:
        root, name = locate(folder, file)
    except NoProjectError:
        if file is not None:
            raise
        return folder, None
    from provstore.pipelinefile.read import read_pipelinefile

    return root, read_pipelinefile(root, name)

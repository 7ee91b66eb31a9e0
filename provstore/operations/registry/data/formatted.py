"""Values in files: written and read by the format of their dataset type, in this process, as the value is its own.

Rules: a value of another type than the format takes is refused before anything is written, and one of another type
than it says is not given out; whatever a format raises becomes an error that names format, dataset and file.
"""

from __future__ import annotations

import os
from pathlib import Path

from provstore.errors import FileError, ProvstoreError, UsageError
from provstore.plugin.format import Unavailable
from provstore.plugin.inner import formats_at_work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.plugin import Format
    from provstore.plugins import Plugins
    from provstore.project import Project


class Formatted:
    """Reads and writes the values of one format.

    Args:
        name: Of the format.

    Raises:
        PluginError: There is no such format.
    """

    def __init__(self, project: Project, name: str) -> None:
        self._plugins: Plugins = project.plugins()
        formats = self._plugins.formats()
        if name not in formats:
            raise self._plugins.unknown(name)
        self.format: Format = formats[name]

    def check(self, value: object, dataset: str) -> None:
        """Refuses a value that the format does not take.

        Args:
            dataset: For messages.

        Raises:
            UsageError: It is of another type.
        """
        if not self.format.accepts(value):
            found, expected = kind_of(type(value)), self._expected()
            raise UsageError(
                f"{dataset}: format {self.format.name}: found a value of type {found}, expected {expected}"
            )

    def write(self, value: object, full: str, dataset: str, path: str) -> None:
        """Writes a value to a new file.

        Args:
            full: Absolute path of a file that does not exist.
            dataset, path: For messages: what it is, and where it is to lie.

        Raises:
            UsageError: The format can't write it.
            StoreUnwritableError: The disk is full.
        """
        with formats_at_work(self._inner, os.path.basename(path)):
            try:
                self.format.write(value, Path(full))
            except ProvstoreError:
                raise
            except OSError as error:
                from provstore.operations.outputs import disk_or_file_error

                raise disk_or_file_error(error, self._where(dataset, path) + "can't be written") from error
            except Exception as error:
                raise UsageError(f"{self._where(dataset, path)}can't be written: {_reason(error)}") from error
        if not os.path.lexists(full):
            raise UsageError(f"{self._where(dataset, path)}can't be written: the format wrote nothing")

    def read(
        self, full: str, dataset: str, path: str, component: str | None, parameters: Mapping[str, object]
    ) -> object:
        """The value in a file, or a component of it.

        Raises:
            UsageError: There is no such component or parameter.
            FileError: The file can't be read by this format.
        """
        file = Path(full)
        with formats_at_work(self._inner, os.path.basename(path)):
            try:
                value = self.format.read(file, component, **parameters)
            except ProvstoreError:
                raise
            except LookupError as error:
                hint = self._components(file) if component is not None else ""
                raise UsageError(f"{self._where(dataset, path)}{_reason(error)}", hint=hint) from error
            except Exception as error:
                raise FileError(f"{self._where(dataset, path)}can't be read: {_reason(error)}") from error
        if component is None and not self.format.accepts(value):
            found, expected = kind_of(type(value)), self._expected()
            raise FileError(f"{self._where(dataset, path)}gave a value of type {found}, expected {expected}")
        return value

    def _components(self, file: Path) -> str:
        """What there is, as a hint says it."""
        try:
            found = [str(name) for name in self.format.components(file)]
        except Exception:  # a file that can't be read has none
            return ""
        return f"its components are: {', '.join(found[:20])}{', …' if len(found) > 20 else ''}" if found else ""

    def _where(self, dataset: str, path: str) -> str:
        return f"{dataset}: format {self.format.name}: {path}: "

    def _inner(self, name: str) -> Format | None:
        found = self._plugins.format_of(name, None)
        return found if found.name != "bytes" else None

    def _expected(self) -> str:
        kinds = self.format.python_type
        return " or ".join(kind_of(kind) for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))


def kind_of(kind: type | str) -> str:
    """A type as messages name it."""
    if isinstance(kind, str):
        return kind
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _reason(error: Exception) -> str:
    text = str(error)
    is_sentence = isinstance(error, (Unavailable, ValueError, LookupError)) and not isinstance(error, KeyError)
    if is_sentence and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

"""The format of what lies in a container: a compressed file, say."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from provstore.plugin.format import Format

_finder: ContextVar[Callable[[str], Format | None] | None] = ContextVar("finder", default=None)
_name: ContextVar[str] = ContextVar("name", default="")


def inner_format(name: str) -> Format | None:
    """The format that the project has for a file of this name, for formats that contain others.

    Returns:
        None: `bytes`, which is what nobody claims. So it is outside of provstore, in a test of a format by itself.
    """
    find = _finder.get()
    return find(name) if find is not None else None


def name_of(path: Path) -> str:
    """The name of a file as the project knows it; a kept version lies under its digest, which tells nothing."""
    return _name.get() or path.name


@contextmanager
def formats_at_work(find: Callable[[str], Format | None], name: str = "") -> Iterator[None]:
    """Makes a project's formats known to `inner_format`, and a file's name to `name_of`, while one of them works."""
    tokens = _finder.set(find), _name.set(name)
    try:
        yield
    finally:
        _finder.reset(tokens[0])
        _name.reset(tokens[1])


@contextmanager
def under_name(name: str) -> Iterator[None]:
    """Makes a name known to `name_of`, while the format of what lies in a container reads it from a temporary file."""
    token = _name.set(name)
    try:
        yield
    finally:
        _name.reset(token)

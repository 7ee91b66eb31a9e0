"""The format `bytes`: what a file is when nothing more is known of it."""

from __future__ import annotations

from provstore.plugin import Format, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


class Bytes(Format):
    """Bytes as they are. It has no digest of its own: the byte digest decides."""

    name = "bytes"
    python_type = bytes

    def read(self, path: Path, component: str | None = None, **parameters: object) -> bytes:
        """The whole file.

        Raises:
            LookupError: A component or a parameter was asked for; bytes have none.
        """
        if component is not None or parameters:
            raise LookupError(f"bytes have no {component or ', '.join(parameters)}")
        return path.read_bytes()

    def write(self, value: object, path: Path) -> None:
        """Writes bytes.

        Raises:
            TypeError: The value is something else.
        """
        if not isinstance(value, bytes):
            raise TypeError(f"found {type(value).__name__}, expected bytes")
        path.write_bytes(value)


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Bytes()]

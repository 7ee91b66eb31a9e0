"""How far a small file may expand: what is packed may be a trap."""

from __future__ import annotations

from provstore.plugin.format import Unavailable

FREE = 1 << 28
"""Bytes up to which any file may expand, however small it is."""
RATIO = 100
"""Beyond that, as many times its own size."""
MEMBERS = 1_000_000
"""Entries of an archive, at most."""


class Expansion:
    """Counts what comes out of a file, and refuses to go on where that is far more than went in.

    Real data rarely shrink to a hundredth; where they do (a mask that is nearly all zeros), their bytes decide.

    Args:
        size: Bytes of the packed file.
        what: For the message: "the archive".
    """

    def __init__(self, size: int, what: str) -> None:
        self.limit = max(FREE, RATIO * size)
        self._what, self._sum, self._members = what, 0, 0

    def add(self, size: int) -> None:
        """Counts bytes that came out, or that a header announces: better before they are read.

        Raises:
            Unavailable: Too many by now.
        """
        self._sum += size
        if self._sum > self.limit:
            raise Unavailable(f"{self._what} expands to more than {self.limit:,} bytes, the limit for its size")

    def add_member(self) -> None:
        """Counts an entry of an archive.

        Raises:
            Unavailable: Too many by now.
        """
        self._members += 1
        if self._members > MEMBERS:
            raise Unavailable(f"{self._what} has more than {MEMBERS:,} entries, the limit")

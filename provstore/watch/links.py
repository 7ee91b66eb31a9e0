"""Symbolic links in a directory: which of them count as what they lead to.

A link that stays within the directory is recorded as a link. One that leads out of it counts as the file or the
directory it leads to: else a change there would change what the directory's readers see, and nobody would notice.
"""

from __future__ import annotations

import os
import stat

from provstore.model.files import TOOL_FOLDERS


class Links:
    """The links of one directory, asked while it is walked.

    Args:
        full: Absolute path of the directory.
    """

    def __init__(self, full: str) -> None:
        self._full = full
        self._root = ""
        self._walked: set[str] = set()

    def target(self, link: str) -> os.stat_result | None:
        """What a link leads to if it counts as that: a file, or a directory that is to be walked.

        None where it counts as a link: it stays within the directory, leads nowhere, to what is neither file nor
        directory, to folders of tools (the store must not be opened by hand), to a directory that contains this
        one, or to one that another link has led to already: then every change there is noticed through that.
        """
        self._root = self._root or os.path.realpath(self._full).rstrip("/")
        real = os.path.realpath(link)
        if f"{real}/".startswith(f"{self._root}/") or not TOOL_FOLDERS.isdisjoint(real.split("/")):
            return None
        try:
            status = os.stat(real)
        except OSError:
            return None
        if stat.S_ISREG(status.st_mode):
            return status
        if not stat.S_ISDIR(status.st_mode) or f"{self._root}/".startswith(f"{real.rstrip('/')}/"):
            return None
        if real in self._walked:
            return None
        self._walked.add(real)
        return status

"""Reads one small file at once: thousands of them are read so."""

from __future__ import annotations

import os
import stat

from provstore.digest import digest_bytes
from provstore.model.files import SMALL, Content
from provstore.watch.readers import HOW, look_of
from provstore.watch.signature import is_executable


def read_small(full: str) -> Content | None:
    """A file of at most `SMALL` bytes; None: this is something else, or it changes while it is read.

    Args:
        full: Absolute path; a link is not followed.
    """
    try:
        descriptor = os.open(full, HOW | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > SMALL:
            return None
        data = os.read(descriptor, status.st_size + 1)
        look = [status.st_dev, status.st_ino, len(data), status.st_mtime_ns, status.st_ctime_ns]
        if look != look_of(descriptor):
            return None
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return Content("file", len(data), digest_bytes(data), is_executable(status.st_mode), data)

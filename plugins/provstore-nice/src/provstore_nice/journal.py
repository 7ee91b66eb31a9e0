"""A file with a line of JSON for each run and task: where ``PROVSTORE_JOURNAL`` names one."""

from __future__ import annotations

import json
import os
import time

VARIABLE = "PROVSTORE_JOURNAL"


def note(root: str, what: str, **facts: object) -> None:
    """Adds a line.

    Args:
        root: Absolute path of the project, from which a relative path of the journal counts.

    Raises:
        OSError: It can't be written; provstore says so once, and goes on.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return
    line = json.dumps({"time": round(time.time(), 3), "what": what, **facts}, ensure_ascii=False)
    with open(os.path.join(root, name), "a", encoding="utf-8") as file:
        file.write(f"{line}\n")

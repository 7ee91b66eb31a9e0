"""Recorded verifications of an execution → text for people. Pure functions."""

from __future__ import annotations

from provstore.model.comparison import IDENTICAL
from provstore.model.verification import FAILED, GOOD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def told(record: Mapping[str, Any], path: str | None = None) -> list[str]:
    """What is recorded of doing an execution again, newest first, a line each.

    Args:
        record: The execution, with its `verifications`.
        path: The output that is asked about; None: all.
    """
    return [_told(entry, path) for entry in record["verifications"]]


def _told(entry: Mapping[str, Any], path: str | None) -> str:
    details = entry["details"]
    outputs = {output["path"]: output["verdict"] for output in details.get("outputs", ())}
    verdict = outputs.get(path, entry["verdict"])
    when = f"on {entry['verified'][:10]} on host {entry['host']}"
    if verdict == FAILED:
        message = f": {details['message']}" if details.get("message") else ""
        return f"could not be made again {when}{message}"
    if verdict not in GOOD:
        return f"not reproduced {when}: it came out different"
    how = "" if verdict == IDENTICAL else f" ({verdict})"
    others = "" if entry["verdict"] in GOOD else f"; another output of the task was {entry['verdict']}"
    return f"reproduced {when}{how}{others}"

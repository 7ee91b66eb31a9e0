"""What GitLab shows of a command: a section of the job's log that can be folded, and a report on code quality."""

from __future__ import annotations

import json
import os

from provstore.cli.ci.checks import counted, told
from provstore.digest import digest_text
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.cli.ci.checks import Check
    from provstore.cli.ci.findings import Finding

MOST_LINES = 200


def is_here() -> bool:
    """Says whether this is a job of a pipeline."""
    return os.environ.get("GITLAB_CI") == "true"


def section(command: str, checks: Sequence[Check], now: int) -> list[str]:
    """Lines for the job's log, which GitLab folds to the first one.

    Args:
        now: Seconds since 1970.
    """
    counts = ", ".join(f"{number} {word}" for word, number in counted(checks).items()) or "no tasks"
    name = f"provstore_{command}"
    shown = told(checks)
    width = max((len(check.word or check.outcome) for check in shown), default=0)
    lines = [
        harmless(f"{(check.word or check.outcome).ljust(width)}  {_seconds(check)}  {_named(check)}")
        for check in shown[:MOST_LINES]
    ]
    if len(shown) > MOST_LINES:
        lines.append(f"and {len(shown) - MOST_LINES} more")
    return [
        f"\x1b[0Ksection_start:{now}:{name}[collapsed=true]\r\x1b[0Kprovstore {command}: {harmless(counts)}",
        *lines,
        f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K",
    ]


def _seconds(check: Check) -> str:
    return f"{check.seconds:8.1f} s" if check.seconds else " " * 10


def _named(check: Check) -> str:
    return f"{check.name}  ({check.message})" if check.message else check.name


def code_quality(command: str, found: Sequence[Finding], file: str = "Pipelinefile.toml") -> str:
    """The report on code quality: JSON of an entry for each finding.

    A finding has the same fingerprint in the next run, so that GitLab can tell what is new from what was there before.

    Args:
        file: Where findings that are about no file are shown: GitLab knows none without a place.
    """
    entries = [
        {
            "check_name": f"provstore-{command}",
            "description": f"{finding.title}: {finding.message}",
            "severity": "major",
            "fingerprint": digest_text(f"{command} {finding.subject}").partition(":")[2],
            "location": {
                "path": finding.spot.file if finding.spot is not None else file,
                "lines": {"begin": (finding.spot.line if finding.spot is not None else 0) or 1},
            },
        }
        for finding in found
    ]
    return json.dumps(entries, indent=1) + "\n"

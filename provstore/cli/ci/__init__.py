"""What a command tells CI, besides what it prints for people: a JUnit file, and what GitHub and GitLab can show.

A command that is about tasks says how each of them fared:

    with Announcer("verify", place, junit, code_quality) as announcer:
        report = verify(...)
        announcer.take([Check(...), ...], report.remarks)

When the block ends, well or not, the files are written. Where nobody asked for a file and the environment is that
of no CI, `is_wanted` is false, and nothing of this package need be imported.
"""

from __future__ import annotations

from provstore.cli.ci.announcer import Announcer
from provstore.cli.ci.checks import Check

__all__ = ["Announcer", "Check"]

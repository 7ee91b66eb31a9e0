"""Checks → JUnit XML, as GitLab, Jenkins and the actions for GitHub read it.

There is no standard, so only what all of them read is written: `testsuites` with one `testsuite`, `testcase` with
`classname`, `name` and `time`; in it `failure`, `error` or `skipped` with a message and a text. `file` and `line` of
a `testcase` are read by some.
"""

from __future__ import annotations

import re

from provstore.cli.ci.checks import ERROR, FAILED, SKIPPED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.cli.ci.checks import Check
    from provstore.cli.ci.findings import Spot

ELEMENT = {FAILED: "failure", ERROR: "error", SKIPPED: "skipped"}

LONGEST_MESSAGE = 2_000
LONGEST_DETAILS = 64 << 10
"""Characters of one check."""

MOST_DETAILS = 8 << 20
"""Characters of all details together: GitLab reads no report beyond 30 MB."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MEANT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_IN_ATTRIBUTE = str.maketrans(_MEANT)
_IN_TEXT = str.maketrans({char: _MEANT[char] for char in "&<>\r"})


def junit_xml(command: str, checks: Sequence[Check], spots: Mapping[str, Spot]) -> str:
    """The report.

    Args:
        spots: Where stages are declared, by name.
    """
    counts = (
        f'tests="{len(checks)}" failures="{_number(checks, FAILED)}" errors="{_number(checks, ERROR)}"'
        f' skipped="{_number(checks, SKIPPED)}" time="{sum(check.seconds for check in checks):.3f}"'
    )
    name = attribute(f"provstore {command}")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="{name}" {counts}>']
    lines.append(f'  <testsuite name="{name}" {counts}>')
    room = MOST_DETAILS
    for check in checks:
        details = check.details[-min(LONGEST_DETAILS, room) :] if room else ""
        if check.outcome in ELEMENT:
            room = max(0, room - len(details))
        lines += _case(check, details, spots.get(check.stage))
    lines += ["  </testsuite>", "</testsuites>", ""]
    return "\n".join(lines)


def _case(check: Check, details: str, spot: Spot | None) -> list[str]:
    place = f' file="{attribute(spot.file)}" line="{spot.line}"' if spot is not None and spot.line else ""
    head = (
        f'    <testcase classname="{attribute(check.stage or check.name)}" name="{attribute(check.name)}"'
        f' time="{check.seconds:.3f}"{place}'
    )
    element = ELEMENT.get(check.outcome)
    if element is None:
        return [f"{head}/>"]
    message = attribute(check.message[:LONGEST_MESSAGE])
    kind = "" if element == "skipped" else f' type="{attribute(check.word or check.outcome)}"'
    body = f">{text(details)}</{element}>" if details else "/>"
    return [f"{head}>", f'      <{element} message="{message}"{kind}{body}', "    </testcase>"]


def _number(checks: Sequence[Check], outcome: str) -> int:
    return sum(check.outcome == outcome for check in checks)


def attribute(value: str) -> str:
    """Text between the quotes of an attribute; characters that XML can't hold are U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", value).translate(_IN_ATTRIBUTE)


def text(value: str) -> str:
    """Text between two tags."""
    return _FORBIDDEN.sub("\ufffd", value).translate(_IN_TEXT)

"""Times as queries write them. Imported only where one occurs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


def moment(text: str) -> datetime:
    """The time that a text says, in UTC. A date alone is its midnight; without a zone it is UTC.

    Raises:
        ValueError: No time of ISO 8601, or no such day.
    """
    if not _TIME.fullmatch(text):
        raise ValueError(f"'{text}' is no time such as 2026-11-21T10:00:00")
    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"'{text}' is no time: {error}") from None


def in_utc(time: datetime) -> datetime:
    """The same moment in UTC; what has no zone is UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def moment_of(day: date) -> datetime:
    """The moment that Python's `datetime`, or `date` for its midnight, says, in UTC."""
    return in_utc(day if isinstance(day, datetime) else datetime(day.year, day.month, day.day))


def canonical(text: str) -> str:
    """The time that a text says as the store spells times: ``2026-11-21T10:00:00.000000Z``.

    Raises:
        ValueError: As `moment`.
    """
    return moment(text).isoformat(timespec="microseconds").replace("+00:00", "Z")

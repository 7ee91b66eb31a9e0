"""Seconds as people say them."""

from __future__ import annotations

MINUTE, HOUR = 60, 3600


def exact(seconds: float) -> str:
    """To the second: ``7 s``, ``3 min 07 s``, ``2 h 05 min``."""
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02d} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE:02d} min"


def about(seconds: float) -> str:
    """No more exactly than an estimate is: ``about 20 s``, ``about 3 min``, ``about 2 h 10 min``."""
    if seconds < 10:
        return f"about {max(1, round(seconds))} s"
    if seconds < 55:
        return f"about {5 * round(seconds / 5)} s"
    minutes = max(1, round(seconds / MINUTE))
    if minutes < 60:
        return f"about {minutes} min"
    minutes = 10 * round(minutes / 10)
    return f"about {minutes // 60} h {minutes % 60:02d} min"

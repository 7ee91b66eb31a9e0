"""Colours of the states in pictures; the terminal has its own."""

from __future__ import annotations

FILL = {
    "fresh": "#dafbe1",
    "restorable": "#d8f3f6",
    "new": "#fff8c5",
    "stale": "#ffe7cc",
    "failed": "#ffdcd7",
    "waiting": "#ddf4ff",
}
LINE = {
    "fresh": "#2da44e",
    "restorable": "#1b7c83",
    "new": "#bf8700",
    "stale": "#d4691b",
    "failed": "#cf222e",
    "waiting": "#0969da",
}
PLAIN = ("#f6f8fa", "#6e7781")
"""Fill and line where the state is not known."""

"""Colour, for terminals that want it."""

from __future__ import annotations

import os

from provstore.cli import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

USUAL_WIDTH = 80
"""Columns of a terminal that does not say how many it has."""


def can_redraw(stream: TextIO) -> bool:
    """The stream is a terminal on which the cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}


def has_colour(stream: TextIO) -> bool:
    """The stream is a terminal, and its user did not turn colours off by `NO_COLOR`."""
    return "NO_COLOR" not in os.environ and can_redraw(stream)


def style_for(stream: TextIO) -> render.Style:
    """What colours the states in a report that goes to this stream; `render.plain` where there is no colour."""
    return coloured if has_colour(stream) else render.plain


def coloured(text: str, state: str) -> str:
    """The text in the colour of a state or an outcome."""
    import click  # only on a terminal: a run with nothing to do takes half as long without

    return click.style(text, fg=render.COLOURS.get(state))


def width_of(stream: TextIO) -> int | None:
    """Columns of the terminal, or as many as COLUMNS says; None where a line may be as long as it takes."""
    if not stream.isatty():
        return None
    said = os.environ.get("COLUMNS", "").lstrip("0")
    if said.isascii() and said.isdecimal() and len(said) <= 4:
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
    except OSError:
        return USUAL_WIDTH

"""Colours of states and outcomes on pages, for light and for dark surroundings.

Each is (fill, line). Text on a fill has the colour of other text, and lines and fills never say anything alone: a test
holds the contrasts that WCAG 2.2 asks for (4.5 for text, 3 for lines).
"""

from __future__ import annotations

from provstore.exporters.palette import FILL, LINE, PLAIN

LIGHT_INK, DARK_INK = "#1f2328", "#e6edf3"
LIGHT_PAPER, DARK_PAPER = "#ffffff", "#12161c"

LIGHT = {
    **{state: (FILL[state], LINE[state]) for state in FILL},
    "plain": PLAIN,
    "fresh": (FILL["fresh"], "#1a7f37"),  # those of pictures are too pale for a thin line
    "new": (FILL["new"], "#9a6700"),
    "stale": (FILL["stale"], "#bc5a14"),
}
DARK = {
    "fresh": ("#12331f", "#3fb950"),
    "restorable": ("#0f3036", "#3fb6c0"),
    "new": ("#372b0a", "#d6a01f"),
    "stale": ("#40260f", "#f0883e"),
    "failed": ("#481a1c", "#ff7b72"),
    "waiting": ("#12294a", "#6cb0ff"),
    "plain": ("#242a33", "#8b949e"),
}

LIKE = {
    "fresh": ("succeeded", "executed", "identical"),
    "restorable": ("restored", "equivalent", "within-tolerance"),
    "stale": ("tainted", "interrupted"),
    "failed": ("timed-out", "different"),
    "waiting": ("running",),
    "plain": ("cancelled", "blocked", "missing"),
}
"""State → other words with its colours."""


def style(colours: dict[str, tuple[str, str]]) -> str:
    """Colours as custom properties of CSS, ``--fresh-fill`` and ``--fresh-line``."""
    return "".join(f"--{state}-fill:{fill};--{state}-line:{line};" for state, (fill, line) in colours.items())


def rules() -> str:
    """A rule for the class of each state and each word like it, which sets ``--fill`` and ``--line``."""
    return "".join(
        ",".join(f".{word}" for word in (state, *LIKE.get(state, ())))
        + f"{{--fill:var(--{state}-fill);--line:var(--{state}-line)}}\n"
        for state in LIGHT
    )

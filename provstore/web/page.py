"""A page out of a template: escaped whatever is in it, and closed against all that is not its own.

Rules: whatever a template writes of its facts is spelled so that no character can steer anything (`harmless`), then
escaped, by the environment and not by the template. A page loads nothing: its policy allows the one style and the one
script that stand in it, by their digests, and pictures that are part of it.
"""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha256

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from provstore.model.values import harmless, spelled
from provstore.web import colours, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Facts = Mapping[str, object]

FOLDER = os.path.join(os.path.dirname(__file__), "templates")


def rendered(template: str, facts: Facts) -> str:
    """A page.

    Args:
        template: Name of a file in `templates`.
    """
    style, script = style_text(), _text("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_source(style)}'; script-src '{_source(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment().get_template(template).render({**facts, "style": style, "script": script, "policy": policy})


def environment() -> Environment:
    """What templates are made with."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_spelled,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "size": words.size_text,
        "seconds": words.seconds_text,
        "moment": words.moment_text,
        "count": words.count_text,
        "spelled": spelled,
        "data_url": data_url,
    }
    return made


def _spelled(value: object) -> object:
    """What a template writes: text with all that is not seen spelled out. Markup was made by a template already."""
    if hasattr(value, "__html__"):
        return value
    return harmless(str(value))


def style_text() -> str:
    """The style of all pages."""
    return (
        f":root{{--ink:{colours.LIGHT_INK};--paper:{colours.LIGHT_PAPER};{colours.style(colours.LIGHT)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--ink:{colours.DARK_INK};--paper:{colours.DARK_PAPER};"
        f"{colours.style(colours.DARK)}}}}}\n{colours.rules()}{_text('page.css')}"
    )


def data_url(data: bytes, kind: str) -> str:
    """A picture as an address that holds it."""
    return f"data:{kind};base64,{b64encode(data).decode()}"


def _source(text: str) -> str:
    """The digest by which a policy knows an inline style or script (CSP Level 3, section 2.3.1)."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _text(name: str) -> str:
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()

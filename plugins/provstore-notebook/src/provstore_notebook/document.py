"""The JSON of a notebook file, read with care: what is no notebook is refused before anything is made of it.

Rules: a key that is there twice is an error; a notebook of nbformat 1 to 3 is brought to 4 by `nbformat`, one of a
version above 4 is refused. Nothing is run, and nothing but the file is read.
"""

from __future__ import annotations

import json
import logging
import warnings

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

LARGEST = 1 << 28
"""Bytes of a file, at most: JSON has to be in memory as a whole, and takes several times its size there."""
DEEPEST = 100
"""Lists and mappings in each other, at most."""


def load(path: Path) -> tuple[dict[str, Any], str]:
    """The document as it is written, and its text.

    Raises:
        Unavailable: It is no notebook, too large or nested too deep; the text says why.
    """
    size = path.stat().st_size
    if size > LARGEST:
        raise Unavailable(f"the notebook has {size:,} bytes, the limit is {LARGEST:,}")
    try:
        text = path.read_bytes().decode("utf-8")
        found = json.loads(text, object_pairs_hook=_mapping)
    except UnicodeDecodeError as error:
        raise Unavailable(f"no notebook: byte {error.start:,} is no UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unavailable(f"no notebook: line {error.lineno} is no JSON: {error.msg}") from error
    except RecursionError as error:
        raise Unavailable(f"nested more than {DEEPEST} deep") from error
    except ValueError as error:
        raise Unavailable(f"no notebook: {error}") from error
    _check_depth(found)
    if not isinstance(found, dict) or type(found.get("nbformat")) is not int:
        raise Unavailable("JSON, but no notebook: it has no 'nbformat'")
    return found, text


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise Unavailable(f"nested more than {DEEPEST} deep")
        level = (
            [
                inner
                for outer in level
                for inner in (outer.values() if isinstance(outer, dict) else outer)
                if isinstance(inner, (dict, list))
            ]
            if depth > 1 or isinstance(value, (dict, list))
            else []
        )


def modern(document: dict[str, Any], text: str) -> dict[str, Any]:
    """The document in the form of nbformat 4.

    Raises:
        Unavailable: It is of a version that nobody knows, or `nbformat` can't upgrade it.
    """
    version = document["nbformat"]
    if version == 4:
        return document
    if not 1 <= version <= 3:
        raise Unavailable(f"a notebook of nbformat {version}, known are 1 to 4")
    import nbformat

    log = logging.getLogger("traitlets")
    was_off, log.disabled = log.disabled, True  # nbformat logs what does not fit its schema; here that is checked later
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: dict[str, Any] = nbformat.reads(text, as_version=4)
    except Exception as error:  # whatever it stumbles over in a file that is no notebook
        raise Unavailable(f"a notebook of nbformat {version} that can't be upgraded: {error!r}") from error
    finally:
        log.disabled = was_off
    return found

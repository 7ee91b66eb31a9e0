"""The JSON of a notebook file, read with care: what is no notebook is refused before anything is made of it.

Rules: a key that is there twice is an error; a notebook of nbformat 1 to 3 is brought to 4 by `nbformat`, one of a
version above 4 is refused. Nothing is run, and nothing but the file is read.
"""

from __future__ import annotations

import json
import logging
import math
import warnings
from decimal import Decimal
from itertools import pairwise

from provstore.plugin import Unavailable, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

LARGEST = 1 << 28
"""Bytes of a file, at most: JSON has to be in memory as a whole, and takes several times its size there."""
DEEPEST = 100
"""Lists and mappings in each other, at most."""


def load(path: Path, exact: bool = False) -> tuple[dict[str, Any], str]:
    """The document as it is written, and its text.

    Args:
        exact: Numbers with a fraction or an exponent are decimals and no floats, and ``-0`` is kept apart.

    Raises:
        Unavailable: It is no notebook, too large or nested too deep; the text says why.
    """
    size = path.stat().st_size
    if size > LARGEST:
        raise Unavailable(f"the notebook has {size:,} bytes, the limit is {LARGEST:,}")
    try:
        text = path.read_bytes().decode("utf-8")
        kinds: dict[str, Any] = {"parse_float": Decimal, "parse_int": _integer} if exact else {}
        found = json.loads(text, object_pairs_hook=_mapping, **kinds)
    except UnicodeDecodeError as error:
        raise Unavailable(f"no notebook: byte {error.start:,} is no UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unavailable(f"no notebook: line {error.lineno} is no JSON: {error.msg}") from error
    except RecursionError as error:
        raise Unavailable(f"nested more than {DEEPEST} deep") from error
    except (ValueError, ArithmeticError) as error:
        raise Unavailable(f"no notebook: {error}") from error
    _check_depth(found)
    if not isinstance(found, dict) or type(found.get("nbformat")) is not int:
        raise Unavailable("JSON, but no notebook: it has no 'nbformat'")
    return found, text


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = sorted(name for name, _ in pairs)
        twice = next(name for name, after in pairwise(names) if name == after)
        raise ValueError(f"the key {shown(twice)!r} is there twice")
    return found


def _integer(text: str) -> int | bytes:
    """An integer; ``-0``, which some read as 0 and some as -0.0, is of a type that JSON does not have."""
    return int(text) if text != "-0" else b"-0"


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


def modern(document: dict[str, Any], exact: bool = False) -> dict[str, Any]:
    """The document in the form of nbformat 4.

    Args:
        exact: See `load`. What was JSON in a text before version 4 becomes decimals as well.

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
            written = nbformat.versions[version].to_notebook_json(document, minor=document.get("nbformat_minor", 0))
            found: dict[str, Any] = nbformat.convert(written, 4)
    except Exception as error:  # whatever it stumbles over in a file that is no notebook
        raise Unavailable(f"a notebook of nbformat {version} that can't be upgraded: {error!r}") from error
    finally:
        log.disabled = was_off
    return _with_decimals(found) if exact else found


def _with_decimals(value: Any) -> Any:
    """The same with decimals for floats, but for those that are no numbers."""
    if isinstance(value, dict):
        return {key: _with_decimals(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_decimals(inner) for inner in value]
    return Decimal(repr(value)) if isinstance(value, float) and math.isfinite(value) else value

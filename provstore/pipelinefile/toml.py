"""The reader of TOML: `tomli`, or the standard library's copy of it where that is not installed.

Both are the same code by the same author, read TOML 1.0 and word their errors alike; tomli comes compiled and takes
a third of the time (`docs/decisions/0016-tomli.md`).
"""

from __future__ import annotations

try:
    from tomli import TOMLDecodeError, loads
except ImportError:
    from tomllib import TOMLDecodeError, loads  # type: ignore[assignment]

__all__ = ["TOMLDecodeError", "loads"]

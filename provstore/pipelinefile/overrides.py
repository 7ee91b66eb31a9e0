"""Parameters that are given another value for one run, as text: ``-P threshold=4.5``."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.model.values import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.values import JSON


def overridden(params: Mapping[str, JSON], overrides: Mapping[str, str]) -> dict[str, JSON]:
    """The parameters that are overridden, with their values.

    Raises:
        UsageError: There is no parameter of a name, or it can't have such a value.
    """
    from provstore.pipelinefile.expect import UnexpectedError, plain, scalar

    found: dict[str, JSON] = {}
    for name, text in overrides.items():
        if name not in params:
            near = nearest(name, params)
            hint = f"did you mean '{near}'?" if near else "parameters are: " + (", ".join(sorted(params)) or "none")
            raise UsageError(f"-P {name}: there is no such parameter", hint=hint)
        value = text if isinstance(params[name], str) else _toml_value(text)
        try:
            found[name] = plain(value) if isinstance(value, list) else scalar(value)
        except UnexpectedError as error:
            raise UsageError(f"-P {name}: {error.text}", hint=error.hint) from None
    return found


def _toml_value(text: str) -> object:
    """A value as the Pipelinefile would write it; what is none is text."""
    from provstore.pipelinefile import toml

    try:
        tables = toml.loads(f"value = {text}\n")
    except (ValueError, RecursionError):  # no TOML, a number of thousands of digits, brackets of any depth
        return text
    return tables["value"] if len(tables) == 1 else text

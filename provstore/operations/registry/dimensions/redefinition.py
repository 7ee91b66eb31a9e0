"""A dimension that is defined otherwise than before: allowed, unless its records say that it can't be so."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.store import dimensions as recorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.dimensions import Definition
    from provstore.store.adding import Adding

STORED_AS = {"int": "integer", "str": "text"}
WIDER = {("int", "float")}
"""(type of a field, another type) where each value of the first is one of the second."""


def refuse_contradiction(adding: Adding, before: Definition, now: Definition) -> None:
    """Refuses a definition that contradicts the records of a dimension.

    Raises:
        UsageError: There are records, and they have other keys, or values of other types.
    """
    types = adding.ask(recorded.value_types, now.name)
    if not types:
        return
    wrong = []
    if set(before.requires) != set(now.requires):
        wrong.append(f"it requires {_names(now.requires)}, recorded: {_names(before.requires)}")
    if now.type is not None and types != {STORED_AS[now.type]}:
        found = " and ".join(name for name, stored in STORED_AS.items() if stored in types)
        wrong.append(f"its type is {now.type}, recorded are values of type {found}")
    for field, kind in now.metadata.items():
        known = before.metadata.get(field, kind)
        if known != kind and (known, kind) not in WIDER:
            wrong.append(f"the type of {field} is {kind}, recorded: {known}")
    if wrong:
        raise UsageError(
            f"dimension '{now.name}' is not what its records say: {'; '.join(wrong)}",
            hint="say it as it was, or give what is new another name",
        )


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"

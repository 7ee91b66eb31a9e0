"""What is given with every query, looked at before anything is read: values come from whoever asks."""

from __future__ import annotations

from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 2**63 - 1  # what SQLite counts to
NO_COLLECTION = "no collection is searched: the list of them is empty"


def check_asked(where: object, bind: object, order_by: Iterable[object], limit: object) -> None:
    """Refuses what is of another type than a query has.

    Raises:
        UsageError: The condition or a name is no text, the bound values have no names, or the limit is no whole number.
    """
    from collections.abc import Mapping

    if not isinstance(where, str):
        raise UsageError(f"where: found {where!r}, expected a condition as text")
    if bind is not None and not isinstance(bind, Mapping):
        raise UsageError(f"bind: found {bind!r}, expected names with values", hint='such as {"name": 1} for :name')
    for what, names in (("order_by", order_by), ("bind", bind or ())):
        for name in names:
            if not isinstance(name, str):
                raise UsageError(f"{what}: found {name!r}, expected a name")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= MOST):
        raise UsageError(f"limit: found {limit!r}, expected a whole number, 0 or more")

"""Which terms of an order data IDs tell, so that it can be gone along: a dimension, or what its record says of it."""

from __future__ import annotations

from provstore.store.data_id_values import Lead
from provstore.store.dimension_names import DimensionNames
from provstore.store.record_order import RecordLead, Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from provstore.model.dimensions import Dimensions
    from provstore.store.condition_names import Parameter
    from provstore.store.record_join import Subject


def leads(
    order_by: Sequence[str], is_told: Callable[[str], bool], home: Callable[[str], str | None], records: Records
) -> list[Lead]:
    """The leads of those terms at the beginning of an order that data IDs tell.

    Args:
        is_told: Whether all data IDs hold a dimension.
        home: The dimension in data IDs whose record has the value of a name; None: there is none, or several have.
        records: Of the dimensions.
    """
    found = []
    for place, term in enumerate(order_by):
        name, downwards = term.removeprefix("-").strip(), term.startswith("-")
        dimension = home(name)
        if dimension is None and "." not in name and is_told(name):
            found.append(Lead(name, downwards))
        elif dimension is not None and is_told(dimension):
            found.append(Lead(dimension, downwards, records.said(dimension, name, f"r{place}v")))
        else:
            break
    return found


def record_lead(
    order_by: Sequence[str], subject: Subject, homes: Callable[[str], Iterable[str]], records: Records
) -> RecordLead | None:
    """The dimension whose records tell the terms at the beginning of an order, where records alone are asked for.

    None: there is none; or other conditions leave so few combinations that it is better to sort these.

    Args:
        homes: Gives the dimensions whose records have the value of a name.
    """
    terms: list[tuple[Said, bool]] = []
    leading = ""
    for place, term in enumerate(order_by):
        name, downwards = term.removeprefix("-").strip(), term.startswith("-")
        able = [home for home in homes(name) if records.stands_first(home) and leading in ("", home)]
        if not able:
            break
        leading = able[0]
        terms.append((records.said(leading, name, f"r{place}v"), downwards))
    is_limited = subject.boxes or any(leading not in records.tellers(name) for name in subject.given)
    return RecordLead(leading, terms) if terms and not is_limited else None


class Records:
    """What the records of dimensions say of data IDs.

    Args:
        tellers: Gives the dimensions whose records tell another one, of those by which a data ID finds its records.
    """

    def __init__(self, dimensions: Dimensions, tellers: Callable[[str], Iterable[str]]) -> None:
        self._dimensions, self.tellers = dimensions, tellers

    def stands_first(self, dimension: str) -> bool:
        """Its values are told by its own records and by nothing else."""
        return not self._dimensions[dimension].values and not self.tellers(dimension)

    def said(self, dimension: str, name: str, prefix: str) -> Said:
        """What the records of a dimension say under a name of a query."""
        values: dict[str, Parameter] = {}

        def bind(value: Parameter) -> str:
            values[f"{prefix}{len(values)}"] = value
            return f":{prefix}{len(values) - 1}"

        sql = DimensionNames(self._dimensions, dimension).value(name, None, bind)
        parts = [part for part in self._dimensions.required([dimension]) if part != dimension]
        return Said(sql, values, {part: sorted({dimension, *self.tellers(part)}) for part in parts})

"""The call of `Store` that asks for data IDs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provstore.api.found import Found
from provstore.api.given import data_id_of, names_of, several

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.api.nouns import Collection, DatasetType
    from provstore.project import Project


class DataIds(Found[dict[str, Any]]):
    """The data IDs that a query has found: a list of dicts, which can say why it is empty."""

    noun = "data ID"


class AskingForDataIds:
    """Queries for data IDs. Part of `Store`."""

    _project: Project

    def query_data_ids(  # noqa: PLR0913 - one argument for each part of a query
        self,
        dimensions: str | Sequence[str],
        where: str | None = "",
        *,
        data_id: Mapping[str, Any] | None = None,
        datasets: str | DatasetType | Sequence[str | DatasetType] | None = None,
        collections: str | Collection | Sequence[str | Collection] | None = None,
        bind: Mapping[str, Any] | None = None,
        order_by: str | Sequence[str] = (),
        limit: int | None = None,
        **values: Any,  # noqa: ANN401 - values of any dimension
    ) -> DataIds:
        """The data IDs with some dimensions, each once: all that the records of dimensions allow.

        A data ID has the dimensions asked for and all that they require. Records go together where they have the same
        values for what they require or imply, and where their regions and time spans overlap. A dimension that `where`
        or a value names is joined too, so that ``tract=9697`` leaves the visits that overlap that tract.

        Args:
            dimensions: One or several names.
            where: A condition on dimensions and what is recorded of them: ``band = 'i' and visit.exposure_time > 30``.
            data_id: Values that dimensions must have; keyword arguments are the same.
            datasets: Types of each of which there has to be a dataset with these values.
            collections: Where these are: names and globs. None: anywhere. A CALIBRATION collection has those that are
                valid at the time of the data ID.
            bind: Values for ``:name``.
            order_by: Names, each with `-` in front where the largest comes first. Without it there is no special order.
            limit: At most so many. With 0 the query is only checked.

        Raises:
            QueryError: `where` or `order_by` can't be understood, or means nothing for these dimensions and values.
            UsageError: There is no such dimension, type or collection, or a value is none of its dimension.
            MissingLibraryError: Regions are compared, and lsst-sphgeom is not installed.
        """
        from provstore.operations.registry.queries import data_ids as data_id_queries

        query = data_id_queries.DataIdQuery(
            names_of("dimensions", dimensions), "" if where is None else where, data_id_of(data_id, values),
            names_of("datasets", datasets or ()), None if collections is None else names_of("collections", collections),
            bind, several("order_by", () if order_by is None else order_by), limit,
        )  # fmt: skip
        found = data_id_queries.query_data_ids(self._project, query)
        return DataIds(found, self._project, lambda project: data_id_queries.explain(project, query))

"""The calls of `Store` about dimensions."""

from __future__ import annotations

from provstore.api.found import Found
from provstore.api.given import several
from provstore.api.nouns import DimensionRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from provstore.project import Project


class DimensionRecords(Found[DimensionRecord]):
    """The records that a query has found: a list, which can say why it is empty."""

    noun = "record"


class Dimensional:
    """Records of dimensions. Part of `Store`."""

    _project: Project

    def insert_dimension(self, dimension: str, records: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> int:
        """Inserts what is known of values of a dimension: all records, or none.

        The same record again is no error. What a record names of other dimensions (its instrument, its band) gets a
        record by itself where nothing else could be said of it.

        Args:
            dimension: One that the Pipelinefile declares in `[dimensions]`.
            records: One or several, each with the dimensions that it requires, its own value, and what else is known:
                implied dimensions, metadata, `begin` and `end` of its time span (ISO 8601 or `datetime`; half open,
                None is open), `region` on the sky such as ``CIRCLE(150.1, 2.2, 0.75)``, in degrees (ICRS).

        Returns:
            How many of them are new.

        Raises:
            UsageError: There is no such dimension; or a record has unknown or missing fields, values of other types,
                says otherwise than one that was inserted before, or names a value of a dimension with metadata of
                which there is no record. All mistakes are named.
            MissingLibraryError: A record has a region, and lsst-sphgeom is not installed.
        """
        from collections.abc import Mapping as AnyMapping

        from provstore.operations.registry.dimensions.records import insert_dimension

        given = [records] if isinstance(records, AnyMapping) else records
        return insert_dimension(self._project, dimension, given).inserted

    def query_dimension_records(
        self,
        dimension: str,
        where: str | None = "",
        *,
        order_by: str | Sequence[str] = (),
        limit: int | None = None,
        bind: Mapping[str, Any] | None = None,
    ) -> DimensionRecords:
        """The records of a dimension that fulfil a condition; see `docs/queries.md` for the language.

        Args:
            dimension: Its name.
            where: A condition on what the records hold, with or without the dimension's name before it:
                ``exposure_time > 20 and visit.region OVERLAPS CIRCLE(150, 2, 1)``.
            order_by: Names, each with `-` in front where the largest comes first. Behind these, by the key.
            limit: At most so many. With 0 the query is only checked.
            bind: Values for ``:name``.

        Raises:
            QueryError: `where` or `order_by` can't be understood.
            UsageError: There is no such dimension.
            MissingLibraryError: Regions are compared, and lsst-sphgeom is not installed.
        """
        from provstore.operations.registry.dimensions.records import explain, query_dimension_records

        text, terms = "" if where is None else where, several("order_by", () if order_by is None else order_by)
        found = query_dimension_records(self._project, dimension, text, bind, terms, limit)
        records = [
            DimensionRecord(
                dimension=row.dimension,
                data_id=row.key,
                fields=row.record,
                begin=row.begin,
                end=row.end,
                region=row.region,
            )
            for row in found
        ]
        return DimensionRecords(records, self._project, lambda project: explain(project, dimension, text, bind, limit))

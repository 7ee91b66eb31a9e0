"""The calls of `Store` that ask."""

from __future__ import annotations

from provstore.api.found import Found
from provstore.api.given import name_of, names_of, several
from provstore.api.nouns import Dataset, DatasetType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from provstore.api.nouns import Collection
    from provstore.project import Project


class Datasets(Found[Dataset]):
    """The datasets that a query has found: a list, which can say why it is empty."""

    noun = "dataset"


class Asking:
    """Queries. Part of `Store`."""

    _project: Project

    def query_datasets(  # noqa: PLR0913 - one argument for each part of a query
        self,
        type: str | DatasetType = "*",
        where: str | None = "",
        *,
        collections: str | Collection | Sequence[str | Collection] | None = None,
        find_first: bool | None = None,
        order_by: str | Sequence[str] = (),
        limit: int | None = None,
        bind: Mapping[str, Any] | None = None,
        status: str = "valid",
        keywords: str | Iterable[str] = (),
    ) -> Datasets:
        """The datasets of a type that fulfil a condition, each once; see `docs/queries.md` for the language.

        Args:
            type: A dataset type, or a glob of its name, in which `*` and `?` are wild cards.
            where: A condition on dimensions and fields: ``visit in (101..120) and dataset.size > 0``.
            collections: One or several collections or globs of their names, searched in this order. None: wherever
                they are.
            find_first: Of each type and data ID only the dataset that is found first; datasets without a type (`file`)
                are told apart by their paths as well. None: so, where collections are named.
            order_by: Names, each with `-` in front where the largest comes first; what is missing is the smallest.
            limit: At most so many. With 0 the query is only checked.
            bind: Values for ``:name``: texts, numbers (those of numpy, too), truth values, `datetime`, `date`, `UUID`;
                lists and arrays inside of IN only.
            status: "valid", "replaced", "deleted" or "all".
            keywords: Only what has this one, or all of these.

        Raises:
            QueryError: `where` or `order_by` can't be understood, or means nothing for these types and values.
            UsageError: There is no such type, collection or status; a glob is to be searched in an order; or several of
                one data ID are found first, in a CALIBRATION collection.
        """
        from provstore.operations.registry.names import checked_words
        from provstore.operations.registry.queries import datasets as queries

        words = checked_words(several("keywords", keywords))
        names = None if collections is None else names_of("collections", collections)
        query = queries.Query(
            name_of("dataset type", type), "" if where is None else where, bind, names, find_first,
            several("order_by", () if order_by is None else order_by), limit, status, keywords=words,
        )  # fmt: skip
        found = queries.query_datasets(self._project, query)
        records = [Dataset(**record._asdict()) for record in found]
        return Datasets(records, self._project, lambda project: queries.explain(project, query))

    def query_dataset_types(self, glob: str = "*") -> list[DatasetType]:
        """Dataset types that are registered or used, by name.

        Args:
            glob: A name, or one with the wild cards `*` and `?`.

        Raises:
            UsageError: It has no wild card, and no type is called so.
        """
        from provstore.operations.registry.queries.types import query_dataset_types

        return [DatasetType(**found._asdict()) for found in query_dataset_types(self._project, name_of("glob", glob))]

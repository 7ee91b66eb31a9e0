"""Collections, as Python sees them; see `docs/collections.md`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provstore.api.by_hand import id_of
from provstore.api.given import data_id_of, name_of, names_of, several, span_of
from provstore.api.nouns import Collection, Dataset, DatasetType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import TypeAlias

    from provstore.model.values import JSON
    from provstore.operations.registry.collections.making import Listed
    from provstore.project import Project

    Reference: TypeAlias = "Dataset | str"
    """A dataset, its id, or an alias."""

    Named: TypeAlias = "Collection | str"
    """A collection or its name."""

    Moment: TypeAlias = "str | datetime | None"
    """A time of ISO 8601 or a `datetime`, in UTC where no zone is given; None is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What the removal of a collection did, or would do.

    Attributes:
        done: It was done; else this is a preview.
        datasets: Number of datasets that are deleted with a RUN collection, or that another one lets go.
        chains: Names of the chains that it is taken out of.
        tags: (collection, id) of its datasets that are taken out of TAGGED and CALIBRATION collections.
    """

    name: str
    type: str
    done: bool
    datasets: int
    chains: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]


class Collecting:
    """What a `Store` can do with collections.

    Each call raises `UsageError` where a collection is not there or of another type than the call is for, and
    `UnknownIdError` for a dataset that is not known; nothing is changed then.
    """

    _project: Project
    if TYPE_CHECKING:

        def get_dataset(self, dataset: str | Dataset) -> Dataset:
            """See `ByHand`."""

    def register_collection(self, name: str, type: str = "TAGGED", *, description: str = "") -> Collection:
        """Makes a collection; one that is there is left as it is, one that was removed comes back empty.

        Args:
            type: "RUN", "TAGGED", "CHAINED" or "CALIBRATION".

        Raises:
            UsageError: The name can't be, or the collection is, or was, of another type.
        """
        from provstore.operations.registry.collections.making import register

        return _collection(register(self._project, name, type, description))

    def query_collections(
        self, glob: str | Iterable[str] = "*", type: str | Iterable[str] | None = None, *, flatten: bool = False
    ) -> tuple[Collection, ...]:
        """Collections, by name; of several globs in their order, each once.

        Args:
            glob: One or several, of their names; `*` and `?` are the only wild cards. A name without them has to be
                there.
            type: Only those of this type, or of one of these.
            flatten: In the place of a chain, the collections that are searched for it, in that order.
        """
        from provstore.operations.registry.collections.making import query_collections

        globs = names_of("collection", glob)
        types = None if type is None else names_of("type", type)
        return tuple([_collection(found) for found in query_collections(self._project, globs, types, flatten=flatten)])

    def remove_collection(self, name: Named, *, unlink: bool = False, preview: bool = False) -> Removal:
        """Removes a collection. The datasets of a RUN collection are deleted with it; their files are left alone.

        Args:
            unlink: Take it, and the datasets of a RUN collection, out of the collections that hold them.
            preview: Only say what would be done.

        Raises:
            UsageError: Something refers to it, or a run that is under way records into it.
        """
        from provstore.operations.registry.collections.removing import remove

        report = remove(self._project, name_of("collection", name), unlink=unlink, dry_run=preview)
        return Removal(
            name=report.name,
            type=report.type,
            done=not report.dry_run,
            datasets=report.datasets,
            chains=report.chains,
            tags=report.tags,
        )

    # --- TAGGED -----------------------------------------------------------------------------------------------

    def associate(self, collection: Named, datasets: Reference | Iterable[Reference]) -> None:
        """Puts datasets into a TAGGED collection, all or none; it holds one of each dataset type and data ID.

        Raises:
            UsageError: It would hold two, or a dataset was deleted.
        """
        from provstore.operations.registry.collections.tags import associate

        associate(self._project, name_of("collection", collection), _ids(datasets))

    def disassociate(self, collection: Named, datasets: Reference | Iterable[Reference]) -> None:
        """Takes datasets out of a TAGGED collection; those that are not in it are passed over."""
        from provstore.operations.registry.collections.tags import disassociate

        disassociate(self._project, name_of("collection", collection), _ids(datasets))

    # --- CHAINED ----------------------------------------------------------------------------------------------

    def redefine(self, chain: Named, children: Named | Iterable[Named]) -> tuple[str, ...]:
        """Makes these the children of a chain, searched in this order; returns its children.

        Raises:
            UsageError: One is named twice, or the chain would hold itself.
        """
        return self._change_chain(chain, "redefine", children)

    def prepend(self, chain: Named, children: Named | Iterable[Named]) -> tuple[str, ...]:
        """Puts children at the head of a chain, those that it has too; see `redefine`."""
        return self._change_chain(chain, "prepend", children)

    def extend(self, chain: Named, children: Named | Iterable[Named]) -> tuple[str, ...]:
        """Puts children at the end of a chain, those that it has too; see `redefine`."""
        return self._change_chain(chain, "extend", children)

    def remove_from_chain(self, chain: Named, children: Named | Iterable[Named]) -> tuple[str, ...]:
        """Takes children out of a chain; those that it has not are passed over. Returns its children."""
        return self._change_chain(chain, "remove", children)

    def _change_chain(self, chain: Named, how: str, children: Named | Iterable[Named]) -> tuple[str, ...]:
        from provstore.operations.registry.collections.chains import change_chain

        return change_chain(self._project, name_of("collection", chain), how, names_of("children", children)).children

    # --- CALIBRATION ------------------------------------------------------------------------------------------

    def certify(
        self, collection: Named, datasets: Reference | Iterable[Reference], begin: Moment = None, end: Moment = None
    ) -> None:
        """Puts datasets into a CALIBRATION collection, valid from `begin` until just before `end`; all or none.

        Raises:
            UsageError: The range overlaps one of the same dataset type and data ID, or is empty.
        """
        from provstore.operations.registry.collections.calibrations import Span, certify

        certify(self._project, name_of("collection", collection), _ids(datasets), Span(begin, end))

    def decertify(
        self,
        collection: Named,
        type: str | DatasetType,
        begin: Moment = None,
        end: Moment = None,
        *,
        data_ids: Mapping[str, JSON] | Iterable[Mapping[str, JSON]] | None = None,
    ) -> None:
        """Cuts a range of time out of all ranges of a dataset type; one with it in the middle becomes two.

        Args:
            data_ids: Only of these, or this one; None: of all.
        """
        from provstore.operations.registry.collections.calibrations import Span, decertify

        listed = (data_ids,) if isinstance(data_ids, Mapping) else data_ids
        only = None if listed is None else [data_id_of(one, {}) for one in several("data_ids", listed)]
        name, kind = name_of("collection", collection), name_of("dataset type", type)
        decertify(self._project, name, kind, Span(begin, end), only)

    # --- finding ----------------------------------------------------------------------------------------------

    def find_dataset(
        self,
        type: str | DatasetType,
        data_id: Mapping[str, JSON] | None = None,
        *,
        collections: Named | Iterable[Named] = "main",
        timespan: tuple[Moment, Moment] | None = None,
        **values: JSON,
    ) -> Dataset | None:
        """The first dataset of a type and data ID; None where no collection has one.

        Args:
            data_id: Dimension → value; may be given as `values` instead. Where CALIBRATION collections are searched,
                dimensions with time spans that the type does not have say for which time: the flat of a visit.
            collections: Searched first to last; a chain is searched in its own order.
            timespan: (begin, end): CALIBRATION collections have what is valid at some time of it; twice the same time
                is that moment. None: what is valid at the time that the data ID says, else at any time.

        Raises:
            UsageError: A collection has several of these, and none is to be preferred.
        """
        from provstore.operations.registry.collections.find import FindRequest, find_dataset

        names = names_of("collections", collections)
        request = FindRequest(name_of("dataset type", type), data_id_of(data_id, values), names, span_of(timespan))
        found = find_dataset(self._project, request)
        return None if found is None else self.get_dataset(found)


def _ids(datasets: Reference | Iterable[Reference]) -> list[str]:
    return [id_of(dataset) for dataset in several("datasets", datasets)]


def _collection(found: Listed) -> Collection:
    return Collection(
        name=found.name,
        type=found.type,
        children=found.children,
        description=found.description,
        created=found.created,
    )

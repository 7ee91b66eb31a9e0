"""Putting, getting and ingesting, as Python sees them; see `docs/data.md`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provstore.api.given import data_id_of, name_of, names_of, several, span_of
from provstore.api.nouns import Collection, Dataset, DatasetType
from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.api.collections import Moment
    from provstore.model.values import JSON
    from provstore.operations.registry.data.ingest import IngestReport as Ingested
    from provstore.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What became of files that were to be ingested.

    Attributes:
        run: The RUN collection that they are in; None: none was ingested.
        ingested: The new datasets, in the order of the files.
        unmatched: Files whose names do not fit the template.
        skipped: Files that were known already.
    """

    run: str | None
    ingested: tuple[Dataset, ...]
    unmatched: tuple[str, ...]
    skipped: tuple[str, ...]


class Data:
    """Data in and out, by the formats of their types. Part of `Store`."""

    _project: Project

    def put(
        self,
        value: object,
        type: str | DatasetType,
        data_id: Mapping[str, JSON] | None = None,
        *,
        run: str | Collection | None = None,
        **values: JSON,
    ) -> Dataset:
        """Writes a value as a dataset: by its type's format, to its type's path.

        What another dataset of this type and data ID has at that path makes room; its bytes are kept.

        Args:
            type: Declared in the Pipelinefile, or registered.
            data_id: Dimension → value; may be given as `values` instead.
            run: A RUN collection, made if missing. None: in a task that of its run, else a new one,
                ``manual/<UTC time>``, at the head of the chain ``main``.

        Raises:
            UsageError: The type, the data ID or the collection can't be; the value is of another type than the format
                takes, or can't be written; or the collection has such a dataset.
            FileError: Something that nobody recorded, or another dataset, lies at the path.
            PluginError: The format is not at hand.
        """
        return self.put_many([(value, data_id_of(data_id, values))], type, run=run)[0]

    def put_many(
        self,
        values: Iterable[tuple[object, Mapping[str, JSON]]],
        type: str | DatasetType,
        *,
        run: str | Collection | None = None,
    ) -> list[Dataset]:
        """Writes many values, each given with its data ID: all of them or none, in one transaction. See `put`.

        Returns:
            Their datasets, in the same order.
        """
        from provstore.operations.registry.data.put import PutRequest, put
        from provstore.operations.registry.writing import unobserved

        request = PutRequest(name_of("dataset type", type), _pairs("value", values), _run(run))
        return [Dataset(**record._asdict()) for record in put(self._project, request, unobserved)]

    def get(
        self,
        dataset: str | Dataset | DatasetType,
        data_id: Mapping[str, JSON] | None = None,
        *,
        collections: str | Collection | Sequence[str | Collection] | None = None,
        timespan: tuple[Moment, Moment] | None = None,
        component: str | None = None,
        parameters: Mapping[str, object] | None = None,
        **values: JSON,
    ) -> object:
        """The value of a dataset, read by its format from the very bytes that were recorded.

        They come from the dataset's place while their digest is the recorded one, else from what the store keeps.

        Args:
            dataset: A dataset, its id or an alias; or a dataset type, of which the first along `collections` is meant.
                ``image.header`` is the component `header` of the type `image`, unless a type is called so.
            data_id: Dimension → value; may be given as `values` instead.
            collections: Searched first to last; None: the chain ``main``.
            timespan: (begin, end): CALIBRATION collections have what is valid at some time of it; twice the same time
                is that moment.
            component: A part of the value, by the name that its format has for it.
            parameters: Of the format.

        Raises:
            UnknownIdError: There is no such dataset.
            UsageError: A data ID, a component or a parameter can't be, or several datasets are meant.
            DataChangedError: The data were changed, and the recorded bytes are not kept.
            DataDeletedError: The dataset was deleted.
            DataNotKeptError: The data are gone, and were not kept; or the dataset was recorded without data.
            FileError: The format can't read them.
            PluginError: The format is not at hand.
        """
        from provstore.operations.registry.data.get import GetRequest, get

        given = None if data_id is None and not values else data_id_of(data_id, values)
        request = GetRequest(
            dataset.id if isinstance(dataset, Dataset) else name_of("dataset", dataset),
            given,
            None if collections is None else names_of("collections", collections),
            span_of(timespan),
            component,
            {} if parameters is None else _parameters(parameters),
        )
        return get(self._project, request)

    def ingest(
        self,
        files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        type: str | DatasetType,
        *,
        template: str | None = None,
        transfer: str = "copy",
        run: str | Collection | None = None,
        data_id: Mapping[str, JSON] | None = None,
        skip_existing: bool = False,
    ) -> IngestReport:
        """Takes files in as they are, as datasets of which their names say the data IDs; in one transaction.

        Args:
            files: One or several paths or globs, relative to the current folder.
            template: Of a file's name, as ``{visit}_{detector:02d}.fits``; with slashes, of the last parts of its
                path. A file belongs to it only under the name that it would write; ``*`` and ``?`` are a glob. None:
                the path of the type, letter for letter.
            transfer: "copy", "move", "hardlink", "symlink" or "relsymlink": to the path of the type; "direct": they
                stay where they are, as external; "auto": they stay in their places where these are in the project,
                and are copied else.
            run: See `put`.
            data_id: What the names do not say: the same for all.
            skip_existing: Pass over what is known; else that is an error. In a collection that is named, whatever is
                of the same data ID is known; without one, what is found along ``main`` with the same bytes.

        Raises:
            UsageError: The type, the template, a value or the collection can't be; a file is known; or two have one
                data ID.
            FileError: A file is missing or can't be read, or something else lies where one is to go.
        """
        from provstore.operations.registry.data.ingest import IngestRequest, ingest
        from provstore.operations.registry.writing import unobserved

        request = IngestRequest(
            name_of("dataset type", type),
            tuple(map(_path, several("files", files))),
            template=template,
            transfer=transfer,
            run=_run(run),
            data_id=data_id_of(data_id, {}),
            skip_existing=skip_existing,
            current=os.getcwd(),
        )
        return _report(ingest(self._project, request, unobserved))

    def ingest_files(
        self,
        files: Iterable[tuple[str | os.PathLike[str], Mapping[str, JSON]]],
        type: str | DatasetType,
        *,
        transfer: str = "copy",
        run: str | Collection | None = None,
        skip_existing: bool = False,
    ) -> IngestReport:
        """Takes files in as they are, each given with its data ID; in one transaction. Otherwise as `ingest`.

        Raises:
            UsageError: As `ingest`; or a file is there twice.
        """
        from provstore.operations.registry.data.ingest import IngestRequest, ingest
        from provstore.operations.registry.writing import unobserved

        data_ids: dict[str, Mapping[str, JSON]] = {}
        seen: set[str] = set()
        for file, data_id in _pairs("file", files):
            path = _path(file)
            if os.path.abspath(path) in seen:
                raise UsageError(f"{path}: found this file twice, expected one data ID for each file")
            seen.add(os.path.abspath(path))
            if not isinstance(data_id, Mapping):
                raise UsageError(f"{path}: found {data_id!r}, expected its data ID: {{'visit': 101}}")
            data_ids[path] = data_id
        request = IngestRequest(
            name_of("dataset type", type),
            tuple(data_ids),
            transfer=transfer,
            run=_run(run),
            skip_existing=skip_existing,
            current=os.getcwd(),
            data_ids=data_ids,
        )
        return _report(ingest(self._project, request, unobserved))


def _report(report: Ingested) -> IngestReport:
    return IngestReport(
        run=report.run,
        ingested=tuple([Dataset(**record._asdict()) for record in report.ingested]),
        unmatched=tuple(report.unmatched),
        skipped=tuple(report.skipped),
    )


def _pairs(
    what: str, given: Iterable[tuple[object, Mapping[str, JSON]]]
) -> tuple[tuple[object, Mapping[str, JSON]], ...]:
    """What comes with data IDs; see `put_many` and `ingest_files`.

    Args:
        what: What comes, for messages.

    Raises:
        UsageError: It is no list of pairs.
    """
    if not isinstance(given, Iterable):
        raise UsageError(f"{what}s: found {given!r}, expected pairs: [({what}, {{'visit': 101}}), …]")
    found = tuple(given)
    for pair in found:
        if not isinstance(pair, tuple) or len(pair) != len((what, "data ID")):
            raise UsageError(f"found {pair!r}, expected a {what} and its data ID: [({what}, {{'visit': 101}}), …]")
    return found


def _run(run: str | Collection | None) -> str | None:
    return None if run is None else name_of("run", run)


def _path(file: object) -> str:
    path = os.fspath(file) if isinstance(file, (str, os.PathLike)) else file
    if not isinstance(path, str):
        raise UsageError(f"found {file!r}, expected the path of a file")
    return path


def _parameters(parameters: object) -> Mapping[str, object]:
    if not isinstance(parameters, Mapping) or not all(isinstance(name, str) for name in parameters):
        raise UsageError(f"parameters: found {parameters!r}, expected names and values: {{'rows': 10}}")
    return parameters

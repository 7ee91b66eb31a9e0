"""The calls of `Store` that record by hand."""

from __future__ import annotations

import os
from collections.abc import Iterable

from provstore.api.given import in_utf8
from provstore.api.nouns import Dataset, Execution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from provstore.model.values import JSON
    from provstore.operations.registry.datasets import Change
    from provstore.project import Project

UNSET: Any = type("Unset", (), {"__repr__": lambda self: "UNSET"})()
"""Stands for what is not said, where None says that there is none."""


def id_of(dataset: object) -> str:
    """What a dataset is called by: its id, where it is one.

    Raises:
        UnknownIdError: It is neither a record nor a text.
        UsageError: No store can hold it.
    """
    if isinstance(dataset, (Dataset, Execution)):
        return dataset.id
    if isinstance(dataset, str):
        return in_utf8("id", dataset)
    from provstore.errors import UnknownIdError

    raise UnknownIdError(f"{dataset!r}: expected an id or an alias", hint="as text, or what get_dataset returns")


def _path(value: object) -> Any:  # noqa: ANN401 - of whatever type: the operation checks it
    """A path as text; the operation refuses what is none."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _several(values: object) -> Any:  # noqa: ANN401 - as `_path`
    """What may be read only once as a tuple; the operation refuses what is no list."""
    return tuple(values) if isinstance(values, Iterable) and not isinstance(values, (str, bytes)) else values


class ByHand:
    """Registering, replacing, deleting and describing. Part of `Store`."""

    _project: Project

    def register_execution(
        self,
        name: str,
        *,
        description: str = "",
        started: str | datetime | None = None,
        ended: str | datetime | None = None,
        site: str | None = None,
        configuration: str | os.PathLike[str] | None = None,
        input_datasets: Iterable[str | Dataset] = (),
    ) -> str:
        """Registers something that was done outside of any pipeline.

        Args:
            name: Any printable text of 1 to 255 characters.
            started, ended: A `datetime` or ISO 8601; without a zone it is UTC. Without `started` it is now.
            site: Where it was done.
            configuration: A file whose text is kept whole.
            input_datasets: What it read: datasets, their ids or aliases. What it depends on follows from them.

        Returns:
            Its id.

        Raises:
            UnknownIdError: One of the inputs is not known.
            UsageError: A name or a time can't be.
            FileError: The configuration can't be read.
        """
        from provstore.operations.registry.by_hand.executions import ExecutionRequest, register_execution
        from provstore.operations.registry.writing import unobserved

        inputs = _several(input_datasets)
        ids = tuple(id_of(part) for part in inputs) if isinstance(inputs, tuple) else inputs
        file = _path(configuration)
        request = ExecutionRequest(name, description, started, ended, site, file, ids, os.getcwd())
        return register_execution(self._project, request, unobserved)

    def register_dataset(  # noqa: PLR0913 - one argument for each column that a person may fill
        self,
        relpath: str | os.PathLike[str],
        version: str | None = None,
        *,
        name: str | None = None,
        description: str = "",
        execution_id: str | Execution | None = None,
        old_location: str | os.PathLike[str] | None = None,
        transfer: str = "copy",
        owner: str | None = None,
        owner_type: str = "user",
        keywords: Iterable[str] = (),
        overwritable: bool = False,
        location: str = "project",
        url: str | None = None,
        contact: str | None = None,
        dataset_type: str | None = None,
        data_id: Mapping[str, JSON] | None = None,
        collection: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> str:
        """Registers a file or a directory: copies it to its place, digests it, records it.

        Args:
            relpath: Where it lies in the project; ``a//b``, ``./a/b`` and ``a/b/`` are one.
            version: ``1.10.0``, or "major", "minor", "patch" for the next after the highest ever used of this name and
                owner; None: it has none.
            name: Any printable text of 1 to 255 characters; None: the last part of the path without its ending.
            execution_id: What made it; None: the task whose code calls this, the one that made these bytes, or nobody.
            old_location: Where the data are now; None: at their place already.
            transfer: "copy", "move", "hardlink", "symlink", "relsymlink", "direct" (they stay there) or "auto".
            owner: None: `[project] owner`, or the user.
            owner_type: "user", "group", "project" or "production".
            keywords: Words; they are kept in lower case.
            overwritable: It may be replaced; never so for `owner_type` "production".
            location: "project"; "external" (needs `url` or `contact`) and "meta" record without data.
            dataset_type: Identifiers with dots between; None: it has none of its own ("file").
            collection: A RUN collection, made if missing; None: the run's in a task, else ``registered`` in ``main``.
            metadata: A JSON object.

        Returns:
            Its id.

        Raises:
            UsageError: A value can't be; a living dataset has this name and version, or lies there.
            UnknownIdError: The execution is not known.
            FileError: The data can't be read, hold a symbolic link, or other data lie at the place.
        """
        return self._register({name: value for name, value in locals().items() if name != "self"})

    def _register(self, said: dict[str, Any]) -> str:
        from provstore.operations.registry.by_hand.register import RegisterRequest, register
        from provstore.operations.registry.writing import unobserved

        execution = said["execution_id"]
        said["execution_id"] = None if execution is None else id_of(execution)
        said["relpath"], said["old_location"] = _path(said["relpath"]), _path(said["old_location"])
        said["keywords"] = _several(said["keywords"])
        return register(self._project, RegisterRequest(**said, current=os.getcwd()), unobserved)

    def execution_configuration(self, execution: str | Execution) -> str:
        """The text of the configuration that an execution was registered with; what is not UTF-8 comes as U+FFFD.

        Raises:
            UnknownIdError: There is no such execution.
            UsageError: It was recorded without one.
            DataNotKeptError: Its text is lost.
        """
        from provstore.operations.registry.by_hand.executions import configuration

        return configuration(self._project, id_of(execution))[1].decode("utf-8", "replace")

    def replace_dataset(  # noqa: PLR0913 - as `register_dataset`
        self,
        dataset: str | Dataset,
        *,
        old_location: str | os.PathLike[str] | None = None,
        transfer: str = "copy",
        description: str | None = None,
        execution_id: str | Execution | None = None,
        keywords: Iterable[str] | None = None,
        url: str | None = None,
        contact: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> str:
        """Puts new data in the place of an overwritable dataset; the old bytes can be restored.

        The new one has the same name, version, owner and path, and the next iteration. What is None is taken over.

        Returns:
            The id of the new dataset.

        Raises:
            UnknownIdError: The dataset or the execution is not known.
            UsageError: It is not overwritable, or was replaced or deleted.
            FileError: The data can't be read.
        """
        from provstore.operations.registry.by_hand.changes import ReplaceRequest, replace
        from provstore.operations.registry.writing import unobserved

        request = ReplaceRequest(
            dataset=id_of(dataset),
            old_location=_path(old_location),
            transfer=transfer,
            description=description,
            execution_id=None if execution_id is None else id_of(execution_id),
            keywords=_several(keywords),
            url=url,
            contact=contact,
            metadata=metadata,
            current=os.getcwd(),
        )
        return replace(self._project, request, unobserved)

    def delete_dataset(self, dataset: str | Dataset, *, keep_bytes: bool = False) -> None:
        """Deletes a dataset: the record stays with its time and who did it, the data go. Path and version become free.

        Args:
            keep_bytes: Leave the data where they are, and what is kept of them.

        Raises:
            UnknownIdError: It is not known.
            UsageError: It was deleted before, or a task made it.
        """
        from provstore.operations.registry.by_hand.changes import delete
        from provstore.operations.registry.writing import unobserved

        delete(self._project, id_of(dataset), unobserved, keep_bytes=keep_bytes)

    def modify_dataset(
        self,
        dataset: str | Dataset,
        *,
        description: str = UNSET,
        url: str | None = UNSET,
        metadata: Mapping[str, JSON] = UNSET,
    ) -> None:
        """Changes what is not identity; the former values stay in the history. What is left out stays as it is.

        Raises:
            UnknownIdError: The dataset is not known.
            UsageError: Nothing is to be changed, or a value can't be.
        """
        from provstore.operations.registry.by_hand.changes import modify
        from provstore.operations.registry.writing import unobserved

        values = {"description": description, "url": url, "metadata": metadata}
        said = {field: value for field, value in values.items() if value is not UNSET}
        modify(self._project, id_of(dataset), said, unobserved)

    def dataset_changes(self, dataset: str | Dataset) -> tuple[Change, ...]:
        """What was said of a dataset since it was recorded, the first change first, each with the value before."""
        from provstore.operations.registry.datasets import dataset as found

        return tuple(found(self._project, id_of(dataset)).changes)

    def alias(self, name: str, dataset: str | Dataset, *, supersede: bool = False) -> None:
        """Gives a name to a dataset, or to what another alias stands for.

        Args:
            supersede: The name may stand for something else until now.

        Raises:
            UnknownIdError: There is no such dataset or alias.
            UsageError: The name is taken, or would stand for itself.
        """
        from provstore.operations.registry.by_hand.changes import alias
        from provstore.operations.registry.writing import unobserved

        alias(self._project, name, id_of(dataset), unobserved, supersede=supersede)

    def get_dataset(self, dataset: str | Dataset) -> Dataset:
        """The record of a dataset as it is now, by its id, the beginning of one, or an alias.

        Raises:
            UnknownIdError: There is none.
            StoreDamagedError: It is not what was recorded.
        """
        from provstore.operations.registry.datasets import dataset as found

        return Dataset(**found(self._project, id_of(dataset)).dataset._asdict())

    def get_execution(self, execution: str | Execution) -> Execution:
        """The record of an execution, by its id or the beginning of one.

        Raises:
            UnknownIdError: There is none.
            StoreDamagedError: It is not what was recorded.
        """
        from provstore.operations.registry.by_hand.executions import execution as found

        return Execution(**found(self._project, id_of(execution))._asdict())

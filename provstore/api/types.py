"""The calls of `Store` that are about dataset types."""

from __future__ import annotations

from provstore.api.nouns import DatasetType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.project import Project


class Typing:
    """Dataset types. Part of `Store`."""

    _project: Project

    def register_dataset_type(
        self, name: str, dimensions: Sequence[str], format: str, path: str | None = None, description: str = ""
    ) -> DatasetType:
        """Registers a kind of data, for `put`, `ingest` and `register_dataset`. The same once more is no error.

        A type that the Pipelinefile declares under ``[datasets]`` is registered by itself when it is first used. Its
        path and description are what the Pipelinefile says, whatever was registered.

        Args:
            name: Identifiers with dots between: ``image.raw``.
            dimensions: What labels its data, in any order; each is declared under ``[dimensions]`` or recorded.
            format: Name of a format that provstore or a plug-in has.
            path: Template of where `put` and `ingest` put its data, relative to the project: fields are its
                dimensions, ``{visit}_{detector:02d}.h5``. None: that of the Pipelinefile, if there is one.

        Returns:
            The type as it is known now.

        Raises:
            UsageError: A name, a dimension, the format or the path can't be; or the type is declared or registered
                with other dimensions, another format or another path.
        """
        from provstore.operations.registry.queries.types import dataset_type
        from provstore.operations.registry.types.register import TypeRequest, register_type
        from provstore.operations.registry.writing import unobserved

        register_type(self._project, TypeRequest(name, dimensions, format, path, description), unobserved)
        return DatasetType(**dataset_type(self._project, name)._asdict())

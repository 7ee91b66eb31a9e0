"""Of which dataset type an output is.

An output is of the type that it names, else of the type that has its path, else of one that is named after its stage
and role. A type that is declared has the dimensions of the stages that make it, and one format.
"""

from __future__ import annotations

from provstore.pipelinefile.expect import UnexpectedError, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.pipeline import DatasetType, PathSpec


def types_by_path(types: Iterable[DatasetType]) -> dict[str, str]:
    """Path template → the first dataset type that declares it."""
    found: dict[str, str] = {}
    for kind in types:
        if kind.path is not None:
            found.setdefault(kind.path, kind.name)
    return found


def type_of_output(stage: str, spec: PathSpec, by_path: Mapping[str, str]) -> str:
    """Name of an output's dataset type.

    Args:
        stage: Name of the stage that makes it.
        by_path: See `types_by_path`.
    """
    if spec.dataset is not None:
        return spec.dataset
    if spec.template in by_path:
        return by_path[spec.template]
    return f"{stage}.{spec.role}" if spec.role.isidentifier() else f"{stage}.output{spec.role}"


def check_type(spec: PathSpec, kind: DatasetType, dimensions: Sequence[str]) -> None:
    """An output has the dimensions and the format of its dataset type.

    Args:
        dimensions: Of its stage.

    Raises:
        UnexpectedError: It has others.
    """
    if set(kind.dimensions) != set(dimensions):
        raise UnexpectedError(
            f"dataset type {quoted(kind.name)} has {_spelled(kind.dimensions)}, the stage has {_spelled(dimensions)}",
            "data of a type are labelled by all of its dimensions and by no others",
        )
    if kind.format is not None and spec.format is not None and spec.format != kind.format:
        raise UnexpectedError(
            f"format {quoted(spec.format)}, but dataset type {quoted(kind.name)} has the format {quoted(kind.format)}",
            "name it in one place",
        )


def _spelled(dimensions: Sequence[str]) -> str:
    if not dimensions:
        return "no dimensions"
    return f"the dimension{'s' if len(dimensions) > 1 else ''} {', '.join(sorted(dimensions))}"

"""Checks `[dimensions]` and `[datasets]`: the axes that label data, and the kinds of data there are."""

from __future__ import annotations

import re

from provstore.model.pipeline import DatasetType, Dimension
from provstore.pipelinefile import expect
from provstore.pipelinefile.check_paths import Paths
from provstore.pipelinefile.expect import UnexpectedError, UnknownNameError, found, quoted
from provstore.pipelinefile.tables import spot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from provstore.model.values import JSON, Value
    from provstore.pipelinefile.tables import Keys, Table

RESERVED = ("inputs", "outputs", "params")
"""First words of placeholders, so no names of dimensions."""
KEYWORDS = ("and", "or", "not", "in", "true", "false", "null", "overlaps")
"""Of the language of conditions, in any case, so no names that one could ask for."""
UNTYPED = "file"
"""What datasets are of that nobody gave a type."""

VALUE_TYPES = ("int", "str")
METADATA_TYPES = ("int", "float", "str", "bool")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_SHAPE = "an array of values, a range such as '0..3', or a table"


def values(value: object) -> tuple[Value, ...]:
    """Listed values, all of one type and each once, or those of a range.

    Raises:
        UnexpectedError: Neither, or a value that no path can hold.
    """
    if isinstance(value, str):
        if expect.spans(value):
            return expect.steps(value)
        hint = f'write {{ from = "{value}" }}' if "{" in value else f"write [{quoted(value)}]"
        raise UnexpectedError(f"found {quoted(value)}, expected {_SHAPE}", hint)
    if not isinstance(value, list):
        raise UnexpectedError(f"found {found(value)}, expected {_SHAPE}")
    listed = tuple(expect.scalar(element) for element in value)
    for element in listed:
        if type(element) is not type(listed[0]):
            raise UnexpectedError(f"found {found(listed[0])} and {found(element)}, expected values of one type")
        if isinstance(element, str) and ("/" in element or element in ("", ".", "..")):
            raise UnexpectedError(f"found {quoted(element)}, which can't be part of a file's name")
    if (twice := expect.repeated(listed)) is not None:
        raise UnexpectedError(f"{found(twice)} is there twice")
    return listed


def value_type(value: object) -> str:
    """What a value found in a path becomes."""
    if value not in VALUE_TYPES:
        raise UnexpectedError(f"found {found(value)}, expected 'int' or 'str'")
    return str(value)


def metadata(value: object) -> Mapping[str, JSON]:
    """Field → type of what a dimension's records hold."""
    if not isinstance(value, dict):
        raise UnexpectedError(f"found {found(value)}, expected a table of names and types")
    for name, type_ in value.items():
        if not _NAME.fullmatch(name):
            raise UnexpectedError(f"found the name {quoted(name)}, expected letters, digits and '_'")
        if type_ not in METADATA_TYPES:
            raise UnexpectedError(
                f"found {found(type_)} as type of {quoted(name)}, expected 'int', 'float', 'str' or 'bool'"
            )
    return dict(value)


DIMENSION_KEYS: Keys = {
    "values": values,
    "from": expect.text,
    "type": value_type,
    "requires": expect.names,
    "implies": expect.names,
    "metadata": metadata,
    "timespan": expect.flag,
    "region": expect.flag,
    "description": expect.text,
}
DEFINITION_KEYS = ("requires", "implies", "metadata", "timespan", "region", "description")
"""Those that go into `Dimension.definition`."""

OWN_FIELDS = ("begin", "end", "timespan", "region")
"""What records of dimensions hold under these names, so no names of metadata."""

DATASET_KEYS: Keys = {
    "path": expect.text,
    "dimensions": expect.names,
    "format": expect.text,
    "description": expect.text,
}

_CONFUSED_DIMENSION = {
    "path": "from",
    "pattern": "from",
    "glob": "from",
    "list": "values",
    "range": "values",
    "dtype": "type",
}
_CONFUSED_DATASET = {
    "template": "path",
    "file": "path",
    "desc": "description",
    "type": "format",
    "storage_class": "format",
}


def check_dimensions(sections: Iterable[Table], root: str) -> dict[str, Dimension]:
    """All dimensions of all files.

    Two files may declare a dimension alike, so that each is whole by itself.
    """
    dimensions: dict[str, Dimension] = {}
    paths = Paths(root, dimensions, {})
    declared: list[tuple[Table, Dimension]] = []
    for section in sections:
        for name, value in section.values.items():
            table = section.member(name, value if isinstance(value, dict) else {}, "dimension")
            dimension = _dimension(table, name, value, paths)
            known = dimensions.setdefault(name, dimension)
            if not _alike(known, dimension):
                table.note_whole(f"is declared otherwise in {spot(known.place)}")
            declared.append((table, dimension))
    for table, dimension in declared:
        _check_from(table, dimension, paths)
        _check_fields(table, dimension)
        _check_related(table, dimension, dimensions)
    _check_cycle(declared)
    return dimensions


def _dimension(table: Table, name: str, value: object, paths: Paths) -> Dimension:
    """One dimension, before anything that needs the others."""
    if not _NAME.fullmatch(name):
        table.note_whole("found a name that is not made of letters, digits and '_'")
    if name in RESERVED:
        table.note_whole(f"the name is taken by the placeholder '{{{name}}}'", "choose another")
    if name.lower() in KEYWORDS:
        table.note_whole("the name is a key word of conditions", "choose another")
    checked: dict[str, Any] = {}
    if isinstance(value, dict):
        checked = table.read(DIMENSION_KEYS, _CONFUSED_DIMENSION)
    else:
        try:
            checked["values"] = values(value)
        except UnexpectedError as error:
            table.note_whole(error.text, error.hint)
    pattern, listed, type_ = checked.get("from"), checked.get("values"), checked.get("type")
    if listed is not None and pattern is not None:
        table.note_whole("has both 'values' and 'from', expected one of them")
    if listed and type_ and type(listed[0]).__name__ != type_:
        table.note("values", f"found {found(listed[0])}, expected values of type {quoted(type_)}")
    return Dimension(
        name=name,
        values=listed,
        pattern=None if pattern is None else _pattern(table, pattern, paths),
        type=type_,
        definition={key: checked[key] for key in DEFINITION_KEYS if key in checked},
        place=table.place(),
    )


def _pattern(table: Table, written: str, paths: Paths) -> str | None:
    try:
        return paths.normal(written, table.source.folder).path
    except UnexpectedError as error:
        table.note_error("from", error)
        return None


def _alike(one: Dimension, other: Dimension) -> bool:
    """Nothing but their places differs."""
    return (one.values, one.pattern, one.type, one.definition) == (
        other.values,
        other.pattern,
        other.type,
        other.definition,
    )


def _check_from(table: Table, dimension: Dimension, paths: Paths) -> None:
    """Where a dimension is found, its path has a field for it, and fields for known dimensions only."""
    if dimension.pattern is None:
        return
    try:
        if dimension.name not in paths.fields(dimension.pattern):
            raise UnexpectedError(
                f"path {quoted(dimension.pattern)} lacks the field '{{{dimension.name}}}', by which values are found"
            )
    except UnexpectedError as error:
        table.note_error("from", error)


def _check_related(table: Table, dimension: Dimension, dimensions: Mapping[str, Dimension]) -> None:
    """`requires` and `implies` name other dimensions."""
    for key in ("requires", "implies"):
        for other in _names(dimension.definition.get(key)):
            if other not in dimensions:
                error = UnknownNameError(f"unknown dimension {quoted(other)}", other, dimensions)
                table.note_error(key, error, near=other)


def _check_fields(table: Table, dimension: Dimension) -> None:
    """Each name in a record means one thing."""
    definition = dimension.definition
    metadata = definition.get("metadata")
    related = {dimension.name, *_names(definition.get("requires")), *_names(definition.get("implies"))}
    own = (*(OWN_FIELDS[:3] if definition.get("timespan") else ()), *(("region",) if definition.get("region") else ()))
    for field in own:
        if field in related:
            table.note_whole(f"{quoted(field)} is a field of its records and a dimension that they name")
    taken = {*related, *OWN_FIELDS}
    for field in metadata if isinstance(metadata, dict) else ():
        if field in taken:
            what = "a field that records may have anyway" if field in OWN_FIELDS else "a dimension that records name"
            table.note("metadata", f"{quoted(field)} is {what}", "choose another name")


def _names(value: JSON) -> Sequence[str]:
    return [str(name) for name in value] if isinstance(value, (list, tuple)) else []


def _check_cycle(declared: Sequence[tuple[Table, Dimension]]) -> None:
    """No dimension requires or implies itself, in however many steps."""
    related = {
        dimension.name: {*_names(dimension.definition.get("requires")), *_names(dimension.definition.get("implies"))}
        for _, dimension in declared
    }
    cycle = first_cycle(related)
    if cycle:
        table = next(table for table, dimension in declared if dimension.name == cycle[0])
        table.note_whole(f"requires or implies itself: {' → '.join(cycle)}")


def first_cycle(graph: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """One cycle of a graph, its first name again at its end; empty: there is none."""
    if not any(graph.values()):
        return ()
    import graphlib

    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()


def check_datasets(sections: Iterable[Table], paths: Paths) -> dict[str, DatasetType]:
    """All dataset types of all files; two files may declare one alike."""
    types: dict[str, DatasetType] = {}
    for section in sections:
        for name, table in section.members("dataset", "a table with 'path', 'format', …"):
            if not _DOTTED.fullmatch(name):
                table.note_whole("found a name that is not made of letters, digits, '_' and single dots")
            if name == UNTYPED:
                table.note_whole("this name is that of datasets without a type", "choose another")
            type_ = _dataset_type(table, name, paths)
            known = types.setdefault(name, type_)
            if (known.path, known.dimensions, known.format) != (type_.path, type_.dimensions, type_.format):
                table.note_whole(f"is declared otherwise in {spot(known.place)}")
    return types


def _dataset_type(table: Table, name: str, paths: Paths) -> DatasetType:
    checked = table.read(DATASET_KEYS, _CONFUSED_DATASET)
    path: str | None = None
    fields: tuple[str, ...] = ()
    if "path" in checked:
        try:
            path = paths.normal(checked["path"], table.source.folder).path
            fields = paths.fields(path)
        except UnexpectedError as error:
            table.note_error("path", error)
    dimensions = checked.get("dimensions", fields)
    for dimension in dimensions:
        if dimension not in paths.dimensions:
            unknown = UnknownNameError(f"unknown dimension {quoted(dimension)}", dimension, paths.dimensions)
            table.note_error("dimensions", unknown, near=dimension)
    for field in fields:
        if field not in dimensions:
            table.note("path", f"has the field '{{{field}}}', which is none of its dimensions", f"add {quoted(field)}")
    return DatasetType(
        name=name,
        path=path,
        dimensions=dimensions,
        format=checked.get("format"),
        description=checked.get("description", ""),
        place=table.place(),
    )

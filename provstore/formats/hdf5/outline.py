"""What is in a file, for people: a description in plain values, and a picture in text."""

from __future__ import annotations

from provstore.formats.hdf5.arrays import text_of_attribute
from provstore.formats.hdf5.content import attributes_of, dataset_of
from provstore.formats.hdf5.links import ROOT, Places, Visit, kind_of_object, shown_name, walk
from provstore.plugin import Preview, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore.model.values import JSON
    from provstore.plugin import Expansion

MOST_OBJECTS = 200
"""So many are listed; the others are counted."""
LINES = 30


def describe_file(file: Any, limit: Expansion) -> dict[str, JSON]:
    """Counts of objects; type, shape and attributes of the first of them."""
    places = Places(file)
    counts = {"group": 0, "dataset": 0, "type": 0}
    contents: dict[str, JSON] = {}
    for visit in walk(file, places, limit):
        kind = kind_of_object(visit.id)
        counts[kind] += 1
        if len(contents) < MOST_OBJECTS:
            path = "/" + "/".join(map(shown_name, places.names(visit.number)))
            contents[path] = _facts(visit, kind, places, limit)
    return {"groups": counts["group"], "datasets": counts["dataset"], "types": counts["type"], "contents": contents}


def _facts(visit: Visit, kind: str, places: Places, limit: Expansion) -> dict[str, JSON]:
    facts: dict[str, JSON] = {"kind": kind}
    if kind == "dataset":
        array = dataset_of(visit.id)
        facts |= {"type": array.kind.name, "shape": None if array.shape is None else list(array.shape)}
    attributes = attributes_of(visit.id, ROOT) if visit.info.num_attrs else []
    if attributes:
        facts["attributes"] = {
            shown_name(name): text_of_attribute(array, places, limit) for name, array in attributes[:MOST_OBJECTS]
        }
    return facts


def preview_file(file: Any, limit: Expansion) -> Preview:
    """The first objects, one on each line, with type and shape."""
    description = describe_file(file, limit)
    contents: Any = description["contents"]
    counts = [(description[f"{noun}s"], noun) for noun in ("group", "dataset")]
    lines = [", ".join([f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts])]
    for path, facts in contents.items():
        what = facts["kind"] if "type" not in facts else f"{facts['type']}  {_shape(facts['shape'])}"
        lines.append(shown(f"{path}  {what}"))
        lines += [shown(f"    @{name}  {text}") for name, text in facts.get("attributes", {}).items()]
    if len(lines) > LINES:
        lines = [*lines[:LINES], "…"]
    return Preview("text", "\n".join(lines).encode("utf-8", "backslashreplace"))


def _shape(shape: list[int] | None) -> str:
    return "null" if shape is None else "×".join(map(str, shape)) or "scalar"

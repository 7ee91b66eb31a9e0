"""Checks `[params]` and files of parameters: tables of any depth → leaves by their full dotted name."""

from __future__ import annotations

from provstore.pipelinefile import expect
from provstore.pipelinefile.expect import UnexpectedError, quoted
from provstore.pipelinefile.tables import spot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from provstore.model.pipeline import Place
    from provstore.model.values import JSON
    from provstore.pipelinefile.tables import Table


class Params:
    """The parameters of all files.

    Attributes:
        leaves: Full name → value.
        tables: Full names of the tables above them.
    """

    def __init__(self) -> None:
        self.leaves: dict[str, JSON] = {}
        self.tables: dict[str, Place] = {}
        self._places: dict[str, Place] = {}

    def add(self, section: Table) -> None:
        """Adds the parameters of one file; what another file says otherwise is noted."""
        for keys, value in _leaves(section.values):
            name = ".".join(keys)
            about = section.about(f"param {quoted(name)}", keys)
            try:
                checked = _leaf(keys, value)
            except UnexpectedError as error:
                about.note_whole(error.text, error.hint)
                continue
            place = about.place()
            if isinstance(value, dict):
                self.tables.setdefault(name, place)
            elif self.leaves.setdefault(name, checked) != checked or type(self.leaves[name]) is not type(checked):
                other = self._places[name]
                about.note_whole(f"has another value in {spot(other)}", "set it once")
            else:
                self._places.setdefault(name, place)
            if name in self.tables and name in self.leaves:
                other = self.tables[name] if self.tables[name] != place else self._places[name]
                about.note_whole(f"is a value here and a table in {spot(other)}, or the other way round")


def _leaf(keys: tuple[str, ...], value: object) -> JSON:
    """A parameter's value; for a table, an empty one."""
    if not keys[-1]:
        raise UnexpectedError("has an empty name")
    if "." in keys[-1]:
        raise UnexpectedError(
            f"has a dot inside of the key {quoted(keys[-1])}", "dots separate tables; leave out the quotes"
        )
    expect.scalar(keys[-1])
    if len(keys) > expect.DEEPEST:
        raise UnexpectedError(f"is nested more than {expect.DEEPEST} deep")
    if isinstance(value, dict):
        return {}
    return expect.plain(value) if isinstance(value, list) else expect.scalar(value)


def _leaves(values: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every key of nested tables with its path, tables before what they hold."""
    pending: list[tuple[tuple[str, ...], object]] = [((key,), value) for key, value in reversed(list(values.items()))]
    while pending:
        keys, value = pending.pop()
        yield keys, value
        if isinstance(value, dict) and len(keys) <= expect.DEEPEST:
            pending.extend(((*keys, key), inner) for key, inner in reversed(list(value.items())))


def check_params(sections: Iterable[Table]) -> Params:
    """The parameters of all files, `[params]` and files of parameters alike."""
    params = Params()
    for section in sections:
        params.add(section)
    return params

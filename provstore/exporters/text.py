"""Drawings for the terminal: one line a step, with rails beside it, as `git log --graph` has them.

A step's data run down in its rail until the last step that reads them. A line that crosses a rail leaves a
gap on both sides of it; one that joins it doesn't.
"""

from __future__ import annotations

from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from provstore.model.drawing import Drawing, Node

    Style = Callable[[str, str], str]

MOST_RAILS = 12
"""Beyond, nobody can follow them: what a step takes data from is listed instead."""

MOST_NAMES = 6


def draw(drawing: Drawing, style: Style, width: int | None = None) -> str:
    """The drawing, a line for each step and a newline behind each.

    Args:
        style: Colours a text by a state.
        width: Columns that a line may fill; None: as many as it takes.
    """
    if not drawing.nodes:
        return "no stages\n"
    upstream = drawing.upstream()
    rails = _rails(upstream)
    listed = max(map(len, rails.values())) > 2 * MOST_RAILS
    if listed:
        rails = {name: "●" for name in rails}
    wide = max(map(len, rails.values()))
    names = max(len(harmless(node.name)) for node in drawing.nodes)
    notes = max(len(node.note) for node in drawing.nodes)
    states = max(len(node.state) for node in drawing.nodes)
    lines = []
    for node in drawing.nodes:
        rail = rails[node.name].ljust(wide)
        if node.state not in ("", "fresh"):
            rail = rail.replace("●", "○")
        head = f"{rail}  {harmless(node.name).ljust(names)}"
        head += f"  {node.note.ljust(notes)}" if notes else ""
        room = None if width is None else width - len(head) - (states + 2 if states else 0) - 2
        head += f"  {style(node.state.ljust(states), node.state)}" if states else ""
        lines.append(f"{head}  {_data(node, room)}".rstrip())
        if listed and upstream[node.name]:
            lines.append(_cut("     from " + _some(upstream[node.name]), width))
    return "\n".join(lines) + "\n"


def _data(node: Node, room: int | None) -> str:
    """What a step makes and what it reads that no step makes."""
    parts = []
    if node.outputs:
        parts.append("→ " + _some(node.outputs))
    if node.sources:
        parts.append("← " + _some(node.sources))
    return _cut("  ".join(parts), room)


def _some(names: Sequence[str]) -> str:
    shown = [harmless(name) for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        shown.append(f"and {len(names) - MOST_NAMES} more")
    return ", ".join(shown)


def _cut(text: str, room: int | None) -> str:
    if room is None or len(text) <= room:
        return text
    return text[: room - 1] + "…" if room > 8 else ""


class _Lanes:
    """The rails as they are between two lines: each carries the data of one step, or nothing."""

    def __init__(self) -> None:
        self.carries: list[str | None] = []
        self._ended_above: set[int] = set()

    def free(self) -> int:
        """An empty lane, not right below a step with which it would seem to be connected."""
        for lane, carried in enumerate(self.carries):
            if carried is None and lane not in self._ended_above:
                return lane
        self.carries.append(None)
        return len(self.carries) - 1

    def move(self, lane: int, name: str | None, ended: Sequence[int]) -> None:
        """Goes on to the next line: `lane` carries the data of `name`, those that ended carry nothing."""
        for other in ended:
            self.carries[other] = None
        self.carries[lane] = name
        self._ended_above = {lane} if name is None else set()


def _rails(upstream: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The rails beside each step, in the order of the steps."""
    readers = dict.fromkeys(upstream, 0)
    for sources in upstream.values():
        for source in sources:
            readers[source] += 1
    lanes = _Lanes()
    left = dict(readers)
    lines = {}
    for name, sources in upstream.items():
        for source in sources:
            left[source] -= 1
        joined = [lane for lane, carried in enumerate(lanes.carries) if carried in sources]
        ended = [lane for lane in joined if not left[str(lanes.carries[lane])]]
        place = ended[0] if ended else lanes.free()
        lines[name] = _line(lanes.carries, place, joined, ended)
        lanes.move(place, name if readers[name] else None, ended)
    return lines


def _line(carries: Sequence[str | None], place: int, joined: Sequence[int], ended: Sequence[int]) -> str:
    first, last = min([place, *joined]), max([place, *joined])
    text = ""
    for lane, carried in enumerate(carries):
        across = first < lane < last
        if lane == place:
            text += "●"
        elif lane in joined:
            text += _joint(across=across, goes_on=lane not in ended, at_left=lane == first)
        elif carried is not None:
            text += "│"
        else:
            text += "─" if across else " "
        text += "─" if first <= lane < last else " "
    return text.rstrip()


def _joint(*, across: bool, goes_on: bool, at_left: bool) -> str:
    if across:
        return "┼" if goes_on else "┴"
    if at_left:
        return "├" if goes_on else "╰"
    return "┤" if goes_on else "╯"

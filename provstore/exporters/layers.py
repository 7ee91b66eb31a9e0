"""Places for the steps of a drawing: in layers, each step behind all that it takes data from.

Rules: pure arithmetic, no program is called, and the same drawing always gives the same places. It is the method of
Sugiyama, Tagawa and Toda (1981) in its plainest form: layers by the longest path; a bend in each layer that an edge
passes; in each layer the order of the barycentres of what lies next to it; then places as near as can be to those.
`across` runs along a layer, `along` from one layer to the next; only at the end do they become x and y.
"""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from provstore.model.values import harmless
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from provstore.model.drawing import Drawing, Node

    Point: TypeAlias = "tuple[float, float]"

CHARACTER, PADDING, LEAST = 7.6, 40, 104
"""Width of a letter, what a box has beside its text, and the least width of a box; in pixels, as all here."""

HEIGHT = 46
BETWEEN_LAYERS, BETWEEN_BOXES, BETWEEN_BENDS = 52, 18, 10
MARGIN = 12
LONGEST = 30
"""Columns of a name that are shown."""

USUAL_WIDTH = 1080
"""Up to this width data flow from left to right; a wider drawing takes the narrower of the two directions."""

SWEEPS = 8
"""Ways through all layers, downwards and back in turn; an even number."""

MOST_BENDS = 3000
"""Beyond, edges go straight through what lies between: nobody could follow them anyway."""


class Box(NamedTuple):
    """Where a step is drawn; `name` as it fits into the box."""

    node: Node
    name: str
    x: float
    y: float
    width: float
    height: float


class Curve(NamedTuple):
    """How an edge is drawn.

    Attributes:
        path: In the language of SVG's attribute `d`.
        flows: Data flow; else the second step only has to come after the first.
    """

    source: str
    target: str
    path: str
    flows: bool


class Layout(NamedTuple):
    """A drawing with the place of everything in it."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


class _Grid(NamedTuple):
    """Layers of items: a step's name, or a bend (edge number, layer).

    Attributes:
        layers: The items of each, in their order across.
        chains: For each edge the items that it passes, from source to target; None: it leads back.
        before, behind: Item → items next to it in the layer before, and in the layer behind.
    """

    layers: list[list[object]]
    chains: list[list[object] | None]
    before: dict[object, list[object]]
    behind: dict[object, list[object]]


def lay_out(drawing: Drawing) -> Layout:
    """Places for all that is in a drawing; data flow to the right or, where that would be too wide, down."""
    if not drawing.nodes:
        return Layout(0, 0, (), ())
    grid = _grid(drawing)
    _order(grid)
    right = _placed(drawing, grid, to_the_right=True)
    if right.width <= USUAL_WIDTH:
        return right
    return min(right, _placed(drawing, grid, to_the_right=False), key=lambda layout: layout.width)


# --- layers -----------------------------------------------------------------------------------------------


def _grid(drawing: Drawing) -> _Grid:
    layer = _layer_of_each(drawing)
    layers: list[list[object]] = [[] for _ in range(max(layer.values()) + 1)]
    for node in drawing.nodes:
        layers[layer[node.name]].append(node.name)
    passed = sum(max(0, layer[edge.target] - layer[edge.source] - 1) for edge in drawing.edges)
    chains: list[list[object] | None] = []
    for number, edge in enumerate(drawing.edges):
        first, last = layer[edge.source], layer[edge.target]
        bends = [(number, place) for place in range(first + 1, last)] if passed <= MOST_BENDS else []
        for bend in bends:
            layers[bend[1]].append(bend)
        chains.append([edge.source, *bends, edge.target] if first < last else None)
    before: dict[object, list[object]] = {item: [] for items in layers for item in items}
    behind: dict[object, list[object]] = {item: [] for items in layers for item in items}
    for chain in chains:
        for one, other in zip(chain or (), (chain or ())[1:], strict=False):
            behind[one].append(other)
            before[other].append(one)
    return _Grid(layers, chains, before, behind)


def _layer_of_each(drawing: Drawing) -> dict[str, int]:
    """Name of each step → the number of its layer. An edge that leads back in the order of the steps does not count."""
    upstream = drawing.upstream()
    layer: dict[str, int] = {}
    for node in drawing.nodes:
        layer[node.name] = max((layer[source] + 1 for source in upstream[node.name] if source in layer), default=0)
    return layer


def _order(grid: _Grid) -> None:
    """Sorts each layer by the mean place of what lies next to its items, from the first layer to the last and back."""
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        neighbours = grid.before if downwards else grid.behind
        place: dict[object, float] = {}
        for layer in grid.layers if downwards else reversed(grid.layers):
            count = max(1, len(layer))
            mean = {
                item: _mean([place[other] for other in neighbours[item]], (number + 0.5) / count)
                for number, item in enumerate(layer)
            }
            layer.sort(key=mean.__getitem__)
            place |= {item: (number + 0.5) / count for number, item in enumerate(layer)}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


# --- places -----------------------------------------------------------------------------------------------


def _placed(drawing: Drawing, grid: _Grid, *, to_the_right: bool) -> Layout:
    sizes = {node.name: (_width(node), float(HEIGHT)) for node in drawing.nodes}
    if to_the_right:
        sizes = {name: (across, along) for name, (along, across) in sizes.items()}
    across = _across(grid, {name: size[0] for name, size in sizes.items()})
    along, depth = _along(grid, {name: size[1] for name, size in sizes.items()})
    boxes = []
    for node in drawing.nodes:
        (wide, deep), (start, _) = sizes[node.name], along[node.name]
        corner = (across[node.name] - wide / 2, start)
        x, y, width, height = (*corner, wide, deep) if not to_the_right else (*corner[::-1], deep, wide)
        boxes.append(Box(node, _fitting(node.name), x, y, width, height))
    curves = [
        Curve(edge.source, edge.target, _path(stops, to_the_right=to_the_right), bool(edge.paths))
        for edge, chain in zip(drawing.edges, grid.chains, strict=True)
        for stops in [_stops(chain or [edge.source, edge.target], across, along)]
        if edge.source != edge.target
    ]
    breadth = MARGIN + max(across[name] + size[0] / 2 for name, size in sizes.items())
    breadth = max([breadth, *(MARGIN + across[item] for item in across)])
    width, height = (depth, breadth) if to_the_right else (breadth, depth)
    return Layout(width, height, tuple(boxes), tuple(curves))


def _width(node: Node) -> float:
    return max(LEAST, PADDING + CHARACTER * max(_columns(_fitting(node.name)), len(node.note) + len(node.state) + 3))


def _columns(text: str) -> int:
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _fitting(name: str) -> str:
    """A name as it fits into a box: its end is cut off."""
    shown = harmless(name)
    if _columns(shown) <= LONGEST:
        return shown
    while _columns(shown) >= LONGEST:
        shown = shown[:-1]
    return shown + "…"


def _along(grid: _Grid, sizes: Mapping[str, float]) -> tuple[dict[object, Point], float]:
    """Where each item begins and ends on the way from the first layer to the last, and the end of it all."""
    start, found = float(MARGIN), {}
    for layer in grid.layers:
        deep = max((sizes[item] for item in layer if isinstance(item, str)), default=0.0)
        for item in layer:
            aside = (deep - sizes[item]) / 2 if isinstance(item, str) else 0.0
            found[item] = (start + aside, start + deep - aside)
        start += deep + BETWEEN_LAYERS
    return found, start - BETWEEN_LAYERS + MARGIN


def _across(grid: _Grid, sizes: Mapping[str, float]) -> dict[object, float]:
    """The middle of each item across its layer: as near as can be to the mean of what lies next to it."""
    middle: dict[object, float] = {}
    for layer in grid.layers:
        middle |= _spread(layer, dict.fromkeys(layer, 0.0), sizes)
    for sweep in range(SWEEPS - 1):  # the last one goes downwards, so that chains are straight
        downwards = sweep % 2 == 0
        near = grid.before if downwards else grid.behind
        for layer in grid.layers if downwards else reversed(grid.layers):
            wanted = {item: _mean([middle[other] for other in near[item]], middle[item]) for item in layer}
            middle |= _spread(layer, wanted, sizes)
    least = min(middle[item] - _half(item, sizes) for layer in grid.layers for item in layer)
    return {item: place - least + MARGIN for item, place in middle.items()}


def _half(item: object, sizes: Mapping[str, float]) -> float:
    return sizes[item] / 2 if isinstance(item, str) else 0.0


def _spread(layer: Sequence[object], wanted: Mapping[object, float], sizes: Mapping[str, float]) -> dict[object, float]:
    """Places in a given order, far enough from each other, at the least sum of squared distances from those wanted.

    With the room that the items before it need taken off, an item may not lie before the one before it: that is
    isotonic regression, solved by pooling neighbours that are in each other's way (Barlow et al. 1972).
    """
    room, taken = 0.0, []
    for number, item in enumerate(layer):
        if number:
            both = isinstance(item, str) and isinstance(layer[number - 1], str)
            room += BETWEEN_BOXES if both else BETWEEN_BENDS
            room += _half(layer[number - 1], sizes) + _half(item, sizes)
        taken.append(room)
    pools: list[tuple[float, int]] = []
    for item, room in zip(layer, taken, strict=True):
        mean, count = wanted[item] - room, 1
        while pools and pools[-1][0] > mean:
            other, many = pools.pop()
            mean, count = (mean * count + other * many) / (count + many), count + many
        pools.append((mean, count))
    places = [mean for mean, count in pools for _ in range(count)]
    return {item: place + room for item, place, room in zip(layer, places, taken, strict=True)}


# --- curves -----------------------------------------------------------------------------------------------


def _stops(chain: Sequence[object], across: Mapping[object, float], along: Mapping[object, Point]) -> list[Point]:
    """(across, along) where an edge leaves a box, enters and leaves each layer that it passes, and reaches a box."""
    passed = [(across[item], place) for item in chain for place in along[item]]
    return passed[1:-1]


def _path(stops: Sequence[Point], *, to_the_right: bool) -> str:
    """A line that is straight within layers, and a smooth curve between them."""
    points = [point[::-1] if to_the_right else point for point in stops]
    parts: list[str] = []
    for (x1, y1), (x2, y2) in zip(points[::2], points[1::2], strict=True):
        middle = (x1 + x2) / 2, (y1 + y2) / 2
        one, other = ((middle[0], y1), (middle[0], y2)) if to_the_right else ((x1, middle[1]), (x2, middle[1]))
        numbers = " ".join(f"{number:.0f}" for number in (*one, *other, x2, y2))
        parts.append(f"{'L' if parts else 'M'}{x1:.0f} {y1:.0f}C{numbers}")
    return "".join(parts)

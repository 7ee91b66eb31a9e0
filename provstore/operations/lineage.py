"""Everything a file came from, through executions; or all that came from it."""

from __future__ import annotations

from provstore.errors import PipelinefileError, StoreDamagedError, UnknownIdError
from provstore.model.drawing import Drawing, Edge, Node
from provstore.model.values import nearest, task_name
from provstore.noun import NamedTuple
from provstore.operations import versions
from provstore.operations.by_content import DATA, TOO_BIG, find_alike, is_too_big
from provstore.operations.identify import IS_ID, identify, records_like, shortener
from provstore.store import lineage as graph
from provstore.store import proof

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from provstore.operations.versions import Known
    from provstore.project import Project
    from provstore.store.lineage import DatasetNode, ExecutionNode, Lineage, Link
    from provstore.store.origins import Version
    from provstore.store.store import Store

DIGEST_LETTERS = len("blake3:") + 12


class LineageRequest(NamedTuple):
    """What a user asks.

    Attributes:
        text: PATH, PATH@ID, or the id of a dataset or an execution.
        current: Folder that paths are relative to.
        down: What came from it; else what it came from.
        depth: Executions that a way has at most; None: all.
    """

    text: str
    current: str
    down: bool = False
    depth: int | None = None


class LineageReport(NamedTuple):
    """The graph of datasets and executions.

    Attributes:
        roots: Ids of what was asked about: one, and with `down` others of its path with the same bytes.
        datasets, executions: Each once, in the order in which they were recorded.
        links: All that lead from one of these to another, in the direction in which data flow.
        makers: Executions that made the datasets, by id; also those that are no nodes, as they lie too far away.
        names: Id of each node → what a picture calls it, unique.
        remarks: What a person should know of the answer.
        gathered: Ids of directories that no execution made as a whole, with made files in them.
    """

    roots: Sequence[str]
    down: bool
    datasets: Sequence[DatasetNode]
    executions: Sequence[ExecutionNode]
    links: Sequence[Link]
    makers: Mapping[str, ExecutionNode]
    names: Mapping[str, str]
    remarks: Sequence[str]
    gathered: Container[str] = ()

    def drawing(self) -> Drawing:
        """What a picture shows of it."""
        notes = {node.id: node.digest[:DIGEST_LETTERS] for node in self.datasets}
        notes |= {node.id: f"{node.outcome} {node.started[:10]}" for node in self.executions}
        nodes = [Node(self.names[id], notes[id], "", (), ()) for id in _in_order(notes, self.links)]
        edges = [Edge(self.names[link.source], self.names[link.target], (link.role,)) for link in self.links]
        return Drawing(self.names[self.roots[0]], nodes, edges)


class _Root(NamedTuple):
    """Where the walk begins.

    Attributes:
        inside: What lies in a recorded directory and was never read by itself: the directory stands for it. Else "".
    """

    kind: str
    id: str
    inside: str = ""
    remarks: tuple[str, ...] = ()


def lineage(project: Project, request: LineageRequest) -> LineageReport:
    """The graph around what the request names.

    Raises:
        UnknownIdError: The store knows nothing of it.
        UsageError: There is no store, or it names no data.
        FileError: What lies there can't be read.
        StoreDamagedError: A record of the answer is not what was recorded.
    """
    store = versions.store_of(project, request.text)
    root = _root(project, store, request)
    roots = [root.id]
    if request.down:
        if root.kind == graph.DATASET:
            roots += [id for id in store.ask(graph.same_bytes, root.id) if id != root.id]
        nodes = [(root.kind, id) for id in roots]
        found = store.ask(graph.descendants, nodes, request.depth, parts=True, inside=root.inside)
        roots, found = _used(roots, found)
    else:
        found = store.ask(graph.ancestors, [(root.kind, root.id)], request.depth)
    makers = _proved_makers(store, found)
    names = _names(store, found.datasets, found.executions)
    return LineageReport(
        roots,
        request.down,
        found.datasets,
        found.executions,
        found.links,
        makers,
        names,
        root.remarks,
        store.ask(graph.gathered, [node.id for node in found.datasets if node.kind == "directory"]),
    )


def _used(roots: Sequence[str], found: Lineage) -> tuple[list[str], Lineage]:
    """Without the roots of which nothing came, but the first."""
    sources = {link.source for link in found.links}
    idle = {id for id in roots[1:] if id not in sources}
    datasets = [node for node in found.datasets if node.id not in idle]
    return [id for id in roots if id not in idle], found._replace(datasets=datasets)


def _proved_makers(store: Store, found: Lineage) -> dict[str, ExecutionNode]:
    """What made the datasets, and all executions of the graph, by id; all of it is what was recorded.

    Raises:
        StoreDamagedError: It is not.
    """
    for kind, id in found.missing:
        proof.prove(store, kind, id)
    makers = {node.id: node for node in found.executions}
    made_by = {node.execution for node in found.datasets if node.execution is not None}
    proof.prove_all(store, graph.DATASET, [node.id for node in found.datasets])  # by what made it
    proof.prove_all(store, graph.EXECUTION, [id for id in makers if id not in made_by])
    return makers | {node.id: node for node in store.ask(graph.executions, made_by - makers.keys())}


# --- where it begins --------------------------------------------------------------------------------------


def _root(project: Project, store: Store, request: LineageRequest) -> _Root:
    """The node that a text names: a path that is known as a whole is no ``PATH@ID``, and no id."""
    text = request.text
    known = versions.known(project, request.current, text)
    if known.expected is not None:
        return _lying_there(project, store, known)
    before, at, id = text.rpartition("@")
    if at and before:
        other = versions.known(project, request.current, before)
        if other.expected is not None:
            return _named_root(store, other, id)
    if IS_ID.fullmatch(text.lower()) and records_like(store, text):
        kind, id = identify(store, text)
        if kind in (graph.DATASET, graph.EXECUTION):
            return _Root(kind, id)
        raise UnknownIdError(f"{text}: this is a run, expected a dataset or an execution", hint=f"see 'show {text}'")
    return _by_content(project, store, known)


def _lying_there(project: Project, store: Store, known: Known) -> _Root:
    """The version that lies there now; else what should, with a remark."""
    there = versions.present(project, store, known.path)
    found = versions.lying_there(there, known)
    if found is None and there is not None:  # it may have been read by itself once, and made anew with its directory
        inside = versions.in_a_directory(project, store, known.path)
        known, found = (inside, versions.lying_there(there, inside)) if inside is not None else (known, None)
    if found is not None:
        return _version_root(store, known, found)
    assert known.expected is not None
    what = "nothing lies there now" if there is None else "what lies there now was never recorded"
    return _version_root(store, known, known.expected, f"{known.path}: {what}; this is the last version that is known")


def _version_root(store: Store, known: Known, version: Version, *remarks: str) -> _Root:
    dataset = next(iter(store.ask(graph.datasets, [version.dataset])), None)
    if dataset is None or dataset.path == known.path:
        return _Root(graph.DATASET, version.dataset, remarks=remarks)
    remark = f"{known.path}: recorded as a part of the directory {dataset.path}"
    return _Root(graph.DATASET, version.dataset, inside=known.path, remarks=(*remarks, remark))


def _named_root(store: Store, known: Known, id: str) -> _Root:
    """The version with an id; where executions made it again, the last of these, with a remark."""
    found = versions.named(known, id)
    makers = len({version.execution for version in found})
    again = f"{known.path}@{id}: {makers} executions made these bytes; this is the last of them"
    return _version_root(store, known, found[0], *([again] if makers > 1 else []))


def _by_content(project: Project, store: Store, known: Known) -> _Root:
    """A file that the store does not know by its name, but by its content: it was renamed, copied or written anew."""
    if is_too_big(project, known.path):
        raise UnknownIdError(f"{known.path}: {TOO_BIG}", hint="ask about a file in it")
    there = versions.present(project, store, known.path)
    alike = None if there is None else find_alike(project, store, known.path, there)
    if alike is None:
        what = "this path" if there is None else "this path nor these bytes"
        raise UnknownIdError(f"{known.path}: the store does not know {what}", hint=_near(project, known.path))
    version = alike.version
    what = "the same data, in other bytes, as" if alike.agrees == DATA else "the bytes of"
    remark = f"{known.path}: not known by this name; these are {what} {version.path}"
    return _version_root(store, known._replace(path=version.path), version, remark)


def _near(project: Project, path: str) -> str:
    """A hint at an output with a similar path, if there is one and the Pipelinefile can be read."""
    try:
        plan = project.plan({}).plan
    except PipelinefileError:
        return ""
    near = nearest(path, (made for task in range(len(plan.tasks)) for made in plan.outputs(task)))
    return f"did you mean '{near}'?" if near and near != path else ""


# --- names and order --------------------------------------------------------------------------------------


def _names(store: Store, datasets: Iterable[DatasetNode], executions: Iterable[ExecutionNode]) -> dict[str, str]:
    """What to call each node: its path or its task, with its id behind it where two would have the same name."""
    plain = {node.id: node.path for node in datasets}
    plain |= {node.id: name_of(node) for node in executions}
    taken: dict[str, int] = {}
    for name in plain.values():
        taken[name] = taken.get(name, 0) + 1
    shortened = shortener(store)
    return {id: name if taken[name] == 1 else f"{name} {shortened(id)}" for id, name in plain.items()}


def name_of(execution: ExecutionNode) -> str:
    """The task of an execution, as the command line spells it, or the name that a person gave to what no stage is.

    It is said to be by hand where a person accepted what lay there.
    """
    name = task_name(execution.stage or execution.name or "no stage", tuple(execution.data_id.items()))  # type: ignore[arg-type]
    return f"{name} (by hand)" if execution.by_hand else name


def _in_order(ids: Iterable[str], links: Iterable[Link]) -> list[str]:
    """Each node behind those that data flow to it from.

    Raises:
        StoreDamagedError: Data flow in a circle.
    """
    from graphlib import CycleError, TopologicalSorter

    sorter: TopologicalSorter[str] = TopologicalSorter({id: () for id in ids})
    for link in links:
        sorter.add(link.target, link.source)
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise StoreDamagedError(f"data flow in a circle: {error.args[1]}") from error

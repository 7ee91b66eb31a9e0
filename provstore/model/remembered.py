"""A plan as text: what the store remembers of it, so that a run with nothing to do has it in a moment.

There is a text for each thing that tasks have, with a line for each task: splitting a text takes a tenth of the time
of reading JSON, or as many rows, and a quarter of the memory. Tasks and stages are made when they are asked for, which
for most of them is never. Whether the texts are as they were written is the store's to say, by their seal.
"""

from __future__ import annotations

from collections.abc import Sequence

from provstore.model.task import Plan, PlannedStage, Search, Settings, Task, Unresolved
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from provstore.model.task import Work

SPELLING = 5
"""A plan that was written down otherwise is not read: it goes by with what it is remembered by."""


class Texts:
    """Works as the store remembers them: made while they are written, as all at once would take much memory."""

    def __init__(self, works: Iterable[Work]) -> None:
        self._works = works

    def __iter__(self) -> Iterator[str]:
        return (work.to_json() for work in self._works)


class PlanText(NamedTuple):
    """The parts of a plan; each line of a text ends with a newline, see `_lines`.

    Attributes:
        files, environment: Lines of a digest, a space, and the name that it belongs to.
        paths: A line for each path.
        formats: Lines of a declared format, a space, and the path that has it.
        stages: A line for each stage: its name.
        stage_facts: A line for each stage: what else is said of it as JSON, empty where there is nothing to say.
        task_stages, inputs, outputs, upstream: A line for each task: numbers, with spaces between.
        data_ids, statics: A line for each task.
        rest: A line for each search, see `_search_line`; behind them, without a newline, the other attributes as JSON,
            where they say anything.
    """

    meaning: str
    files: str
    environment: str
    paths: str
    formats: str
    stages: str
    stage_facts: str
    task_stages: str
    data_ids: str
    statics: str
    inputs: str
    outputs: str
    upstream: str
    rest: str


class RememberedTasks(Sequence[Task]):
    """Tasks in columns of text, as in `PlanText`; who has thousands to look at looks into the columns."""

    def __init__(self, *columns: list[str]) -> None:
        self.stages, self.data_ids, self.statics, self.inputs, self.outputs, self.upstream = columns

    def __len__(self) -> int:
        return len(self.statics)

    def __getitem__(self, position: int) -> Task:  # type: ignore[override]  # nobody takes slices of tasks
        return Task(
            int(self.stages[position]),
            self.data_ids[position],
            self.statics[position],
            numbers(self.inputs[position]),
            numbers(self.outputs[position]),
            numbers(self.upstream[position]),
        )


class RememberedStages(Sequence[PlannedStage]):
    """Stages by their names; most have nothing else to say."""

    def __init__(self, names: list[str], facts: list[str]) -> None:
        self.names, self.facts = names, facts
        self._made: dict[int, PlannedStage] = {}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> PlannedStage:  # type: ignore[override]
        name, facts = self.names[number], self.facts[number]
        if not facts:
            return PlannedStage(name, (), False, False, ())
        made = self._made.get(number)
        if made is None:
            import json

            made = self._made[number] = PlannedStage(name, *json.loads(facts))
        return made

    @property
    def unusual(self) -> frozenset[str]:
        """Numbers, as text, of the stages that always run or are frozen; perhaps of others of which much is said."""
        return frozenset([str(number) for number, facts in enumerate(self.facts) if "true" in facts])


def stage_names(plan: Plan) -> list[str]:
    """Name of each task's stage."""
    tasks, stages = plan.tasks, plan.stages
    names = stages.names if isinstance(stages, RememberedStages) else [stage.name for stage in stages]
    if isinstance(tasks, RememberedTasks):
        return [names[int(number)] for number in tasks.stages]
    return [names[task.stage] for task in tasks]


def numbers(text: str) -> list[int]:
    """Numbers with spaces between."""
    return list(map(int, text.split()))


def text_of(plan: Plan) -> PlanText:
    """A plan as text."""
    stages, tasks = _remembered_stages(plan.stages), _remembered_tasks(plan.tasks)
    return PlanText(
        plan.meaning,
        _pairs(plan.files),
        _pairs(plan.environment),
        _lines(plan.paths),
        _pairs(plan.formats),
        _lines(stages.names),
        _lines(stages.facts),
        _lines(tasks.stages),
        _lines(tasks.data_ids),
        _lines(tasks.statics),
        _lines(tasks.inputs),
        _lines(tasks.outputs),
        _lines(tasks.upstream),
        _rest_of(plan),
    )


def _remembered_stages(stages: Sequence[PlannedStage]) -> RememberedStages:
    if isinstance(stages, RememberedStages):
        return stages
    return RememberedStages([stage.name for stage in stages], [_facts_of(stage) for stage in stages])


def _remembered_tasks(tasks: Sequence[Task]) -> RememberedTasks:
    if isinstance(tasks, RememberedTasks):
        return tasks
    return RememberedTasks(
        [str(task.stage) for task in tasks],
        [task.data_id for task in tasks],
        [task.static for task in tasks],
        [" ".join(map(str, task.inputs)) for task in tasks],
        [" ".join(map(str, task.outputs)) for task in tasks],
        [" ".join(map(str, task.upstream)) for task in tasks],
    )


def plan_from(text: PlanText) -> Plan:
    """The inverse of `text_of`."""
    gates: list[str] = []
    unresolved: list[Unresolved] = []
    remarks: list[str] = []
    settings = Settings([], {}, None, None, [])
    searches, newline, others = text.rest.rpartition("\n")
    if others:
        import json  # takes 2 ms

        found = json.loads(others)
        gates, unresolved, remarks = found[0], [Unresolved(*fields) for fields in found[1]], found[2]
        settings = Settings(*found[3])
    return Plan(
        stages_from(text.stages, text.stage_facts),
        _texts(text.paths),
        RememberedTasks(
            _texts(text.task_stages),
            _texts(text.data_ids),
            _texts(text.statics),
            _texts(text.inputs),
            _texts(text.outputs),
            _texts(text.upstream),
        ),
        _mapping(text.files),
        _mapping(text.environment),
        [_search_from(line) for line in _texts(searches + newline)],
        gates,
        unresolved,
        remarks,
        text.meaning,
        settings,
        _mapping(text.formats),
    )


def stages_from(names: str, facts: str) -> Sequence[PlannedStage]:
    """The stages alone, out of `PlanText.stages` and `PlanText.stage_facts`."""
    return RememberedStages(_texts(names), _texts(facts))


def _rest_of(plan: Plan) -> str:
    searches = _lines([_search_line(search, digest) for search, digest in plan.searches])
    rest = (plan.gates, plan.unresolved, plan.remarks, plan.settings)
    settings = plan.settings
    said = (*settings[:2], *settings[3:])
    if not any(rest[:-1]) and not any(said) and settings.objects_limit is None:
        return searches
    import json

    return searches + json.dumps(rest, ensure_ascii=False)


def _search_line(search: Search, digest: str) -> str:
    """The digest of what it found, and what a search has; a line for each, all of them an entry of one line."""
    parts = [text for part in search.parts for text in part]
    return _lines([digest, str(int(search.folders)), str(len(search.parts)), *parts, *search.leftovers])


def _search_from(line: str) -> tuple[Search, str]:
    """The inverse of `_search_line`."""
    digest, folders, number, *texts = _texts(line)
    end = 2 * int(number)
    return Search(list(zip(texts[:end:2], texts[1:end:2], strict=True)), folders == "1", texts[end:]), digest


def _facts_of(stage: PlannedStage) -> str:
    if not any(stage[1:]):
        return ""
    import json

    return json.dumps(stage[1:], ensure_ascii=False)


def _lines(texts: Sequence[str]) -> str:
    r"""One text on each line; in a text that holds one, ``\`` and a newline are written ``\\`` and ``\n``."""
    lines = "\n".join([*texts, ""])
    if "\\" not in lines and lines.count("\n") == len(texts):  # nearly always; else it takes ten times as long
        return lines
    return "".join([text.replace("\\", "\\\\").replace("\n", "\\n") + "\n" for text in texts])


def _texts(lines: str) -> list[str]:
    """The inverse of `_lines`."""
    texts = lines.split("\n")
    texts.pop()
    if "\\" not in lines:
        return texts
    return [text.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\") for text in texts]


def _pairs(digests: Mapping[str, str]) -> str:
    return _lines([f"{digest} {name}" for name, digest in digests.items()])


def _mapping(lines: str) -> dict[str, str]:
    pairs = [line.partition(" ") for line in _texts(lines)]
    return {name: digest for digest, _, name in pairs}

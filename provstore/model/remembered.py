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
    from collections.abc import Iterable, Mapping


class PlanText(NamedTuple):
    """The parts of a plan; each line of a text ends with a newline, see `_lines`.

    Attributes:
        files, environment: Lines of a digest, a space, and the name that it belongs to.
        paths: A line for each path.
        stages: A line for each stage: its name.
        stage_facts: A line for each stage: what else is said of it as JSON, empty where there is nothing to say.
        task_stages, inputs, outputs, upstream: A line for each task: numbers, with spaces between.
        data_ids, statics: A line for each task.
        rest: The other attributes as JSON; empty where none says anything.
    """

    meaning: str
    files: str
    environment: str
    paths: str
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

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> PlannedStage:  # type: ignore[override]
        name, facts = self.names[number], self.facts[number]
        if not facts:
            return PlannedStage(name, (), False, False, ())
        import json

        return PlannedStage(name, *json.loads(facts))

    @property
    def unusual(self) -> frozenset[str]:
        """Numbers, as text, of the stages that always run or are frozen; perhaps of others of which much is said."""
        return frozenset([str(number) for number, facts in enumerate(self.facts) if "true" in facts])


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
    searches: list[tuple[Search, str]] = []
    gates: list[str] = []
    unresolved: list[Unresolved] = []
    remarks: list[str] = []
    settings = Settings([], {}, None, None, [])
    if text.rest:
        import json

        found = json.loads(text.rest)
        searches = [(Search(*fields), digest) for fields, digest in found[0]]
        gates, unresolved, remarks = found[1], [Unresolved(*fields) for fields in found[2]], found[3]
        settings = Settings(*found[4])
    return Plan(
        RememberedStages(_texts(text.stages), _texts(text.stage_facts)),
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
        searches,
        gates,
        unresolved,
        remarks,
        text.meaning,
        settings,
    )


def _rest_of(plan: Plan) -> str:
    rest = (plan.searches, plan.gates, plan.unresolved, plan.remarks, plan.settings)
    settings = plan.settings
    said = (settings.default, settings.subsets, settings.owner, settings.secret_env)
    if not any(rest[:-1]) and not any(said) and settings.objects_limit is None:
        return ""
    import json

    return json.dumps(rest, ensure_ascii=False)


def _facts_of(stage: PlannedStage) -> str:
    if not any(stage[1:]):
        return ""
    import json

    return json.dumps(stage[1:], ensure_ascii=False)


def _lines(texts: Iterable[str]) -> str:
    r"""One text on each line; in a text that holds one, ``\`` and a newline are written ``\\`` and ``\n``."""
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

"""Pipeline + what files there are → tasks.

In three steps: which data IDs each stage has, in an order in which those that make files stand first; what
each task reads; who makes that. All that is wrong is collected, and reported at once.
"""

from __future__ import annotations

from provstore.digest import digest_of_variable
from provstore.errors import PipelinefileError, Problem, QueryError
from provstore.graph import CycleError, ordered
from provstore.model.task import Plan, PlannedStage, Settings, Task, Unresolved
from provstore.model.values import task_name
from provstore.noun import NamedTuple
from provstore.pipelinefile.catalogue import Catalogue
from provstore.pipelinefile.formats import DeclaredFormats
from provstore.pipelinefile.links import Links, gates, reads, searched, sources_of, unresolved
from provstore.pipelinefile.lookups import Lookups
from provstore.pipelinefile.makers import Makers
from provstore.pipelinefile.relations import EVERYTHING, Relation, TooManyError, joined, relation_of, sorted_rows
from provstore.pipelinefile.render import Renderer, Works
from provstore.pipelinefile.templates import TemplateError, fields, write
from provstore.pipelinefile.types import types_by_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from provstore.model.pipeline import Pipeline, Stage
    from provstore.model.task import Search
    from provstore.model.values import JSON, DataId, Value
    from provstore.pipelinefile.links import Read
    from provstore.pipelinefile.lookups import Finder

MOST_TASKS = 250_000
MOST_INPUTS = 3_000_000
"""Of all tasks together. A plan of that size takes half a gigabyte of memory and half a minute."""


class Draft(NamedTuple):
    """A task before its inputs are known."""

    stage: Stage
    values: tuple[Value, ...]
    outputs: tuple[str, ...]

    @property
    def data_id(self) -> DataId:
        """Its data ID."""
        return tuple(zip(self.stage.dimensions, self.values, strict=True))


def expand(
    pipeline: Pipeline,
    find: Callable[[Search], Sequence[str]],
    environment: Mapping[str, str],
    settled: frozenset[str] | None = None,
    finder: Finder | None = None,
) -> tuple[Plan, Works]:
    """Makes the plan of a pipeline, and what it takes to run each of its tasks, in the plan's order.

    Args:
        find: Sorted paths of sources that fit a search (`watch.find`).
        environment: The variables that stages may depend on, as they may be recorded.
        settled: Stages that are known to be fresh, so that what is found in their output directories
            counts; None: all are taken to be.
        finder: Knows the datasets that inputs may be.

    Raises:
        PipelinefileError: Two tasks with one output, a cycle, a glob that matches nothing, and their like.
    """
    return _Expansion(pipeline, find, environment, settled, finder).plan()


class _Expansion:
    def __init__(
        self,
        pipeline: Pipeline,
        find: Callable[[Search], Sequence[str]],
        environment: Mapping[str, str],
        settled: frozenset[str] | None,
        finder: Finder | None,
    ) -> None:
        self._pipeline, self._environment = pipeline, environment
        self._links = Links(pipeline)
        self._catalogue = Catalogue(pipeline, self._links, find)
        self._gates = gates(pipeline, self._links)
        self._waiting = unresolved(pipeline, self._links, self._gates, settled)
        self._problems: list[Problem] = []
        self._remarks: dict[str, None] = {}
        self._absent: set[int] = set()
        self._drafts: list[Draft] = []
        self._reads = {stage.name: reads(stage) for stage in pipeline.stages.values()}
        self._roles: dict[int, list[str]] = {}
        self._makers = Makers()
        self._lookups = Lookups(finder, lambda path: bool(self._makers.upstream([path])))

    def plan(self) -> tuple[Plan, Works]:
        """All three steps."""
        for stage in self._in_order():
            self._add_tasks(stage)
        self._raise_problems()
        self._problems += self._makers.problems(self._drafts)
        inputs = self._all_inputs()
        upstream = [self._makers.upstream(found) for found in inputs]
        order = self._task_order(upstream, inputs)
        self._raise_problems()
        order = [number for number in order if self._is_there(number, upstream[number])]
        return self._assembled(order, inputs, upstream)

    def _is_there(self, number: int, upstream: list[int]) -> bool:
        """A task has something to read; called in an order in which makers come first."""
        if not self._absent.isdisjoint(upstream):
            self._absent.add(number)
        return number not in self._absent

    def _raise_problems(self) -> None:
        if self._problems:
            raise PipelinefileError(sorted(self._problems, key=lambda problem: (problem.file, problem.line)))

    def _in_order(self) -> list[Stage]:
        """Stages without dimensions, then those with, makers before those who find their outputs."""
        stages = [stage for stage in self._pipeline.stages.values() if stage.name not in self._waiting]
        plain = [stage for stage in stages if not stage.dimensions]
        labelled = {stage.name: stage for stage in stages if stage.dimensions}
        upstream = {
            name: sorted({
                made.stage
                for template in searched(stage, self._pipeline)
                for made, how in self._links.meeting(template)
                if how == "same" and made.stage in labelled and made.stage != name
            })
            for name, stage in labelled.items()
        }  # fmt: skip
        if not any(upstream.values()):
            return plain + list(labelled.values())
        try:
            return plain + [labelled[name] for name in ordered(upstream)]
        except CycleError as cycle:
            self._problems.append(self._stage_cycle(cycle.nodes))
            self._raise_problems()
            raise

    def _stage_cycle(self, names: list[str]) -> Problem:
        stages = self._pipeline.stages
        links = []
        for name, following in zip(names, names[1:] + names[:1], strict=True):
            template = next(
                template
                for template in searched(stages[following], self._pipeline)
                for made, how in self._links.meeting(template)
                if how == "same" and made.stage == name
            )
            links.append(f"{following} looks for {template}, which {name} may make")
        return _cycle_problem(stages[min(names, key=lambda name: stages[name].place.line)], links)

    # --- which data IDs -------------------------------------------------------------------------------

    def _add_tasks(self, stage: Stage) -> None:
        try:
            rows = self._rows(stage) if stage.dimensions else [()]
            self._claim_room(len(rows))
            for row in rows:
                values = dict(zip(stage.dimensions, row, strict=True))
                outputs = tuple([write(spec.template, values) for spec in stage.outputs])
                self._makers.add(len(self._drafts), outputs)
                self._drafts.append(Draft(stage, row, outputs))
                self._catalogue.add(stage.name, outputs)
        except TemplateError as error:
            self._problems.append(_problem(stage, "dimensions", str(error)))
        except TooManyError as error:
            hint = f"a pipeline has at most {MOST_TASKS:,} tasks"
            self._problems.append(_problem(stage, "dimensions", str(error), hint))

    def _rows(self, stage: Stage) -> list[tuple[Value, ...]]:
        """The values of all data IDs of a stage, in the order of its dimensions."""
        found = self._relation(stage)
        if not stage.where:
            self._claim_room(len(found.rows))
        rows = sorted_rows(found, stage.dimensions)
        if not rows:
            self._remark(f"stage '{stage.name}' has no tasks: {self._why_empty(stage)}")
        if stage.where and rows:
            rows = self._narrowed(stage, rows)
        return rows

    def _claim_room(self, number: int) -> None:
        """Refuses so many tasks more."""
        if len(self._drafts) + number > MOST_TASKS:
            raise TooManyError(f"its {number:,} tasks make {len(self._drafts) + number:,} in all")

    def _relation(self, stage: Stage) -> Relation:
        """All that inputs, found dimensions and listed values allow."""
        result = EVERYTHING
        for template in dict.fromkeys(searched(stage, self._pipeline)):
            names = fields(template)
            shared = [name for name in names if name in stage.dimensions]
            if shared:
                rows = [candidate.values for candidate in self._catalogue.matching(template, stage.name)]
                result = joined(result, relation_of(names, rows, shared))
        result = self._joined_with_lookups(stage, result)
        for name in stage.dimensions:
            values = self._pipeline.dimensions[name].values
            if values is not None:
                result = joined(result, Relation((name,), tuple([(value,) for value in values])))
            elif name not in result.names:
                self._problems.append(
                    _problem(stage, "dimensions", f"dimension '{name}' has no values, and no input's path has it")
                )
                return Relation(stage.dimensions, ())
        return result

    def _joined_with_lookups(self, stage: Stage, result: Relation) -> Relation:
        """Where neither paths nor lists say which values a dimension has, the datasets that are found do."""
        lists = {name for name in stage.dimensions if self._pipeline.dimensions[name].values is not None}
        for spec in stage.inputs:
            if spec.lookup is None or spec.lookup.calibration:
                continue
            shared = [name for name in spec.lookup.dimensions if name in stage.dimensions]
            if not lists.union(result.names).issuperset(shared):
                data_ids = [found for found in self._lookups.data_ids(spec.lookup.type) if found.keys() >= {*shared}]
                rows = [tuple([_value(found[name]) for name in shared]) for found in data_ids]
                result = joined(result, relation_of(shared, rows, shared))
        return result

    def _narrowed(self, stage: Stage, rows: list[tuple[Value, ...]]) -> list[tuple[Value, ...]]:
        from provstore.query import matches, parse_where

        condition = parse_where(stage.where)
        try:
            kept = [row for row in rows if matches(condition, dict(zip(stage.dimensions, row, strict=True)))]
        except QueryError as error:
            text = f"where: {error.message.partition(chr(10))[0]}"
            self._problems.append(_problem(stage, "where", text, error.hint))
            return []
        if not kept:
            self._remark(f"stage '{stage.name}' has no tasks: its where excludes all {len(rows)}")
        return kept

    def _why_empty(self, stage: Stage) -> str:
        for template in searched(stage, self._pipeline):
            if set(fields(template)) & set(stage.dimensions) and not self._catalogue.matching(template, stage.name):
                return f"nothing matches {template}"
        return "no values of its dimensions go together"

    # --- what each task reads -------------------------------------------------------------------------

    def _all_inputs(self) -> list[list[str]]:
        """What each task reads, by draft."""
        inputs: list[list[str]] = []
        total = 0
        for number, draft in enumerate(self._drafts):
            inputs.append(self._inputs_of(number, draft))
            total += len(inputs[-1])
            if total > MOST_INPUTS:
                text = f"all tasks together read more than {MOST_INPUTS:,} inputs"
                hint = "let a task of its own gather what many tasks read, or name a folder"
                self._problems.append(_problem(draft.stage, "inputs", text, hint))
                self._raise_problems()
        return inputs

    def _inputs_of(self, number: int, draft: Draft) -> list[str]:
        """The paths that a task reads, in the order of their roles; those are noted where a role may have several."""
        stage = draft.stage
        found: list[str] = []
        roles: list[str] = []
        values = dict(zip(stage.dimensions, draft.values, strict=True))
        for read in self._reads[stage.name]:
            if read.how == "named":
                found.append(read.template)
            elif read.how == "written":
                found.append(write(read.template, values))
            elif read.lookup is not None:
                found += self._lookups.paths(read.lookup, values)
                if read.lookup.gathers:
                    self._roles[number] = roles
            else:
                paths = self._gathered(read, stage, values)
                if not paths:
                    self._nothing_to_gather(read, stage, number)
                found += paths
                self._roles[number] = roles
            roles += [read.role] * (len(found) - len(roles))
        return found

    def _gathered(self, read: Read, stage: Stage, values: Mapping[str, Value]) -> Sequence[str]:
        try:
            return self._catalogue.gathered(read.template, values, stage.name)
        except TemplateError as error:
            line = stage.place.line_of("inputs", read.role)
            self._problems.append(Problem(stage.place.file, line, f"stage '{stage.name}'", str(error), ""))
            self._raise_problems()
            raise

    def _nothing_to_gather(self, read: Read, stage: Stage, number: int) -> None:
        """A glob over sources that matches nothing is a missing input; what is to be gathered may not exist yet."""
        if fields(read.template) or any(how == "below" for _, how in self._links.meeting(read.template)):
            self._absent.add(number)
            self._remark(f"stage '{stage.name}' has no tasks: nothing matches {read.template}")
            return
        line = stage.place.line_of("inputs", read.role)
        text = f"no file matches '{read.template}', and no stage makes one"
        self._problems.append(Problem(stage.place.file, line, f"stage '{stage.name}'", text, "a missing input"))

    def _remark(self, text: str) -> None:
        self._remarks[text] = None

    # --- order and assembly ---------------------------------------------------------------------------

    def _task_order(self, upstream: list[list[int]], inputs: list[list[str]]) -> list[int]:
        """The order of the file, as far as makers stand before those who read."""
        stages = {name: number for number, name in enumerate(self._pipeline.stages)}
        by_file = sorted(range(len(upstream)), key=lambda task: stages[self._drafts[task].stage.name])
        ends = self._ends(len(upstream))
        for found in () if ends else (by_file, list(range(len(upstream)))):
            rank = [0] * len(found)
            for number, task in enumerate(found):
                rank[task] = number
            if all(rank[source] < rank[task] for task in found for source in upstream[task]):
                return found
        links = self._with_ends(upstream, ends)
        try:
            order = ordered({node: links[node] for node in (*by_file, *ends.values())})
            return [node for node in order if node < len(upstream)]
        except CycleError as cycle:
            self._problems.append(self._task_cycle(cycle.nodes, inputs, ends))
            return []

    def _ends(self, number: int) -> dict[str, int]:
        """A node, `number` or more, for the end of each stage that others come after."""
        stages = dict.fromkeys(name for draft in self._drafts for name in draft.stage.after)
        return {name: number + place for place, name in enumerate(stages)}

    def _with_ends(self, upstream: list[list[int]], ends: Mapping[str, int]) -> dict[int, list[int]]:
        """The links between tasks, and those that `after` makes."""
        links = {
            task: [*sources, *(ends[name] for name in self._drafts[task].stage.after)]
            for task, sources in enumerate(upstream)
        }
        links |= {end: [] for end in ends.values()}
        for task, draft in enumerate(self._drafts):
            if draft.stage.name in ends:
                links[ends[draft.stage.name]].append(task)
        return links

    def _task_cycle(self, nodes: list[int], inputs: list[list[str]], ends: Mapping[str, int]) -> Problem:
        links = []
        stage_of = {end: name for name, end in ends.items()}
        for source, reader in zip(nodes, nodes[1:] + nodes[:1], strict=True):
            if source in stage_of:
                links.append(f"{self._name(reader)} comes after {stage_of[source]}")
            if source in stage_of or reader in stage_of:
                continue
            path = next(path for path in inputs[reader] if source in self._makers.upstream([path]))
            links.append(f"{self._name(reader)} needs {path}, made by {self._name(source)}")
        first = min(
            (self._drafts[node].stage for node in nodes if node not in stage_of),
            key=lambda stage: (stage.place.file, stage.place.line),
        )
        return _cycle_problem(first, links)

    def _name(self, draft: int) -> str:
        return task_name(self._drafts[draft].stage.name, self._drafts[draft].data_id)

    def _assembled(self, order: list[int], inputs: list[list[str]], upstream: list[list[int]]) -> tuple[Plan, Works]:
        position = {draft: number for number, draft in enumerate(order)}
        kinds = types_by_path(self._pipeline.dataset_types.values())
        stages = {
            name: (number, Renderer(self._pipeline, stage, kinds, self._environment))
            for number, (name, stage) in enumerate(self._pipeline.stages.items())
        }
        formats = DeclaredFormats(self._pipeline)
        paths: dict[str, int] = {}
        tasks = []
        for number in order:
            draft, read = self._drafts[number], inputs[number]
            stage, renderer = stages[draft.stage.name]
            roles = self._roles.get(number, renderer.roles)
            values = dict(zip(draft.stage.dimensions, draft.values, strict=True))
            made = [draft.outputs[place] for place in renderer.places]
            formats.add(draft.stage, zip(roles, read, strict=True), zip(renderer.makes, made, strict=True))
            tasks.append(
                Task(
                    stage,
                    renderer.data_id(values),
                    self._static(renderer, values, number, read, made),
                    tuple([paths.setdefault(path, len(paths)) for path in read]),  # half as big as a list
                    tuple([paths.setdefault(path, len(paths)) for path in made]),
                    tuple(sorted([position[source] for source in upstream[number]])),
                )
            )
        self._problems += formats.problems
        self._raise_problems()
        plan = self._plan(tasks, list(paths))._replace(
            formats=formats.found, looked_up=self._lookups.found, unfound=self._lookups.unfound
        )
        gathered = {position[number]: roles for number, roles in self._roles.items() if number in position}
        return plan, Works(plan, dict(stages.values()), gathered)

    def _static(
        self, renderer: Renderer, values: Mapping[str, Value], number: int, read: list[str], made: list[str]
    ) -> str:
        """Digest of what is known of a task's key before its inputs are looked at."""
        roles = self._roles.get(number, renderer.roles)
        try:
            return renderer.static(values, list(zip(roles, self._lookups.recorded(read), strict=True)), made)
        except TemplateError as error:
            stage = self._drafts[number].stage
            self._problems.append(_problem(stage, "argv" if stage.argv else "run", str(error)))
            self._raise_problems()
            raise

    def _unresolved(self) -> list[Unresolved]:
        found = []
        for name, (what, gate) in self._waiting.items():
            stage = self._pipeline.stages[name]
            upstream = sorted(sources_of(stage, self._links) - {name})
            found.append(Unresolved(name, what, gate, upstream, [spec.template for spec in stage.outputs]))
        return found

    def _plan(self, tasks: list[Task], paths: list[str]) -> Plan:
        pipeline = self._pipeline
        names = sorted({name for stage in pipeline.stages.values() for name in stage.env})
        return Plan(
            [PlannedStage(stage.name, stage.dimensions, stage.always, stage.frozen, stage.after)
             for stage in pipeline.stages.values()],
            paths,
            tasks,
            pipeline.sources,
            {name: digest_of_variable(self._environment.get(name)) for name in names},
            list(self._catalogue.searches.items()),
            sorted({gate for stage, found in self._gates.items() if stage not in self._waiting for gate in found}),
            self._unresolved(),
            list(self._remarks),
            pipeline.meaning,
            Settings(
                pipeline.default,
                pipeline.subsets,
                pipeline.objects_limit,
                pipeline.owner,
                pipeline.secret_env,
                pipeline.plugins,
                pipeline.format_choices,
                bool(pipeline.dataset_types),
            ),
        )  # fmt: skip


def _value(found: JSON) -> Value:
    """A value in a data ID of the registry."""
    return found if isinstance(found, (str, int, float)) else str(found)


def _problem(stage: Stage, key: str, text: str, hint: str = "") -> Problem:
    return Problem(stage.place.file, stage.place.line_of(key), f"stage '{stage.name}'", text, hint)


def _cycle_problem(stage: Stage, links: list[str]) -> Problem:
    text = "a cycle: " + "; ".join(links)
    return Problem(stage.place.file, stage.place.line, f"stage '{stage.name}'", text,
                   "remove one of these inputs, or split the stage that makes it")  # fmt: skip

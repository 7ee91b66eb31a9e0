"""A task's command, parameters and variables: the part of its key that needs no file."""

from __future__ import annotations

import shlex
from json.encoder import encode_basestring as quoted

from provstore.digest import canonical_json, digest_text
from provstore.model.task import Output, Work
from provstore.pipelinefile.links import is_gathered
from provstore.pipelinefile.placeholders import Values, names, render_argv, render_script
from provstore.pipelinefile.types import type_of_output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from provstore.model.pipeline import Pipeline, Stage
    from provstore.model.task import Plan
    from provstore.model.values import JSON, Value


NOWHERE_ELSE: Mapping[str, str] = {}
"""All inputs lie where they were recorded."""


class Renderer:
    """Renders the tasks of one stage; what they all share is worked out once.

    Inputs and outputs are listed by their roles everywhere here: the order in which the file declares them is no
    part of a key.

    Args:
        kinds: Path template → the dataset type that declares it.
        environment: The variables that stages may depend on, as they may be recorded.

    Attributes:
        roles: Of a task's inputs, where each stands for one path.
        places: Of the outputs, as they are declared, in the order of their roles.
        makes: These roles.
    """

    def __init__(
        self, pipeline: Pipeline, stage: Stage, kinds: Mapping[str, str], environment: Mapping[str, str]
    ) -> None:
        self._stage = stage
        self._params = parameters(pipeline, stage)
        self._variables = {name: _as_text(environment.get(name)) for name in stage.env}
        self._gathered = tuple([spec.role for spec in stage.inputs if is_gathered(spec, stage)])
        self._names = [(quoted(name), name) for name in sorted(stage.dimensions)]
        self.roles = sorted([spec.role for spec in stage.inputs])
        self._shell = "" if stage.run is None else " ".join(stage.shell)
        self._has_placeholders = any(names(word) for word in (stage.argv or (stage.run or "",)))
        self.places = sorted(range(len(stage.outputs)), key=lambda place: stage.outputs[place].role)
        made = [stage.outputs[place] for place in self.places]
        self.makes = [spec.role for spec in made]
        self._made = [
            (spec.role, spec.directory, spec.format or "", type_of_output(stage.name, spec, kinds)) for spec in made
        ]
        self._metrics = [bool(spec.extra.get("metric")) for spec in made]
        # Pieces of the material's canonical JSON, between those that differ from task to task.
        cwd, params = quoted(stage.cwd), canonical_json(self._params) if self._params else "{}"
        variables = canonical_json(self._variables) if self._variables else "{}"
        self._before_inputs = f',"cwd":{cwd},"environment":{variables},"inputs":['
        self._end = f'],"params":{params}}}'

    def data_id(self, values: Mapping[str, Value]) -> str:
        """A data ID as `data_id_text` spells it."""
        if not self._names:
            return "{}"
        found = [(name, values[key]) for name, key in self._names]
        parts = [
            f"{name}:{quoted(value) if isinstance(value, str) else canonical_json(value)}" for name, value in found
        ]
        return f"{{{','.join(parts)}}}"

    def static(self, values: Mapping[str, Value], inputs: Sequence[tuple[str, str]], outputs: Sequence[str]) -> str:
        """Digest of all of a task's key's material but the content of its inputs.

        It is that of this object's canonical JSON, put together from its parts: command (the words), cwd, params,
        environment, inputs ([role, path]), outputs ([role, path, format]).

        Raises:
            TemplateError: A format does not fit its value.
        """
        argv, _ = self._command(values, inputs, outputs)
        words = ",".join([quoted(word) for word in argv])
        read = ",".join([f"[{quoted(role)},{quoted(path)}]" for role, path in inputs])
        made = ",".join(
            [
                f"[{quoted(role)},{quoted(path)},{quoted(format_)}]"
                for (role, _, format_, _), path in zip(self._made, outputs, strict=True)
            ]
        )
        return digest_text(f'{{"command":[{words}]{self._before_inputs}{read}],"outputs":[{made}{self._end}')

    def work(
        self,
        values: Mapping[str, Value],
        inputs: Sequence[tuple[str, str]],
        outputs: Sequence[str],
        recorded: Mapping[str, str] = NOWHERE_ELSE,
    ) -> Work:
        """What it takes to run a task; `recorded` as in `Work`."""
        stage = self._stage
        as_recorded = [(role, recorded.get(path, path)) for role, path in inputs] if recorded else inputs
        argv, command = self._command(values, as_recorded, outputs)
        return Work(
            argv=argv,
            command=command,
            shell=self._shell,
            cwd=stage.cwd,
            params=self._params,
            environment=self._variables,
            inputs=tuple(inputs),
            gathered=self._gathered,
            outputs=tuple(
                [
                    Output(role, path, directory, format_, kind, metric)
                    for (role, directory, format_, kind), path, metric in zip(
                        self._made, outputs, self._metrics, strict=True
                    )
                ]
            ),
            timeout=stage.timeout,
            retries=stage.retries,
            cpu=stage.resources.cpu,
            memory=stage.resources.memory,
            cache=stage.cache,
            keep=stage.keep,
            description=stage.description,
            recorded=recorded,
            started=self._command(values, inputs, outputs)[0] if recorded else (),
        )

    def _command(
        self, values: Mapping[str, Value], inputs: Iterable[tuple[str, str]], outputs: Iterable[str]
    ) -> tuple[tuple[str, ...], str]:
        """The words that are started, and what a person would read."""
        stage = self._stage
        found = self._values(values, inputs, outputs) if self._has_placeholders else NOTHING
        if stage.run is not None:
            command = render_script(stage.run, found)
            return (*stage.shell, command), command
        argv = render_argv(stage.argv or (), found)
        return argv, shlex.join(argv)

    def _values(self, values: Mapping[str, Value], inputs: Iterable[tuple[str, str]], outputs: Iterable[str]) -> Values:
        """What the placeholders stand for; `{inputs}` alone lists all in the order in which the file declares them."""
        cwd = self._stage.cwd
        read: dict[str, list[str]] = {spec.role: [] for spec in self._stage.inputs}
        for role, path in inputs:
            read[role].append(seen_from(cwd, path))
        made: dict[str, list[str]] = {spec.role: [] for spec in self._stage.outputs}
        for (role, *_), path in zip(self._made, outputs, strict=True):
            made[role].append(seen_from(cwd, path))
        return Values(read, made, self._params, values)


NOTHING = Values({}, {}, {}, {})


def _as_text(value: str | None) -> str | None:
    """A variable's value as it is recorded; bytes that are not UTF-8 are spelled out."""
    return None if value is None else value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def parameters(pipeline: Pipeline, stage: Stage) -> dict[str, JSON]:
    """The parameters a stage depends on; the name of a table stands for all below it."""
    found = {}
    for name in stage.params:
        if name in pipeline.params:
            found[name] = pipeline.params[name]
        else:
            found.update({full: value for full, value in pipeline.params.items() if full.startswith(name + ".")})
    return found


def seen_from(cwd: str, path: str) -> str:
    """A path relative to the root, as it is written in the folder `cwd`."""
    if not cwd or path.startswith("/"):
        return path
    here, there = cwd.split("/"), path.split("/")
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:]) or "."


class Works:
    """What it takes to run each task of a plan, rendered when asked for: kept, all would double a plan's memory.

    Args:
        renderers: By the number of the stage in the plan.
        gathered: Position → roles of the inputs of a task whose stage gathers: it may have any number of each.
    """

    def __init__(self, plan: Plan, renderers: Mapping[int, Renderer], gathered: Mapping[int, Sequence[str]]) -> None:
        self._plan, self._renderers, self._gathered = plan, renderers, gathered

    def __len__(self) -> int:
        return len(self._plan.tasks)

    def __getitem__(self, position: int) -> Work:
        plan = self._plan
        renderer = self._renderers[plan.tasks[position].stage]
        roles = self._gathered.get(position, renderer.roles)
        inputs = list(zip(roles, plan.inputs(position), strict=True))
        recorded = {
            path: plan.looked_up[path].content.path
            for _, path in inputs
            if path in plan.looked_up and plan.looked_up[path].content.path != path
        } if plan.looked_up else NOWHERE_ELSE  # fmt: skip
        return renderer.work(dict(plan.data_id(position)), inputs, plan.outputs(position), recorded)

    def __iter__(self) -> Iterator[Work]:
        return map(self.__getitem__, range(len(self)))

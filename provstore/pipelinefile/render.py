"""A task's command, parameters and variables: the part of its key that needs no file."""

from __future__ import annotations

import shlex

from provstore.digest import digest_json
from provstore.model.task import Output, Work
from provstore.pipelinefile.links import is_gathered
from provstore.pipelinefile.placeholders import Values, render_argv, render_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.pipeline import PathSpec, Pipeline, Stage
    from provstore.model.values import JSON, DataId


def rendered_work(
    pipeline: Pipeline,
    stage: Stage,
    data_id: DataId,
    inputs: Sequence[tuple[str, str]],
    outputs: Sequence[str],
    environment: Mapping[str, str],
) -> tuple[Work, str]:
    """What it takes to run a task, and the digest of all of its key's material but the inputs' content.

    Both list inputs and outputs by their roles: the order in which the file declares them is no part of a key.
    """
    params = parameters(pipeline, stage)
    argv, command, shell = _command(stage, data_id, inputs, outputs, params)
    variables = {name: _as_text(environment.get(name)) for name in stage.env}
    declared = _declared(pipeline, stage, outputs)
    inputs = sorted(inputs, key=lambda found: found[0])
    static = digest_json(
        {
            "command": list(argv),
            "cwd": stage.cwd,
            "params": params,
            "environment": variables,
            "inputs": [list(read) for read in inputs],
            "outputs": [[output.role, output.path, output.format] for output in declared],
        }
    )
    work = Work(
        argv=argv,
        command=command,
        shell=shell,
        cwd=stage.cwd,
        params=params,
        environment=variables,
        inputs=tuple(inputs),
        gathered=tuple(spec.role for spec in stage.inputs if is_gathered(spec, stage)),
        outputs=declared,
        timeout=stage.timeout,
        retries=stage.retries,
        cpu=stage.resources.cpu,
        memory=stage.resources.memory,
        cache=stage.cache,
        keep=stage.keep,
        description=stage.description,
    )
    return work, static


def _command(
    stage: Stage,
    data_id: DataId,
    inputs: Sequence[tuple[str, str]],
    outputs: Sequence[str],
    params: Mapping[str, JSON],
) -> tuple[tuple[str, ...], str, str]:
    """The words that are started, what a person would read, and the shell."""
    read: dict[str, list[str]] = {spec.role: [] for spec in stage.inputs}
    for role, path in inputs:
        read[role].append(seen_from(stage.cwd, path))
    made = {spec.role: [seen_from(stage.cwd, path)] for spec, path in zip(stage.outputs, outputs, strict=True)}
    values = Values(read, made, params, dict(data_id))
    if stage.run is not None:
        command = render_script(stage.run, values)
        return (*stage.shell, command), command, " ".join(stage.shell)
    argv = render_argv(stage.argv or (), values)
    return argv, shlex.join(argv), ""


def _as_text(value: str | None) -> str | None:
    """A variable's value as it is recorded; bytes that are not UTF-8 are spelled out."""
    return None if value is None else value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _declared(pipeline: Pipeline, stage: Stage, paths: Sequence[str]) -> tuple[Output, ...]:
    return tuple(
        Output(spec.role, path, spec.directory, spec.format or "", _type_of(pipeline, stage, spec))
        for spec, path in sorted(zip(stage.outputs, paths, strict=True), key=lambda declared: declared[0].role)
    )


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


def _type_of(pipeline: Pipeline, stage: Stage, spec: PathSpec) -> str:
    """The dataset type of an output: the declared one, the one with this path, or one named after the stage."""
    if spec.dataset is not None:
        return spec.dataset
    for kind in pipeline.dataset_types.values():
        if kind.path == spec.template:
            return kind.name
    return f"{stage.name}.{spec.role}" if spec.role.isidentifier() else f"{stage.name}.output{spec.role}"

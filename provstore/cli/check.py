"""`provstore check`."""

from __future__ import annotations

import click

from provstore.cli import faces
from provstore.cli.faces import Words
from provstore.cli.options import (
    ci_options,
    complete_path,
    file_of,
    folders_of,
    inputs_option,
    json_option,
    place_of,
    place_options,
    targets_argument,
)
from provstore.errors import UsageError


@click.command(short_help="for CI: exit 1 unless everything is fresh")
@targets_argument
@click.option("--refactor", "old", metavar="OLDFILE", shell_complete=complete_path,
              help="Only compare with another Pipelinefile: a file, '-', or COMMIT:PATH as git has it.")  # fmt: skip
@click.option("--locked", is_flag=True, help="Compare with Pipelinefile.lock; needs no store and no outputs.")
@inputs_option
@ci_options
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    old: str | None,
    locked: bool,
    inputs: tuple[str, ...],
    junit: str | None,
    code_quality: str | None,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Exit 1 unless everything is fresh. Runs nothing.

    \b
    $ provstore check && echo up to date
    fresh       sort
    1 fresh
    up to date

    With --locked: exit 1 unless everything is also as Pipelinefile.lock says. Where there is no store, only that
    counts: a fresh checkout without any outputs is compared by its sources.

    \b
    $ provstore check --locked
    fresh       sort
    fresh       count
    2 fresh
    Pipelinefile.lock: as locked; 2 outputs are not here

    With --refactor: exit 1 unless this Pipelinefile and another one, whose paths are relative to the project wherever
    it lies, come to the same tasks. It needs no store and no outputs.

    \b
    $ provstore check --refactor HEAD:Pipelinefile.toml
    renamed   order → sort
    the same 2 tasks, 1 of them renamed
    """
    if old is not None:
        from provstore.cli.check_refactor import check_refactor

        if locked:
            raise UsageError("--refactor beside --locked: found both, expected one of them")
        if targets or junit or code_quality:
            raise UsageError("--refactor compares all tasks and writes no file", hint="give it no targets and files")
        return check_refactor(place_of(ctx, folder, file), old, as_json=as_json)
    words = Words(targets, as_json=as_json, folders=folders_of(ctx, folder), file=file_of(ctx, file), locked=locked)
    return faces.status(words._replace(inputs=inputs, junit=junit, code_quality=code_quality), check=True)

"""`provstore diff`."""

from __future__ import annotations

import math

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options
from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from provstore.operations.diff import DiffRequest

    class How(TypedDict):
        """What `request_from` wants besides the words."""

        blame: str | None
        patch: bool
        form: str | None
        tolerance: str | None


@click.command(short_help="show in what two runs, executions, versions or files differ")
@click.argument("words", nargs=-1, metavar="[A [B]]", shell_complete=complete_path)
@click.option("--blame", metavar="PATH", shell_complete=complete_path,
              help="Show where the lineages of two versions of PATH part.")  # fmt: skip
@click.option("-p", "--patch", is_flag=True, help="Show line by line what changed between two commits.")
@click.option("--format", "form", metavar="NAME",
              help="Read both as this format. Default: what the Pipelinefile says, or their endings.")  # fmt: skip
@click.option("--tolerance", metavar="rtol=R,atol=A",
              help="Numbers count as equal that are at most A + R × the larger one apart.")  # fmt: skip
@click.option("--exit-code", is_flag=True, help="Exit 1 if they differ.")
@json_option
@place_options
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    exit_code: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
    **how: Unpack[How],
) -> int:
    """Show in what A and B differ: two runs, executions, versions of data, or files.

    Each is a file or directory (also outside of a project), PATH@ID for a recorded version, the id of a run, an
    execution or a dataset, or a stage or task for its last execution. A alone is compared with the one before it;
    without A, the last two runs are compared.

    \b
    $ provstore diff sample
    - execution 01a2034f-c7a  2026-11-21 10:01:20Z  sample  succeeded
    + execution 01a2034f-c88  2026-11-21 10:02:11Z  sample  succeeded
      param     seed: 42 → 43
      command   42 → 43 (by its parameters)
      output    sample.csv
                  different as csv data: 1 difference of values
                    column y
                      values: 5 of 5, largest absolute error 0.67, first at [0]: 0.6394 → 0.0386
    \b
    $ provstore diff --blame report.txt     (why is it another one than before?)
    $ provstore diff sample.csv@01a2034f-c7 sample.csv
    $ provstore diff old.h5 new.h5 --tolerance rtol=1e-6
    """
    import sys

    from provstore.cli import differences, render
    from provstore.cli.plain import say_remarks
    from provstore.cli.style import style_for, width_of
    from provstore.operations.diff import diff

    place = place_of(ctx, folder, file)
    report = diff(place.folder, place.file, request_from(words, **how))
    say_remarks(report.remarks)
    if as_json:
        print(render.to_json(differences.report_json(report)))
    else:
        print(differences.report_text(report, style_for(sys.stdout), width_of(sys.stdout)))
    return 1 if exit_code and not report.is_equal else 0


def request_from(
    words: tuple[str, ...], blame: str | None, patch: bool, form: str | None, tolerance: str | None
) -> DiffRequest:
    """What the command line asks for.

    Raises:
        UsageError: It names more than two things, or its tolerance is none.
    """
    from provstore.operations.diff import DiffRequest

    if len(words) > 2:
        raise UsageError(f"diff: found {len(words)} words, expected two at most", hint="provstore diff A B")
    a, b = (*words, None, None)[:2]
    return DiffRequest(a, b, form, None if tolerance is None else tolerance_from(tolerance), patch, blame)


def tolerance_from(text: str) -> tuple[float, float]:
    """(absolute, relative) out of ``rtol=1e-6,atol=0``; one that is not named is 0.

    Raises:
        UsageError: It is something else.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = part.strip().partition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if name.strip() not in ("rtol", "atol") or not equals or name in found or not 0 <= value < math.inf:
            raise UsageError(
                f"--tolerance: found '{part}', expected rtol=NUMBER or atol=NUMBER, each once and not below 0",
                hint="such as --tolerance rtol=1e-6,atol=0",
            )
        found[name.strip()] = value
    return found.get("atol", 0.0), found.get("rtol", 0.0)

"""`provstore diff`."""

from __future__ import annotations

import math

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options
from provstore.errors import UsageError


@click.command(short_help="show in what two files differ")
@click.argument("a", shell_complete=complete_path)
@click.argument("b", shell_complete=complete_path)
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
    a: str,
    b: str,
    form: str | None,
    tolerance: str | None,
    exit_code: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> int:
    """Show in what two files or directories differ, as data of their format. Works outside of a project, too.

    Files are "identical" in bytes, "equivalent" as data, "within tolerance", or "different".

    \b
    $ provstore diff old.h5 new.h5
    different as hdf5 data: 1 difference of values; besides: compression
      images/flux
        values: 3 of 1,000, largest absolute error 1e-09, relative 4.9e-09, 36 ULPs, first at [3, 4]: 0.2 → 0.3
        storage: compression: deflate → nothing
    """
    import sys

    from provstore.cli import comparison, render
    from provstore.cli.plain import say_remarks
    from provstore.cli.style import style_for, width_of
    from provstore.operations.diff import DiffRequest, diff

    allowed = None if tolerance is None else tolerance_from(tolerance)
    place = place_of(ctx, folder, file)
    report = diff(place.folder, place.file, DiffRequest(a, b, form, allowed))
    say_remarks(report.remarks)
    if as_json:
        print(render.to_json(comparison.diff_json(report)))
    else:
        print(comparison.diff_text(report, style_for(sys.stdout), width_of(sys.stdout)))
    return 1 if exit_code and not report.comparison.is_equal else 0


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

"""`provstore verify`."""

from __future__ import annotations

import click

from provstore.cli.options import (
    ci_options,
    complete_folder,
    inputs_option,
    json_option,
    place_of,
    place_options,
    targets_argument,
)
from provstore.errors import UsageError
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore.cli.place import Place
    from provstore.cli.verify_view import VerifyView
    from provstore.operations.verify import VerifyRequest


@click.command(short_help="for CI: do the work again in a clean folder, and compare")
@targets_argument
@click.option("-j", "--jobs", type=click.IntRange(1, 4096), metavar="N",
              help="Tasks at once. Default: the number of processors.")  # fmt: skip
@click.option("--only", is_flag=True, help="Leave out what is upstream of the targets.")
@click.option("--tolerance", metavar="rtol=R,atol=A",
              help="Numbers count as equal that are at most A + R × the larger one apart.")  # fmt: skip
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Only N of the tasks, chosen at random.")
@click.option("--seed", type=click.IntRange(min=0), metavar="S", help="With --sample: repeats a choice.")
@click.option("--locked", is_flag=True, help="Compare with Pipelinefile.lock; needs no store, and records nothing.")
@click.option("--no-record", is_flag=True, help="Do not put the verdicts down in the store.")
@click.option("--scratch", metavar="DIR", shell_complete=complete_folder,
              help="Work below DIR. Default: the system's folder for temporary files.")  # fmt: skip
@click.option("--keep-scratch", is_flag=True, help="Leave what was made again, and say where it is.")
@inputs_option
@ci_options
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - `Options` has their types
    """Do the work of tasks again, in folders that hold their declared inputs only, and compare every output.

    The project is left alone. An output is "identical" in bytes, "equivalent" as data, "within tolerance", "different",
    or "failed": not made again. Exit 1 unless everything is reproduced.

    \b
    $ provstore verify
    identical   sort  0.1 s
    different   count  0.1 s
        count.txt
            different as text data: 1 difference of values
              line 1
                values: text
                -3
                +4
    not reproduced: 1 identical, 1 different
    """
    given = Options(**options)
    if given.seed is not None and not given.sample:
        raise UsageError("--seed: found without --sample", hint="--sample N chooses N tasks")
    place = place_of(ctx, given.folder, given.file)._replace(inputs=given.inputs)
    return _announced(place, given)


class Options(NamedTuple):
    """What the words of `verify` say; the names are those of click's parameters."""

    targets: tuple[str, ...]
    jobs: int | None
    only: bool
    tolerance: str | None
    sample: int | None
    seed: int | None
    locked: bool
    no_record: bool
    scratch: str | None
    keep_scratch: bool
    inputs: tuple[str, ...]
    junit: str | None
    code_quality: str | None
    as_json: bool
    folder: str | None
    file: str | None


def _announced(place: Place, given: Options) -> int:
    """Verifies; where somebody wants to know, CI is told how it went."""
    import os
    import sys

    from provstore.cli.verify_view import VerifyView

    view, request = VerifyView(as_json=given.as_json), _request(place, given)
    if not (given.junit or given.code_quality or "GITHUB_ACTIONS" in os.environ or "GITLAB_CI" in os.environ):
        return _verify(place, request, view, as_json=given.as_json)
    from provstore.cli.ci import Announcer

    stream = sys.stderr if given.as_json else sys.stdout
    with Announcer("verify", place, given.junit, given.code_quality, stream) as announcer:
        status = _verify(place, request, view, as_json=given.as_json)
        view.announce(announcer)
        return status


def _request(place: Place, given: Options) -> VerifyRequest:
    import os

    from provstore.cli.diff import tolerance_from
    from provstore.operations.targets import Targets
    from provstore.operations.verify import VerifyRequest

    return VerifyRequest(
        Targets((*place.targets, *given.targets), place.folder, only=given.only, everything=True),
        given.jobs or 0,
        None if given.tolerance is None else tolerance_from(given.tolerance),
        given.sample or 0,
        given.seed,
        not given.no_record,
        given.locked,
        os.path.join(place.folder, given.scratch) if given.scratch is not None else "",
        given.keep_scratch,
    )


def _verify(place: Place, request: VerifyRequest, view: VerifyView, *, as_json: bool) -> int:
    import sys

    from provstore.cli import render, verify_text
    from provstore.cli.style import style_for
    from provstore.operations.verify import verify

    with place.project() as project:
        try:
            report = view.report = verify(project, request._replace(estimate=view.is_live), view)
        finally:
            view.close()
    if as_json:
        print(render.to_json(verify_text.verify_json(report)))
    else:
        print(verify_text.verify_text(report, style_for(sys.stdout)))
    if report.signal:
        return 128 + report.signal
    return 0 if report.is_good else 1

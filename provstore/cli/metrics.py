"""`provstore metrics`, `provstore metrics diff` and `provstore metrics plot`."""

from __future__ import annotations

import os
import sys

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options, targets_argument
from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.chart import Chart

SHOWN = 20
"""Executions that a person sees who does not ask for another number."""
OF_THE_GROUP = {"-C", "-f", "-h", "--help"}
"""Options that may stand before the name of a command in this group."""


class MetricsGroup(click.Group):
    """`show` is what is meant where none of its commands is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts `show` in front of words that begin with no command."""
        place = 0
        while place < len(args) and args[place] in OF_THE_GROUP:
            place += 2 if args[place] in ("-C", "-f") else 1
        named = place < len(args) and args[place] in self.commands
        asks = any(word in ("-h", "--help") for word in args[:place])
        return super().parse_args(ctx, args if named or asks else ["show", *args])


@click.group(cls=MetricsGroup, short_help="show measures over runs, compare and draw them",
             subcommand_metavar="[show] [TARGET]... | diff | plot")  # fmt: skip
@place_options
@click.pass_context
def command(ctx: click.Context, folder: str | None, file: str | None) -> None:
    """Show the measures in outputs marked `metric = true`, over runs: numbers, texts and truths, each with its name.

    Without the name of a command this is `provstore metrics show`, with its options.

    \b
    $ provstore metrics
    run            made               rate  accuracy    loss
    019310a4-77e2  2026-11-21 10:02Z   0.2    0.93 ↑  0.31 ↓
    019310a3-b201  2026-11-21 10:01Z   0.1    0.91    0.42
    """


@command.command("show", short_help="a table over runs")
@targets_argument
@click.option("--only", multiple=True, metavar="NAME",
              help="Only this measure, or all below this level; may be given several times.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="All columns, however wide that is.")
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N",
              help="Of the last N executions. Default: 20, with --json and --csv all.")  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="As CSV: a row for each execution, a column for each measure.")
@json_option
@place_options
@click.pass_context
def show(
    ctx: click.Context,
    targets: tuple[str, ...],
    only: tuple[str, ...],
    everything: bool,
    limit: int | None,
    as_csv: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Show measures as a table, newest run first, with the parameters that differ from row to row.

    TARGET is a stage, a task or an output; the path of an output shows what is in it whether it is marked or not.
    ↑ and ↓ are changes since the row below, of the same task; * is a changed text, and behind a commit it says
    that files differed from it.

    \b
    $ provstore metrics evaluate --only accuracy
    run            made               rate  accuracy
    019310a4-77e2  2026-11-21 10:02Z   0.2    0.93 ↑
    019310a3-b201  2026-11-21 10:01Z   0.1    0.91
    """
    from provstore.cli import metrics_text, render
    from provstore.cli.plain import say_remarks
    from provstore.cli.style import width_of
    from provstore.operations.metrics.rows import MetricsRequest, metrics

    if as_csv and as_json:
        raise UsageError("found --csv and --json, expected one of them")
    is_table = not (as_csv or as_json)
    place = place_of(ctx, folder, file)
    words = (*place.targets, *targets)
    with place.project() as project:
        number = SHOWN if limit is None and is_table else limit
        report = metrics(project, MetricsRequest(words, place.folder, only, number))
    say_remarks(report.remarks)
    if as_json:
        print(render.to_json(metrics_text.metrics_json(report)))
    elif as_csv:
        print(metrics_text.metrics_csv(report), end="")
    else:
        print(metrics_text.metrics_text(report, None if everything else width_of(sys.stdout)))


@command.command("diff", short_help="what changed between two runs")
@click.argument("a", required=False)
@click.argument("b", required=False)
@click.option("--present", is_flag=True, help="Compare the files that lie there now, with A or with what is newest.")
@click.option("--only", multiple=True, metavar="NAME",
              help="Only this measure, or all below this level; may be given several times.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Show measures that are the same, too.")
@json_option
@place_options
@click.pass_context
def diff(
    ctx: click.Context,
    a: str | None,
    b: str | None,
    present: bool,
    only: tuple[str, ...],
    everything: bool,
    as_json: bool,
    folder: str | None,
    file: str | None,
) -> None:
    """Show which measures changed. A and B are ids of runs, executions or datasets, or beginnings of them.

    Of a run it is what was newest when it ended, whichever run had made that. Without B, A is compared with what is
    newest; without both, the last run that measured something is compared with what there was before it.

    \b
    $ provstore metrics diff
    a: before run 019310a4-77e2
    b: run 019310a4-77e2
    measure      a     b  change
    accuracy  0.91  0.93   +0.02   +2.2 %
    loss      0.42  0.31   -0.11  -26.2 %
    1 measure is the same
    """
    from provstore.cli import metrics_text, render
    from provstore.cli.plain import say_remarks
    from provstore.cli.style import width_of
    from provstore.operations.metrics.diff import MetricsDiffRequest, metrics_diff

    if present and b is not None:
        raise UsageError(f"found --present and {b}, expected one of them", hint="--present stands in the place of B")
    with place_of(ctx, folder, file).project() as project:
        report = metrics_diff(project, MetricsDiffRequest(a, b, present, only))
    say_remarks(report.remarks)
    if as_json:
        print(render.to_json(metrics_text.metrics_diff_json(report)))
    else:
        print(metrics_text.metrics_diff_text(report, width_of(sys.stdout), everything=everything))


@command.command("plot", short_help="draw measures over runs")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("-o", "output", metavar="FILE.svg", shell_complete=complete_path,
              help="Write the picture to FILE.svg; - is standard output.")  # fmt: skip
@click.option("--text", "as_text", is_flag=True, help="Bars of text. Default where a terminal shows them.")
@click.option("-x", "across", metavar="run|time|PARAM", default="run", show_default=True,
              help="What is drawn from left to right: runs in their order, their time, or a parameter.")  # fmt: skip
@click.option("--of", "targets", multiple=True, metavar="TARGET",
              help="Only what this stage, task or output measures; may be given several times.")  # fmt: skip
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Of the last N executions. Default: all.")
@place_options
@click.pass_context
def plot(
    ctx: click.Context,
    names: tuple[str, ...],
    output: str | None,
    as_text: bool,
    across: str,
    targets: tuple[str, ...],
    limit: int | None,
    folder: str | None,
    file: str | None,
) -> None:
    """Draw measures: as SVG, with a panel for each and a line for each data ID; on a terminal, as bars of text.

    NAME is a measure, or a level that stands for all below it. Without names, all that are numbers are drawn.

    \b
    $ provstore metrics plot --text
    3 runs
    measure   over runs  first  last  least  most
    accuracy  ▁▅█         0.91  0.93   0.91  0.93
    loss      █▅▁         0.42  0.31   0.31  0.42
    $ provstore metrics plot accuracy -x rate -o accuracy.svg
    """
    from provstore.cli.metrics_text import NO_NUMBERS, NOTHING_MADE, NOTHING_MARKED
    from provstore.cli.plain import say_remarks
    from provstore.operations.metrics.plot import metrics_plot
    from provstore.operations.metrics.rows import MetricsRequest

    if output is not None and as_text:
        raise UsageError("found --text beside -o, expected one of them", hint="-o writes SVG")
    if output is not None and os.path.splitext(output)[1].lower() not in ("", ".svg"):
        raise UsageError(
            f"-o {output}: expected a name that ends in .svg", hint="a browser converts SVG to other forms"
        )
    place = place_of(ctx, folder, file)
    with place.project() as project:
        request = MetricsRequest((*place.targets, *targets), place.folder, names, limit)
        report = metrics_plot(project, request, across)
    say_remarks(report.remarks)
    if not report.chart.panels:
        raise UsageError(NO_NUMBERS if report.is_any else NOTHING_MADE if report.is_marked else NOTHING_MARKED)
    if as_text or (output is None and sys.stdout.isatty()):
        from provstore.cli.sparkline import chart_text
        from provstore.cli.style import width_of

        print(chart_text(report.chart, width_of(sys.stdout)))
        return
    write_chart(report.chart, None if output in (None, "-") else os.path.join(place.folder, output))


def write_chart(chart: Chart, path: str | None) -> None:
    """Writes a picture to a file; without a path, to standard output."""
    from provstore.cli.graph import write_file
    from provstore.cli.main import show_bytes
    from provstore.exporters.chart import svg

    picture = svg(chart).encode()
    if path is None:
        show_bytes(picture)
    else:
        write_file(path, picture)

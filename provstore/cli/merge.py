"""`provstore merge`."""

from __future__ import annotations

import click

from provstore.cli.options import complete_path, json_option, place_of, place_options
from provstore.cli.records import number_of, size_text
from provstore.model.ranges import ANY_TIME, spelled_range
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.values import JSON
    from provstore.operations.merge import MergeReport
    from provstore.store.rivals import Rival
    from provstore.store.unite import Taken

COUNTED = ("run", "execution", "dataset", "dataset_type", "dimension_record")
"""Kinds of facts that people know; where there are others only, their number is said."""


@click.command(short_help="add the facts of another store to this one")
@click.argument("other", metavar="OTHER", shell_complete=complete_path)
@click.option("--no-wait", is_flag=True, help="If a run holds the project, give up at once.")
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, other: str, no_wait: bool, as_json: bool, folder: str | None, file: str | None) -> None:
    """Add the facts of another store to this one: its runs, executions, datasets, and the objects beside it.

    OTHER is a store's file, or the folder of a project; it is checked first, and only read. What both have is left
    as it is here, so that merging twice adds nothing. Each store's records go on to prove what was recorded there.
    Where both put data into one collection that can't hold both, what was put in first stays.

    \b
    $ provstore merge ../laptop
    1 run, 2 executions, 5 datasets came in
    8 objects came along, 3.1 KiB
    """
    from provstore.cli import render
    from provstore.cli.plain import PlainView
    from provstore.operations.merge import merge

    place = place_of(ctx, folder, file)
    with place.project() as project:
        report = merge(project, place.folder, other, PlainView(), wait=not no_wait)
    print(render.to_json(merge_json(report)) if as_json else merge_text(report))


def merge_text(report: MergeReport) -> str:
    """What came in, and what did not."""
    taken = report.taken
    lines = []
    if taken.merge is None:
        lines.append(f"nothing new in {harmless(report.file)}")
    else:
        parts = [number_of(taken.facts[kind], kind.replace("_", " ")) for kind in COUNTED if taken.facts.get(kind)]
        parts = parts or [number_of(sum(taken.facts.values()), "fact")]
        lines.append(f"{', '.join(parts)} came in")
    if taken.objects:
        lines.append(f"{number_of(taken.objects, 'object')} came along, {size_text(taken.size)}")
    if taken.missing:
        lines.append(f"{number_of(taken.missing, 'object')} did not: their bytes are not beside that store")
    return "\n".join([*lines, *left_lines(taken)])


def left_lines(taken: Taken) -> list[str]:
    """What both stores say, each in its own way."""
    left = [
        f"left as it is here: {kind} {harmless(subject)}" for kind, subject in taken.kept if kind not in UNREMARKABLE
    ]
    return left + [
        f"taken out of {harmless(rival.collection)}: dataset {rival.dataset}{_time(rival)}, as dataset "
        f"{rival.staying} of its type and data ID was put in before"
        for rival in taken.rivals
    ]


def _time(rival: Rival) -> str:
    time = rival.begin, rival.end
    return "" if time == ANY_TIME else f" for {spelled_range(time)}"


UNREMARKABLE = frozenset({"collection", "run_end", "chain_removal", "tag_removal"})
"""What two stores may each have begun, ended or taken out by themselves, under one name."""


def merge_json(report: MergeReport) -> dict[str, JSON]:
    """The contract of `merge`."""
    taken = report.taken
    return {
        "file": report.file,
        "store": report.store,
        "merge": taken.merge,
        "added": dict(taken.facts),
        "kept": [{"kind": kind, "id": subject} for kind, subject in taken.kept],
        "taken_out": [
            {
                "collection": rival.collection,
                "dataset": rival.dataset,
                "begin": rival.begin,
                "end": rival.end,
                "staying": rival.staying,
            }
            for rival in taken.rivals
        ],
        "objects": {"added": taken.objects, "bytes": taken.size, "missing": taken.missing},
    }

"""`provstore recover`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.values import JSON
    from provstore.operations.recover import RecoverReport
    from provstore.store.salvage import Salvage

NAMED = 20
"""Lost records that are named; the others are counted."""


@click.command(short_help="write a new store with all that is whole in a damaged one")
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, as_json: bool, folder: str | None, file: str | None) -> int:
    """Write a new store with all that is whole in a damaged one, and keep the damaged one beside it.

    Nothing is written where the store is sound. Exit status 1 when something is lost.

    \b
    $ provstore recover
    the store was damaged: …/.provstore/store.db: database disk image is malformed
    kept: 9 facts (1 run, 1 run_end, 2 executions, 1 dataset, 3 collections, 1 chain_member), 3 objects
    lost: execution 019310a4-77e2-7d11-9d3c-51d2a90b77e4
    the damaged file is .provstore/store.db.damaged-2026-11-21T100211Z
    """
    from provstore.cli import render
    from provstore.cli.plain import PlainView
    from provstore.operations.recover import recover

    place = place_of(ctx, folder, file)
    report = recover(place.folder, place.file, PlainView())
    print(render.to_json(recover_json(report)) if as_json else recover_text(report))
    return 0 if report.salvage is None or report.salvage.is_complete else 1


def recover_text(report: RecoverReport) -> str:
    """What was wrong, what is kept, what is lost, where the damaged file is."""
    salvage = report.salvage
    if salvage is None:
        return "the store is sound: nothing to recover"
    lines = [
        f"the store was damaged: {report.damage}",
        f"kept: {_counted(salvage.kept)}, {_number(salvage.objects, 'object')}",
    ]
    if salvage.unproved:
        lines.append(f"of these unproved, since their records are lost: {_counted(salvage.unproved)}")
    lines += [f"lost: {text}" for text in _lost(salvage)]
    lines.append(f"the damaged file is {report.kept_as}")
    return "\n".join(harmless(line) for line in lines)


def _lost(salvage: Salvage) -> list[str]:
    lines = [f"{kind} {subject}" for kind, subject, _ in salvage.lost[:NAMED]]
    if len(salvage.lost) > NAMED:
        lines.append(f"{len(salvage.lost) - NAMED} more facts")
    if salvage.missing:
        lines.append(f"{_number(salvage.missing, 'record')} of which nothing is known")
    if salvage.cut:
        lines.append(f"whatever was in the last {_number(salvage.cut, 'byte')}, which the file no longer has")
    if not salvage.is_same_store:
        lines.append("the store's own id: nothing of a store was found in the file")
    return lines


def _counted(numbers: Mapping[str, int]) -> str:
    parts = ", ".join(_number(number, kind) for kind, number in numbers.items())
    return _number(sum(numbers.values()), "fact") + (f" ({parts})" if parts else "")


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def recover_json(report: RecoverReport) -> dict[str, JSON]:
    """The contract of `recover`; `recovered` is null where the store is sound."""
    salvage = report.salvage
    if salvage is None:
        return {"ok": True, "damage": None, "kept_as": None, "recovered": None}
    recovered: dict[str, JSON] = {
        "kept": dict(salvage.kept),
        "unproved": dict(salvage.unproved),
        "lost": [{"kind": kind, "subject": subject, "digest": digest} for kind, subject, digest in salvage.lost],
        "missing": salvage.missing,
        "cut": salvage.cut,
        "objects": salvage.objects,
        "same_store": salvage.is_same_store,
    }
    return {
        "ok": salvage.is_complete,
        "damage": report.damage,
        "kept_as": report.kept_as,
        "recovered": recovered,
    }

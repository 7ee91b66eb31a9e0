"""`provstore recover`."""

from __future__ import annotations

import click

from provstore.cli.options import json_option, place_of, place_options
from provstore.cli.records import number_of
from provstore.digest import TAG
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.values import JSON
    from provstore.operations.recover import RecoverReport
    from provstore.store.salvage import Salvage

NAMED = 20
"""Lost records that are named; the others are counted."""

WORDS = {
    "run_code": ("git state of a run", "git states of runs"),
    "run_end": ("end of a run", "ends of runs"),
    "chain_member": ("member of a chain", "members of chains"),
    "chain_removal": ("removal from a chain", "removals from chains"),
    "tag": ("tag of a dataset", "tags of datasets"),
    "tag_removal": ("removal of a tag", "removals of tags"),
    "dataset_deletion": ("deletion of a dataset", "deletions of datasets"),
    "dataset_change": ("change of a dataset", "changes of datasets"),
    "alias": ("alias", "aliases"),
    "dataset_type": ("dataset type", "dataset types"),
    "dimension": ("definition of a dimension", "definitions of dimensions"),
    "dimension_record": ("record of a dimension", "records of dimensions"),
    "equality": ("equality of datasets", "equalities of datasets"),
    "metric": ("metrics of a dataset", "metrics of datasets"),
    "merge": ("union with another store", "unions with other stores"),
    "recovery": ("recovery", "recoveries"),
}
"""Kind of a fact → what people call one, and several. The others are words already."""

SHORT_DIGEST = len(TAG) + 12

BACKUP_HINT = "hint: where a backup has more, put it in the place of .provstore/store.db"


@click.command(short_help="write a new store with all that is whole in a damaged one")
@json_option
@place_options
@click.pass_context
def command(ctx: click.Context, as_json: bool, folder: str | None, file: str | None) -> int:
    """Write a new store with all that is whole in a damaged one, and keep the damaged one beside it.

    All kept objects are read, too. Nothing is written where the store is sound. Exit status 1 when something is lost.

    \b
    $ provstore recover
    the store was damaged: …/.provstore/store.db: the file is cut
    kept: 9 facts, 3 objects
      1 run, 1 end of a run, 2 executions, 2 datasets, 3 collections
    lost: execution 019310a4-77e2-7d11-9d3c-51d2a90b77e4
    lost: the bytes of out/top.txt@blake3:9602a38c1b5e
    the damaged file is .provstore/store.db.damaged-2026-11-21T100211Z
    """
    from provstore.cli import render
    from provstore.cli.main import flush_output, say
    from provstore.cli.plain import PlainView
    from provstore.operations.recover import recover

    place = place_of(ctx, folder, file)
    report = recover(place.folder, place.file, PlainView())
    print(render.to_json(recover_json(report)) if as_json else recover_text(report))
    if report.salvage is None or report.salvage.is_complete:
        return 0
    flush_output()
    say(BACKUP_HINT)
    return 1


def recover_text(report: RecoverReport) -> str:
    """What was wrong, what is kept, what is lost, where the damaged file is."""
    salvage = report.salvage
    if salvage is None:
        return "the store is sound: nothing to recover"
    number = sum(salvage.kept.values())
    lines = [
        f"the store was damaged: {report.damage}",
        f"kept: {_number(number, 'fact')}, {_number(salvage.objects, 'object')}",
        *_by_kind(salvage.kept),
    ]
    if salvage.unproved:
        number = sum(salvage.unproved.values())
        lines += [f"of these, unproved since their records are lost: {number}", *_by_kind(salvage.unproved)]
    lines += [f"lost: {text}" for text in _lost(salvage)]
    lines.append(f"the damaged file is {report.kept_as}")
    return "\n".join(harmless(line) for line in lines)


def _lost(salvage: Salvage) -> list[str]:
    lines = [_named(salvage, kind, subject) for kind, subject, _ in salvage.lost[:NAMED]]
    if len(salvage.lost) > NAMED:
        lines.append(f"{len(salvage.lost) - NAMED} more; --json names all of them")
    if salvage.missing:
        lines.append(f"{_number(salvage.missing, 'record')} of which nothing is known")
    if salvage.cut:
        lines.append(f"whatever was in the last {_number(salvage.cut, 'byte')}, which the file no longer has")
    if not salvage.is_same_store:
        lines.append("the store's own id: nothing of a store was found in the file")
    return lines


def _named(salvage: Salvage, kind: str, subject: str) -> str:
    if kind == "object" and subject in salvage.paths:
        return f"the bytes of {salvage.paths[subject]}@{subject[:SHORT_DIGEST]}"
    return f"{WORDS.get(kind, (kind,))[0]} {subject}"


def _by_kind(numbers: Mapping[str, int]) -> list[str]:
    parts = ", ".join(_number(number, kind) for kind, number in numbers.items())
    return [f"  {parts}"] if parts else []


def _number(number: int, kind: str) -> str:
    return number_of(number, *WORDS.get(kind, (kind,)))


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

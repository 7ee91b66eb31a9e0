"""Facts of a store → the text that `git diff` compares. Pure functions.

Rules: the text of a fact depends on nothing but the fact, so that a store that grew has the old text with more behind
it; one line for each thing, and an id in the first of each fact.
"""

from __future__ import annotations

import json
import shlex

from provstore.cli.records import DIGEST_LETTERS, size_text
from provstore.cli.tables import moment
from provstore.model.values import harmless, task_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from provstore.store.told import Told


def store_text(facts: Iterable[Told]) -> Iterator[str]:
    """The lines of a store."""
    for fact in facts:
        if fact.row is None:
            yield f"{fact.kind} {harmless(fact.subject)}  DAMAGED: not what was recorded"
            continue
        yield f"{fact.kind} {harmless(fact.subject)}  {harmless(_said(fact.kind, fact.row))}".rstrip()
        for _, path, digest in fact.read:
            yield f"  read  {harmless(path)}  {digest[:DIGEST_LETTERS]}"
        for row in fact.made:
            yield f"  made  {harmless(_dataset(row))}"


def _said(kind: str, row: Mapping[str, Any]) -> str:
    """What a fact says; "" where somebody recorded, in good order, what provstore would not."""
    try:
        return SAID[kind](row) if kind in SAID else ""
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return ""


def _run(row: Mapping[str, Any]) -> str:
    return f"{moment(row['started'])}  {shlex.join(json.loads(row['arguments']))}  by {row['user']} on {row['host']}"


def _run_end(row: Mapping[str, Any]) -> str:
    counts = [f"{number} {outcome}" for outcome, number in json.loads(row["summary"]).items() if number]
    return f"{row['outcome']}: {', '.join(counts)}" if counts else str(row["outcome"])


def _run_code(row: Mapping[str, Any]) -> str:
    return f"commit {row['commit_id'][:12]}" + (", with changes" if row["dirty"] else "")


def _execution(row: Mapping[str, Any]) -> str:
    task = task_name(str(row["stage"] or row["name"]), tuple(json.loads(row["data_id"]).items()))
    return f"{task}  {row['outcome']}" + (f": {row['message']}" if row["message"] else "")


def _dataset(row: Mapping[str, Any]) -> str:
    return f"{row['path']}  {size_text(row['size'])}  {row['digest'][:DIGEST_LETTERS]}"


def _range(row: Mapping[str, Any]) -> str:
    if row["valid_from"] is None and row["valid_to"] is None:
        return ""
    return f"  {row['valid_from'] or '…'} to {row['valid_to'] or '…'}"


def _record(row: Mapping[str, Any]) -> str:
    said = [f"{name} = {value}" for name, value in json.loads(row["record"]).items() if value is not None]
    columns = {"begin": "time_begin", "end": "time_end", "region": "region"}
    return ", ".join(
        [*said, *[f"{name} = {row[column]}" for name, column in columns.items() if row[column] is not None]]
    )


SAID: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "store": lambda row: moment(row["created"]),
    "run": _run,
    "run_code": _run_code,
    "run_end": _run_end,
    "execution": _execution,
    "dataset": _dataset,
    "collection": lambda row: str(row["type"]),
    "dataset_type": lambda row: f"{row['format']}  {', '.join(json.loads(row['dimensions']))}",
    "dimension": lambda row: f"{row['name']}  {row['definition']}",
    "dimension_record": _record,
    "chain_member": lambda row: f"{row['child']} in {row['chain']}",
    "chain_removal": lambda row: moment(row["removed"]),
    "tag": lambda row: f"dataset {row['dataset']} in {row['collection']}{_range(row)}",
    "tag_removal": lambda row: moment(row["removed"]),
    "dataset_deletion": lambda row: f"{moment(row['deleted'])}  by {row['user']}",
    "dataset_change": lambda row: f"dataset {row['dataset']}  {row['field']} = {row['value']}",
    "keyword": lambda row: "",
    "alias": lambda row: f"{row['name']} = {row['target']}",
    "equality": lambda row: f"dataset {row['dataset']} is equal as data to {row['other']}",
    "acceptance": lambda row: f"{task_name(row['stage'], tuple(json.loads(row['data_id']).items()))}  by {row['user']}",
    "verification": lambda row: f"execution {row['execution']}  {row['verdict']}",
    "metric": lambda row: f"dataset {row['dataset']}  {row['measures']}",
    "merge": lambda row: f"{moment(row['merged'])}  {row['added']} records of store {json.loads(row['store'])['id']}",
    "recovery": lambda row: f"{moment(row['recovered'])}  {row['kept']} facts kept",
}
"""Kind of a fact → what its line says behind its id."""

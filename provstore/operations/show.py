"""One run, execution or dataset in full."""

from __future__ import annotations

from provstore.noun import NamedTuple
from provstore.operations.identify import identify, shortener
from provstore.operations.past_acceptances import acceptances_of
from provstore.operations.past_verifications import verifications_of
from provstore.store import records
from provstore.store.proof import prove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from provstore.model.values import JSON
    from provstore.project import Project
    from provstore.store.store import Store


class ShowReport(NamedTuple):
    """A record.

    Attributes:
        kind: "run", "execution" or "dataset".
        record: Columns of its table, with what belongs to it: of a run its `executions`; of an execution
            `inputs` and `outputs`, its `verifications`, user, host and code; of a dataset `status` and `readers`.
        pipelinefile: Text of each file of the Pipelinefile as its run read it; None: not asked for. A file
            whose text is no longer kept is left out.
        short: Ids that the record names → as far as they have to be typed.
    """

    kind: str
    record: Mapping[str, JSON]
    pipelinefile: Mapping[str, str] | None
    short: Mapping[str, str]


def show(project: Project, text: str, *, pipelinefile: bool) -> ShowReport:
    """The record that an id, or the beginning of one, stands for.

    Raises:
        UnknownIdError: No record begins so, or several do.
        StoreDamagedError: It is not what was recorded.
    """
    kind, id = identify(project.store, text)
    store = project.store
    assert store is not None  # `identify` has found something in it
    prove(store, kind, id)
    record = store.ask(QUESTIONS[kind], id)
    if kind == "execution":
        record["acceptances"] = acceptances_of(store, id)
        record["verifications"] = verifications_of(store, id)
    texts = _pipelinefile(store, kind, record) if pipelinefile else None
    shortened = shortener(store)
    return ShowReport(kind, record, texts, {name: shortened(name) for name in _ids_in(record)})


QUESTIONS: dict[str, Callable[..., dict[str, JSON]]] = {
    "run": records.run,
    "execution": records.execution,
    "dataset": records.dataset,
}


def _pipelinefile(store: Store, kind: str, record: Mapping[str, Any]) -> dict[str, str]:
    run = record["id"] if kind == "run" else record.get("run")
    if kind == "dataset":
        run = store.ask(records.execution, record["execution"])["run"] if record["execution"] else None
    if run is None:
        return {}
    texts = {}
    for file, digest in store.ask(records.run, run)["pipelinefile"].items():
        try:
            texts[file] = store.objects.read(digest).decode("utf-8", "replace")
        except KeyError:
            continue
    return texts


def _ids_in(record: Mapping[str, JSON]) -> set[str]:
    """Ids of what the record names: executions, datasets, runs."""
    found = set()
    for name, value in record.items():
        if name in ("id", "execution", "dataset", "replaces") and isinstance(value, str):
            found.add(value)
        elif name == "run" and isinstance(value, str) and "stage" in record and "path" not in record:
            found.add(value)  # a dataset's `run` is the name of a collection
        elif isinstance(value, list):
            for entry in value:
                found |= _ids_in(entry) if isinstance(entry, dict) else set()
    return found

"""After a kill or a power cut: finds what was under way, marks it `interrupted`, and makes its place clean.

Called by a run that holds the lock, so that what it finds belongs to no living run.
"""

from __future__ import annotations

import json
import os
import shutil
import time

from provstore.events import Remark
from provstore.operations.outputs import SCRATCH, Aside, Outputs
from provstore.store import history, records
from provstore.store.facts import ExecutionFact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.events import Observer
    from provstore.project import Project
    from provstore.store.ledger import Ledger
    from provstore.store.store import Store


def recover(project: Project, observe: Observer) -> bool:
    """Ends orphans, puts half-written outputs away, brings the last good versions back.

    Returns:
        Whether there was anything to do.
    """
    store = project.store
    if store is None:
        return False
    running = os.path.join(project.folder, "running")
    left_over = os.path.isdir(running)
    unended = store.ask(records.last_run_without_end)
    if not left_over and unended is None:
        return False
    ledger = store.ledger()
    if left_over:
        from provstore.executors.orphans import end_orphans

        for orphan in end_orphans(running):
            observe(Remark(f"ended what an earlier run had left running: pid {orphan.pid} ({orphan.command})"))
        for name in sorted(os.listdir(running)):
            _recover_slot(project, store, ledger, os.path.join(running, name), observe)
    if unended is not None:
        from provstore.model.values import utc_text

        ended = {"run": unended, "ended": utc_text(time.time()), "outcome": "interrupted", "summary": "{}"}
        ledger.add("run_end", ended)
        observe(Remark(f"the run {unended} was interrupted"))
    if not ledger.is_empty:
        ledger.write({}, {})
    store.objects.remove_leftovers()
    shutil.rmtree(os.path.join(project.folder, SCRATCH), ignore_errors=True)
    shutil.rmtree(running, ignore_errors=True)
    return True


def _recover_slot(project: Project, store: Store, ledger: Ledger, folder: str, observe: Observer) -> None:
    """One task that was, or may have been, under way."""
    try:
        with open(os.path.join(folder, "task.json"), encoding="utf-8") as file:
            description = json.load(file)
        row, places = description["record"], description["aside"]
        outputs = [path for _, path, _ in json.loads(row["outputs"])]
    except (OSError, ValueError, KeyError, TypeError):
        return  # killed while it was being written: nothing had been touched yet
    if store.ask(history.outcome_of, row["id"]) is not None:
        return
    workspace = project.workspace()
    keeper = Outputs(project.root, project.folder, workspace, store.objects)
    aside = [
        Aside(path, place, workspace.identity(os.path.relpath(place, project.root)))
        for path, place in places.items()
        if os.path.lexists(place)
    ]
    if keeper.put_away(outputs, row["id"]):
        observe(Remark(f"{row['stage']} was interrupted; what it had written is in .provstore/failed/{row['id']}"))
    last = store.ask(history.last_success, row["stage"], row["data_id"])
    good = store.ask(history.made_by, last) if last is not None else {}
    keeper.put_back(good, aside, outputs, lambda path, identity: store.ask(history.is_made, path, identity))
    if store.ask(records.run_exists, row["run"]):
        ledger.add_execution(ExecutionFact(row, (), ()), row["stage"], None)

"""What saves a run with nothing to do from comparing its lock file: that it was right, for this text and this state.

Remembered in `.provstore/locked`, which may be removed at any time. Nothing is imported for this that such a run does
not have: to read the lock file and compare it takes as long as all the rest.
"""

from __future__ import annotations

import os

from provstore.digest import digest_bytes, digest_text
from provstore.model.remembered import RememberedTasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.operations.assess import Assessment
    from provstore.project import Project

NAME = "locked"


def is_known_to_be_right(project: Project, assessment: Assessment) -> bool:
    """The lock file was compared before, as it is now, with what is fresh now; False: nobody knows."""
    try:
        with open(os.path.join(project.folder, NAME), encoding="ascii") as file:
            remembered = file.read()
    except (OSError, ValueError):
        return False
    return remembered == _summary(project, assessment)


def remember_as_right(project: Project, assessment: Assessment) -> None:
    """Remembers that the lock file says what is fresh now. Where it can't be written, nothing is lost."""
    summary = _summary(project, assessment)
    path = os.path.join(project.folder, NAME)
    scratch = f"{path}.{os.getpid()}.provstore"
    try:
        if summary:
            with open(scratch, "w", encoding="ascii") as file:
                file.write(summary)
            os.replace(scratch, path)
    except OSError:
        if os.path.exists(scratch):
            os.unlink(scratch)


def _summary(project: Project, assessment: Assessment) -> str:
    """Digest of all that the text of a lock follows from, and of the text; "" where more would have to be looked at.

    Of a task that is plainly fresh the remembered success says all: it has one key, and what it made lies there.
    """
    plan, verdicts = assessment.plan, assessment.verdicts
    tasks = plan.tasks
    if not isinstance(tasks, RememberedTasks) or verdicts.of or plan.unresolved:
        return ""
    made = [f"{key} {outputs}" for key, outputs in verdicts.made.items()]
    selected = " ".join(map(str, assessment.selection.positions))
    columns = (tasks.stages, tasks.data_ids, tasks.statics, sorted(made))
    state = digest_text("\n".join([project.file, plan.meaning, selected, *map("\n".join, columns)]))
    path = os.path.join(project.root, project.lock_file)
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            return f"{state} {digest_bytes(file.read())}\n"
    except OSError:
        return ""

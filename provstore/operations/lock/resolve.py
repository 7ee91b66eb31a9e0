"""`lock --resolve`: takes the conflicts of a merge out of a lock file, without a guess.

An entry that both sides have changed is the one whose key fits the present Pipelinefile and sources; where none does,
or two do with different outputs, it is left out, and its task has to be run.
"""

from __future__ import annotations

from provstore.model.lock import Lock, LockedTask
from provstore.noun import NamedTuple
from provstore.operations.lock.file import read_text, write_text
from provstore.operations.lock.members import absent_members
from provstore.operations.lock.present import Present
from provstore.operations.lock.write import held
from provstore.pipelinefile.lock import parse, text_of
from provstore.pipelinefile.lock_merge import sides_of, unite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.events import Observer
    from provstore.model.files import RecordedContent
    from provstore.pipelinefile.lock_merge import Union
    from provstore.project import Project
    from provstore.watch.workspace import Workspace

RESOLVED, WHOLE = "resolved", "whole"


class ResolveReport(NamedTuple):
    """What became of the conflicts in a lock file.

    Attributes:
        file: Relative to the project.
        outcome: "resolved", or "whole": there was no conflict in it.
        tasks: Number of tasks that it says something of.
        decided: Names of tasks that both sides have changed, and one of them fits.
        left_out: Names of tasks that it has no entry for and that have to be run.
        remarks: What a person should know besides.
    """

    file: str
    outcome: str
    tasks: int
    decided: tuple[str, ...]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]


def resolve(project: Project, observe: Observer) -> ResolveReport:
    """Takes the conflicts out of the lock file. Waits while a run holds the project.

    Raises:
        UsageError: There is no lock file.
        LockfileError: One side is no lock.
        PipelinefileError: The Pipelinefile is wrong; it may have conflicts in it, too.
    """
    with held(project, "provstore lock --resolve", observe):
        text = read_text(project)
        sides = sides_of(text, project.lock_file)
        if sides is None:
            tasks = parse(text, project.lock_file).tasks
            return ResolveReport(project.lock_file, WHOLE, len(tasks), (), (), ())
        resolver = _Resolver(project, unite(sides))
        lock = resolver.lock()
        write_text(project, text_of(lock))
    remarks = (*resolver.plan.remarks, *project.take_remarks())
    decided, left_out = tuple(resolver.decided), tuple(resolver.left_out)
    return ResolveReport(project.lock_file, RESOLVED, len(lock.tasks), decided, left_out, remarks)


class _Resolver:
    def __init__(self, project: Project, union: Union) -> None:
        self._project, self._union = project, union
        both = [task for tasks in union.tasks.values() for task in tasks]
        known = Lock({**union.lock.tasks, **{(task.stage, task.data_id): task for task in both}}, union.lock.inputs)
        project.imagined = absent_members(project, known)
        planned = project.plan({})
        self.plan, self._work = planned.plan, planned.work
        project.declare_formats(self.plan)
        self._workspace: Workspace = project.workspace()
        self.decided: list[str] = []
        self.left_out: list[str] = []

    def lock(self) -> Lock:
        """What is decided; a maker is, before those that read what it makes."""
        inputs = {**self._union.lock.inputs, **self._inputs()}
        tasks = dict(self._union.lock.tasks)
        present = Present(self.plan, self._work, self._workspace, inputs)
        for position, task in enumerate(self.plan.tasks):
            id = self.plan.stage_of(position).name, task.data_id
            if id in self._union.tasks:
                found = _fitting(present.key(position), self._union.tasks[id])
                if found is not None:
                    tasks[id] = found
                (self.left_out if found is None else self.decided).append(self.plan.name(position))
            if id in tasks:
                present.know(tasks[id])
        return Lock(tasks, inputs)

    def _inputs(self) -> dict[str, RecordedContent]:
        """Of inputs that both sides have changed: those that lie here as one of them says."""
        found = {}
        for path, candidates in self._union.inputs.items():
            look = self._workspace.look(path)
            content = self._workspace.content(path, look) if look is not None else None
            for candidate in candidates:
                is_equal = look is not None and look.identity == candidate.identity
                if is_equal or (content and (content.kind, content.executable, content.digest) == candidate[1:4]):
                    found[path] = candidate
        return found


def _fitting(key: str | None, candidates: Sequence[LockedTask]) -> LockedTask | None:
    """The entry with this key; None: there is none, or two whose outputs are not equal as data."""
    fitting = [task for task in candidates if task.key == key]
    made = {tuple([(output.path, output.identity) for output in task.outputs]) for task in fitting}
    return fitting[0] if len(made) == 1 else None

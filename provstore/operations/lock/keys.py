"""Keys of tasks as a lock file has them: the same on every machine."""

from __future__ import annotations

from provstore.model.lock import FROZEN
from provstore.operations.verdicts import key_from
from provstore.project import static_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from provstore.model.task import Plan, Work

HIDDEN = "secret"
"""In the place of a secret value."""


class Keys:
    """Keys of a plan's tasks.

    Args:
        work: What it takes to run a task, by position; asked only where the project has secret variables.
    """

    def __init__(self, plan: Plan, work: Callable[[int], Work]) -> None:
        self._plan, self._work = plan, work
        self._secrets: dict[int, tuple[str, ...]] = {}  # by the number of the stage

    def of(self, position: int, identities: Iterable[str]) -> str:
        """The key of a task whose inputs have these identities; that of the store, but for secret values."""
        if self._plan.stage_of(position).frozen:
            return FROZEN
        secrets = self.secrets(position)
        if not secrets:
            return key_from(self._plan.tasks[position].static, identities)
        work = self._work(position)
        return key_from(
            static_of(work._replace(environment={**work.environment, **dict.fromkeys(secrets, HIDDEN)})), identities
        )

    def secrets(self, position: int) -> tuple[str, ...]:
        """The secret variables that a task depends on: all tasks of a stage depend on the same."""
        names = self._plan.settings.secret_env
        if not names:
            return ()
        stage = self._plan.tasks[position].stage
        if stage not in self._secrets:
            named = self._work(position).environment
            self._secrets[stage] = tuple(name for name in names if name in named)
        return self._secrets[stage]

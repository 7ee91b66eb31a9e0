"""Whether a stage was declared with the same command in two runs, before any value was written into it."""

from __future__ import annotations

from provstore.operations.diff.code import kept_text
from provstore.store import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.store.materials import Material
    from provstore.store.store import Store

HOW = ("run", "argv")
"""Keys of a stage that say what it runs."""


class Templates:
    """The commands of stages, by the texts of the Pipelinefiles that runs have read. Each is read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._of_runs: dict[str, Mapping[str, object]] = {}
        self._of_texts: dict[str, Mapping[str, object]] = {}

    def are_same(self, a: Material, b: Material) -> bool:
        """Two executions have the same command but for what was written into it; False also where that is not known."""
        if a.stage is None or a.stage != b.stage or a.run is None or b.run is None:
            return False
        before, after = self._of_run(a.run).get(a.stage), self._of_run(b.run).get(a.stage)
        return before is not None and before == after

    def _of_run(self, run: str) -> Mapping[str, object]:
        """What each stage runs."""
        if run not in self._of_runs:
            files = self._store.ask(records.run_alone, run)["pipelinefile"]
            self._of_runs[run] = {name: how for digest in files.values() for name, how in self._in(digest).items()}
        return self._of_runs[run]

    def _in(self, digest: str) -> Mapping[str, object]:
        if digest not in self._of_texts:
            self._of_texts[digest] = _stages(kept_text(self._store, digest))
        return self._of_texts[digest]


def _stages(text: str | None) -> Mapping[str, object]:
    """What each stage of a Pipelinefile runs; nothing in a text that is none, such as a file of parameters."""
    import tomllib

    try:
        stages = tomllib.loads(text or "").get("stages")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    if not isinstance(stages, dict):
        return {}
    return {name: [stage.get(key) for key in HOW] for name, stage in stages.items() if isinstance(stage, dict)}

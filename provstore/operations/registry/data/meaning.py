"""What the files of one dataset type mean: their semantic digests, by the type's format, in a process apart."""

from __future__ import annotations

from provstore.events import Remark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.events import Observer
    from provstore.model.files import Content
    from provstore.project import Project

NAMED = 3
"""Files that are named which can't be understood; of more it is only said how many."""


class Meanings:
    """Asks the format of each file; where it can't tell, the bytes decide, and somebody is told."""

    def __init__(self, project: Project, format: str, observe: Observer) -> None:
        self._project, self._format, self._observe = project, format, observe
        self._has_digest = project.claims.has_digest(format)
        self._unclear: list[str] = []

    def of(self, full: str, path: str, content: Content) -> Content:
        """What was read, with what it means.

        Args:
            full: Absolute path of where it lies now.
            path: By which the project will know it.
        """
        if not self._has_digest:
            return content if content.format == self._format else content._replace(format=self._format)
        found = self._project.apart().digest(full, path, self._format)
        if found.reason:
            self._unclear.append(f"{path}: semantic: unavailable: {found.reason}; its bytes decide")
        return content._replace(format=self._format, semantic=found.digest)

    def say(self) -> None:
        """Tells of what can't be understood."""
        for text in self._unclear[:NAMED]:
            self._observe(Remark(text))
        if len(self._unclear) > NAMED:
            self._observe(Remark(f"the same holds of {len(self._unclear) - NAMED} more files"))
        self._unclear.clear()

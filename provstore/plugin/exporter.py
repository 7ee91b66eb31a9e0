"""What an exporter is: the class that an author of one writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.drawing import Drawing


class Exporter(ABC):
    """A way to write the pipeline for others: what ``provstore graph --format NAME`` calls.

    An object without state. Import heavy libraries inside `export`.

    Attributes:
        name: Letters, digits and ``-``; no other exporter has it.
        suffixes: Endings of file names for which ``provstore graph -o FILE`` takes this exporter, in lower case,
            each with its dot.
        is_text: What it makes may be shown on a terminal.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    is_text: ClassVar[bool] = True

    @abstractmethod
    def export(self, drawing: Drawing) -> bytes:
        """The drawing in this form; text in UTF-8, with a newline at its end.

        Names in it are any text: whoever writes a language escapes them.
        """

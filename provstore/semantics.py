"""What files mean: asks the store first, which may know these bytes, and then the format, in a process apart.

Rule: bytes that the store knows at a path have the identity that was recorded with them. So neither a format's newer
rules nor a plug-in that came or went make anything stale whose bytes are the same; and digests of different rules
are never taken for different data without a look at the bytes.
"""

from __future__ import annotations

from provstore.formats import BUILT_IN, KNOWN_PACKAGES
from provstore.ports import Meaning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provstore.apart.client import Apart
    from provstore.claims import Claims, Declared
    from provstore.model.files import Content
    from provstore.model.measures import Measures


class StoredSemantics:
    """The semantic digests of a project's files; see `provstore.ports.Semantics`.

    Args:
        declared: What the Pipelinefile says; asked when a file is read, which in most runs none is.
        known: Dataset and semantic digest that are recorded for a path, a digest and an executable bit.
        apart: Where formats work; started when it is first asked.

    Attributes:
        remarks: What a person should know, each once, until it is taken.
    """

    def __init__(
        self,
        declared: Callable[[], Declared],
        known: Callable[[str, str, bool], tuple[str, str | None] | None],
        apart: Callable[[], Apart],
    ) -> None:
        self._declared, self._known, self._apart = declared, known, apart
        self._said: dict[str, None] = {}
        self._looked_at: Claims | None = None
        self.remarks: list[str] = []

    def of(self, path: str, full: str, content: Content, before: str) -> Meaning:
        """See `provstore.ports.Semantics.of`."""
        declared = self._declared()
        self._say_unusable(declared.claims)
        format = declared.claims.name_of(path, declared.paths.get(path))
        if not declared.claims.has_digest(format):
            self._say_what_is_missing(path, format, before, declared.claims)
            return Meaning(format, None, None, was_read=False)
        recorded = self._known(path, content.digest, content.executable)
        if recorded is not None:
            dataset, digest = recorded
            return Meaning(format, digest, dataset, was_read=False)
        found = self._apart().digest(full, path, format)
        if found.reason:
            self._say(f"{path}: semantic: unavailable: {found.reason}; its bytes decide")
        return Meaning(format, found.digest, None, was_read=True)

    def ignored(self, path: str, format: str, old: str, new: str) -> Sequence[str]:
        """See `provstore.ports.Semantics.ignored`."""
        from provstore.apart.client import AskingError, StoppedError

        try:
            found = self._apart().ask("compare", a=old, b=new, name=path, format=format, tolerance=None)
        except (AskingError, StoppedError):
            return ()
        if found["verdict"] != "equivalent":
            return ()
        return sorted({difference["what"] for difference in found["differences"]})

    def measures(self, path: str, full: str, format: str) -> Measures | None:
        """See `provstore.ports.Semantics.measures`."""
        from provstore.apart.client import AskingError, StoppedError

        try:
            found: Measures = self._apart().ask("measures", path=full, name=path, format=format)["measures"]
        except StoppedError:
            return None
        except AskingError as error:
            self._say(f"{path}: no measures are recorded of it: {error}")
            return None
        return found

    def _say_what_is_missing(self, path: str, format: str, before: str, claims: Claims) -> None:
        """Nobody claims a file by now whose data decided before."""
        name, slash, _ = before.partition("/")
        if not slash or format != "bytes" or name in BUILT_IN:
            return
        if claims.plugins is not None and name in claims.plugins.formats():
            return
        package = KNOWN_PACKAGES.get(name)
        advice = f" (pip install {package.name})" if package is not None else ""
        self._say(f"{path}: semantic: unavailable: there is no format '{name}' any more{advice}; its bytes decide")

    def _say_unusable(self, claims: Claims) -> None:
        """Names plug-ins that can't be used, when formats are first asked for."""
        if claims is self._looked_at:
            return
        self._looked_at = claims
        for entry in claims.plugins.failures if claims.plugins is not None else ():
            self._say(f"plug-in {entry.name} ({entry.origin}) can't be used: {entry.reason}")

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said[text] = None
            self.remarks.append(text)

    def take_remarks(self) -> list[str]:
        """What is to be said and was not taken yet."""
        remarks, self.remarks = self.remarks, []
        return remarks

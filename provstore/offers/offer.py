"""Offers of one kind by name, and what becomes of clashes and failures."""

from __future__ import annotations

from provstore.errors import PluginError, ProvstoreError
from provstore.model.values import nearest
from provstore.plugins import OURS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeVar

    from provstore.plugins import Plugin, Plugins

    Offer = TypeVar("Offer")


class Offers:
    """Offers of one kind, by name.

    Args:
        what: "executor", "exporter" or "command", for messages.
    """

    def __init__(self, what: str, entries: Iterable[tuple[str, Plugin, Any]]) -> None:
        self._what = what
        self._claims: dict[str, list[tuple[Plugin, Any]]] = {}
        for name, plugin, offer in entries:
            self._claims.setdefault(name, []).append((plugin, offer))

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def get(self, name: str) -> tuple[Plugin, Any] | None:
        """Who offers it, and what; None: nobody does.

        Raises:
            PluginError: Two plug-ins do.
        """
        claims = self._claims.get(name, [])
        if len(claims) > 1:
            raise PluginError(self._clash(name))
        return claims[0] if claims else None

    def unique(self) -> dict[str, Any]:
        """Offers by name, without those that several plug-ins have."""
        return {name: claims[0][1] for name, claims in self._claims.items() if len(claims) == 1}

    def texts(self) -> list[tuple[Plugin, str]]:
        """Each plug-in with each of its offers, in words: "executor nice"."""
        return [(plugin, f"{self._what} {name}") for name, claims in self._claims.items() for plugin, _ in claims]

    def clashes(self) -> list[str]:
        """Names that several plug-ins have, a sentence each."""
        return [self._clash(name) for name, claims in self._claims.items() if len(claims) > 1]

    def _clash(self, name: str) -> str:
        plugins = " and ".join(str(plugin) for plugin, _ in self._claims[name])
        return f"{self._what} {name}: {plugins} both have one of this name; take one of them out"


def collected(
    plugins: Plugins, hook: str, named: Callable[[Any], Iterable[tuple[str, Offer]]]
) -> Iterator[tuple[str, Plugin, Offer]]:
    """What all plug-ins give at a hook, as (name, plug-in, offer); one that fails is noted.

    Args:
        named: What a plug-in returned → names with what is offered under them. Raises where it is wrong.
    """
    for plugin, call in plugins.implementing(hook):
        try:
            offered = [entry for result in call() for entry in named(result)]
        except (Exception, SystemExit) as error:
            plugins.note_failure(plugin, error)
        else:
            yield from ((name, plugin, offer) for name, offer in offered)


def without_claims_to_ours(
    plugins: Plugins, entries: Iterable[tuple[str, Plugin, Offer]], what: str, more: Sequence[str] = ()
) -> list[tuple[str, Plugin, Offer]]:
    """The entries without those of strangers that have a name of ours; each of these is noted."""
    entries = list(entries)
    ours = {name for name, plugin, _ in entries if plugin.origin == OURS} | set(more)
    found = []
    for name, plugin, offer in entries:
        if plugin.origin != OURS and name in ours:
            plugins.note_failure(plugin, PluginError(f"{what} {name}: provstore has one of this name"))
        else:
            found.append((name, plugin, offer))
    return found


def advice(name: str, offers: Iterable[str], plugins: Plugins) -> str:
    """What to do about a name that nobody offers."""
    near = nearest(name, offers)
    if near:
        return f"did you mean '{near}'?"
    failed = ", ".join(dict.fromkeys(failure.name for failure in plugins.failures))
    known = f"there are {', '.join(offers)}"
    return f"{known}; plug-ins that can't be used: {failed}" if failed else known


def done(whose: str, do: Callable[..., Offer], *arguments: object) -> Offer:
    """What a function of a plug-in returns.

    Raises:
        PluginError: It raised something; provstore's own errors pass as they are.
    """
    try:
        return do(*arguments)
    except ProvstoreError:
        raise
    except Exception as error:
        raise PluginError(f"{whose}: {type(error).__name__}: {error}") from error

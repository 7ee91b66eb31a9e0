"""Ways to write the pipeline for others."""

from __future__ import annotations

from provstore.errors import PluginError, UsageError
from provstore.offers.offer import Offers, advice, collected, without_claims_to_ours
from provstore.plugin import Exporter
from provstore.plugins import NAME, SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from provstore.plugins import Plugins

JSON_FORM = "json"
"""The form of `provstore graph` that is no exporter's."""


def exporters(plugins: Plugins) -> Offers:
    """Exporters by name."""
    entries = collected(plugins, "provstore_exporters", _named_exporters)
    return Offers("exporter", without_claims_to_ours(plugins, entries, "exporter", [JSON_FORM]))


def exporters_by_suffix(plugins: Plugins) -> Offers:
    """Exporters by the endings that they claim."""
    entries = (
        (suffix, plugin, exporter)
        for _, plugin, exporter in collected(plugins, "provstore_exporters", _named_exporters)
        for suffix in exporter.suffixes
    )
    return Offers("ending", without_claims_to_ours(plugins, entries, "ending", [f".{JSON_FORM}"]))


def _named_exporters(result: Iterable[Exporter]) -> Iterator[tuple[str, Exporter]]:
    for exporter in result:
        if not isinstance(exporter, Exporter):
            raise PluginError(f"provstore_exporters gave {exporter!r}, expected objects of the class Exporter")
        name = getattr(exporter, "name", None)
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise PluginError(f"exporter {name!r}: found this name, expected letters, digits and '-'")
        for suffix in exporter.suffixes:
            if not isinstance(suffix, str) or not SUFFIX.fullmatch(suffix):
                raise PluginError(f"exporter {name}: found suffix {suffix!r}, expected lower case after a dot")
        yield name, exporter


def exporter_of(plugins: Plugins, name: str) -> Exporter:
    """The exporter of a name.

    Raises:
        UsageError: There is none.
        PluginError: Two plug-ins have one of this name.
    """
    offers = exporters(plugins)
    return _exporter(offers, name, f"there is no format '{name}'", advice(name, [*offers, JSON_FORM], plugins))


def exporter_for_suffix(plugins: Plugins, suffix: str) -> Exporter:
    """The exporter that claims an ending; raises as `exporter_of`."""
    offers = exporters_by_suffix(plugins)
    known = ", ".join([*offers, f".{JSON_FORM}"])
    return _exporter(offers, suffix, f"the ending {suffix} says no format", f"known are {known}; or use --format")


def _exporter(offers: Offers, name: str, problem: str, hint: str) -> Exporter:
    found = offers.get(name)
    if found is None:
        raise UsageError(problem, hint=hint)
    exporter: Exporter = found[1]
    return exporter

"""Who writes the pipeline in which form.

Rule: provstore's own exporters are found without a look at plug-ins, which can't replace them.
"""

from __future__ import annotations

from provstore.errors import PluginError, ProvstoreError
from provstore.exporters.offered import EXPORTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.drawing import Drawing
    from provstore.plugin import Exporter
    from provstore.project import Project

JSON_FORM = "json"
"""A form of `provstore graph` that is no exporter's: it holds more than a drawing."""


def exporter_named(project: Project, name: str) -> Exporter:
    """The exporter of a name.

    Raises:
        UsageError: There is none.
        PluginError: Two plug-ins have one of this name.
    """
    ours = EXPORTERS.get(name)
    if ours is not None:
        return ours
    from provstore.offers.exporters import exporter_of

    return exporter_of(project.plugins(), name)


def exporter_for(project: Project, suffix: str) -> Exporter:
    """The exporter that claims an ending of file names; raises as `exporter_named`."""
    for exporter in EXPORTERS.values():
        if suffix in exporter.suffixes:
            return exporter
    from provstore.offers.exporters import exporter_for_suffix

    return exporter_for_suffix(project.plugins(), suffix)


def exported(exporter: Exporter, drawing: Drawing) -> bytes:
    """What an exporter makes of a drawing.

    Raises:
        PluginError: It failed.
    """
    try:
        data = exporter.export(drawing)
    except ProvstoreError:
        raise
    except Exception as error:
        raise PluginError(f"exporter {exporter.name}: {type(error).__name__}: {error}") from error
    if not isinstance(data, bytes):
        raise PluginError(f"exporter {exporter.name}: made {type(data).__name__}, expected bytes")
    return data

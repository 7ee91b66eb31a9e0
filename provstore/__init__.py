"""make with a memory: runs what is out of date, by content, and remembers all of it in one SQLite file."""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.api import Store as Store  # for others to import from here


def __getattr__(name: str) -> object:
    """Imports the Python API when it is first asked for: commands do without."""
    if name == "Store":
        from provstore.api import Store

        return Store
    raise AttributeError(f"module 'provstore' has no attribute '{name}'")

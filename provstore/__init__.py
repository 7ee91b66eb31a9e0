"""make with a memory: runs what is out of date, by content, and remembers all of it in one SQLite file."""

__version__ = "0.1.0"

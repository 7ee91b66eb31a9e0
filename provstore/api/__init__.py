"""The Python API: ``from provstore import Store``. Each call does what the command of its name does."""

from __future__ import annotations

from provstore.api.nouns import Collection, Dataset, DatasetType, DimensionRecord, Execution
from provstore.api.store import Store

__all__ = ["Collection", "Dataset", "DatasetType", "DimensionRecord", "Execution", "Store"]

"""What these scripts share: a calendar, and arrays in HDF5 files whose bytes depend on their content alone."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Series(NamedTuple):
    """The arrays of one HDF5 file by name, and what its attributes say about them."""

    arrays: dict[str, np.ndarray]
    attributes: dict[str, object]

    @property
    def name(self) -> str:
        """The place it is about, as a person writes it: "San Francisco"."""
        return str(self.attributes["name"])


def write(path: Path, name: str, **arrays: np.ndarray) -> None:
    """Writes arrays of floats and what they are about.

    Values are rounded to 0.001 of their unit, so that the last bits of another processor's arithmetic
    are no change; HDF5's own time stamps are off for the same reason.
    """
    with h5py.File(path, "w") as file:
        file.attrs["name"] = name
        for key in sorted(arrays):
            file.create_dataset(key, data=np.round(arrays[key], 3), track_times=False)


def read(path: Path) -> Series:
    """Reads what `write` wrote."""
    with h5py.File(path, "r") as file:
        return Series({key: file[key][()] for key in file}, dict(file.attrs))


def title(path: Path) -> str:
    """The place that a file is named after: ``new-york_2012.csv`` is about "New York"."""
    return path.stem.partition("_")[0].replace("-", " ").title()


def month_of_day(days: int) -> np.ndarray:
    """The month, 1 to 12, of each day of a year of 365 or 366 days."""
    first = datetime.date(2012 if days == 366 else 2013, 1, 1)
    return np.array([(first + datetime.timedelta(days=day)).month for day in range(days)])


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """The mean of `window` days around each day; the end of the year is followed by its beginning."""
    offsets = range(-(window // 2), window - window // 2)
    return np.mean([np.roll(values, offset) for offset in offsets], axis=0)

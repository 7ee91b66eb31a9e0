"""Hourly temperatures of a year: a table in °F → a grid of days and hours in °C."""

from __future__ import annotations

import argparse
import csv
import datetime
from pathlib import Path

import numpy as np
import series


def grid_of(path: Path) -> np.ndarray:
    """Temperature in °C, shape (365 days, 24 hours).

    The hour that the change to summer time leaves out is filled from its neighbours.
    """
    grid = np.full(365 * 24, np.nan)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            time = datetime.datetime.strptime(row["date"][:16], "%Y/%m/%d %H:%M")
            hour = (time.timetuple().tm_yday - 1) * 24 + time.hour
            grid[hour] = (float(row["temp"]) - 32) / 1.8
    missing = np.isnan(grid)
    grid[missing] = np.interp(np.flatnonzero(missing), np.flatnonzero(~missing), grid[~missing])
    return grid.reshape(365, 24)


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    series.write(arguments.output, series.title(arguments.table), temperature=grid_of(arguments.table))


if __name__ == "__main__":
    main()

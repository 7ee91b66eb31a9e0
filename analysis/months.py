"""The years of one place → its months: temperatures, warm days, rain and wet days, as means over the years."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import series


def known(values: np.ndarray) -> np.ndarray:
    """All values but those of days that do not exist or were not measured."""
    return values[~np.isnan(values)]


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("years", type=Path, nargs="+", help="the files that year.py wrote")
    parser.add_argument("--warm", type=float, required=True, help="°C from which on a day's high is warm")
    parser.add_argument("--wet", type=float, required=True, help="mm from which on a day is wet")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    years = [series.read(path) for path in arguments.years]
    low, high, rain = (np.array([year.arrays[key] for year in years]) for key in ("low_c", "high_c", "rain_mm"))
    month_of_day = series.month_of_day(366)
    with arguments.output.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["city", "month", "low_c", "high_c", "warm_days", "rain_mm", "wet_days"])
        for month, name in enumerate(series.MONTHS, 1):
            days = month_of_day == month
            length = 28.25 if month == 2 else np.sum(days)
            lows, highs, rains = (known(array[:, days]) for array in (low, high, rain))
            values = (
                np.mean(lows),
                np.mean(highs),
                np.mean(highs >= arguments.warm) * length,
                np.mean(rains) * length,
                np.mean(rains >= arguments.wet) * length,
            )
            table.writerow([years[0].name, name, *(f"{value:.1f}" for value in values)])


if __name__ == "__main__":
    main()

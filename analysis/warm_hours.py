"""How warm each month is: a grid of days and hours → hours a day at or above a temperature."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import series


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path)
    parser.add_argument("--warm", type=float, required=True, help="°C from which on it is warm")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    city = series.read(arguments.grid)
    temperature = city.arrays["temperature"]
    warm_hours = np.sum(temperature >= arguments.warm, axis=1)
    month_of_day = series.month_of_day(len(temperature))
    with arguments.output.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["city", "month", "mean_c", "warm_hours_per_day"])
        for month, name in enumerate(series.MONTHS, 1):
            days = month_of_day == month
            table.writerow([city.name, name, f"{temperature[days].mean():.1f}", f"{warm_hours[days].mean():.1f}"])


if __name__ == "__main__":
    main()

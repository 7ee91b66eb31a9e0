"""Daily weather of one place and year: a table → arrays over the 366 days of a leap year (NaN: no such day)."""

from __future__ import annotations

import argparse
import csv
import datetime
from pathlib import Path

import numpy as np
import series

QUANTITIES = ("low_c", "high_c", "rain_mm")


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    arrays = {quantity: np.full(366, np.nan) for quantity in QUANTITIES}
    with arguments.table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            date = datetime.date.fromisoformat(row["date"])
            day = date.replace(year=2012).timetuple().tm_yday - 1
            for quantity in QUANTITIES:
                arrays[quantity][day] = float(row[quantity])
    series.write(arguments.output, series.title(arguments.table), **arrays)


if __name__ == "__main__":
    main()

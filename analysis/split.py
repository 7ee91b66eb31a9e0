"""Daily weather of several places and years in one table → a folder with one table for each place and year."""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from pathlib import Path


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to make")
    arguments = parser.parse_args()
    parts: dict[str, list[list[str]]] = defaultdict(list)
    with arguments.table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            place = row["location"].lower().replace(" ", "-")
            part = f"{place}_{row['date'][:4]}.csv"
            parts[part].append([row["date"], row["temp_min"], row["temp_max"], row["precipitation"]])
    arguments.output.mkdir()
    for part, rows in parts.items():
        with (arguments.output / part).open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["date", "low_c", "high_c", "rain_mm"])
            table.writerows(rows)


if __name__ == "__main__":
    main()

"""Tables of months from several sources → one table, a row for each city and month; empty where no source knows."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import series


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path, nargs="+", help="each with the columns city and month and others")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    columns: dict[str, None] = {}
    cells: dict[tuple[str, int], dict[str, str]] = {}
    for path in arguments.tables:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                columns.update(dict.fromkeys(row))
                cells.setdefault((row["city"], series.MONTHS.index(row["month"])), {}).update(row)
    with arguments.output.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(columns), restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(cells[key] for key in sorted(cells))


if __name__ == "__main__":
    main()

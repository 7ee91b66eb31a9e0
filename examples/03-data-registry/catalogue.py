"""Stage 3: matches the stars of all images with the known ones: a catalogue, and what is left over."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import sky

RADIUS = 2 * sky.PIXEL  # degrees within which a star is the known one


def read(path: Path) -> list[dict[str, str]]:
    """All rows of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    """A table with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("detections", type=Path, help="folder with a table for each image")
    parser.add_argument("stars", type=Path, help="table of known stars")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to make")
    arguments = parser.parse_args()
    detected = [row for path in sorted(arguments.detections.glob("*.csv")) for row in read(path)]
    row, column, electrons = (np.array([float(one[key]) for one in detected]) for key in ("row", "column", "electrons"))
    ra, dec = sky.position_of(row, column)
    magnitude = sky.ZERO_POINT - 2.5 * np.log10(electrons)
    left_over = np.ones(len(detected), dtype=bool)
    catalogue = []
    for star in read(arguments.stars):
        east = (ra - float(star["ra_deg"])) * np.cos(np.radians(dec))
        match = np.hypot(east, dec - float(star["dec_deg"])) < RADIUS
        left_over &= ~match
        if match.any():
            values = [f"{ra[match].mean():.3f}", f"{dec[match].mean():.3f}", f"{magnitude[match].mean():.2f}"]
            catalogue.append([star["name"], *values, star["v_mag"], str(match.sum())])
    arguments.output.mkdir()
    header = ["name", "ra_deg", "dec_deg", "measured_mag", "known_mag", "images"]
    write(arguments.output / "catalogue.csv", header, catalogue)
    rest = [[f"{a:.3f}", f"{d:.3f}"] for a, d in zip(ra[left_over], dec[left_over], strict=True)]
    write(arguments.output / "unknown.csv", ["ra_deg", "dec_deg"], rest)


if __name__ == "__main__":
    main()

"""Stage 2: finds the stars of each image: brightest pixel, centre and light of each."""

from __future__ import annotations

import argparse
import csv
import sqlite3
from pathlib import Path

import h5py
import numpy as np

BORDER = 3  # pixels on each side of a peak that count as the star


def detect(image: np.ndarray, threshold: float) -> list[tuple[float, float, float]]:
    """Row, column and electrons of each local maximum that stands `threshold` sigma above the sky."""
    level = np.median(image)
    sigma = 1.4826 * np.median(np.abs(image - level))
    light = image - level
    found = []
    for row, column in np.argwhere(light > threshold * sigma):
        if not (BORDER <= row < image.shape[0] - BORDER and BORDER <= column < image.shape[1] - BORDER):
            continue
        box = light[row - BORDER : row + BORDER + 1, column - BORDER : column + BORDER + 1]
        total = box.sum()
        if light[row, column] < box.max() or total <= 0:
            continue
        offset = np.arange(-BORDER, BORDER + 1)
        found.append((row + (box.sum(1) @ offset) / total, column + (box.sum(0) @ offset) / total, total))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("flat", type=Path)
    parser.add_argument("--threshold", type=float, required=True, help="in standard deviations of the sky")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to make")
    arguments = parser.parse_args()
    with h5py.File(arguments.flat, "r") as file:
        flat = file["flat"][()]
    log = sqlite3.connect(arguments.log)
    exposures = log.execute("SELECT number, image FROM exposure ORDER BY number").fetchall()
    log.close()
    arguments.output.mkdir()
    for number, image in exposures:
        with h5py.File(arguments.images / image, "r") as file:
            stars = detect(file["image"][()] / flat, arguments.threshold)
        with (arguments.output / f"stars_{number}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["row", "column", "electrons"])
            table.writerows([f"{row:.3f}", f"{column:.3f}", f"{light:.0f}"] for row, column, light in stars)


if __name__ == "__main__":
    main()

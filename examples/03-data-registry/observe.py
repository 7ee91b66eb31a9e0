"""Stage 1: takes (simulated) images of a field of stars, a list of the exposures, and a flat field."""

from __future__ import annotations

import argparse
import csv
import sqlite3
from pathlib import Path

import h5py
import numpy as np
import sky

SKY_LEVELS = (40.0, 55.0, 90.0)  # electrons in a pixel: the Moon rises


def expose(stars: list[dict[str, str]], flat: np.ndarray, level: float, noise: np.random.Generator) -> np.ndarray:
    """One image in electrons, with the noise of counting photons."""
    rows, columns = np.indices(sky.SHAPE)
    image = np.full(sky.SHAPE, level)
    for star in stars:
        row, column = sky.pixel_of(float(star["ra_deg"]), float(star["dec_deg"]))
        flux = 10 ** (-0.4 * (float(star["v_mag"]) - sky.ZERO_POINT))
        spot = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * sky.BLUR**2))
        image += flux * spot / (2 * np.pi * sky.BLUR**2)
    return noise.poisson(image * flat).astype("i4")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stars", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--images", type=Path, required=True, help="folder to make")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--flat", type=Path, required=True)
    arguments = parser.parse_args()
    noise = np.random.default_rng(arguments.seed)
    with arguments.stars.open(newline="", encoding="utf-8") as file:
        stars = list(csv.DictReader(file))
    flat = np.round(1 - 0.2 * np.linspace(-1, 1, sky.SHAPE[1]) ** 2 * np.ones(sky.SHAPE), 4)
    with h5py.File(arguments.flat, "w") as file:
        file.create_dataset("flat", data=flat, track_times=False)
    log = sqlite3.connect(arguments.log)
    log.execute("CREATE TABLE exposure (number INTEGER PRIMARY KEY, image TEXT, sky_electrons REAL)")
    arguments.images.mkdir()
    for number, level in enumerate(SKY_LEVELS, 1):
        image = arguments.images / f"exposure_{number}.h5"
        with h5py.File(image, "w") as file:
            file.create_dataset("image", data=expose(stars, flat, level, noise), track_times=False)
        log.execute("INSERT INTO exposure VALUES (?, ?, ?)", (number, image.name, level))
    log.commit()
    log.close()


if __name__ == "__main__":
    main()

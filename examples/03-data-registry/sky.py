"""Where the camera points and how it counts: shared by the three stages."""

from __future__ import annotations

import numpy as np

SHAPE = (60, 90)  # rows (declination), columns (right ascension)
PIXEL = 1 / 60  # degrees
CENTRE = (56.75, 24.25)  # right ascension and declination in degrees, ICRS
ZERO_POINT = 16.0  # magnitude of a star that gives one electron
BLUR = 1.1  # standard deviation of a star's image in pixels


def pixel_of(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of a position. East, where right ascension grows, is on the left."""
    row = (SHAPE[0] - 1) / 2 + (dec - CENTRE[1]) / PIXEL
    column = (SHAPE[1] - 1) / 2 - (ra - CENTRE[0]) * np.cos(np.radians(CENTRE[1])) / PIXEL
    return row, column


def position_of(row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Right ascension and declination in degrees of a pixel: the inverse of `pixel_of`."""
    dec = CENTRE[1] + (row - (SHAPE[0] - 1) / 2) * PIXEL
    ra = CENTRE[0] - (column - (SHAPE[1] - 1) / 2) * PIXEL / np.cos(np.radians(CENTRE[1]))
    return ra, dec

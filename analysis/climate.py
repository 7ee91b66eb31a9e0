"""The years of one place → its average year, smoothed, with the extremes of each day and the rain of every year."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import series


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("years", type=Path, nargs="+", help="the files that year.py wrote, named PLACE_YEAR")
    parser.add_argument("--window", type=int, required=True, help="days of the running mean")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    years = [series.read(path) for path in arguments.years]
    low, high, rain = (np.array([year.arrays[key] for year in years]) for key in ("low_c", "high_c", "rain_mm"))
    series.write(
        arguments.output,
        years[0].name,
        year=np.array([float(path.stem.rpartition("_")[2]) for path in arguments.years]),
        mean_low_c=series.running_mean(np.nanmean(low, axis=0), arguments.window),
        mean_high_c=series.running_mean(np.nanmean(high, axis=0), arguments.window),
        lowest_c=np.nanmin(low, axis=0),
        highest_c=np.nanmax(high, axis=0),
        rain_mm=rain,
    )


if __name__ == "__main__":
    main()

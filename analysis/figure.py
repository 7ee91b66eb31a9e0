"""The picture: when is it warm, how warm are the days, and when does it rain?"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import panels
import series
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that the picture is the same everywhere
    "font.size": 9,
    "text.color": panels.INK,
    "axes.edgecolor": panels.LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": panels.LINE,
    "xtick.labelcolor": panels.QUIET,
    "ytick.labelcolor": panels.QUIET,
    "ytick.major.size": 0,
}
LEFT, RIGHT = 0.062, 0.925  # of the picture's width: where the panels begin and end


def row(part: SubFigure, count: int, title: str, explanation: str) -> list[Axes]:
    """Panels side by side, below a title and what one must know to read them."""
    point = part.figure.dpi / 72 / part.bbox.height
    part.text(LEFT, 1 - 16 * point, title, fontsize=15, fontweight="bold", va="top")
    part.text(LEFT, 1 - 38 * point, explanation, color=panels.QUIET, fontsize=9.5, va="top")
    axes = part.subplots(1, count, squeeze=False, sharey=True)[0]
    part.subplots_adjust(left=LEFT, right=RIGHT, top=1 - 80 * point, bottom=30 * point, wspace=0.07)
    return list(axes)


def scale(part: SubFigure, image: AxesImage, last: Axes, unit: str, ticks: list[float]) -> None:
    """A colour scale to the right of the last panel, with its unit on top."""
    box = last.get_position()
    axes = part.add_axes((RIGHT + 0.015, box.y0, 0.011, box.height))
    part.colorbar(image, cax=axes).outline.set_visible(False)
    axes.set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.set_title(unit, fontsize=9, color=panels.QUIET, loc="left")


def draw(cities: list[series.Series], places: list[series.Series], warm: float) -> Figure:
    """All panels: a row of cities by the hour, and two rows of places by the day."""
    figure = Figure(figsize=(12, 12), dpi=150)
    hours, days, rain, foot = figure.subfigures(4, 1, height_ratios=[4, 4, 3.2, 0.3], hspace=0)
    years = places[0].arrays["year"]
    period = f"{years.min():.0f}–{years.max():.0f}"
    text = f"Temperature hour by hour, local time, average of 1981–2010. The line encloses {warm:g} °C and more."
    axes = row(hours, len(cities), "When is it warm?", text)
    images = [panels.draw_hours(one, city, warm) for one, city in zip(axes, cities, strict=True)]
    scale(hours, images[-1], axes[-1], "°C", [5, 10, 15, 20, 25])
    text = (
        f"From average low to average high, {period}; orange is {warm:g} °C and more. Grey: the extremes of each day."
    )
    axes = row(days, len(places), "How warm are the days?", text)
    for one, place in zip(axes, places, strict=True):
        panels.draw_days(one, place, warm)
    axes = row(rain, len(places), "When does it rain?", f"Rain and melted snow of every day, {period}. White is dry.")
    images = [panels.draw_rain(one, place) for one, place in zip(axes, places, strict=True)]
    scale(rain, images[-1], axes[-1], "mm a day", [0.1, 1, 10])
    foot.text(LEFT, 0.6, "Data: NOAA National Centers for Environmental Information", fontsize=8, color=panels.QUIET)
    return figure


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hourly", type=Path, nargs="+", required=True)
    parser.add_argument("--climate", type=Path, nargs="+", required=True)
    parser.add_argument("--warm", type=float, required=True, help="°C from which on it is warm")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    cities = [series.read(path) for path in arguments.hourly]
    places = [series.read(path) for path in arguments.climate]
    with mpl.rc_context(STYLE):
        draw(cities, places, arguments.warm).savefig(arguments.output, metadata={"Software": None})


if __name__ == "__main__":
    main()

"""The panels of the picture. Each function draws one place into one pair of axes."""

from __future__ import annotations

import numpy as np
import series
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.image import AxesImage

INK, QUIET, LINE, COOL, WARM = "#22262b", "#5f6873", "#c5cad0", "#8fb4d6", "#d9652b"


def headline(axes: Axes, name: str, fact: str) -> None:
    """The name of a place above the panel on the left, a fact on the right."""
    axes.set_title(name, loc="left", fontweight="bold", fontsize=12)
    axes.set_title(fact, loc="right", color=QUIET, fontsize=9)


def degrees(value: float) -> str:
    """A temperature as one prints it: "−7 °C", with a minus sign."""
    return f"{value:.0f} °C".replace("-", "−")


def months(axes: Axes, days: int) -> None:
    """Names the months along the x axis of a panel that counts days."""
    starts = np.flatnonzero(np.diff(series.month_of_day(days), prepend=0))
    axes.set_xticks(starts, labels=[])
    axes.set_xticks(np.append(starts[1:], days) - 15, labels=series.MONTHS, minor=True)
    axes.tick_params(axis="x", which="minor", length=0, pad=2)
    axes.set_xlim(0, days)


def draw_hours(axes: Axes, city: series.Series, warm: float) -> AxesImage:
    """Temperature by hour of the day and day of the year; the line encloses what is warm."""
    grid = city.arrays["temperature"]
    days = len(grid)
    extent = (0, days, 0, 24)
    image = axes.imshow(grid.T, aspect="auto", origin="lower", extent=extent, cmap="RdYlBu_r", vmin=2, vmax=26)
    axes.contour(np.arange(days) + 0.5, np.arange(24) + 0.5, grid.T, levels=[warm], colors=[INK], linewidths=1.3)
    headline(axes, city.name, f"{np.mean(grid >= warm):.0%} of all hours are warm")
    axes.set_yticks(range(0, 25, 6), labels=[f"{hour:02d}:00" for hour in range(0, 25, 6)])
    months(axes, days)
    return image


def draw_days(axes: Axes, place: series.Series, warm: float) -> None:
    """From average low to average high of each day, orange where it is warm, with the extremes behind."""
    arrays = place.arrays
    low, high = arrays["mean_low_c"], arrays["mean_high_c"]
    day = np.arange(len(low)) + 0.5
    lowest, highest = arrays["lowest_c"], arrays["highest_c"]
    axes.grid(axis="y", color=LINE, linewidth=0.5, zorder=0)
    axes.fill_between(day, lowest, highest, step="mid", color="#e1e5e8", linewidth=0, zorder=1)
    axes.fill_between(day, low, np.clip(warm, low, high), color=COOL, linewidth=0, zorder=2)
    axes.fill_between(day, np.clip(warm, low, high), high, color=WARM, linewidth=0, zorder=2)
    axes.axhline(warm, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=3)
    headline(axes, place.name, degrees(lowest.min()) + " to " + degrees(highest.max()))
    axes.set_ylim(-20, 42)
    axes.set_yticks(range(-20, 41, 10), labels=[degrees(value) for value in range(-20, 41, 10)])
    months(axes, len(low))


def draw_rain(axes: Axes, place: series.Series) -> AxesImage:
    """One row for each year, one stripe for each day, the darker the wetter; white is dry."""
    rain = place.arrays["rain_mm"]
    years, days = rain.shape
    shown = np.ma.masked_less(np.nan_to_num(rain), 0.1)  # dry days have no colour
    extent = (0, days, years, 0)
    image = axes.imshow(shown, aspect="auto", extent=extent, cmap="GnBu", norm=LogNorm(0.1, 60), interpolation="none")
    axes.hlines(range(1, years), 0, days, color="white", linewidth=4)
    headline(axes, place.name, f"{np.nanmean(rain) * 365.25:,.0f} mm a year")
    axes.set_yticks(np.arange(years) + 0.5, labels=[f"{year:.0f}" for year in place.arrays["year"]])
    months(axes, days)
    return image

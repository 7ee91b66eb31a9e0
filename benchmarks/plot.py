"""Results → a log-log picture of time and memory against the number of tasks, as SVG."""

from __future__ import annotations

from growth import memory_line, time_line
from results import Results

COLOURS = {"provstore (dimension)": "#d1495b", "ninja": "#3d7ea6", "doit": "#6a994e"}
"""They stand out on white and on black."""

GREY = "#808080"  # of all that is no line: legible on both
PANELS = ("cold, -j2", "nothing to do", "one source changed", "memory")
STYLE = {
    "svg.fonttype": "none",  # text stays text: small, and in the reader's font
    "svg.hashsalt": "provstore",  # the same results give the same bytes
    "font.family": "sans-serif",
    "font.size": 8,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), GREY),
}


def has_lines(results: Results) -> bool:
    """There is something to draw."""
    return any(time_line(results, tool, name) for tool in COLOURS for name in PANELS)


def draw(results: Results, path: str) -> None:
    """Writes the picture; needs matplotlib."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 2.5), layout="constrained")
        for axes, panel in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
            draw_panel(results, axes, panel)
        figure.axes[0].legend(frameon=False, labelcolor=GREY, fontsize=7)
        figure.savefig(path, transparent=True, metadata={"Date": None})


def draw_panel(results: Results, axes: object, panel: str) -> None:
    """One panel: a line for each tool, a circle for each size that was measured."""
    from matplotlib.axes import Axes
    from matplotlib.ticker import LogLocator, NullLocator

    assert isinstance(axes, Axes)
    for tool, colour in COLOURS.items():
        memory = panel == "memory"
        line = memory_line(results, tool, "nothing to do") if memory else time_line(results, tool, panel)
        if line is None:
            continue
        sizes = [tasks for tasks, _ in line.points]
        values = [value / 1e6 if memory else value for _, value in line.points]
        axes.plot(sizes, values, "o-", color=colour, markersize=3, linewidth=1.2, label=tool.partition(" ")[0])
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis, marks in ((axes.xaxis, (1,)), (axes.yaxis, (1, 2, 5))):
        axis.set_major_locator(LogLocator(subs=marks))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter("{x:,g}")
    axes.set_title("nothing to do: peak MB" if panel == "memory" else f"{panel}: seconds", fontsize=8)
    axes.set_xlabel("tasks")
    axes.patch.set_visible(False)
    axes.grid(visible=True, color=GREY, alpha=0.25, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)

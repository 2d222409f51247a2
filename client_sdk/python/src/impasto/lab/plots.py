"""Plots of losses, for files and for the report."""

from __future__ import annotations

import io
import math
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from impasto.lab.errors import UsageError
from impasto.lab.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from impasto.lab.losses import Losses, Row

ENDINGS = ("png", "svg", "pdf")
# Told apart by most colour-blind people, and readable on light and on dark ground.
PALETTE = ("#3d7cc9", "#d9673b", "#2a9d84", "#a779c9", "#b98a1c", "#c9568f", "#6d8797", "#7a9a2e")
# Stand-ins that the report's style sheet replaces, so that plots follow its light and dark theme.
_INK, _RULE = "#010203", "#040506"
_PARTS = ("total", "content", "style")
_MAX_CHANGE_TEXT = 40
_MAX_LEGEND = 16
_LEGEND_CHARACTERS = 150  # of all columns together, as wide as the panels
_MAX_LEGEND_TEXT = 120
_MAX_POINT_TEXT = 48
_DASHES = ("-", (0, (5, 1.6)), (0, (1.4, 1.4)), (0, (5, 1.4, 1.2, 1.4)))


@dataclass(frozen=True)
class Curve:
    """A run's losses under a name. ``group`` and ``member`` place it in a grid: colour and dashes tell them apart."""

    label: str
    losses: Losses
    group: int | None = None
    member: int = 0


@dataclass(frozen=True)
class Point:
    """A picture's place between content and style."""

    label: str
    content: float
    style: float
    group: int | None = None


@contextmanager
def _style(ink: str = "#222222", rule: str = "#d8d8d8") -> Iterator[None]:
    settings: Mapping[str, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.edgecolor": ink,
        "axes.labelcolor": ink,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": rule,
        "grid.linewidth": 0.6,
        "text.color": ink,
        "xtick.color": ink,
        "ytick.color": ink,
        "legend.frameon": False,
        "lines.linewidth": 1.7,
        "lines.solid_capstyle": "round",
        "lines.solid_joinstyle": "round",
        "svg.fonttype": "none",
        "svg.hashsalt": "impasto",
        "figure.dpi": 100,
    }
    with mpl.rc_context(dict(settings)):
        yield


def check_ending(path: Path) -> str:
    """The format that the file's ending names. UsageError: none of ENDINGS."""
    ending = path.suffix.lower().lstrip(".")
    if ending not in ENDINGS:
        raise UsageError(f"{path}: its ending has to be one of {', '.join('.' + e for e in ENDINGS)}", field="--output")
    return ending


def save(figure: Figure, path: Path) -> None:
    """Writes PNG, SVG or PDF by the file's ending. Raises OSError."""
    ending = check_ending(path)
    # No date: the same losses give the same file.
    dates: Mapping[str, dict[str, str | None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    data = io.BytesIO()
    with _style():
        figure.savefig(data, format=ending, dpi=160, metadata=dates[ending])
    write_atomically(path, data.getvalue())


def losses_figure(curves: Sequence[Curve], *, themed: bool = False, layers: bool = True) -> Figure:
    """Total, content and style loss against the iteration, a panel each; with one curve its layers' losses, too."""
    with _ink(themed):
        if len(curves) == 1:
            return _one_run(curves[0], layers)
        in_legend = len(curves) <= _MAX_LEGEND
        longest = max(len(_shortened(curve.label, _MAX_LEGEND_TEXT)) for curve in curves)
        columns = max(1, min(3, len(curves), _LEGEND_CHARACTERS // (longest + 6)))
        legend_rows = math.ceil(len(curves) / columns) if in_legend else 0
        figure = Figure(figsize=(10.5, 3.3 + 0.25 * legend_rows), layout="constrained")
        grid = figure.add_gridspec(2 if in_legend else 1, 3, height_ratios=[3.3, 0.25 * legend_rows][: 1 + in_legend])
        panels = [figure.add_subplot(grid[0, n]) for n in range(3)]
        groups = 1 + max((curve.group or 0) for curve in curves)
        colors = [_color(n, len(curves)) if c.group is None else _color(c.group, groups) for n, c in enumerate(curves)]
        for part, axes in zip(_PARTS, panels):
            for n, curve in enumerate(curves):
                _draw(axes, curve.losses.rows, part, colors[n], curve.label, _DASHES[curve.member % len(_DASHES)])
            _finish(axes, f"{part.capitalize()} loss")
        # Marks of one run are clear; those of many would be a fence.
        if len(curves) <= 3:
            for n, curve in enumerate(curves):
                _mark(panels[0], curve.losses.rows, colors[n], text=False)
        if in_legend:
            below = figure.add_subplot(grid[1, :])
            below.axis("off")
            handles, labels = panels[0].get_legend_handles_labels()
            labels = [_shortened(label, _MAX_LEGEND_TEXT) for label in labels]
            below.legend(handles, labels, loc="center", ncols=columns)
        return figure


def _one_run(curve: Curve, layers: bool) -> Figure:
    kinds = [kind for kind in ("content", "style") if any(c.startswith(kind + ".") for c in curve.losses.layers)]
    count = 1 + (len(kinds) if layers else 0)
    figure = Figure(figsize=(1.6 + 3.2 * count if count > 1 else 6.4, 3.8), layout="constrained")
    panels: list[Axes] = list(figure.subplots(1, count, squeeze=False)[0])
    rows = curve.losses.rows
    for n, part in enumerate(_PARTS):
        _draw(panels[0], rows, part, PALETTE[n], part)
    _mark(panels[0], rows, None, text=True)
    _finish(panels[0], curve.label)
    panels[0].legend()
    for axes, kind in zip(panels[1:], kinds):
        names = [(n, c[len(kind) + 1 :]) for n, c in enumerate(curve.losses.layers) if c.startswith(kind + ".")]
        for color, (n, name) in enumerate(names):
            _draw(axes, rows, n, _color(color, len(names)), name)
        _mark(axes, rows, None, text=False)
        _finish(axes, f"{kind.capitalize()} layers, unweighted")
        if len(names) <= 12:
            axes.legend(fontsize=8)
    return figure


def tradeoff_figure(points: Sequence[Point], *, themed: bool = False) -> Figure:
    """Content loss against style loss of each picture: what one gives up for the other."""
    with _ink(themed):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        groups = 1 + max((point.group or 0) for point in points)
        for n, point in enumerate(points):
            color = _color(n, len(points)) if point.group is None else _color(point.group, groups)
            axes.plot([point.content], [point.style], "o", markersize=7, color=color)
            axes.annotate(
                _shortened(point.label, _MAX_POINT_TEXT),
                (point.content, point.style),
                (7, 4),
                textcoords="offset points",
                fontsize=8,
            )
        for axis in (axes.set_xscale, axes.set_yscale):
            axis("log")
        axes.margins(0.18)
        axes.set_xlabel("content loss: further from the photograph →")
        axes.set_ylabel("style loss: further from the painting →")
        _log_ticks(axes.xaxis)
        _log_ticks(axes.yaxis)
        return figure


@contextmanager
def _ink(themed: bool) -> Iterator[None]:
    with _style(_INK, _RULE) if themed else _style():
        yield


def _color(n: int, count: int) -> Any:
    if count <= len(PALETTE):
        return PALETTE[n]
    return mpl.colormaps["viridis"](0.05 + 0.85 * n / (count - 1))


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _draw(axes: Axes, rows: Sequence[Row], part: str | int, color: Any, label: str, dashes: Any = "-") -> None:
    """A line that breaks where losses stop being comparable: at a level's start, and at a change."""
    xs: list[float] = []
    ys: list[float] = []
    for n, row in enumerate(rows):
        if n and (row.level != rows[n - 1].level or row.change):
            xs.append(math.nan)
            ys.append(math.nan)
        value = row.layers[part] if isinstance(part, int) else getattr(row, part)
        xs.append(row.iteration)
        ys.append(value if value > 0 else math.nan)  # the first content loss is 0, which a log scale lacks
    # A line of one point would be invisible.
    alone = "o" if sum(not math.isnan(y) for y in ys) < 2 else ""
    axes.plot(xs, ys, color=color, label=label, marker=alone, linestyle=dashes)


def _mark(axes: Axes, rows: Sequence[Row], color: Any, *, text: bool) -> None:
    """Vertical lines at the starts of levels (dashed) and at changes (dotted)."""
    for before, row in zip([None, *rows], rows):
        level = before is not None and row.level != before.level
        if not level and not row.change:
            continue
        axes.axvline(
            row.iteration - 0.5,
            color=color or mpl.rcParams["axes.edgecolor"],
            linewidth=0.9,
            linestyle="--" if level else ":",
            alpha=0.65,
        )
        if text:
            words = [f"level {row.level + 1}"] if level else []
            words += [row.change] if row.change else []
            shown = ", ".join(words)
            axes.annotate(
                _shortened(shown, _MAX_CHANGE_TEXT),
                (row.iteration - 0.5, 1.0),
                (3, -4),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                rotation=90,
                va="top",
                ha="left",
                fontsize=7,
                gid="mark",
            )


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.set_yscale("log")
    axes.set_xlabel("iteration")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    _log_ticks(axes.yaxis)


def _log_ticks(axis: Any) -> None:
    """Labels between the powers of ten where those alone would leave the axis bare."""
    low, high = sorted(axis.get_view_interval())
    decades = math.log10(high / low) if low > 0 else math.inf
    labelled = range(2, 10) if decades < 0.5 else (2, 5) if decades < 2.2 else ()

    def text(value: float, _: int) -> str:
        exponent = math.floor(math.log10(value) + 1e-9)
        mantissa = round(value / 10**exponent)
        return f"${mantissa}\\times10^{{{exponent}}}$" if mantissa in labelled else ""

    axis.set_minor_locator(LogLocator(subs=range(2, 10)))
    axis.set_minor_formatter(FuncFormatter(text))
    axis.set_tick_params(which="minor", labelsize=7)


def to_svg(figure: Figure, prefix: str) -> str:
    """The plot as an <svg> element for the report: its text takes the page's font, its ink the page's colour.

    ``prefix`` keeps its ids apart from those of the page's other plots.
    """
    data = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with _style(_INK, _RULE):
        figure.savefig(data, format="svg", transparent=True, metadata=nothing)
    svg = data.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.S)  # it would style the whole page
    # In HTML, SVG needs no namespaces.
    svg = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", svg)
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)
    svg = re.sub(r"font: (\w+ )?([\d.]+px) [^;\"]+", _font, svg)
    svg = re.sub(r"font-family: [^;\"]+;?\s*", "", svg)  # as later matplotlibs say it
    svg = svg.replace(_INK, "currentColor").replace(_RULE, "var(--rule)")
    # The style sheet sizes it; the view box has the shape.
    return re.sub(
        r'(<svg\b[^>]*?)\s+width="[^"]*"',
        r"\1",
        re.sub(r'(<svg\b[^>]*?)\s+height="[^"]*"', r"\1", svg, count=1),
        count=1,
    )


def _font(match: re.Match[str]) -> str:
    weight = f"font-weight: {match[1].strip()}; " if match[1] else ""
    return f"{weight}font-size: {match[2]}"

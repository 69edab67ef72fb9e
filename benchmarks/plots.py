"""How plots look: one style, one colour for each contender. Knows axes and figures, not scenarios.

matplotlib is imported only when something is drawn: whoever measures must stay small.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

COLOURS: Mapping[str, str] = {
    "asyncclean": "#0b5fa5",
    "expert script": "#e08214",
    "aiohttp script": "#4d9221",
    "httpx script": "#8e5ea2",
    "dlt": "#c0392b",
    "polars encoding alone": "#7f8c8d",
    "pages joined unread": "#7f8c8d",
    "the sink's limit": "#bdc3c7",
}
SHADES = ("#0b5fa5", "#4d9bd6", "#a6cbe8", "#e08214", "#f4b76a", "#4d9221", "#a1ce7a", "#8e5ea2")
GREY = "#5f6b73"

STYLE: Mapping[str, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": 150,
    "font.size": 10,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa5ad",
    "axes.labelcolor": "#37424a",
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e3e7ea",
    "grid.linewidth": 0.8,
    "xtick.color": "#37424a",
    "ytick.color": "#37424a",
    "lines.linewidth": 2.0,
    "lines.markersize": 6,
    "legend.frameon": False,
}


def colour(name: str, index: int = 0) -> str:
    """The contender's colour, else one by its place."""
    return COLOURS.get(name, SHADES[index % len(SHADES)])


@contextmanager
def figure(
    path: Path, *, rows: int = 1, columns: int = 1, width: float = 8.0, height: float = 4.5, **options: Any
) -> Iterator[Any]:
    """The axes (one, or an array) of a figure that is written to ``path`` on leaving; size in inches."""
    import matplotlib as mpl  # noqa: PLC0415  see the module's docstring

    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    with pyplot.rc_context(cast(Any, STYLE)):
        drawn, axes = pyplot.subplots(
            rows, columns, figsize=(width, height), layout="constrained", squeeze=True, **options
        )
        yield axes
        drawn.savefig(path)
        pyplot.close(drawn)


def bars(
    axes: Any,
    names: Sequence[str],
    values: Sequence[float],
    ranges: Sequence[tuple[float, float]],
    *,
    colours: Sequence[str],
    form: str = "{:,.0f}",
) -> None:
    """Horizontal bars, the first on top, each with its figure and the span from its lowest to its highest."""
    places = list(range(len(names)))[::-1]
    lows = [max(0.0, value - low) for value, (low, _) in zip(values, ranges, strict=True)]
    highs = [max(0.0, high - value) for value, (_, high) in zip(values, ranges, strict=True)]
    axes.barh(
        places,
        values,
        color=colours,
        height=0.66,
        xerr=[lows, highs],
        error_kw={"ecolor": GREY, "elinewidth": 1, "capsize": 2.5},
    )
    axes.set_yticks(places, names)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    most = max(high for _, high in ranges)
    axes.set_xlim(0, most * 1.14)
    for place, value, (_, high) in zip(places, values, ranges, strict=True):
        axes.text(max(value, high) + most * 0.012, place, form.format(value), va="center", color="#37424a")


def plain_log(axis: Any, ticks: Sequence[float], labels: Sequence[str]) -> None:
    """A logarithmic axis whose ticks are these and no others."""
    axis.set_major_locator(_fixed(ticks))
    axis.set_major_formatter(_labels(labels))
    axis.set_minor_locator(_fixed([]))


def _fixed(ticks: Sequence[float]) -> Any:
    from matplotlib.ticker import FixedLocator  # noqa: PLC0415

    return FixedLocator(list(ticks))


def _labels(labels: Sequence[str]) -> Any:
    from matplotlib.ticker import FixedFormatter  # noqa: PLC0415

    return FixedFormatter(list(labels))

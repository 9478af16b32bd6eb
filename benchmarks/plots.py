"""The records as pictures, by matplotlib."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # files, no windows
import matplotlib.pyplot as plt

from benchmarks.timing import spread

SHAPE = (7.0, 4.5)  # inches
DOTS_PER_INCH = 150
HEADROOM = 3  # times the loss at the start
# nstjax's lines are whole and PyTorch's broken, so that they differ without color too.
STYLES = {True: {"linestyle": "-", "linewidth": 2}, False: {"linestyle": "--", "linewidth": 1.2}}


def plot_record(record: dict, folder: Path) -> list[Path]:
    """Every plot that the record has numbers for, as PNG files; their paths."""
    machine = record["machine"]
    rows = {
        name: [row for row in found if "result" in row]
        for name, found in record["questions"].items()
    }
    written = []
    steps = [row for row in rows.get("step", []) if row["case"].get("optimizer") == "lbfgs"]
    for recipe in dict.fromkeys(row["case"]["recipe"] for row in steps):
        chosen = [row for row in steps if row["case"]["recipe"] == recipe]
        path = folder / f"{machine['slug']}-step-{recipe}.png"
        plot_steps(chosen, f"One L-BFGS step, recipe {recipe}\n{machine['name']}", path)
        written.append(path)
    for row in rows.get("time_to_loss", []):
        recipe, size = row["case"]["recipe"], row["case"]["size"]
        path = folder / f"{machine['slug']}-loss-{recipe}-{size}.png"
        plot_losses(row["result"], f"Recipe {recipe}, {size} px\n{machine['name']}", path)
        written.append(path)
    return written


def plot_steps(rows: list[dict], title: str, path: Path) -> None:
    """Seconds of a step against pixels, a line a program."""
    figure, axes = _logarithmic()
    for program in dict.fromkeys(name for row in rows for name in row["result"]["programs"]):
        points = [
            (row["result"]["height"] * row["result"]["width"], spread(entry["seconds"]).median)
            for row in sorted(rows, key=lambda row: row["case"]["size"])
            if "seconds" in (entry := row["result"]["programs"].get(program, {}))
        ]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=program, **_style(program))
    axes.set(xlabel="pixels of the picture", ylabel="seconds of a step", title=title)
    _finish(figure, axes, path)


def plot_losses(result: dict, title: str, path: Path) -> None:
    """Loss against seconds, a line a program; the targets as levels."""
    figure, axes = _logarithmic()
    curves = {
        name: entry["curve"] for name, entry in result["programs"].items() if "curve" in entry
    }
    for program, curve in curves.items():
        points = [
            (at, loss)
            for at, loss, work in zip(curve["seconds"], curve["loss"], curve["work"], strict=True)
            if work > 0  # a logarithmic axis has no place for the picture at 0 s
        ]
        axes.plot(*zip(*points, strict=True), label=program, **_style(program))
    for target in result["targets"]:
        axes.axhline(target["loss"], color="gray", linewidth=0.8, linestyle=":")
        axes.annotate(
            target["name"], (0.01, target["loss"]), xycoords=("axes fraction", "data"), fontsize=6
        )
    axes.set(xlabel="seconds since the start", ylabel="loss at full size", title=title)
    _no_higher_than_at_first(axes, curves.values())
    _finish(figure, axes, path)


def _no_higher_than_at_first(axes, curves: Iterable[dict]) -> None:
    """Lets what diverges leave the picture."""
    highest = max(curve["loss"][0] for curve in curves)
    axes.set_ylim(top=min(axes.get_ylim()[1], HEADROOM * highest))


def _logarithmic():
    figure, axes = plt.subplots(figsize=SHAPE, layout="constrained")
    axes.set(xscale="log", yscale="log")
    return figure, axes


def _style(program: str) -> dict:
    return STYLES[program.startswith("nstjax")]


def _finish(figure, axes, path: Path) -> None:
    axes.grid(which="both", alpha=0.25)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=DOTS_PER_INCH)
    plt.close(figure)

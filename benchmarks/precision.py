"""Does bfloat16 reach the loss of float32?

The default recipe from start to end in both, and the losses of both pictures in float32. A third picture
starts a little apart, its colors 1% closer to the style's: it tells what any small change does.
"""

from unittest import mock

import numpy as np

from benchmarks.contest import PRECISIONS
from benchmarks.context import Context
from benchmarks.ours import Ours
from benchmarks.report import Table, number
from benchmarks.settings import matched_settings
from nstjax.optimize import initial_image
from nstjax.transfer import stylize

CPU_SIZES = (256,)
ACCELERATOR_SIZES = (512, 1024)


def cases(context: Context) -> list[dict]:
    """Every size."""
    return [{"size": size} for size in context.pick_sizes(CPU_SIZES, ACCELERATOR_SIZES)]


def measure(context: Context, case: dict) -> dict:
    """Loss of each picture, and its root mean square distance from that of float32."""
    judge = Ours(context.weights, matched_settings("default"), context.scene(case["size"]))
    pictures = {name: _picture(context, case["size"], name) for name in PRECISIONS}
    with mock.patch.object(initial_image, "RECOLORED", initial_image.RECOLORED + 0.01):
        pictures["float32, started 1% apart"] = _picture(context, case["size"], PRECISIONS[0])
    first = pictures[PRECISIONS[0]]
    return {
        name: {
            "loss": judge.loss_and_gradient(picture)[0],
            "distance": float(np.sqrt(np.mean(np.square(picture - first)))),
        }
        for name, picture in pictures.items()
    }


def _picture(context: Context, size: int, precision: str) -> np.ndarray:
    settings = matched_settings("default", precision, size=size)
    return stylize(context.content, context.style, settings, weights=context.weights).image


def _truth(row: dict) -> dict[str, float]:
    return row["result"][PRECISIONS[0]]


def tables(rows: list[dict]) -> list[Table]:
    """A line a picture."""
    return [
        Table(
            "Losses in float32, and root mean square distances of pixels in [0, 1].",
            [
                {
                    "px": str(row["case"]["size"]),
                    "picture": name,
                    "loss": number(found["loss"]),
                    "over that of float32": f"{found['loss'] / _truth(row)['loss']:.4f}",
                    "distance": number(found["distance"]),
                }
                for row in rows
                for name, found in row["result"].items()
            ],
        )
    ]

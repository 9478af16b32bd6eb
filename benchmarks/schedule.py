"""Which schedule gets furthest with the work of 60 steps at full size?

    python -m benchmarks.schedule --weights FILE --content FILE --style FILE [--json FILE]

Work is counted, not timed: the sum over steps of (pixels of the step / pixels of the result), which no
other program on the machine can disturb. Every recipe is judged at full size by the same two numbers,
whatever it minimized itself: the style energy distance (mean over the five layers of
||S - S*||^2 / ||S*||^2) and the content energy distance at relu4_2.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from nstjax.images import read, resize, write
from nstjax.losses import LossWeights
from nstjax.plan import style_size
from nstjax.problem import make_evaluation
from nstjax.settings import Settings
from nstjax.transfer import prepare
from nstjax.vgg import Weights, load_weights

DEFAULT = Settings()
ONE_LEVEL = {"coarse_steps": 0, "steps": 60}

# Each close to 60 full-size steps at 384 px.
RECIPES = {
    "default": {},
    "one level": ONE_LEVEL,
    "two levels": {"level_ratio": 2.0, "coarsest": 160, "coarse_steps": 64, "steps": 44},
    "ratio 2 from 96": {"level_ratio": 2.0, "coarsest": 96, "coarse_steps": 60},
    "ratio 2 from 48": {"level_ratio": 2.0, "coarsest": 48, "coarse_steps": 58},
    "ratio sqrt 2 from 48": {
        "level_ratio": 2**0.5,
        "coarsest": 48,
        "coarse_steps": 30,
        "steps": 31,
    },
    "more coarse steps": {"coarse_steps": 70, "steps": 29},
    "one level, Adam 0.02": {**ONE_LEVEL, "optimizer": "adam", "learning_rate": 0.02},
    "Adam 0.02": {"optimizer": "adam", "learning_rate": 0.02},
    "Adam 0.05": {"optimizer": "adam", "learning_rate": 0.05},
    "max pooling": {"pooling": "max"},
    "no total variation": {"tv_weight": 0.0},
    "half the content weight": {"content_weight": DEFAULT.content_weight / 2},
    "twice the content weight": {"content_weight": DEFAULT.content_weight * 2},
    "from noise": {"init": "noise"},
}


def measure(content: np.ndarray, style: np.ndarray, settings: Settings, weights: Weights):
    """What a recipe reaches, and its picture."""
    transfer = prepare(content, style, settings, weights=weights)
    result = transfer.run()
    evaluation, network = make_evaluation(weights, replace(DEFAULT, size=settings.size))
    height, width = result.image.shape[:2]
    style_at_size = resize(style, *style_size(style, transfer.levels[-1]))
    targets = evaluation.targets(network, resize(content, height, width), [style_at_size])
    picture = jnp.array(result.image)
    features = jax.jit(evaluation.features)(network, picture)
    losses = evaluation.objective(picture, features, targets, LossWeights(0, 0, 0))
    work = sum(level.pixels * level.steps for level in result.levels) / result.levels[-1].pixels
    row = {
        "levels": [[max(level.height, level.width), level.steps] for level in result.levels],
        "work": round(work, 1),
        "style": round(float(losses.style), 5),
        "content": round(float(losses.content), 4),
    }
    return row, result.image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("weights", "content", "style"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    parser.add_argument("--pictures", type=Path, help="folder to write the pictures to")
    options = parser.parse_args()
    content, style = read(options.content), read(options.style)
    weights = load_weights(options.weights)
    rows = {}
    for name in options.recipes:
        settings = replace(DEFAULT, size=options.size, **RECIPES[name])
        rows[name], picture = measure(content, style, settings, weights)
        print(f"{name:26}{rows[name]}", flush=True)
        if options.pictures:
            write(options.pictures / f"{name.replace(' ', '_')}.png", picture)
    record = {
        "content": options.content.name,
        "style": options.style.name,
        "network": options.weights.stem,
        "size": options.size,
        "rows": rows,
    }
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()

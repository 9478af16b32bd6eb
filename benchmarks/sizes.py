"""Do the same weights paint the same picture at every size?

    python -m benchmarks.sizes --weights FILE --content FILE --style FILE --output FOLDER

One recipe from start to end at each size. The picture's style is compared with the painting's, both at
the picture's size; and, reduced to the smallest size, with that of the smallest picture, the preview.
Previews with other content weights tell how much such a distance is. `sizes_report.py` makes the table.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

from benchmarks.settings import matched_settings
from nstjax.images import read, resize, write
from nstjax.losses import Moments, moments
from nstjax.losses.style import energy
from nstjax.problem.evaluation import make_evaluation
from nstjax.problem.pictures import styles_at
from nstjax.result import Result
from nstjax.settings import Settings
from nstjax.transfer import stylize
from nstjax.vgg import Weights, load_weights

SIZES = (256, 512, 1024, 2048)
FACTORS = (0.5, 0.8, 1.25, 2.0)  # on the content weight of other previews


class Judge:
    """Compares pictures by the style layers of the default recipe."""

    def __init__(self, weights: Weights):
        self.evaluation, self.network = make_evaluation(weights, Settings())
        self.moments = jax.jit(self._moments)

    def _moments(self, pixels: jax.Array) -> dict[str, Moments]:
        features = self.evaluation.features(self.network, pixels)
        return {name: moments(features[name]) for name in self.evaluation.objective.style_layers}

    def distances(self, picture: np.ndarray, other: np.ndarray) -> dict[str, float]:
        """`||S - S*||^2 / ||S*||^2` of each layer."""
        found, wanted = self.moments(picture), self.moments(other)
        return {name: float(energy(found[name], wanted[name])) for name in found}


def compare(judge: Judge, style: np.ndarray, results: dict[int, Result]) -> dict[str, dict]:
    """For each size the distances from the painting, and from the smallest picture."""
    preview = results[min(results)].image
    rows = {}
    for size, result in results.items():
        finest = result.levels[-1]
        (painting,) = styles_at(finest, finest, [style], result.settings)
        rows[str(size)] = {
            "painting": judge.distances(result.image, painting),
            "preview": judge.distances(resize(result.image, *preview.shape[:2]), preview),
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("weights", "content", "style"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--recipe", default="default", help="whose losses")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--output", required=True, type=Path, help="folder for all that is made")
    options = parser.parse_args()
    weights = load_weights(options.weights)
    content, style = read(options.content), read(options.style)
    recipe = matched_settings(options.recipe)
    judge = Judge(weights)

    def paint(size: int, factor: float = 1.0) -> Result:
        weight = factor * recipe.content_weight
        settings = replace(recipe, size=size, content_weight=weight)
        result = stylize(content, style, settings, weights=weights)
        write(options.output / f"sizes-{options.recipe}-{size}-{factor:g}.png", result.image)
        print(options.recipe, size, factor, flush=True)
        return result

    sizes = sorted(options.sizes)
    others = {factor: paint(sizes[0], factor).image for factor in FACTORS}
    results = {}
    for size in sizes:
        results[size] = paint(size)
        preview = results[sizes[0]].image
        record = {
            "recipe": options.recipe,
            "network": options.weights.stem,
            "pictures": [options.content.stem, options.style.stem],
            "sizes": compare(judge, style, results),
            "content_weights": {
                str(factor): judge.distances(other, preview) for factor, other in others.items()
            },
        }
        path = options.output / f"sizes-{options.recipe}.json"
        path.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()

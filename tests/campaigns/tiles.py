"""Are tiles exact with networks as they are? Loss and gradient of photographs in tiles and whole.

    python -m campaigns.tiles PHOTOGRAPH PAINTING OTHER --vgg16 FILE --json campaigns/tiles.json

Of VGG16 the file's weights, of VGG19 random ones of its shape; every distance from a style, and masks
on content and style, without and with a bare canvas, with the photograph's term. VGG19 to relu5_1 sees
so far that only the largest size has several windows of it.
"""

import argparse
import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from reference.inputs import relative_error
from reference.narrow import random_weights
from reference.tiled import Scene, evaluated, two_regions

from nstjax import Settings
from nstjax.images import read, resize
from nstjax.losses import STYLE_LOSSES
from nstjax.vgg import load_weights

SIZES = (256, 256), (187, 250), (203, 131), (344, 437)
TILES = 64, 96, 128
STYLE_SIZE = 160, 200
USUAL = Settings(precision="float32")
DEEP = replace(
    USUAL,
    style_layers=tuple(f"relu{stage}_1" for stage in range(1, 6)),
    content_layers=("relu4_2",),
    content_target="content",
)
CASES = ("vgg16", USUAL), ("vgg19", USUAL), ("vgg19", DEEP)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs=3, type=Path, help="a photograph and two paintings")
    parser.add_argument("--vgg16", required=True, type=Path, help="weights file")
    parser.add_argument("--json", required=True, type=Path, help="where to write the numbers")
    options = parser.parse_args()
    networks = {"vgg16": load_weights(options.vgg16), "vgg19": random_weights("vgg19")}
    rows = []
    for (name, usual), size in itertools.product(CASES, SIZES):
        for scene, settings in scenes(size, usual, *map(read, options.pictures)):
            rows += [{"network": name, **row} for row in compared(networks[name], settings, scene)]
            print(rows[-1:], flush=True)
            options.json.write_text(json.dumps(rows, indent=1) + "\n")
    print("largest", {key: max(row[key] for row in rows) for key in ("loss", "gradient")})


def scenes(size, usual, photograph, *paintings):
    """What is painted at a size, and how: all distances, and masks with the photograph's term."""
    content = resize(photograph, *size)
    styles = tuple(resize(each, *STYLE_SIZE) for each in paintings)
    for loss in STYLE_LOSSES:
        yield Scene(*size, content, styles[:1]), replace(usual, style_loss=loss)
    for covered in (1, 0.8):
        regions = two_regions(*size, style=STYLE_SIZE, covered=covered)
        yield Scene(*size, content, styles, regions), replace(usual, photo_weight=100.0)


def compared(weights, settings, scene):
    """For each tile how far loss and gradient are from the whole's, relatively."""
    _, expected, gradient = evaluated(weights, settings, scene)
    for tile in TILES:
        layout, found, tiled = evaluated(weights, settings, scene, tile=tile)
        if layout.tiles == 1:  # the deep network's surroundings leave no room for several
            continue
        differences = [
            abs(float(value) - float(other)) / max(abs(float(other)), 1e-30)
            for value, other in zip(found, expected, strict=True)
        ]
        yield {
            "to": settings.style_layers[-1],
            "size": [scene.width, scene.height],
            "style_loss": settings.style_loss,
            "covered": None if scene.regions is None else float(np.max(scene.regions[0].mask)),
            "photograph": settings.photo_weight > 0,
            "tile": tile,
            "loss": float(np.max(differences)),
            "gradient": float(relative_error(tiled, gradient)),
        }


if __name__ == "__main__":
    main()

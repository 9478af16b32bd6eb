"""Are tiles exact with networks as they are? Loss and gradient of photographs in tiles and whole.

    python -m campaigns.tiles PHOTOGRAPH PAINTING OTHER --vgg16 FILE --json campaigns/tiles.json

Of VGG16 the file's weights, of VGG19 random ones of its shape; every distance from a style, masks on
content and style with a bare canvas, and the photograph's term; at 256 x 256, 250 x 187 and 131 x 203.
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

SIZES = (256, 256), (187, 250), (203, 131)
TILES = 64, 96, 128
STYLE_SIZE = 160, 200
DEEP = tuple(f"relu{stage}_1" for stage in range(1, 6))


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
    for name, size in itertools.product(networks, SIZES):
        for scene, settings in scenes(size, *map(read, options.pictures), deep=name == "vgg19"):
            rows += [{"network": name, **row} for row in compared(networks[name], settings, scene)]
            print(rows[-1], flush=True)
            options.json.write_text(json.dumps(rows, indent=1) + "\n")
    print("largest", {key: max(row[key] for row in rows) for key in ("loss", "gradient")})


def scenes(size, photograph, *paintings, deep):
    """What is painted at a size, and how: all distances, one with masks and the photograph's term."""
    content = resize(photograph, *size)
    styles = tuple(resize(each, *STYLE_SIZE) for each in paintings)
    usual = Settings(precision="float32")
    if deep:
        usual = Settings(
            precision="float32",
            style_layers=DEEP,
            content_layers=("relu4_2",),
            content_target="content",
        )
    for loss in STYLE_LOSSES:
        yield Scene(*size, content, styles[:1]), replace(usual, style_loss=loss)
    regions = two_regions(*size, style=STYLE_SIZE)
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
            "size": [scene.width, scene.height],
            "style_loss": settings.style_loss,
            "masks": scene.regions is not None,
            "photograph": settings.photo_weight > 0,
            "tile": tile,
            "loss": float(np.max(differences)),
            "gradient": float(relative_error(tiled, gradient)),
        }


if __name__ == "__main__":
    main()

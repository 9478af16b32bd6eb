"""One picture over eight forced devices, run in a process of its own.

Prints, as JSON, how far losses, gradients and painted pictures are from those of one device, and how
often the compiled step exchanges something.
"""

import dataclasses
import json
import os
import re

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import numpy as np
from reference.inputs import picture, relative_error
from reference.narrow import narrow_architectures, random_weights

from nstjax import Region, Settings
from nstjax.images import resize
from nstjax.optimize import OPTIMIZERS, Level, make_transformation
from nstjax.optimize.start import state_shapes
from nstjax.optimize.step import run_steps
from nstjax.prepare import prepare
from nstjax.problem.evaluation import loss_weights, make_evaluation
from nstjax.problem.pending import pending_problem
from nstjax.problem.pictures import canvas_at, pictures_at
from nstjax.session import Session
from nstjax.spread import Spread
from nstjax.tiles import fetch_picture, place_picture
from nstjax.together import paint_together

COLLECTIVES = ("all-reduce", "all-gather", "all-to-all", "collective-permute")
SETTINGS = Settings(
    content_layers=("pool1",),
    style_layers=("relu1_1", "conv2_1"),
    precision="float32",
    tv_weight=1.0,
    size=75,
    coarsest=40,
    steps=4,
    coarse_steps=3,
)
HEIGHT, WIDTH = 75, 41  # eight devices have ten rows each, and three 25
WAYS = [(8, None), (3, None), (3, 24)]  # devices and tile
LEFT = np.linspace(0.9, 0, WIDTH, dtype=np.float32) * np.ones((HEIGHT, 1), np.float32)
REGIONS = (Region(LEFT, {0: None}),)


def name_of(devices, tile):
    """`8`, or `3 by 24`."""
    return str(devices) if tile is None else f"{devices} by {tile}"


def pending(weights, settings, **layout):
    """Function and problem for a soft region of a canvas, in a style that has rows for all devices."""
    evaluation, network = make_evaluation(weights, settings)
    level, content, style = Level(HEIGHT, WIDTH, 1), picture(HEIGHT, WIDTH) ** 2, picture(83, 40)
    return evaluation, pending_problem(
        evaluation,
        network,
        loss_weights(settings),
        pictures_at(level, level, content, [style], REGIONS, settings),
        evaluation.layout(HEIGHT, WIDTH, **layout),
        canvas_at(HEIGHT, WIDTH, content, REGIONS),
    )


def losses_and_gradient(weights, settings, **layout):
    """The layout, the terms, and the gradient as the picture lies."""
    evaluation, waiting = pending(weights, settings, **layout)
    pixels = picture(HEIGHT, WIDTH)[::-1].copy()
    shared = waiting.layout.mesh is not None
    stored = place_picture(pixels, waiting.layout) if shared else pixels
    function = jax.jit(jax.value_and_grad(evaluation, has_aux=True))
    (_, losses), gradient = function(stored, waiting.compile().compute())
    return waiting.layout, np.array(losses), fetch_picture(gradient, waiting.layout)


def evaluated(weights):
    """How far loss and gradient are from those of one device, by content target and way."""
    found = {}
    for target, ways in (("content", WAYS), ("nearest", WAYS[1:])):
        changes = {"content_target": target, "photo_weight": float(target == "content")}
        settings = dataclasses.replace(SETTINGS, **changes)
        _, expected, gradient = losses_and_gradient(weights, settings)
        for devices, tile in ways:
            places = jax.devices()[:devices]
            layout, losses, own = losses_and_gradient(weights, settings, devices=places, tile=tile)
            found[f"{target}, {name_of(devices, tile)}"] = {
                "devices": layout.devices,
                "tiles": layout.tiles,
                "losses": float((np.abs(losses - expected) / np.maximum(expected, 1e-9)).max()),
                "gradient": relative_error(own, gradient),
            }
    return found


def painted(weights):
    """How far whole pictures are from those of one device, by optimizer and way."""
    found = {}
    for optimizer in OPTIMIZERS:
        changes = {"optimizer": optimizer, "carry_moments": optimizer == "adam", "averaging": 0.5}
        settings = dataclasses.replace(SETTINGS, **changes)
        content = picture(HEIGHT, WIDTH) ** 2
        transfer = prepare(content, [picture(83, 40)], settings, weights=weights)

        alone = Session.of(transfer).run().image
        for devices, tile in WAYS[:1] + WAYS[2:]:
            spread = Spread(tile, False, tuple(jax.devices()[:devices]))
            image = Session.of(dataclasses.replace(transfer, spread=spread)).run().image
            error = float(np.abs(image - alone).max())
            moved = float(np.abs(alone - resize(transfer.initial, *alone.shape[:2])).max())
            found[f"{optimizer}, {name_of(devices, tile)}"] = {"error": error, "moved": moved}
    return found


def exchanges(weights):
    """How many of each collective are in a compiled step, by optimizer."""
    found = {}
    for name in OPTIMIZERS:
        evaluation, waiting = pending(weights, SETTINGS, devices=jax.devices())
        optimizer = make_transformation(name, 0.99)
        state = state_shapes(optimizer, HEIGHT, WIDTH, waiting.layout)
        step = run_steps.lower(
            state, waiting.shapes, 0.1, 0.0, evaluate=evaluation, optimizer=optimizer, steps=3
        )
        text = step.compile().as_text()
        found[name] = {
            kind: len(re.findall(rf"^ .* = .*\s{kind}(?:-start)?\(", text, re.MULTILINE))
            for kind in COLLECTIVES
        }
    return found


def batched(weights):
    """How far pictures of a batch over two devices are from those painted alone."""
    settings = dataclasses.replace(SETTINGS, optimizer="adam", content_target="nearest")
    contents = [picture(HEIGHT, WIDTH) ** power for power in (1, 2, 3)]
    transfers = [prepare(each, [picture(83, 40)], settings, weights=weights) for each in contents]
    alone = [Session.of(each).run().image for each in transfers]
    spread = Spread(None, False, tuple(jax.devices()[:2]))
    together = paint_together([dataclasses.replace(each, spread=spread) for each in transfers])
    return {
        str(place): float(np.abs(one.image - itself).max())
        for place, (one, itself) in enumerate(zip(together, alone, strict=True))
    }


def main() -> None:
    """All of it."""
    narrow_architectures()
    weights = random_weights("vgg16")
    jax.config.update("jax_disable_most_optimizations", True)
    parts = (exchanges, evaluated, painted, batched)
    print(json.dumps({part.__name__: part(weights) for part in parts}))


if __name__ == "__main__":
    main()

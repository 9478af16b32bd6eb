"""One step of L-BFGS with the rows of a picture shared by eight devices, run in a process of its own.

Prints how often the compiled program has each of some operations, and how far its direction is from that
of one device, as JSON.
"""

import json
import os
import re

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from nstjax.optimize.lbfgs import cautious_lbfgs
from nstjax.optimize.optimizer import initial_state

OPERATIONS = ("all-reduce", "all-gather", "all-to-all", "collective-permute", "while")
SHAPE = (32, 12, 3)


def main() -> None:
    """The numbers."""
    optimizer = cautious_lbfgs()
    mesh = Mesh(np.array(jax.devices()), ("rows",))

    def by_rows(array):
        axes = [None] * (array.ndim - 3) + ["rows"] if array.ndim >= 3 else []
        return jax.device_put(array, NamedSharding(mesh, PartitionSpec(*axes)))

    random = np.random.default_rng(0)
    curvatures = jnp.asarray(random.uniform(1, 9, SHAPE), jnp.float32)
    pixels = jnp.asarray(random.random(SHAPE), jnp.float32)
    alone = together = initial_state(optimizer, pixels)
    together = jax.tree.map(by_rows, together)
    update = jax.jit(optimizer.update)
    for _ in range(5):
        gradient = curvatures * pixels
        direction, alone = update(gradient, alone, pixels)
        shared, together = update(by_rows(gradient), together, by_rows(pixels))
        pixels = pixels - direction
    assert shared.sharding.spec[0] == "rows"
    assert together.memory.sharding.spec[1] == "rows"
    text = update.lower(by_rows(gradient), together, by_rows(pixels)).compile().as_text()
    counts = {
        name: len(re.findall(rf"^ .* = .*\s{name}(?:-start)?\(", text, re.MULTILINE))
        for name in OPERATIONS
    }
    print(json.dumps({**counts, "error": float(jnp.abs(shared - direction).max())}))


if __name__ == "__main__":
    main()

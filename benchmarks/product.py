"""How fast the machine multiplies matrices: what a step's speed is held against."""

import jax
import jax.numpy as jnp
import torch

from benchmarks.context import Context
from benchmarks.reference.side import torch_device
from benchmarks.timing import alternate, spread

SIDES = {"cpu": 2048}  # of the square matrices
ACCELERATOR_SIDE = 4096
PRODUCTS = {"cpu": 1}  # products a timing; a GPU needs many to be busy
ACCELERATOR_PRODUCTS = 20
ROUNDS = 5


def measure_product(context: Context, precision: str) -> dict:
    """FLOP/s of `A A` by JAX and by PyTorch, each as its defaults have it: `2 n^3` a product."""
    side = SIDES.get(context.platform, ACCELERATOR_SIDE)
    count = PRODUCTS.get(context.platform, ACCELERATOR_PRODUCTS)
    runs = {
        "jax": _jax_products(side, precision, count),
        "torch": _torch_products(side, precision, count, torch_device(context.platform)),
    }
    for run in runs.values():
        run()
    times = alternate(runs, context.rounds(ROUNDS), context.deadline)
    rates = {name: 2 * side**3 * count / spread(values).median for name, values in times.items()}
    return {"side": side, "rates": rates}


def _jax_products(side: int, precision: str, count: int):
    matrix = jax.random.uniform(jax.random.key(0), (side, side)).astype(precision)
    product = jax.jit(jnp.matmul)

    def run() -> None:
        jax.block_until_ready([product(matrix, matrix) for _ in range(count)])

    return run


def _torch_products(side: int, precision: str, count: int, device: torch.device):
    matrix = torch.rand(side, side).to(device, getattr(torch, precision))

    def run() -> None:
        for _ in range(count):
            torch.matmul(matrix, matrix)
        if device.type == "cuda":
            torch.cuda.synchronize()

    return run

"""How long does one step take, beside the same step in PyTorch?

    python -m benchmarks.step --weights FILE [--sizes 256 384 512] [--json FILE]

Both sides start from the same noise with the same network, pictures and losses, and their first loss
and gradient are compared before anything is timed. They run in turn, and what counts is the median of
their ratios: the machine's noise then hits both.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import torch

from benchmarks.torch_reference import make_loss, make_step, to_tensor
from nstjax.images import fit, resize
from nstjax.losses import LossWeights
from nstjax.optimize import make_transformation
from nstjax.optimize.loop import chunk_length
from nstjax.optimize.optimizer import initial_state
from nstjax.optimize.pyramid import Level
from nstjax.optimize.step import State, run_steps
from nstjax.problem import Evaluation, Problem, make_evaluation
from nstjax.settings import Settings
from nstjax.vgg import Weights, load_weights


def smooth_noise(size: int, seed: int) -> np.ndarray:
    """A picture with structure at every scale; timing needs no more."""
    height, width = fit(3, 4, size)
    random = np.random.default_rng(seed)
    octaves = [
        resize(
            random.random((max(height >> k, 2), max(width >> k, 2), 3), np.float32), height, width
        )
        for k in range(0, 7, 2)
    ]
    return np.asarray(np.mean(octaves, axis=0, dtype=np.float32))


def our_step(
    evaluation: Evaluation, problem: Problem, start: np.ndarray, optimizer: str
) -> tuple[Callable[[], None], int]:
    """A chunk as the default loop runs it, and how many steps it holds."""
    transformation = make_transformation(optimizer)
    length = chunk_length(Level(start.shape[0], start.shape[1], 40), 0, 0, jax.default_backend())
    pixels = jnp.array(start)
    state = [State(pixels, initial_state(transformation, pixels))]

    def chunk() -> None:
        state[0], copy, _ = run_steps(
            state[0],
            problem,
            1.0 if optimizer == "lbfgs" else 0.02,
            evaluate=evaluation,
            optimizer=transformation,
            steps=length,
        )
        copy.block_until_ready()

    return chunk, length


def seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def compare(weights: Weights, settings: Settings, size: int, repeats: int) -> dict:
    """The median times and their ratio at one size, after checking that both do the same work."""
    content, style, start = (smooth_noise(size, seed) for seed in range(3))
    evaluation, network = make_evaluation(weights, settings)
    problem = Problem(
        network,
        evaluation.targets(network, content, [style]),
        LossWeights(settings.content_weight, settings.style_weight, settings.tv_weight),
    )
    loss = make_loss(weights, settings, content, style)
    difference = loss_and_gradient_differ(evaluation, problem, loss, start)
    ours, length = our_step(evaluation, problem, start, settings.optimizer)
    theirs = make_step(loss, to_tensor(start.copy()), settings.optimizer)
    for _ in range(2):  # compile and warm up
        ours()
        theirs()
    pairs = [
        (seconds(ours) / length, statistics.mean(seconds(theirs) for _ in range(length)))
        for _ in range(repeats)
    ]
    ratios = [torch_time / our_time for our_time, torch_time in pairs]
    return {
        "size": size,
        "optimizer": settings.optimizer,
        "pooling": settings.pooling,
        "steps_a_chunk": length,
        **difference,
        "nstjax_seconds": round(statistics.median(pair[0] for pair in pairs), 4),
        "torch_seconds": round(statistics.median(pair[1] for pair in pairs), 4),
        "torch_over_nstjax": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
    }


def loss_and_gradient_differ(evaluation, problem, loss, start: np.ndarray) -> dict:
    """Relative differences of the first loss and gradient."""
    value_and_gradient = jax.jit(jax.value_and_grad(evaluation, has_aux=True))
    (our_loss, _), our_gradient = value_and_gradient(jnp.array(start), problem)
    pixels = to_tensor(start.copy()).requires_grad_()
    their_loss = loss(pixels)
    their_loss.backward()
    assert pixels.grad is not None
    their_gradient = pixels.grad[0].permute(1, 2, 0).numpy()
    gradient_error = np.linalg.norm(our_gradient - their_gradient) / np.linalg.norm(their_gradient)
    return {
        "loss_difference": float(abs(our_loss - their_loss.item()) / their_loss.item()),
        "gradient_difference": float(gradient_error),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True, help="a converted network")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 384, 512])
    parser.add_argument("--optimizers", nargs="+", default=["lbfgs", "adam"])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    options = parser.parse_args()
    weights = load_weights(options.weights)
    rows = []
    for optimizer in options.optimizers:
        for size in options.sizes:
            rows.append(compare(weights, Settings(optimizer=optimizer), size, options.repeats))
            print(rows[-1], flush=True)
    record = {
        "machine": f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads",
        "device": jax.devices()[0].device_kind,
        "versions": {"jax": jax.__version__, "torch": torch.__version__},
        "rows": rows,
    }
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()

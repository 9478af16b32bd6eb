"""nstjax's side of a comparison."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.scene import Scene
from benchmarks.side import Runner
from nstjax.losses import LossWeights
from nstjax.optimize import OPTIMIZERS, Level, make_transformation
from nstjax.optimize.loop import chunk_length
from nstjax.optimize.optimizer import initial_state
from nstjax.optimize.step import State, run_steps
from nstjax.problem import Evaluation, Problem, make_evaluation
from nstjax.settings import Settings
from nstjax.vgg import Weights


def chunk_steps(level: Level, platform: str) -> int:
    """How many steps the loop makes in one program at the last level of a picture."""
    return chunk_length(level._replace(steps=Settings().steps), 0, 0, platform)


def loss_weights(settings: Settings) -> LossWeights:
    """As floats, for an integer would be another program."""
    return LossWeights(
        float(settings.content_weight), float(settings.style_weight), float(settings.tv_weight)
    )


def lower_steps(evaluation: Evaluation, problem: Problem, start, optimizer: str, steps: int):
    """The loop's program of `steps` steps, not compiled yet; shapes suffice for the arguments."""
    transformation = make_transformation(optimizer)
    state = jax.eval_shape(
        lambda pixels: State(pixels, initial_state(transformation, pixels)), start
    )
    return run_steps.lower(
        state,
        problem,
        OPTIMIZERS[optimizer].learning_rate,
        evaluate=evaluation,
        optimizer=transformation,
        steps=steps,
    )


class Ours:
    """The loss of some settings for the pictures of a scene."""

    def __init__(self, weights: Weights, settings: Settings, scene: Scene):
        self.evaluation, network = make_evaluation(weights, settings)
        targets = self.evaluation.targets(network, scene.content, [scene.style])
        self.problem = Problem(network, targets, loss_weights(settings))
        self.shape = jax.ShapeDtypeStruct(scene.content.shape, jnp.float32)
        self._facts: dict[str, float] = {}

    @functools.cached_property
    def value_and_gradient(self):
        """The compiled loss and gradient, without optimizer or loop."""
        function = jax.jit(jax.value_and_grad(self.evaluation, has_aux=True))
        return function.lower(self.shape, self.problem).compile()

    def loss_and_gradient(self, pixels: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss of pixels `(H, W, 3)`, and its gradient of that shape."""
        (loss, _), gradient = self.value_and_gradient(jnp.array(pixels), self.problem)
        return float(loss), np.asarray(gradient)

    def start(self, start: np.ndarray, optimizer: str, steps: int) -> Runner:
        """Steps from a picture as the loop runs them: one program, its state donated."""
        program = lower_steps(self.evaluation, self.problem, self.shape, optimizer, steps).compile()
        self._facts["bytes"] = program_bytes(program)
        pixels = jnp.array(start, jnp.float32)
        state = State(pixels, initial_state(make_transformation(optimizer), pixels))
        learning_rate = OPTIMIZERS[optimizer].learning_rate

        def run() -> None:
            nonlocal state
            state, copy, _ = program(state, self.problem, learning_rate)
            jax.block_until_ready((state, copy))

        return Runner(run, steps)

    def counted_flops(self) -> dict[str, float]:
        """`flops_by_xla`: what XLA counts in the loss and gradient, where it says."""
        counted = self.value_and_gradient.cost_analysis() or {}
        return {"flops_by_xla": counted["flops"]} if "flops" in counted else {}

    def facts(self) -> dict[str, float]:
        """`bytes`: what the program of `start` takes, by XLA's plan; and XLA's count of operations."""
        return {**self._facts, **self.counted_flops()}


def program_bytes(program: jax.stages.Compiled) -> int:
    """Arguments, results and temporaries of a program; a donated buffer counts once."""
    plan = program.memory_analysis()
    assert plan is not None, "every platform of JAX plans its memory"
    return (
        plan.argument_size_in_bytes
        + plan.output_size_in_bytes
        + plan.temp_size_in_bytes
        - plan.alias_size_in_bytes
    )

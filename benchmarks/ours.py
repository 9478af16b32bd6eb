"""nstjax's side of a comparison."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.scene import Scene
from benchmarks.side import Runner
from nstjax.optimize import OPTIMIZERS, Level, make_transformation
from nstjax.optimize.start import state_shapes
from nstjax.optimize.step import first_state, run_steps
from nstjax.optimize.work import chunk_length
from nstjax.problem.evaluation import Evaluation, Problem, loss_weights, make_evaluation
from nstjax.problem.pending import pending_problem
from nstjax.problem.pictures import pictures_at
from nstjax.problem.regions import whole_picture
from nstjax.settings import Settings
from nstjax.vgg import Weights


def chunk_steps(level: Level, platform: str) -> int:
    """How many steps the loop makes in one program at the last level of a picture."""
    return chunk_length(level._replace(steps=Settings().steps), (0, 0), 0, platform)


def lower_default_steps(
    evaluation: Evaluation, problem: Problem, level: Level, optimizer: str, steps: int
) -> jax.stages.Lowered:
    """The loop's program of `steps` steps by an optimizer of ours as it is by default."""
    transformation = make_transformation(optimizer, Settings().adam_beta2)
    return run_steps.lower(
        state_shapes(transformation, level.height, level.width),
        problem,
        OPTIMIZERS[optimizer].learning_rate,
        averaging=0.0,
        evaluate=evaluation,
        optimizer=transformation,
        steps=steps,
    )


class Ours:
    """The loss of some settings for the pictures of a scene."""

    def __init__(self, weights: Weights, settings: Settings, scene: Scene):
        self.evaluation, network = make_evaluation(weights, settings)
        pictures = pictures_at(
            scene.level, scene.level, scene.content, [scene.style], whole_picture(1), settings
        )
        layout = self.evaluation.layout(*scene.content.shape[:2])
        pending = pending_problem(
            self.evaluation, network, loss_weights(settings), pictures, layout
        )
        self.problem = pending.compile().compute()
        self.level = scene.level
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
        program = lower_default_steps(
            self.evaluation, self.problem, self.level, optimizer, steps
        ).compile()
        self._facts["bytes"] = program_bytes(program)
        state = first_state(make_transformation(optimizer, Settings().adam_beta2), start)
        learning_rate = OPTIMIZERS[optimizer].learning_rate

        def run() -> None:
            nonlocal state
            state, copy, _ = program(state, self.problem, learning_rate, 0.0)
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

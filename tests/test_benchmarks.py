"""The benchmarks: both sides compute the same, and operations and times are counted rightly."""

# ruff: noqa: E402 - the benchmarks need PyTorch, and are imported only where it is

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the benchmarks compare with PyTorch")

import jax
import jax.numpy as jnp
from reference.inputs import picture
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.agreement import DisagreementError, Point, check, difference
from benchmarks.curve import first_at_or_below, last_level
from benchmarks.flops import convolution_flops, gram_flops, step_flops
from benchmarks.ours import Ours
from benchmarks.reference.optimizers import make_step
from benchmarks.reference.recipes import RECIPES
from benchmarks.reference.side import Reference
from benchmarks.reference.trims import PLAIN, Trim
from benchmarks.scene import make_scene
from benchmarks.settings import matched_settings
from benchmarks.tricks import TRICKS
from nstjax.losses import Losses, moments
from nstjax.optimize import Level
from nstjax.problem.evaluation import make_evaluation
from nstjax.result import Result
from nstjax.settings import Settings
from nstjax.vgg import forms

SIZE = 64
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def scene():
    return make_scene(picture(48, 64), picture(64, 56), SIZE)


@pytest.fixture(scope="module")
def reference(network, scene):
    return lambda recipe, trim: Reference(network("vgg16"), recipe, trim, scene, CPU)


@pytest.mark.parametrize("recipe", RECIPES)
def test_both_sides_have_the_same_loss_and_gradient(recipe, network, scene, reference, monkeypatch):
    # Plain convolutions compile in half the time, and test_convolution.py has the others.
    monkeypatch.setattr(forms, "WINOGRAD_CHANNELS", float("inf"))
    ours = Ours(network("vgg16"), matched_settings(recipe), scene)
    expected = Point(*ours.loss_and_gradient(scene.probe))
    found = Point(*reference(recipe, PLAIN).loss_and_gradient(scene.probe))
    differences = difference(found, expected)
    assert differences["loss"] < 1e-5
    assert differences["gradient"] < 1e-5


@pytest.mark.parametrize("recipe", RECIPES)
def test_half_precision_computes_nearly_the_same(recipe, scene, reference):
    half = reference(recipe, Trim(compiled=False, bfloat16=True))
    expected = reference(recipe, PLAIN).loss_and_gradient(scene.probe)
    found = half.loss_and_gradient(scene.probe)
    assert found[0] == pytest.approx(expected[0], rel=0.02)


def test_another_loss_is_found_out():
    one, other = Point(1.0, np.ones((2, 2, 3))), Point(1.01, np.ones((2, 2, 3)))
    check("PyTorch", "bfloat16", other, one)
    for wrong in (other, one._replace(loss=float("nan"))):
        with pytest.raises(DisagreementError, match=r"PyTorch computes the loss"):
            check("PyTorch", "float32", wrong, one)


@pytest.mark.parametrize("method", ["adam", "lbfgs"])
def test_steps_of_torch_go_down(method, scene, reference):
    side = reference("default", PLAIN)
    pixels = side.tensor(scene.probe)
    before = side.loss(pixels).item()
    step = make_step(side.loss, pixels, method, adam=side.recipe.adam, history=5)
    for _ in range(12):
        step()
    assert side.loss(pixels.detach()).item() < 0.9 * before


def test_operations_by_hand_are_what_torch_counts(scene, reference):
    side = reference("default", PLAIN)
    with FlopCounterMode(display=False) as counter:
        side.loss_and_gradient(scene.probe)
    height, width, _ = scene.content.shape
    by_hand = step_flops("vgg16", Settings(), height, width)
    products = counter.get_flop_counts()["Global"][torch.ops.aten.mm]
    # Of a Gram matrix's two products backward, which are equal, nstjax makes one.
    assert by_hand == counter.get_total_flops() - products // 3


def test_operations_by_hand_are_what_xla_counts():
    x, kernel = np.zeros((1, 128, 128, 8), np.float32), np.zeros((3, 3, 8, 16), np.float32)
    convolution = jax.jit(
        lambda x, kernel: jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
    )
    gram = jax.jit(lambda x: jax.numpy.einsum("hwm,hwn->mn", x[0], x[0]))

    def counted(function, *arguments):
        return function.lower(*arguments).compile().cost_analysis()["flops"]

    assert convolution_flops(8, 16, 128, 128) == pytest.approx(
        counted(convolution, x, kernel), rel=0.05
    )
    assert gram_flops(8, 128 * 128) == pytest.approx(counted(gram, x), rel=0.05)


def test_the_first_loss_at_or_below_a_target_counts():
    losses = [5.0, 3.0, float("nan"), 2.0, 4.0, 1.0]
    assert first_at_or_below(losses, 9) == 0
    assert first_at_or_below(losses, 2.0) == 3
    assert first_at_or_below(losses, 0.5) is None


def test_the_last_levels_curve_has_the_times_of_its_chunks():
    levels = (Level(10, 20, steps=4), Level(20, 40, steps=8))
    total = np.arange(12.0)[::-1]  # 11 ... 8 at the first level, then 7 ... 0
    result = Result(np.zeros((20, 40, 3)), Losses(*[total] * 5), levels, Settings(), False)
    stamps = [(1, 2, 0.5), (1, 4, 1.0), (2, 4, 3.0), (2, 8, 5.0)]  # level, step, seconds
    curve = last_level(result, stamps)
    assert curve.losses == list(range(7, -1, -1))
    assert curve.seconds == [1, 3, 3, 3, 3, 5, 5, 5]
    assert curve.work == [1 + step for step in range(8)]  # four steps of a quarter
    stopped = result.history._replace(total=total[:4])
    with pytest.raises(TimeoutError):
        last_level(Result(result.image, stopped, levels, Settings(), True), stamps[:2])


@pytest.mark.parametrize(
    "trick",
    # Bfloat16 is set where a scene is made, and the default recipe's pooling is no average.
    sorted(set(TRICKS) - {"bfloat16 features", "average pool by reduce_window"}),
)
def test_a_trick_makes_another_program(trick, network):
    settings = matched_settings("default")
    pixels = jax.ShapeDtypeStruct((32, 32, 3), jnp.float32)

    def program():
        jax.clear_caches()
        evaluation, arrays = make_evaluation(network("vgg16"), settings, "cpu")

        def total(pixels):
            found = evaluation.features(arrays, pixels).values()
            return sum(jnp.sum(moments(each).second) for each in found)

        return jax.jit(jax.grad(total)).lower(pixels).as_text()

    with TRICKS[trick].turned_on():
        turned_on = program()
    with TRICKS[trick].turned_off():
        assert program() != turned_on

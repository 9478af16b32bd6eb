"""Names in files: which bias belongs to which kernel, and what order they give."""

import random

import numpy as np
import pytest

from weights_tools import WeightsError
from weights_tools.readers.checkpoint import Values
from weights_tools.readers.naming import in_order, paired, staged


def values(name, *shape):
    return Values(name, shape, "float32", lambda: np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("kernel", "bias"),
    [
        ("features.0.weight", "features.0.bias"),
        ("0.weight", "0.bias"),
        ("module.vgg.features.28.weight", "module.vgg.features.28.bias"),
        ("conv1_1_W", "conv1_1_b"),
        ("conv1_1.weight", "conv1_1.bias"),
        ("block1_conv1/block1_conv1_W_1:0", "block1_conv1/block1_conv1_b_1:0"),
        ("block1_conv1/kernel:0", "block1_conv1/bias:0"),
        ("conv1_1/weights", "conv1_1/biases"),
        ("conv1_1/filters", "conv1_1/biases"),
        ("vgg0_conv0_weight", "vgg0_conv0_bias"),
        ("conv1_1/0", "conv1_1/1"),
        ("arr_8", "arr_9"),
        ("param values/10", "param values/11"),
    ],
)
def test_a_kernel_finds_its_bias(kernel, bias):
    others = [values("features.1.bias", 64), values("arr_1", 64), values("b", 64)]
    found = paired([*others, values(bias, 64), values(kernel, 64, 3, 3, 3)])
    assert [(each.kernel.name, each.bias and each.bias.name) for each in found] == [(kernel, bias)]


def test_a_kernel_without_a_bias_has_none():
    (found,) = paired([values("0.weight", 64, 3, 3, 3), values("1.bias", 64)])
    assert found.bias is None


def test_what_is_no_convolution_is_left_aside():
    dense = [
        values("classifier.0.weight", 4096, 25088),
        values("pre_logits.fc1.weight", 8, 8, 7, 7),
    ]
    assert paired([*dense, values("fuse.weight", 1, 5, 1, 1)]) == []


def test_batch_normalization_is_refused():
    with pytest.raises(WeightsError, match=r"batch normalization .features.1.running_mean.: use"):
        paired([values("features.0.weight", 64, 3, 3, 3), values("features.1.running_mean", 64)])


@pytest.mark.parametrize(
    "names",
    [
        [f"features.{number}.weight" for number in (0, 2, 5, 7, 10, 28)],
        [f"conv{stage}_{index}_W" for stage in range(1, 6) for index in (1, 2)],
        [f"block{stage}_conv{index}/kernel:0" for stage in range(1, 6) for index in (1, 2)],
        ["layers/conv2d/vars/0", *(f"layers/conv2d_{number}/vars/0" for number in range(1, 16))],
        [f"arr_{number}" for number in range(0, 32, 2)],
        [
            f"slice{part}.{number}.weight"
            for part, number in ((1, 0), (1, 2), (2, 5), (2, 7), (3, 10))
        ],
    ],
)
def test_names_give_the_order_whatever_order_the_file_has(names):
    shuffled = random.Random(1).sample(names, len(names))
    assert shuffled != names
    found = in_order(paired([values(name, 3, 3, 64, 64) for name in shuffled]))
    assert [each.kernel.name for each in found] == names


def test_names_that_give_no_order_are_refused():
    for names, message in [
        (["a.3.weight", "b.3.weight"], "do not put them in one order .b.3.weight and a.3.weight"),
        (["first.weight"], "the name first.weight does not say which convolution"),
    ]:
        with pytest.raises(WeightsError, match=message):
            in_order(paired([values(name, 3, 3, 64, 64) for name in names]))


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("block3_conv2/kernel:0", (3, 2)),
        ("conv3_2_W", (3, 2)),
        ("vgg.conv3_2.weight", (3, 2)),
        ("block3/layers/conv2d_1/vars/0", (3, 2)),
        ("block3/layers/conv2d/vars/0", (3, 1)),
        ("features.12.weight", None),
        ("layers/conv2d_10/vars/0", None),
        ("deconv3_2.weight", None),
    ],
)
def test_stage_and_index_of_a_name(name, place):
    assert staged(name) == place

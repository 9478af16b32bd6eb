"""Which VGG the convolutions of a file are: axes, architecture, cuts, and what is out of place."""

import numpy as np
import pytest
from reference.expect import assert_equal, cheaply
from reference.keras_files import layers, random_tensors

from weights_tools import Preprocessing, WeightsError
from weights_tools.assembly import assemble
from weights_tools.readers.checkpoint import Checkpoint, Convolution, Values

# Height, width, inputs, outputs -> the axes of the file.
TO_FILE = {"HWIO": (0, 1, 2, 3), "OIHW": (3, 2, 0, 1), "OHWI": (3, 0, 1, 2)}
# Where torchvision's `features` have their convolutions; the rest are ReLUs and poolings.
TORCHVISION = {
    "vgg16": (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    "vgg19": (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34),
}


def values(name, array, dtype=None):
    return Values(name, array.shape, dtype or str(array.dtype), lambda: array)


def convolutions(tensors, axes="OIHW", name="conv{stage}_{index}"):
    numbers = TORCHVISION["vgg16" if len(tensors) == 26 else "vgg19"]
    found = []
    for number, (stage, index, kernel, bias) in zip(numbers, layers(tensors), strict=False):
        count = len(found)
        # AdaIN's network has a padding before every convolution.
        adain = 2 + 3 * count + (stage - 1)
        key = name.format(
            stage=stage, index=index, number=number, count=count, twice=2 * count, adain=adain
        )
        found.append(
            Convolution(
                values(f"{key}.weight", kernel.transpose(TO_FILE[axes])),
                values(f"{key}.bias", bias),
            )
        )
    return found


@pytest.fixture
def vgg16(whole):
    return whole


@pytest.fixture(scope="module")
def vgg19():
    return random_tensors("vgg19")


def refuse(found, message):
    with pytest.raises(WeightsError, match=message) as caught:
        assemble(Checkpoint(tuple(found)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("axes", TO_FILE)
@pytest.mark.parametrize("name", ["conv{stage}_{index}", "features.{number}"])
def test_axes_and_architecture_are_found(vgg16, vgg19, axes, name):
    for architecture, tensors in (("vgg16", vgg16), ("vgg19", vgg19)):
        trunk = assemble(Checkpoint(tuple(convolutions(tensors, axes, name))))
        assert trunk.architecture == architecture
        assert trunk.last_layer == list(tensors)[-1].removesuffix("/bias")
        assert_equal(trunk.tensors, tensors)
        assert all(each.flags.c_contiguous for each in trunk.tensors.values())


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_floats_become_float32(vgg16, dtype):
    narrow = {name: tensor.astype(dtype) for name, tensor in vgg16.items()}
    trunk = assemble(Checkpoint(tuple(convolutions(narrow))))
    assert_equal(trunk.tensors, {name: each.astype(np.float32) for name, each in narrow.items()})


def test_biases_may_have_axes_of_length_one(vgg16):
    found = convolutions(vgg16)
    shaped = [
        Convolution(each.kernel, values("b", each.bias.read().reshape(1, 1, 1, -1)))
        for each in found
    ]
    trunk = assemble(Checkpoint(tuple(shaped)))
    np.testing.assert_array_equal(trunk.tensors["conv5_3/bias"], vgg16["conv5_3/bias"])


@pytest.mark.parametrize(
    ("count", "architecture", "last"),
    [
        (1, "vgg16", "conv1_1"),
        (7, "vgg16", "conv3_3"),
        (8, "vgg19", "conv3_4"),
        (15, "vgg19", "conv5_3"),
    ],
)
def test_a_trunk_may_be_cut(vgg19, count, architecture, last):
    trunk = assemble(Checkpoint(tuple(convolutions(vgg19)[:count])))
    assert (trunk.architecture, trunk.last_layer) == (architecture, last)
    assert len(trunk.tensors) == 2 * count


def test_heads_with_other_kernels_are_left_aside(vgg16):
    head = Convolution(values("head.weight", np.zeros((5, 512, 1, 1), np.float32)), None)
    found = convolutions(vgg16)
    trunk = assemble(Checkpoint((*found[:4], head, *found[4:], head)))
    assert trunk.last_layer == "conv5_3"


@pytest.mark.parametrize("architecture", ["vgg16", "vgg19"])
@pytest.mark.parametrize(
    "name",
    ["conv{stage}_{index}", "features.{number}", "net.{adain}", "conv{count}", "arr_{twice}"],
)
def test_a_layer_missing_in_the_middle_is_no_cut(vgg16, vgg19, architecture, name):
    tensors = {"vgg16": vgg16, "vgg19": vgg19}[architecture]
    for missing in range(len(tensors) // 2 - 1):
        found = convolutions(tensors, name=name)
        del found[missing]
        refuse(
            found, "is missing|seems to be missing|stands where|comes after|has shape .*, expected"
        )


@pytest.mark.parametrize("name", ["features.{number}", "net.{adain}", "conv{count}", "arr_{twice}"])
@pytest.mark.parametrize("count", range(2, 16))
def test_a_cut_is_no_gap_whatever_is_counted(vgg19, name, count):
    trunk = assemble(Checkpoint(tuple(convolutions(vgg19, name=name)[:count])))
    assert len(trunk.tensors) == 2 * count


def test_slices_that_count_anew_may_be_cut(vgg19):
    """As pytorch-AdaIN cuts its network, after each relu of a style layer."""
    names = ["a1.2", "a2.1", "a2.5", "a3.1", "a3.5", "a4.1", "a4.4", "a4.7", "a4.11"]
    found = [
        Convolution(values(f"{name}.weight", each.kernel.read()), each.bias)
        for name, each in zip(names, convolutions(vgg19), strict=False)
    ]
    assert assemble(Checkpoint(tuple(found))).last_layer == "conv4_1"


def test_numbers_of_any_size_are_compared(vgg16):
    for number in (3_000_000_000, int("9" * 18)):
        found = [
            Convolution(values(f"conv2d_{place}", each.kernel.read()), each.bias)
            for place, each in zip((1, 2, 3, number), convolutions(vgg16), strict=False)
        ]
        with cheaply(peak=1e6, seconds=1):
            refuse(found, f"seems to be missing between conv2d_3 and conv2d_{number}")


def test_a_missing_layer_of_keras_numbers_is_no_cut(vgg19):
    found = [
        Convolution(values(f"layers/conv2d_{number}/vars/0", each.kernel.read()), each.bias)
        for number, each in enumerate(convolutions(vgg19), start=1)
    ]
    assert assemble(Checkpoint(tuple(found))).architecture == "vgg19"
    del found[10]
    refuse(found, "seems to be missing between layers/conv2d_10/vars/0 and layers/conv2d_12/vars/0")


def test_what_is_out_of_place_is_named(vgg16):
    def changed(position, **changes):
        found = convolutions(vgg16)
        each = found[position]
        found[position] = Convolution(
            changes.get("kernel", each.kernel), changes.get("bias", each.bias)
        )
        return found

    refuse(changed(2, bias=None), r"conv2_1/bias is missing beside conv2_1.weight, expected .*128")
    refuse(
        changed(2, bias=values("b", np.zeros(64, np.float32))),
        r"conv2_1/bias \(b\) has shape \(64,\), expected \(128,\)",
    )
    refuse(
        changed(2, kernel=values("conv2_1.weight", np.zeros((96, 64, 3, 3), np.float32))),
        r"conv2_1/kernel \(conv2_1.weight\) has shape \(3, 3, 64, 96\) .* \(3, 3, 64, 128\)",
    )
    refuse(
        changed(0, kernel=values("conv1_1.weight", np.zeros((64, 1, 3, 3), np.float32))),
        r"conv1_1.weight has shape \(64, 1, 3, 3\), expected \(3, 3, 3, 64\) or \(64, 3, 3, 3\)",
    )
    int8 = np.zeros((64, 64, 3, 3), np.int8)
    refuse(changed(1, kernel=values("q", int8)), r"conv1_2/kernel \(q\) is int8, expected floating")
    extra = convolutions(vgg16)[-1]
    renamed = Convolution(values("decoder.0.weight", extra.kernel.read()), extra.bias)
    refuse([*convolutions(vgg16), renamed], "decoder.0.weight comes after conv5_3, the last")
    refuse([], "it holds no convolution with 3x3 kernels")


def test_no_value_is_read_before_every_shape_is_right(vgg16):
    def never():
        raise AssertionError("read")

    found = [
        Convolution(Values(each.kernel.name, each.kernel.shape, "float32", never), each.bias)
        for each in convolutions(vgg16)
    ]
    wrong = Values("huge", (1 << 40, 3, 3, 3), "float32", never)
    refuse([*found[:3], Convolution(wrong, None), *found[4:]], "huge")


@pytest.mark.parametrize(
    ("matrix", "bias", "expected"),
    [
        # pytorch-AdaIN's: RGB in [0, 1] to bytes, blue first, minus the mean pixel.
        (
            [[0, 0, 255], [0, 255, 0], [255, 0, 0]],
            [-103.939, -116.779, -123.68],
            Preprocessing("bgr", 255, (103.939, 116.779, 123.68), (1, 1, 1)),
        ),
        (
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            [-123.68, -116.779, -103.939],
            Preprocessing("rgb", 255, (123.68, 116.779, 103.939), (1, 1, 1)),
        ),
        (
            [[4, 0, 0], [0, 4, 0], [0, 0, 2]],
            [-2, -2, -1],
            Preprocessing("rgb", 4, (2, 2, 2), (1, 1, 2)),
        ),
    ],
)
@pytest.mark.parametrize("axes", ["HWIO", "OIHW"])
def test_a_leading_1x1_convolution_is_the_preprocessing(vgg16, matrix, bias, expected, axes):
    weight = np.array(matrix, np.float32).reshape(3, 3, 1, 1)
    if axes == "HWIO":
        weight = weight.transpose(2, 3, 1, 0)
    first = Convolution(values("0.weight", weight), values("0.bias", np.array(bias, np.float32)))
    found = assemble(Checkpoint((first, *convolutions(vgg16, axes)))).preprocessing
    assert found.channel_order == expected.channel_order
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-6)
    np.testing.assert_allclose(
        (found.scale, *found.std), (expected.scale, *expected.std), rtol=1e-6
    )
    # What it means: the 1x1 convolution of RGB pixels.
    pixels = np.random.default_rng(0).random(3)
    top = 255 if max(np.abs(bias) / np.max(matrix)) > 2 else 1
    x = pixels if found.channel_order == "rgb" else pixels[::-1]
    np.testing.assert_allclose(
        (found.scale * x - found.mean) / found.std,
        np.array(matrix) @ (top * pixels) + bias,
        rtol=1e-5,
    )


def test_a_1x1_convolution_that_mixes_colors_is_refused(vgg16):
    weight = np.full((3, 3, 1, 1), 0.3, np.float32)
    first = Convolution(values("0.weight", weight), values("0.bias", np.zeros(3, np.float32)))
    refuse([first, *convolutions(vgg16)], "0.weight turns the colors into .* use a file without it")

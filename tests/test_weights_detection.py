"""What a network expects, decided from its first layer: real weights rewritten for other inputs."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import weights_tools
from weights_tools import PREPROCESSINGS, Preprocessing, detection, load
from weights_tools.detection import alike, recognize
from weights_tools.forward import network_input, sample_picture
from weights_tools.normalize import normalize

CAFFE, TORCHVISION = PREPROCESSINGS["caffe"], PREPROCESSINGS["torchvision"]
INPUTS = {
    "bytes minus mean": Preprocessing("rgb", 255, (123.68, 116.779, 103.939), (1, 1, 1)),
    "bytes": Preprocessing("rgb", 255, (0, 0, 0), (1, 1, 1)),
    "unit by deviation": Preprocessing("rgb", 1, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "unit minus mean": Preprocessing("rgb", 1, (0.485, 0.456, 0.406), (1, 1, 1)),
    "unit": Preprocessing("rgb", 1, (0, 0, 0), (1, 1, 1)),
    "minus one to one": Preprocessing("rgb", 2, (1, 1, 1), (1, 1, 1)),
}
FOLDED = ("bytes", "unit")


def first_layer(kernel, bias):
    return recognize({"conv1_1/kernel": kernel, "conv1_1/bias": bias})


def trained(name):
    path = weights_tools.cached(name)
    if path is None:
        pytest.skip(f"needs `nstjax weights fetch {name}`")
    return weights_tools.read(path)


@pytest.fixture(scope="module")
def hed():
    return trained("vgg16-hed")


def flipped(expected):
    return Preprocessing("bgr", expected.scale, expected.mean[::-1], expected.std[::-1])


def rewritten(kernel, bias, old, new):
    """The first layer for another input, color by color: w x + b with x = old(p), p = new^-1(x')."""
    result, shift = np.zeros_like(kernel, dtype=float), bias.astype(float)
    for color in range(3):
        i, j = old.channel_order.index("rgb"[color]), new.channel_order.index("rgb"[color])
        # x = s p - m becomes x = factor * x' + offset
        factor = (old.scale / old.std[i]) / (new.scale / new.std[j])
        offset = factor * new.mean[j] / new.std[j] - old.mean[i] / old.std[i]
        result[:, :, j] = kernel[:, :, i] * factor
        shift = shift + kernel[:, :, i].sum((0, 1), dtype=float) * offset
    return result.astype(np.float32), shift.astype(np.float32)


@pytest.mark.parametrize("network", ["vgg16-onnx", "vgg16-hed"])
@pytest.mark.parametrize("is_normalized", [False, True])
@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("name", INPUTS)
def test_files_rescaled_flipped_and_folded(
    network, tmp_path, monkeypatch, name, order, is_known, is_normalized
):
    """24 files of Caffe's VGG16 and of a network trained on from it, as they are and rescaled.

    Recognized by what is known of Caffe's VGG16, or only by what is known of its VGG19.
    """
    weights = trained(network)
    if not is_known:
        others = [each for each in detection._references() if each.name != "Caffe's VGG16"]
        monkeypatch.setattr(detection, "_references", lambda: others)
    expected = INPUTS[name] if order == "rgb" else flipped(INPUTS[name])
    kernel, bias = weights.tensors["conv1_1/kernel"], weights.tensors["conv1_1/bias"]
    kernel, bias = rewritten(kernel, bias, weights.preprocessing, expected)
    if is_normalized:
        gains = np.exp(np.random.default_rng(0).normal(0, 1, 64)).astype(np.float32)
        kernel, bias = kernel / gains, bias / gains
    np.savez(tmp_path / "x.npz", conv1_1_W=kernel, conv1_1_b=bias)
    found = load(tmp_path / "x.npz")
    assert (found.architecture, found.last_layer) == ("vgg16", "conv1_1")
    assert alike(found.preprocessing, expected), found.decision
    assert "its first layer is that of Caffe's VGG" in found.decision
    assert ("rescaled" in found.decision) == is_normalized


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize(
    ("entry", "name"),
    # Of torchvision's VGG19 (the last) no bias is known, so a mean that was folded in cannot be told.
    [*itertools.product((1, 2), INPUTS), *((3, name) for name in INPUTS if name not in FOLDED)],
)
def test_filters_as_published_are_recognized(entry, name, order):
    reference = detection._references()[entry]
    generator = np.random.default_rng(0)
    kernel, bias = generator.normal(0, 0.2, (3, 3, 3, 64)), generator.normal(0, 0.2, 64)
    kernel[..., reference.filters] = reference.kernel
    if reference.bias is not None:
        bias[reference.filters] = reference.bias
    expected = INPUTS[name] if order == "rgb" else flipped(INPUTS[name])
    found = first_layer(*rewritten(kernel, bias, reference.preprocessing, expected))
    assert alike(found.preprocessing, expected)
    assert reference.name in found.reason


def test_the_reference_is_what_is_published():
    entries = json.loads(Path(detection.__file__).with_name("first_layers.json").read_text())
    names = [each["name"] for each in entries]
    assert names == [f"{family}'s VGG{n}" for family in ("Caffe", "torchvision") for n in (16, 19)]
    # As printed in many notebooks: Keras' VGG16 and VGG19, and torchvision's VGG16.
    for entry, kernel, bias in zip(
        entries, (0.42947, 0.39416704, -0.5537), (0.7343, 0.73017758, 0.4034), strict=False
    ):
        assert entry["kernel"][0][0][0][0] == kernel
        assert entry["bias"][0] == pytest.approx(bias, abs=1e-4)


def test_a_normalized_network_is_recognized(hed):
    first = {name: each for name, each in hed.tensors.items() if name < "conv1_2"}
    first = dataclasses.replace(hed, tensors=first, last_layer="conv1_1")
    found = normalize(first, [sample_picture(64), 1 - sample_picture(48)])
    decision = recognize(found.tensors)
    assert alike(decision.preprocessing, CAFFE)


def test_an_unknown_first_layer_is_not_guessed():
    generator = np.random.default_rng(1)
    for scale, shift in itertools.product((0.05, 1, 50), (0, 0.5)):
        kernel = generator.normal(0, scale, (3, 3, 3, 64))
        assert first_layer(kernel, generator.normal(shift, 0.5, 64)) is None
    assert first_layer(np.zeros((3, 3, 3, 64)), np.zeros(64)) is None
    assert first_layer(np.full((3, 3, 3, 64), np.nan), np.zeros(64)) is None


def test_what_is_said_goes_before_what_is_detected(hed, tmp_path):
    kernel, bias = hed.tensors["conv1_1/kernel"], hed.tensors["conv1_1/bias"]
    np.savez(tmp_path / "x.npz", conv1_1_W=kernel, conv1_1_b=bias)
    found = load(tmp_path / "x.npz", preprocessing=TORCHVISION)
    assert (found.preprocessing, found.decision) == (
        TORCHVISION,
        f"given, BUT {first_layer(kernel, bias).reason}",
    )


def test_a_file_of_an_unknown_network_gets_what_is_usual_in_its_format(tmp_path):
    generator = np.random.default_rng(1)
    np.savez(tmp_path / "x.npz", conv1_1_W=generator.random((3, 3, 3, 64)), conv1_1_b=np.zeros(64))
    found = load(tmp_path / "x.npz")
    assert found.preprocessing == CAFFE
    assert "first layer unknown, assumed `caffe` as usual in NumPy files" in found.decision
    assert "set --preprocessing" in found.decision


def test_rewriting_keeps_what_the_first_layer_computes(hed):
    """The formula of the module: away from the border, where zeros are padded, nothing changes."""
    picture = sample_picture(8)
    kernel, bias = hed.tensors["conv1_1/kernel"], hed.tensors["conv1_1/bias"]

    def response(kernel, bias, expected):
        patch = network_input(picture, expected)[2:5, 2:5]
        return np.einsum("yxi,yxio->o", patch, kernel) + bias

    wanted = response(kernel, bias, hed.preprocessing)
    for expected in (*INPUTS.values(), *map(flipped, INPUTS.values())):
        changed = detection._rewritten(kernel, bias, hed.preprocessing, expected)
        np.testing.assert_allclose(response(*changed, expected), wanted, rtol=2e-3, atol=2e-3)

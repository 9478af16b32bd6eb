"""The network: every layer and the gradient against PyTorch and Keras, and no work too many."""

import functools
import os
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from reference.inputs import picture, relative_error
from reference.sampling import sample

from nstjax.vgg import VGG, layers, load_weights

REFERENCE = Path(__file__).parent / "reference" / "torch_vgg.npz"

# Rounding, which differs from processor to processor, decides whether the gradient passes a ReLU whose
# input is almost zero, and which of two almost equal values a maximum lets it through.
GRADIENT_TOLERANCE = 1e-2

every_network = pytest.mark.parametrize("architecture", ["vgg16", "vgg19"])
every_pooling = pytest.mark.parametrize("pooling", ["average", "max"])


def names_of(architecture):
    return tuple(layer.name for layer in layers(architecture))


@pytest.fixture(scope="module")
def ours(network):
    """Every feature map of the picture, and the gradient of `mean pool5^2` by its pixels."""

    @functools.cache
    def compute(architecture, pooling):
        vgg = VGG(network(architecture), names_of(architecture), pooling=pooling)

        def loss(pixels):
            features = vgg(pixels)
            return jnp.mean(jnp.square(features["pool5"])), features

        gradient, features = jax.grad(loss, has_aux=True)(picture()[np.newaxis])
        return {name: np.asarray(values[0]) for name, values in features.items()}, gradient[0]

    return compute


@every_network
@every_pooling
def test_features_and_gradient_are_those_of_torch(ours, network, architecture, pooling):
    pytest.importorskip("torch", reason="compares with PyTorch itself")
    from reference.torch_vgg import features_and_gradient

    found, gradient = ours(architecture, pooling)
    tensors = network(architecture).tensors
    expected, expected_gradient = features_and_gradient(tensors, pooling, picture())
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert relative_error(found[name], values) < 1e-5, name
    assert relative_error(gradient, expected_gradient) < GRADIENT_TOLERANCE


@every_network
@every_pooling
def test_features_and_gradient_are_those_that_torch_gave(ours, architecture, pooling):
    found, gradient = ours(architecture, pooling)
    with np.load(REFERENCE) as stored:
        for name in names_of(architecture):
            expected = stored[f"{architecture}/{pooling}/{name}"]
            assert relative_error(sample(found[name]), expected) < 1e-5, name
        expected = stored[f"{architecture}/{pooling}/gradient"]
    assert relative_error(sample(gradient), expected) < GRADIENT_TOLERANCE


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of Keras are not this project's
        yield pytest.importorskip("keras", reason="compares with Keras itself")


def keras_input(keras):
    return keras.applications.vgg19.preprocess_input(255 * picture()[np.newaxis])


@every_network
@every_pooling
def test_features_are_those_of_keras_layers(keras, ours, network, architecture, pooling):
    pools = {"average": keras.layers.AveragePooling2D, "max": keras.layers.MaxPooling2D}
    found, _ = ours(architecture, pooling)
    x = keras_input(keras)
    for name in names_of(architecture):
        if name.startswith("conv"):
            kernel = network(architecture).tensors[f"{name}/kernel"]
            layer = keras.layers.Conv2D(
                kernel.shape[-1], 3, padding="same", kernel_initializer="zeros"
            )
            layer.build(x.shape)
            layer.set_weights([kernel, network(architecture).tensors[f"{name}/bias"]])
        else:
            layer = keras.layers.ReLU() if name.startswith("relu") else pools[pooling](2)
        x = layer(x)
        assert relative_error(found[name], x[0]) < 1e-5, name


@pytest.mark.parametrize(("architecture", "model"), [("vgg16", "VGG16"), ("vgg19", "VGG19")])
def test_features_are_those_of_keras_applications(keras, ours, network, architecture, model):
    tensors = network(architecture).tensors
    found, _ = ours(architecture, "max")
    model = getattr(keras.applications, model)(weights=None, include_top=False)
    names = {}
    for layer in model.layers[1:]:
        stage, kind = layer.name.removeprefix("block").split("_")
        if kind == "pool":
            names[f"pool{stage}"] = layer
        else:
            convolution = f"{stage}_{kind.removeprefix('conv')}"
            names[f"relu{convolution}"] = layer  # its activation is part of the layer
            layer.set_weights([tensors[f"conv{convolution}/{part}"] for part in ("kernel", "bias")])
    assert set(names) == {name for name in found if not name.startswith("conv")}
    x = keras_input(keras)
    for name, layer in names.items():
        x = layer(x)
        assert relative_error(found[name], x[0]) < 1e-5, name


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_a_trained_network_gives_the_features_of_torch(pooling):
    pytest.importorskip("torch", reason="compares with PyTorch itself")
    from reference.torch_vgg import features_and_gradient

    from weights_tools import cached

    path = cached("vgg16-hed")
    if path is None:
        pytest.skip("needs `nstjax weights fetch vgg16-hed`")
    weights = load_weights(path)
    assert weights.preprocessing[:2] == ("bgr", 255)
    mean = weights.preprocessing.mean
    expected, _ = features_and_gradient(weights.tensors, pooling, picture(), mean)
    found = VGG(weights, names_of("vgg16"), pooling=pooling)(picture()[np.newaxis])
    for name, values in expected.items():
        assert relative_error(found[name][0], values) < 1e-5, name


@every_pooling
def test_the_gradient_is_the_same_compiled_in_a_loop(network, pooling):
    graph, arrays = nnx.split(VGG(network("vgg16"), ("relu3_1",), pooling=pooling))
    pixels = jnp.asarray(picture(13, 18)[np.newaxis])

    def loss(pixels, arrays):
        return jnp.mean(jnp.square(nnx.merge(graph, arrays)(pixels)["relu3_1"]))

    @jax.jit
    def loop(pixels, arrays):
        def step(pixels, _):
            gradient = jax.grad(loss)(pixels, arrays)
            return pixels - 1e-4 * gradient, gradient

        return jax.lax.scan(step, pixels, length=3)[1]

    for found in loop(pixels, arrays):
        expected = jax.grad(loss)(pixels, arrays)
        assert relative_error(found, expected) < 1e-5
        pixels = pixels - 1e-4 * expected


def test_nothing_is_computed_past_the_deepest_layer(network):
    vgg = VGG(network("vgg19"), ("relu2_1", "relu1_2"))
    assert list(vgg.convolutions) == ["conv1_1", "conv1_2", "conv2_1"]
    program = jax.make_jaxpr(lambda pixels: vgg(pixels))(picture(8, 8)[np.newaxis])
    assert str(program).count("= conv_general_dilated[") == 3
    assert list(vgg(picture(8, 8)[np.newaxis])) == ["relu1_2", "relu2_1"]


def test_pictures_of_a_batch_do_not_meet(network):
    vgg = VGG(network("vgg16"), ("pool2",))
    batch = np.stack([picture(9, 12), picture(12, 9).swapaxes(0, 1)])
    found = vgg(batch)["pool2"]
    assert found.shape == (2, 2, 3, 128)
    for alone, together in zip(batch, found, strict=True):
        assert relative_error(vgg(alone[np.newaxis])["pool2"][0], together) < 1e-5


def test_bfloat16_is_the_type_of_the_features_only(network):
    pixels = jnp.asarray(picture(9, 12)[np.newaxis])
    half = VGG(network("vgg16"), ("relu2_1",), dtype=jnp.bfloat16)
    whole = VGG(network("vgg16"), ("relu2_1",))
    assert half(pixels)["relu2_1"].dtype == jnp.bfloat16
    # Eight bits of precision, and errors of three layers that add up.
    error = relative_error(half(pixels)["relu2_1"].astype(jnp.float32), whole(pixels)["relu2_1"])
    assert 1e-4 < error < 2e-2
    gradient = jax.grad(lambda x: jnp.sum(half(x)["relu2_1"].astype(jnp.float32)))(pixels)
    assert gradient.dtype == jnp.float32


def test_unknown_names_are_refused(network, refused):
    with refused("'relu6_1': choose .* of vgg16, which has conv1_1, relu1_1, .*pool5"):
        VGG(network("vgg16"), ("relu1_1", "relu6_1"))
    with refused("'conv3_4'"):  # VGG19 has it
        VGG(network("vgg16"), ("conv3_4",))
    with refused("pooling 'mean': use one of average, max"):
        VGG(network("vgg16"), ("relu1_1",), pooling="mean")


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_a_mask_is_carried_down_the_strides(network, pooling):
    layers = ("relu1_1", "conv2_1", "pool2")
    found = VGG(network("vgg16"), layers, pooling=pooling).carry_mask(
        np.arange(7 * 9, dtype=np.float32).reshape(7, 9)
    )
    assert list(found) == list(layers)
    assert [each.shape for each in found.values()] == [(7, 9), (3, 4), (1, 2)]
    # The mean of each block of pixels, rounding down as the poolings do.
    mask = np.arange(63.0).reshape(7, 9)
    np.testing.assert_allclose(found["conv2_1"][1, 3], mask[2:4, 6:8].mean())
    np.testing.assert_allclose(found["pool2"][0, 1], mask[:4, 4:8].mean())

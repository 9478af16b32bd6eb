"""The layers of VGG16 and VGG19, and how small a picture they can see."""

import jax
import jax.numpy as jnp
import pytest
from reference.keras_files import OUTPUTS

from nstjax.vgg import VGG, kernel_shapes, layers, smallest_side
from nstjax.vgg.architecture import trunk

PAPER = """
conv1_1 relu1_1 conv1_2 relu1_2 pool1
conv2_1 relu2_1 conv2_2 relu2_2 pool2
conv3_1 relu3_1 conv3_2 relu3_2 conv3_3 relu3_3 pool3
conv4_1 relu4_1 conv4_2 relu4_2 conv4_3 relu4_3 pool4
conv5_1 relu5_1 conv5_2 relu5_2 conv5_3 relu5_3 pool5
"""
VGG16 = PAPER.split()


def test_the_layers_are_those_of_the_paper():
    assert [layer.name for layer in layers("vgg16")] == VGG16
    extra = {"conv3_4", "relu3_4", "conv4_4", "relu4_4", "conv5_4", "relu5_4"}
    names = [layer.name for layer in layers("vgg19")]
    assert [name for name in names if name not in extra] == VGG16
    assert [name for name in names if name in extra] == sorted(
        extra, key=lambda name: (name[4:], name)
    )
    assert names[names.index("pool4") - 1] == "relu4_4"


@pytest.mark.parametrize("architecture", ["vgg16", "vgg19"])
def test_the_kernels_take_in_what_the_layer_before_gives_out(architecture):
    outputs = [channels for stage in OUTPUTS[architecture] for channels in stage]
    expected = [(3, 3, *pair) for pair in zip([3, *outputs[:-1]], outputs, strict=True)]
    assert list(kernel_shapes(architecture).values()) == expected


def test_the_trunk_ends_with_the_deepest_wanted_layer():
    found = [layer.name for layer in trunk("vgg16", ("relu2_1", "conv1_1", "relu2_1"))]
    assert found == VGG16[: VGG16.index("relu2_1") + 1]
    assert trunk("vgg16", ()) == ()


@pytest.mark.parametrize(
    "name", ["conv1_1", "pool1", "conv2_1", "relu3_1", "pool4", "relu5_1", "pool5"]
)
def test_the_smallest_side_is_the_least_with_a_position(network, name):
    vgg = VGG(network("vgg16"), (name,))

    def positions(side):
        pixels = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
        return jax.eval_shape(lambda x: vgg(x), pixels)[name].shape[1]

    smallest = smallest_side("vgg16", (name, "conv1_1"))
    assert positions(smallest) == 1
    if smallest > 1:
        assert positions(smallest - 1) == 0


def test_unknown_names_are_refused(refused):
    with refused("architecture 'vgg11': use one of vgg16, vgg19"):
        layers("vgg11")
    for name in ("relu3_4", "conv4", "", "fc6"):
        with refused(f"layer '{name}': choose .* of vgg16, which has conv1_1"):
            trunk("vgg16", ("relu1_1", name))

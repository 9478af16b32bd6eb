"""The Keras reader: every layout gives the same tensors; files of other networks are refused."""

import os
import warnings

import h5py
import numpy as np
import pytest
from reference.expect import assert_equal, refusals, refused, refused_if_cut
from reference.keras_files import (
    layers,
    random_tensors,
    write_applications,
    write_keras3,
    write_stages,
    write_whole_model,
)

from weights_tools import load
from weights_tools.layout import shapes

WRITERS = [write_applications, write_whole_model, write_keras3, write_stages]


@pytest.mark.parametrize("writer", WRITERS)
def test_every_layout_gives_the_same_tensors(writer, whole, tmp_path):
    writer(tmp_path / "x.h5", whole)
    found = load(tmp_path / "x.h5")
    assert (found.architecture, found.last_layer) == ("vgg16", "")
    assert_equal(found.tensors, whole)


def test_vgg19_is_told_by_its_number_of_convolutions(tmp_path):
    tensors = random_tensors("vgg19")
    # Ten and more convolutions: alphabetically, conv2d_10 would come before conv2d_2.
    write_keras3(tmp_path / "x.h5", tensors)
    found = load(tmp_path / "x.h5")
    assert found.architecture == "vgg19"
    assert_equal(found.tensors, tensors)


def test_half_precision_is_widened(trunk, tmp_path):
    halves = {name: tensor.astype(np.float16) for name, tensor in trunk.items()}
    write_keras3(tmp_path / "x.h5", halves)
    found = load(tmp_path / "x.h5").tensors
    assert_equal(found, {name: half.astype(np.float32) for name, half in halves.items()})


@pytest.fixture(scope="module")
def written_by_keras(tmp_path_factory):
    """The files that the installed Keras makes of a random VGG16, and the model's own arrays."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    folder = tmp_path_factory.mktemp("keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of Keras are not this project's
        keras = pytest.importorskip("keras")
        model = keras.applications.VGG16(weights=None, include_top=False)
        arrays = {}
        for layer in model.layers:
            if layer.weights:
                layer.bias.assign(np.random.default_rng(0).random(layer.bias.shape))
                arrays[layer.name] = layer.get_weights()
        model.save_weights(folder / "weights.weights.h5")
        for name in ("whole.h5", "whole.keras"):
            model.save(folder / name)
    return folder, arrays


@pytest.mark.parametrize("name", ["weights.weights.h5", "whole.h5", "whole.keras"])
def test_files_that_keras_writes_now(written_by_keras, name):
    folder, arrays = written_by_keras
    found = load(folder / name)
    assert found.architecture == "vgg16"
    assert len(arrays) == 13
    for stage, index, kernel, bias in layers(found.tensors):
        expected_kernel, expected_bias = arrays[f"block{stage}_conv{index}"]
        np.testing.assert_array_equal(kernel, expected_kernel)
        np.testing.assert_array_equal(bias, expected_bias)


def empty_vgg16(file):
    """Give a file full-size datasets that hold nothing: HDF5 stores no bytes for them."""
    for name, shape in shapes("vgg16").items():
        file.create_dataset(f"block{name[4:]}".replace("_", "_conv"), shape, "f4", chunks=True)


def replace_dataset(file, name, *arguments, **options):
    del file[name]
    file.create_dataset(name, *arguments, **options)


def delete_layer(file):
    del file["block3_conv3"]


def delete_bias(file):
    del file["block3_conv3/bias"]


def transpose_kernel(file):
    replace_dataset(file, "block1_conv1/kernel", (3, 3, 64, 3), "f4")


def enlarge_bias(file):
    replace_dataset(file, "block1_conv1/bias", (1 << 40,), "f4", chunks=(1024,))


def quantize(file):
    replace_dataset(file, "block1_conv2/kernel", (3, 3, 64, 64), "i1")


def enlarge_chunks(file):
    replace_dataset(
        file, "block1_conv1/bias", (64,), "f4", chunks=(1 << 28,), maxshape=(None,), fillvalue=0
    )


def store_outside(file):
    outside = [(os.devnull, 0, 256)]
    replace_dataset(file, "block1_conv1/bias", (64,), "f4", external=outside)


def rename_layer(file):
    file.move("block1_conv1", "first")


def theanos_axes(file):
    replace_dataset(file, "block1_conv1/kernel", (64, 3, 3, 3), "f4")


def shift_stage(file):
    file.move("block2_conv1", "block1_conv3")


def repeat_place(file):
    file.move("block5_conv3", "head/block5_conv2")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (delete_layer, "/block4_conv1/kernel stands where vgg16 has conv3_3: .* not missing"),
        (delete_bias, r"conv3_3/bias is missing .* expected shape \(256,\)"),
        (
            transpose_kernel,
            r"block1_conv1/kernel has shape \(3, 3, 64, 3\), expected \(3, 3, 3, 64\)",
        ),
        (enlarge_bias, r"conv1_1/bias .* shape \(1099511627776,\), expected \(64,\)"),
        (quantize, "conv1_2/kernel .* is int8, expected floating-point"),
        (enlarge_chunks, "/block1_conv1/bias is stored in chunks"),
        (store_outside, "/block1_conv1/bias points to another file"),
        (rename_layer, "the name /first/kernel does not say which convolution"),
        (theanos_axes, "the axes of Theano"),
        (shift_stage, "/block1_conv3/kernel stands where vgg16 has conv2_1"),
        (repeat_place, "do not put them in one order"),
    ],
)
def test_a_file_that_is_no_vgg_says_why(tmp_path, damage, message):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        empty_vgg16(file)
        damage(file)
    refused(tmp_path / "x.h5", message)


def test_links_are_not_followed(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        empty_vgg16(file)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["model_weights"] = h5py.ExternalLink("other.h5", "/")
        file["layers"] = h5py.ExternalLink("other.h5", "/")
        file["nowhere"] = h5py.SoftLink("/missing")
    refused(tmp_path / "x.h5", "it holds no convolution with 3x3 kernels")


def test_groups_in_a_circle_end(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_group("a/b")
        file["a/b/c"] = file["a"]
    refused(tmp_path / "x.h5", "it holds no convolution with 3x3 kernels")


def test_deep_groups_end(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_group("/".join("a" * 50))
    refused(tmp_path / "x.h5", "nest deeper")


@pytest.mark.parametrize("keep", [9, 200, 4000])
def test_a_truncated_file(tmp_path, keep):
    with h5py.File(tmp_path / "cut.h5", "w") as file:
        empty_vgg16(file)
    refused_if_cut(tmp_path / "cut.h5", [keep], "cut.h5 is a damaged HDF5 file")


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_file_is_read_or_refused(tmp_path, seed):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        empty_vgg16(file)
    # The first bytes stay, or it were no HDF5 file at all.
    refusals(path, (16, path.stat().st_size, 20), times=1, seed=seed)

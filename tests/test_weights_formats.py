"""Networks go through every format, written by the library that owns it, and come back."""

import dataclasses
import os
import warnings

import numpy as np
import pytest
from reference import matlab_files
from reference.expect import assert_equal
from reference.keras_files import layers, random_tensors, write_applications
from reference.numpy_files import by_layer, pairs
from safetensors.numpy import save_file

from weights_tools import cached, convert, read
from weights_tools.detection import alike

OIHW = (3, 2, 0, 1)


@pytest.fixture(scope="module")
def trained():
    path = cached("vgg16-hed")
    if path is None:
        pytest.skip("needs `nstjax weights fetch vgg16-hed`")
    return read(path)


def architecture_of(tensors):
    return {26: "vgg16", 32: "vgg19"}[len(tensors)]


def write_torch(path, tensors, **options):
    torch = pytest.importorskip("torch")
    from reference.torch_files import state_dict

    torch.save(state_dict(tensors, architecture_of(tensors)), path, **options)


def write_old_torch(path, tensors):
    write_torch(path, tensors, _use_new_zipfile_serialization=False)


def write_safetensors(path, tensors):
    save_file(by_layer(tensors, "conv{}_{}.weight", "conv{}_{}.bias", OIHW), path)


def write_npz(path, tensors):
    with path.open("wb") as file:  # savez would append its own suffix
        np.savez(file, *by_layer(tensors, axes=OIHW).values())


def write_npy(path, tensors):
    with path.open("wb") as file:
        np.save(file, np.array(pairs(tensors), dtype=object))


def write_matlab(path, tensors):
    with path.open("wb") as file:
        matlab_files.write(file, {"layers": matlab_files.network(tensors)}, compressed=False)


def write_caffe(path, tensors):
    pytest.importorskip("google.protobuf")
    from reference.caffe_files import network

    path.write_bytes(network(tensors, v1=True, has_shape=False).SerializeToString())


def write_onnx(path, tensors):
    pytest.importorskip("onnx")
    from reference.onnx_files import network

    path.write_bytes(network(tensors).SerializeToString())


def write_keras(path, tensors):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of Keras are not this project's
        keras = pytest.importorskip("keras")
        name = architecture_of(tensors).upper()
        model = getattr(keras.applications, name)(weights=None, include_top=False)
        for stage, index, kernel, bias in layers(tensors):
            model.get_layer(f"block{stage}_conv{index}").set_weights([kernel, bias])
        named = path.with_name("model.keras")  # Keras wants its own suffix
        model.save(named)
        named.rename(path)


WRITERS = {
    "Keras HDF5": write_applications,
    "Keras": write_keras,
    "torch": write_torch,
    "torch before 1.6": write_old_torch,
    "safetensors": write_safetensors,
    "npz": write_npz,
    "npy": write_npy,
    "MatConvNet": write_matlab,
    "Caffe": write_caffe,
    "ONNX": write_onnx,
}


# The other writers differ from these in what surrounds the values.
@pytest.mark.parametrize("name", ["Keras", "torch", "safetensors", "npy", "MatConvNet", "ONNX"])
def test_trained_weights_come_back_unchanged(trained, tmp_path, name):
    # No suffix: the content alone says what the file is.
    WRITERS[name](tmp_path / "file", trained.tensors)
    found = convert(tmp_path / "file", tmp_path / "x.safetensors")
    assert (found.architecture, found.last_layer) == ("vgg16", "")
    again = read(tmp_path / "x.safetensors")
    assert dataclasses.replace(again, tensors={}).__dict__ == {**found.__dict__, "tensors": {}}
    assert_equal(again.tensors, trained.tensors)
    # The file does not say that it is for bytes, blue first; its first layer does.
    assert alike(again.preprocessing, trained.preprocessing)
    assert "its first layer is that of Caffe's VGG16" in again.decision


@pytest.fixture(scope="module", params=["vgg16", "vgg19"])
def random(request):
    return random_tensors(request.param)


@pytest.mark.parametrize("name", WRITERS)
def test_random_networks_come_back_unchanged(random, tmp_path, name):
    WRITERS[name](tmp_path / "file", random)
    found = convert(tmp_path / "file", tmp_path / "x.safetensors")
    assert (found.architecture, found.last_layer) == (architecture_of(random), "")
    assert_equal(read(tmp_path / "x.safetensors").tensors, random, ordered=False)

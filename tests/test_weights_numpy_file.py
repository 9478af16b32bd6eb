"""The NumPy reader: `.npz` and the pickled `.npy` give the same tensors."""

import os
import pickle
import zipfile

import numpy as np
import pytest
from reference.expect import assert_equal, cheaply, refused
from reference.keras_files import random_tensors
from reference.numpy_files import array_2, by_layer, dictionary_2, pairs, text, write_npy

from weights_tools import load


def test_arrays_without_names(tmp_path):
    """As in vgg19_normalised.npz, in OIHW."""
    tensors = random_tensors("vgg19")
    arrays = by_layer(tensors, axes=(3, 2, 0, 1)).values()
    np.savez(tmp_path / "x.npz", *arrays)
    found = load(tmp_path / "x.npz")
    assert (found.architecture, found.last_layer) == ("vgg19", "")
    assert_equal(found.tensors, tensors)


def test_classic_vgg16(whole, tmp_path):
    arrays = by_layer(whole)
    dense = {"fc6_W": np.ones((8, 4), np.float32), "fc6_b": np.ones(4, np.float32)}
    np.savez(tmp_path / "x.npz", **dense, **dict(reversed(arrays.items())))
    assert_equal(load(tmp_path / "x.npz").tensors, whole)


def test_compressed(trunk, tmp_path):
    np.savez_compressed(tmp_path / "x.npz", **by_layer(trunk))
    assert_equal(load(tmp_path / "x.npz").tensors, trunk)


@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<f8"])
def test_types_and_orders(dtype, trunk, tmp_path):
    arrays = {
        name: np.asfortranarray(array.astype(dtype)) for name, array in by_layer(trunk).items()
    }
    expected = {name: tensor.astype(dtype).astype(np.float32) for name, tensor in trunk.items()}
    np.savez(tmp_path / "x.npz", **arrays)
    assert_equal(load(tmp_path / "x.npz").tensors, expected)
    content = {
        name: {"weights": w, "biases": b} for name, (w, b) in pairs(arrays_of(arrays)).items()
    }
    np.save(tmp_path / "x.npy", np.array(content, dtype=object))
    assert_equal(load(tmp_path / "x.npy").tensors, expected)


def arrays_of(named):
    """Return what `by_layer` named under our names again."""
    return {
        name.replace("_W", "/kernel").replace("_b", "/bias"): array for name, array in named.items()
    }


def test_a_member_of_python_2(trunk, tmp_path):
    """Its headers may say `64L`, and NumPy warns of that."""
    np.savez(tmp_path / "y.npz", **by_layer(trunk))
    with (
        zipfile.ZipFile(tmp_path / "y.npz") as source,
        zipfile.ZipFile(tmp_path / "x.npz", "w") as target,
    ):
        for name in source.namelist():
            old, new = (b"(64,), } ", b"(64L,), }") if name[4:] == "1_1_b.npy" else (b"", b"")
            content = source.read(name)
            assert old in content
            target.writestr(name, content.replace(old, new) if old else content)
    assert_equal(load(tmp_path / "x.npz").tensors, trunk)


PAIRS = {
    "lists": list,
    "tuples": tuple,
    "dicts": lambda pair: {"weights": pair[0], "biases": pair[1]},
    "named dicts": lambda pair: {"kernel": pair[0], "bias": pair[1]},
}


@pytest.mark.parametrize("form", PAIRS)
def test_pickled_dictionary(form, request, tmp_path):
    tensors = request.getfixturevalue("whole" if form == "lists" else "trunk")
    content = {name: PAIRS[form](pair) for name, pair in pairs(tensors).items()}
    content["fc6"] = PAIRS[form]([np.ones((8, 4), np.float32), np.ones(4, np.float32)])
    content["source"] = "of no interest"
    content["labels"] = np.array(["cat", "dog"])
    np.save(tmp_path / "x.npy", np.array(content, dtype=object))
    assert_equal(load(tmp_path / "x.npy").tensors, tensors)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_protocols(protocol, trunk, tmp_path):
    write_npy(tmp_path / "x.npy", pickle.dumps(np.array(pairs(trunk), dtype=object), protocol))
    assert_equal(load(tmp_path / "x.npy").tensors, trunk)


def test_pickles_of_python_2(trunk, tmp_path):
    content = {
        name: [array_2(each.shape, "f4", text(each.tobytes())) for each in pair]
        for name, pair in pairs(trunk).items()
    }
    program = dictionary_2(content)
    # Python's own unpickler agrees that this is what was meant.
    assert_equal(
        {"w": pickle.loads(program, encoding="latin1").item()["conv1_1"][0]},
        {"w": trunk["conv1_1/kernel"]},
    )
    assert_equal(load(write_npy(tmp_path / "x.npy", program)).tensors, trunk)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda arrays: arrays.pop("conv1_2_W"), "stands where vgg16 has conv1_2"),
        (lambda arrays: arrays.pop("conv1_2_b"), "conv1_2/bias is missing"),
        (
            lambda arrays: arrays.update(conv1_1_W=np.ones((3, 3, 3, 64), np.int8)),
            "is int8, expected floating-point",
        ),
        (
            lambda arrays: arrays.update(conv1_1_b=np.ones(65, np.float32)),
            r"conv1_1/bias .* has shape \(65,\), expected \(64,\)",
        ),
        (lambda arrays: arrays.update({"x/running_mean": np.ones(64)}), "batch normalization"),
        (lambda arrays: arrays.clear(), "no convolution"),
    ],
)
@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_another_network(change, match, kind, trunk, tmp_path):
    arrays = by_layer(trunk)
    change(arrays)
    path = tmp_path / f"x.{kind}"
    if kind == "npz":
        np.savez(path, other=np.ones(3), **arrays)
    else:
        np.save(path, np.array(arrays, dtype=object))
    refused(path, match)


def test_objects_are_refused(trunk, tmp_path):
    np.savez(tmp_path / "x.npz", **by_layer(trunk), x=np.array([None], dtype=object))
    refused(tmp_path / "x.npz", "x holds pickled objects, which could run code")
    content = {**pairs(trunk), "x": [np.array([None], dtype=object)]}
    np.save(tmp_path / "x.npy", np.array(content, dtype=object))
    refused(tmp_path / "x.npy", "x/0 is an array of O8, expected floating-point")


def test_no_dictionary(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((3, 3), np.float32))
    refused(tmp_path / "x.npy", r"holds one array of shape \(3, 3\) and type float32")
    np.save(tmp_path / "x.npy", np.array([{}, {}], dtype=object))
    refused(tmp_path / "x.npy", r"one array of shape \(2,\) and type object")
    write_npy(tmp_path / "x.npy", pickle.dumps([1, 2]))
    refused(tmp_path / "x.npy", "holds a list, expected a dict")


def test_deflated_member_that_is_not_read(trunk, tmp_path):
    """A dense layer may be large: its values are left alone."""
    dense = np.broadcast_to(np.float32(0), (25088, 4096))
    np.savez_compressed(tmp_path / "x.npz", **by_layer(trunk), fc6_W=dense[:4000])
    with cheaply(peak=20e6):
        assert_equal(load(tmp_path / "x.npz").tensors, trunk)


def test_mislabeled(trunk, tmp_path):
    np.savez(tmp_path / "x.npz", **by_layer(trunk))
    os.rename(tmp_path / "x.npz", tmp_path / "x.h5")
    assert_equal(load(tmp_path / "x.h5").tensors, trunk)

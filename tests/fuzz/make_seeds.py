"""Makes the starting files of the fuzzing: the first layer of a VGG, in every way it is written.

    python tests/fuzz/make_seeds.py

Every file is under 25 kB. The libraries that own the formats write them.
"""

import shutil
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import torch
from safetensors.numpy import save, save_file

HERE = Path(__file__).parent
SEEDS = HERE / "seeds"
sys.path.insert(0, str(HERE.parent))

from reference import caffe_files, matlab_files, numpy_files, onnx_files  # noqa: E402

from weights_tools.layout import shapes  # noqa: E402

KERNEL = np.zeros((3, 3, 3, 64), np.float32)
BIAS = np.zeros(64, np.float32)
TENSORS = {"conv1_1/kernel": KERNEL, "conv1_1/bias": BIAS}
OIHW = np.ascontiguousarray(KERNEL.transpose(3, 2, 0, 1))
METADATA = {
    "architecture": "vgg16",
    "channel_order": "rgb",
    "scale": "1.0",
    "mean": "[0.5, 0.5, 0.5]",
    "std": "[1.0, 1.0, 1.0]",
    "source": "a seed",
    "source_sha256": "00",
    "license": "unknown",
    "last_layer": "conv1_1",
    "decision": "given",
}


def place(reader: str, name: str) -> Path:
    path = SEEDS / reader / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def keras_h5() -> None:
    for name, layer in (("old", "block1_conv1/block1_conv1"), ("counted", "layers/conv2d/vars")):
        with h5py.File(place("keras_h5", name), "w") as file:
            file[f"{layer}/kernel:0"], file[f"{layer}/bias:0"] = KERNEL, BIAS
    with h5py.File(place("keras_h5", "chunked"), "w") as file:
        options = {"chunks": True, "compression": "gzip", "shuffle": True}
        file.create_dataset("model_weights/block1_conv1/kernel", data=KERNEL, **options)
        file.create_dataset("model_weights/block1_conv1/bias", data=BIAS, **options)
    with h5py.File(place("keras_h5", "links"), "w", libver="latest") as file:
        file["conv2d/vars/0"], file["conv2d/vars/1"] = KERNEL, BIAS
        file["again"] = file["conv2d"]
        file["soft"], file["outside"] = h5py.SoftLink("/conv2d"), h5py.ExternalLink("x", "/")


def claims() -> None:
    """Whole networks whose values are not there: what is asked of shapes and names comes before."""
    with h5py.File(place("keras_h5", "claims"), "w") as file:
        for name, shape in shapes("vgg16").items():
            file.create_dataset(f"block{name[4:]}".replace("_", "_conv"), shape, "f4", chunks=True)
    tensors = {name: np.broadcast_to(np.float32(0), each) for name, each in shapes("vgg19").items()}
    made = caffe_files.network_class()(name="claims")
    for number, (name, kernel) in enumerate(list(tensors.items())[::2]):
        layer = made.layer.add(name=f"conv2d_{number}", type="Convolution")
        layer.blobs.add().shape.dim.extend(kernel.transpose(3, 2, 0, 1).shape)
        layer.blobs.add().shape.dim.extend(tensors[name.replace("kernel", "bias")].shape)
    place("caffemodel", "claims").write_bytes(made.SerializeToString())
    small = onnx_files.network(
        {name: np.zeros(each, np.float32) for name, each in shapes("vgg16", "conv2_2").items()}
    )
    for each in small.graph.initializer:
        each.ClearField("raw_data")
    place("onnx_file", "claims").write_bytes(small.SerializeToString())


def torch_pth() -> None:
    network = {"features.0.weight": torch.from_numpy(OIHW), "features.0.bias": torch.zeros(64)}
    halves = {name: each.to(torch.bfloat16) for name, each in network.items()}
    training = {"epoch": 3, "state_dict": network, "optimizer": {"state": {0: torch.zeros(2)}}}
    for name, content in (("network", network), ("halves", halves), ("training", training)):
        for kind, is_zip in (("zip", True), ("legacy", False)):
            path = place("torch_pth", f"{name}_{kind}")
            torch.save(content, path, _use_new_zipfile_serialization=is_zip)


def safetensors_file() -> None:
    save_file(
        {"features.0.weight": OIHW, "features.0.bias": BIAS},
        place("safetensors_file", "torchvision"),
    )
    halves = {"conv1_1_W": KERNEL.astype(np.float16), "conv1_1_b": BIAS.astype(np.float16)}
    save_file(halves, place("safetensors_file", "halves"), {"format": "pt"})


def numpy_file() -> None:
    names = {"conv1_1_W": KERNEL, "conv1_1_b": BIAS}
    np.savez(place("numpy_file", "stored.npz"), **names)
    np.savez_compressed(place("numpy_file", "deflated.npz"), OIHW, BIAS)
    content = {"conv1_1": [KERNEL, BIAS]}
    np.save(place("numpy_file", "pickled.npy"), np.array(content, dtype=object))
    arrays = [
        numpy_files.array_2(each.shape, "f4", numpy_files.text(each.tobytes()))
        for each in (KERNEL, BIAS)
    ]
    program = numpy_files.dictionary_2({"conv1_1": arrays})
    numpy_files.write_npy(place("numpy_file", "python2.npy"), program)


def matconvnet() -> None:
    for name, is_compressed in (("plain", False), ("deflated", True)):
        weights = np.empty((1, 2), object)
        weights[0, 0], weights[0, 1] = KERNEL, BIAS
        layers = np.empty((1, 2), object)
        layers[0, 0] = {"name": "conv1_1", "type": "conv", "weights": weights}
        layers[0, 1] = {"name": "relu1_1", "type": "relu"}
        mean = np.array([123.68, 116.779, 103.939], np.float32).reshape(1, 1, 3)
        meta = {"normalization": {"averageImage": mean}}
        path = place("matconvnet", name)
        with path.open("wb") as file:
            scipy.io.savemat(file, {"layers": layers, "meta": meta}, do_compression=is_compressed)
    old = np.empty((1, 1), object)
    old[0, 0] = {"name": "conv1_1", "type": "conv", "filters": KERNEL, "biases": BIAS}
    with place("matconvnet", "old").open("wb") as file:
        scipy.io.savemat(file, {"layers": old, "normalization": {"averageImage": 100.0}})
    place("matconvnet", "big_endian").write_bytes(
        matlab_files.file_by_hand(">", KERNEL, BIAS, "f4")
    )


def caffemodel() -> None:
    for v1 in (False, True):
        for has_shape in (False, True):
            made = caffe_files.network(TENSORS, v1=v1, has_shape=has_shape)
            path = place("caffemodel", f"v{2 - v1}_{'new' if has_shape else 'old'}_shape")
            path.write_bytes(made.SerializeToString())


def onnx_file() -> None:
    for raw in (False, True):
        made = onnx_files.network(TENSORS, raw=raw)
        place("onnx_file", "raw" if raw else "floats").write_bytes(made.SerializeToString())
    made = onnx_files.network(TENSORS, raw=True)
    constant = onnx_files.helper.make_node(
        "Constant", [], [made.graph.initializer[0].name], value=made.graph.initializer.pop(0)
    )
    made.graph.node.insert(0, constant)
    place("onnx_file", "constant").write_bytes(made.SerializeToString())


def archive() -> None:
    for inner in ("keras_h5/old", "numpy_file/pickled.npy", "onnx_file/raw"):
        name = inner.split("/")[0]
        for kind, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
            suffix = {"keras_h5": "h5", "numpy_file": "npy", "onnx_file": "onnx"}[name]
            with zipfile.ZipFile(place("archive", f"{name}_{kind}"), "w", method) as file:
                file.writestr("package/__init__.py", "")
                file.writestr(f"package/weights.{suffix}", (SEEDS / inner).read_bytes())


def our_layout() -> None:
    place("layout", "float32").write_bytes(save(TENSORS, METADATA))
    halves = {name: each.astype(np.float16) for name, each in TENSORS.items()}
    place("layout", "float16").write_bytes(save(halves, METADATA))


if __name__ == "__main__":
    shutil.rmtree(SEEDS, ignore_errors=True)
    for make in (
        keras_h5,
        claims,
        torch_pth,
        safetensors_file,
        numpy_file,
        matconvnet,
        caffemodel,
        onnx_file,
        archive,
        our_layout,
    ):
        make()

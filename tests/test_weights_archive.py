"""Archives: the one weights file inside is read; bombs, damage and riddles are refused."""

import hashlib
import os
import zipfile

import numpy as np
import pytest
from reference.expect import assert_equal, cheaply, refused
from reference.keras_files import write_stages
from reference.numpy_files import by_layer

from weights_tools import load
from weights_tools.readers import archive as module
from weights_tools.readers import formats


@pytest.fixture(scope="module")
def wheel(whole, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    write_stages(folder / "inside.h5", whole)
    with zipfile.ZipFile(folder / "some.whl", "w") as archive:
        archive.writestr("package/__init__.py", "raise SystemExit")
        archive.write(folder / "inside.h5", "package/weights.h5")
    return folder / "some.whl"


def test_a_wheel_is_read_whatever_its_name(wheel, whole, tmp_path):
    os.link(wheel, tmp_path / "name.h5")
    found = load(tmp_path / "name.h5")
    assert_equal(found.tensors, whole)
    assert found.source_sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_a_wheel_with_a_flipped_bit_is_refused(wheel, tmp_path):
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "x.whl").write_bytes(content)
    refused(tmp_path / "x.whl", "x.whl cannot be unpacked: Bad CRC-32")
    (tmp_path / "cut.whl").write_bytes(content[: len(content) // 2])
    refused(tmp_path / "cut.whl", "cut.whl: it is damaged: a zip file, .* without its end")


@pytest.mark.parametrize("members", [[], ["a.h5", "b.h5"]])
def test_an_archive_must_hold_one_weights_file(tmp_path, members):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ["data.pkl", *members]:
            archive.writestr(name, b"")
    refused(tmp_path / "x.zip", f"a zip file with {len(members)} weights files in it")


def test_a_bad_file_in_an_archive_is_named_by_the_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.h5", b"no HDF5")
    refused(tmp_path / "x.zip", r"x.zip \(a.h5\) is no weights file")


def test_an_archive_in_an_archive_is_not_unpacked(tmp_path):
    inner = tmp_path / "inner.pth"
    for name, member in (("inner.pth", "a.txt"), ("outer.zip", "inner.pth")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(
                member, inner.read_bytes() if inner.exists() and member != "a.txt" else b""
            )
    refused(tmp_path / "outer.zip", "outer.zip .inner.pth. is an archive inside an archive")


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.h5", b"\0" * (10_000_019))
    assert (tmp_path / "x.zip").stat().st_size < 1 << 16
    monkeypatch.setattr(module, "MAX_BYTES", 1 << 20)
    with cheaply(peak=1 << 20, seconds=5):
        refused(tmp_path / "x.zip", "a.h5 would unpack to 10000019 bytes, more than 1048576")


def test_a_bomb_that_lies_about_its_size_is_unpacked_no_further(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.h5", b"\0" * (10_000_019))
    content = (tmp_path / "x.zip").read_bytes()
    told = (10_000_019).to_bytes(4, "little")
    assert content.count(told) == 2  # beside the member, and in the directory
    (tmp_path / "x.zip").write_bytes(content.replace(told, (1 << 10).to_bytes(4, "little")))
    with cheaply(peak=1 << 22, seconds=5):
        refused(tmp_path / "x.zip", "cannot be unpacked")


def test_very_many_members_are_not_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "MAX_MEMBERS", 100)
    for count, message in (
        (100, "no weights file|0 weights files"),
        (101, "more than 100 members"),
    ):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            for number in range(count):
                archive.writestr(f"{number}.txt", b"")
        refused(tmp_path / "x.zip", message)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_in_any_compression_is_told(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
        archive.writestr("a.h5", os.urandom(1000))
    content = bytearray((tmp_path / "x.zip").read_bytes())
    content[48:80] = b"\xff" * 32
    (tmp_path / "x.zip").write_bytes(content)
    refused(tmp_path / "x.zip", "cannot be unpacked: .*; check that the file is whole")


@pytest.mark.parametrize("name", ["a\nb.h5", f"{'a' * 5000}.h5", "../../a.h5", "/etc/a.h5"])
def test_names_from_an_archive_are_only_told(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(name, b"no HDF5")
    refused(tmp_path / "x.zip", "is no weights file")
    assert os.listdir(tmp_path) == ["x.zip"]


def test_an_empty_member_is_named_by_the_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.h5", b"")
    refused(tmp_path / "x.zip", r"x.zip \(a.h5\) is empty")


def test_damage_that_is_found_while_values_are_read_names_the_archive_once(trunk, tmp_path):
    np.savez(tmp_path / "net.npz", **by_layer(trunk))
    content = bytearray((tmp_path / "net.npz").read_bytes())
    content[5000] ^= 1  # inside the first kernel
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/net.npz", bytes(content))
    refused(tmp_path / "x.zip", r"^\S+x.zip \(a/net.npz\) is a damaged NumPy file: Bad CRC-32")

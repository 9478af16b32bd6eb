"""The PyTorch reader: no file can run code, take much memory or time, or end in a traceback."""

import os
import pickle
import zipfile

import numpy as np
import pytest
from reference.expect import cheaply, refusals, refused, refused_if_cut
from reference.keras_files import trunk
from reference.numpy_files import Bomb, doubled

from weights_tools.readers.torch_pth import read_torch_pth

torch = pytest.importorskip("torch")

from reference.torch_files import (  # noqa: E402 - it needs PyTorch
    FORMATS,
    entry,
    integer,
    save,
    state_dict,
    tensor,
    write_archive,
    write_legacy,
)


@pytest.mark.parametrize("as_zip", FORMATS)
def test_code_is_not_run(as_zip, tmp_path):
    sign = tmp_path / "sign"
    content = {**state_dict(trunk(1)), "x": Bomb(f"touch {sign}")}
    path = save(content, tmp_path / "x.pth", as_zip=as_zip)
    refused(path, r"posix.system\) that could run code|nt.system\) that could run code")
    assert not sign.exists()


def test_torchscript(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps({}, 2))
        archive.writestr("x/constants.pkl", pickle.dumps((), 2))
    refused(tmp_path / "x.pt", "TorchScript archive")


def test_tar(tmp_path):
    (tmp_path / "x.pth").write_bytes(b"sys_info".ljust(257, b"\0") + b"ustar\0" + bytes(2000))
    refused(tmp_path / "x.pth", "tar file of PyTorch's first releases")


# What the pickle is, and what is said of it.
HOSTILE = {
    "shape": (entry(tensor((1 << 40,), (1,))), "reaches over the end of its storage"),
    "offset": (entry(tensor((1,), (1,), offset=1 << 60)), "reaches over the end of its storage"),
    "negative stride": (entry(tensor((4,), (-1,))), "no number from 0 on"),
    "negative size": (entry(tensor((-4,), (1,))), "no number from 0 on"),
    "more strides": (entry(tensor((4,), (1, 1))), "damaged"),
    "long storage": (entry(tensor((4,), (1,), count=1 << 40)), "its storages"),
    "short storage": (entry(tensor((1,), (1,), count=2)), "storage"),
    "other type": (entry(tensor((1,), (1,), kind="DoubleStorage")), "damaged"),
    "storage of its own": (
        entry(b"ctorch\nFloatStorage\n" + integer(1 << 50) + b"\x85R"),
        "makes a torch.FloatStorage of its own",
    ),
    "bytearray": (
        entry(b"cbuiltins\nbytearray\n" + integer(1 << 50) + b"\x85R"),
        r"\(builtins.bytearray\) that could run code",
    ),
    "memo": (b"\x80\2}r\xff\xff\xff\x7f.", "no convolution|list of its storages"),
    "text": (b"\x80\2X\xff\xff\xff\x7f.", "claims 2147483647 bytes"),
    "bytes": (b"\x80\4\x8e" + b"\xff" * 8 + b".", "claims 18446744073709551615 bytes"),
    "nested tuples": (b"\x80\2})" + b"\x85" * 90_000 + b"Ns.", "a key that is neither"),
    "nested lists": (
        b"\x80\2" + b"]" * 45_000 + b"a" * 44_999 + b".",
        "holds a list|list of its storages",
    ),
    "many operations": (b"\x80\2}" + b"q\0" * 200_000 + b".", "more than 100000 operations"),
    "doubled key": (b"\x80\2}" + doubled(60) + b"Ns.", "a key that is neither"),
    "doubled key of pairs": (
        entry(b"ccollections\nOrderedDict\n]]" + doubled(60) + b"aNaa\x85R"),
        "a key that is neither",
    ),
    "state of a tensor": (entry(tensor((4,), (1,)) + b"}b"), "puts items into"),
    "items in a tensor": (entry(tensor((4,), (1,)) + b"K\0Ns"), "puts items into"),
    "method in a dict": (
        b"\x80\2ccollections\nOrderedDict\n)R}X\5\0\0\0itemsNsb.",
        "damaged",
    ),
    "quantized": (
        entry(
            tensor((1 << 33,), (0,), count=16, kind="QInt8Storage")
            .replace(b"_rebuild_tensor_v2", b"_rebuild_qtensor")
            .replace(b"\x89c", b"(ctorch\nper_tensor_affine\nG?\xf0\0\0\0\0\0\0K\0t\x89c")
        ),
        "reaches over the end of its storage",
    ),
    "no mark": (b"\x80\2}tR.", "damaged"),
    "empty": (b"", "damaged"),
    "get": (b"\x80\2h\7.", "damaged"),
    "name without end": (b"\x80\2c" + b"a" * 1_000_000, r"a{200}\.\.\.\) that could run code"),
    "itself": (b"\x80\2}q\0X\1\0\0\0ah\0s.", "no convolution|list of its storages"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_pickles(case, tmp_path):
    program, match = HOSTILE[case]
    path = write_archive(tmp_path / "x.pth", program, storages={"0": bytes(16)})
    with cheaply():
        refused(path, match)
    write_legacy(path, program)
    with cheaply():
        refused(path, match)


def test_the_hostile_pickles_differ_from_a_good_one(tmp_path):
    path = write_archive(
        tmp_path / "x.pth", entry(tensor((2, 2), (2, 1))), storages={"0": bytes(16)}
    )
    refused(path, "it holds no convolution")


def test_legacy_storages_that_are_not_listed(tmp_path):
    program = entry(tensor((2, 2), (2, 1)))
    write_legacy(tmp_path / "x.pth", program, keys=())
    refused(tmp_path / "x.pth", "list of its storages")


def test_zip_bombs(tmp_path):
    path = tmp_path / "x.pth"
    write_archive(path, pickle.dumps({}, 2), storages={"0": bytes(10**8)}, compression=8)
    refused(path, "would unpack to .* bytes, more than")
    write_archive(path, pickle.dumps({}, 2), storages={str(n): b"" for n in range(10_001)})
    refused(path, "10004 members")
    write_archive(path, pickle.dumps({}, 2), storages={"0": os.urandom(99)}, compression=14)
    refused(path, "compressed, which PyTorch cannot read")


def test_two_members_of_one_name(tmp_path):
    write_archive(tmp_path / "x.pth", pickle.dumps({}, 2))
    with (
        zipfile.ZipFile(tmp_path / "x.pth", "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("x/version", "3")
    refused(tmp_path / "x.pth", "two of its members have one name")


def test_deep_checkpoints(tmp_path):
    program = b"\x80\x02}" + b"X\x01\0\0\0a}" * 2000 + b"s" * 2000 + b"."
    refused(write_archive(tmp_path / "x.pth", program), "nest deeper than 8")


@pytest.mark.parametrize("as_zip", FORMATS)
def test_damaged_files_are_read_or_refused(as_zip, tmp_path):
    path = save(state_dict(trunk(1)), tmp_path / "x.pth", as_zip=as_zip)
    # The values take most of the file: the places are chosen near its start and its end.
    assert refusals(path, (-1000, 0, 1), (0, 1000, 1), times=150) > 50


@pytest.mark.parametrize("as_zip", FORMATS)
def test_truncated_files_are_refused(as_zip, tmp_path):
    path = save(state_dict(trunk(1)), tmp_path / "x.pth", as_zip=as_zip)
    keep = np.random.default_rng(0).integers(1, path.stat().st_size, 30)
    refused_if_cut(path, [0, 1, 7, 100, 1000, *keep, -1], ".")


def test_flipped_values_are_noticed(tmp_path):
    path = save(state_dict(trunk(1)), tmp_path / "x.pth")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    refused(path, "does not match its checksum")


def test_an_exception_of_the_user_is_not_the_files(tmp_path):
    path = save(state_dict(trunk(1)), tmp_path / "x.pth")
    with pytest.raises(ZeroDivisionError), read_torch_pth(path):
        raise ZeroDivisionError


def test_a_pickle_that_pytorch_does_not_write(tmp_path):
    path = write_archive(tmp_path / "x.pth", pickle.dumps({"a": b"b" * 5000, "c": 1.5}, 5))
    refused(path, "damaged PyTorch file: Unsupported operand 149")

"""The NumPy reader: no file can run code, take much memory or time, or end in a traceback."""

import zipfile

import numpy as np
import pytest
from reference.expect import cheaply, refusals, refused, refused_if_cut
from reference.keras_files import trunk
from reference.numpy_files import (
    Bomb,
    array_2,
    by_layer,
    dictionary_2,
    doubled,
    pairs,
    text,
    write_npy,
)


def write_small(path, save=np.savez):
    if path.suffix == ".npz":
        save(path, **by_layer(trunk(1)))
    else:
        np.save(path, np.array(pairs(trunk(1)), dtype=object))
    return path


def test_code_is_not_run(tmp_path):
    sign = tmp_path / "sign"
    content = {**pairs(trunk(1)), "x": Bomb(f"touch {sign}")}
    np.save(tmp_path / "x.npy", np.array(content, dtype=object))
    refused(tmp_path / "x.npy", r"(posix|nt).system\) that could run code: .* numpy.savez")
    np.savez(tmp_path / "x.npz", x=np.array(content, dtype=object))
    refused(tmp_path / "x.npz", "which could run code")
    assert not sign.exists()


HOSTILE = {
    "memo": (b"\x80\2]r\xff\xff\xff\x7f.", "holds a list"),
    "text": (b"\x80\2T\xff\xff\xff\x7f.", "claims 2147483647 bytes where 1 are left"),
    "bytes": (b"\x80\4\x8e" + b"\xff" * 8 + b".", "claims 18446744073709551615 bytes"),
    "bytearray": (b"\x80\5\x96" + b"\xff" * 8 + b".", "the operation"),
    "long": (b"\x80\2\x8b\xff\xff\xff\x7f.", "the operation"),
    "frames": (b"\x80\4\x95" + b"\xff" * 8 + b"}.", "no convolution"),
    "nested tuples": (b"\x80\2})" + b"\x85" * 90_000 + b"Ns.", "a key that is neither"),
    "nested lists": (b"\x80\2" + b"]" * 45_000 + b"a" * 44_999 + b".", "holds a list"),
    "nested dictionaries": (b"\x80\2}" + b"K\0}" * 9000 + b"s" * 9000 + b".", "nest deeper than 8"),
    "many operations": (b"\x80\2}" + b"q\0" * 200_000 + b".", "more than 100000 operations"),
    "many items": (b"\x80\2}K\0](" + b"N" * 90_000 + b"es.", "no convolution"),
    "doubled key": (b"\x80\2}" + doubled(60) + b"Ns.", "a key that is neither"),
    "doubled value": (b"\x80\2}K\0" + doubled(60) + b"s.", "nest deeper than 8"),
    "itself": (b"\x80\2}q\0K\0h\0s.", "no convolution"),
    "empty": (b"", "cut short"),
    "no mark": (b"\x80\2}t.", "damaged"),
    "stop at once": (b".", "damaged"),
    "name without end": (b"\x80\2c" + b"a" * 1_000_000, "could run code"),
    "large shape": (
        dictionary_2({"conv1_1": [array_2((1 << 30, 1 << 30), "f4", text("abcd"))]}),
        "no convolution",
    ),
    "short data": (
        dictionary_2(
            {
                "conv1_1": [
                    array_2((3, 3, 3, 64), "f4", text("abcd")),
                    array_2((64,), "f4", text("abcd")),
                ]
            }
        ),
        "conv1_1/0 holds 4 bytes",
    ),
    "numbers as data": (
        dictionary_2(
            {
                "conv1_1": [
                    array_2((3, 3, 3, 64), "f4", b"J\xff\xff\xff\x7f"),
                    array_2((64,), "f4", b"K\1"),
                ]
            }
        ),
        "damaged",
    ),
    "objects as numbers": (
        dictionary_2({"conv1_1": [array_2((1,), "O8", text("abcdefgh"))]}),
        "an array of O8",
    ),
    "record type": (
        dictionary_2({"conv1_1": [array_2((1,), "V2147483647", text(""))]}),
        "an array of V214",
    ),
    "two lines": (
        dictionary_2({"conv1_1\n": [array_2((1,), "O\n8", text(""))]}),
        r"array of 'O\\n8'",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_pickles(case, tmp_path):
    program, match = HOSTILE[case]
    write_npy(tmp_path / "x.npy", program)
    with cheaply():
        refused(tmp_path / "x.npy", match)


def header(shape="(64,)", descr="'<f4'", version=1, length=None):
    content = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    size = (length or len(content)).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + content


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (header("(1099511627776,)"), r"has shape \(1099511627776,\) .* but 0 bytes"),
        (header("(-2, -2)") + bytes(16), "damaged"),
        (header("(1,)", "'<f4, <f4'") + bytes(8), "no convolution"),
        (header("(1,)", "[('a', '|O')]") + bytes(8), "pickled objects"),
        (header("(1,)", "'V2147483647'"), "but 0 bytes"),
        (header("(" * 300 + ")" * 300), "damaged"),
        (header("(1,)", "'" + "f4," * 300 + "f4'"), "."),
        (header(version=2, length=(1 << 32) - 1), "damaged"),
        (header(version=9), "damaged"),
        (header("(1,)\x00"), "damaged"),
        (header("__import__('os').system('x')"), "damaged"),
        (b"\x93NUMPY", "damaged"),
        (b"", "damaged"),
    ],
)
def test_hostile_headers(content, match, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("arr_0.npy", content)
    refused(tmp_path / "x.npz", match)
    (tmp_path / "x.npy").write_bytes(content or b"\x93NUMPY\1")
    refused(tmp_path / "x.npy", ".")


def test_zip_bombs(tmp_path):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"arr_{number}.npy", b"")
        for each in archive.infolist():
            each.file_size = 1 << 30  # what it claims is written on closing
    refused(path, "3 arrays of 3221225472 bytes, more than 1000 or 2147483648")
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(1001):
            archive.writestr(f"arr_{number}.npy", b"")
    refused(path, "1001 arrays")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("arr_0.npy", header() + bytes(256))
    refused(path, "compressed by method 14")


@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_damaged_files_are_read_or_refused(kind, tmp_path):
    path = write_small(tmp_path / f"x.{kind}", np.savez_compressed)
    # The values take most of the file: the places are chosen near its start and its end.
    assert refusals(path, (-400, 0, 1), (0, 400, 1), times=300) > 100


@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_truncated_files_are_refused(kind, tmp_path):
    path = write_small(tmp_path / f"x.{kind}")
    refused_if_cut(path, [7, 100, 200, 1000, path.stat().st_size // 2, -1])


def test_flipped_values_are_noticed(tmp_path):
    path = write_small(tmp_path / "x.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    refused(path, "damaged NumPy file: Bad CRC-32")

"""What is given as a file and how it is opened: pipes, devices, what may not be read, large pictures."""

import builtins
import os
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from reference.inputs import picture

from nstjax.images import fit, read, read_comment, read_mask, resize, to_bytes, write
from nstjax.images.files.opening import keeping_pipes, opened_file

READERS = [read, read_mask, read_comment]
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes have names here")


def sent(path, content):
    """A thread that sends something through a pipe, once."""
    thread = threading.Thread(target=path.write_bytes, args=[content])
    thread.start()
    return thread


@needs_pipes
@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.tif", "x.webp"])
def test_a_named_pipe_is_read(tmp_path, name):
    write(tmp_path / name, picture(), comment="ours")
    os.mkfifo(tmp_path / "pipe")
    for reader in (read, read_comment):
        thread = sent(tmp_path / "pipe", (tmp_path / name).read_bytes())
        np.testing.assert_array_equal(reader(tmp_path / "pipe"), reader(tmp_path / name))
        thread.join()


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="descriptors have no names here")
def test_a_descriptor_is_read_and_again_where_that_was_said(tmp_path, refused):
    write(tmp_path / "x.png", picture())
    content, expected = (tmp_path / "x.png").read_bytes(), read(tmp_path / "x.png")
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "wb") as file:
        file.write(content)
        file.close()
        with keeping_pipes():
            for _ in range(3):
                np.testing.assert_array_equal(read(f"/dev/fd/{reading}"), expected)
            with opened_file(f"/dev/fd/{reading}") as opened:
                assert opened.read() == content
        with refused("is not a picture .* the file is empty"):
            read(f"/dev/fd/{reading}")


@needs_pipes
def test_what_came_through_a_pipe_is_forgotten(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for color in ("red", "blue"):
        Image.new("RGB", (2, 2), color).save(tmp_path / "x.png")
        thread = sent(tmp_path / "pipe", (tmp_path / "x.png").read_bytes())
        with keeping_pipes():
            found = read(tmp_path / "pipe")
        thread.join()
        np.testing.assert_array_equal(found, read(tmp_path / "x.png"))


@pytest.mark.parametrize("reader", READERS)
def test_what_is_neither_file_nor_pipe_is_refused(tmp_path, refused, reader):
    with refused(f"^{tmp_path} is a folder, not a picture"):
        reader(tmp_path)
    with refused(r"^'.*x\\x00y' is a name that no file can have"):
        reader(tmp_path / "x\0y")
    with refused("x/y does not exist"):
        (tmp_path / "x").write_bytes(b"")
        reader(tmp_path / "x" / "y")
    with refused("x is not a picture .* the file is empty"):
        reader(tmp_path / "x")
    if os.path.exists("/dev/null"):
        with refused("^/dev/null is a device, not a picture"):
            reader("/dev/null")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="sockets are no files here")
def test_a_socket_is_refused(tmp_path, refused, monkeypatch):
    monkeypatch.chdir(tmp_path)  # its name may not be long
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("s")
        with refused("^s is a socket, not a picture"):
            read("s")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("where", ["stat", "open"])
def test_permission_is_told_from_damage(tmp_path, refused, monkeypatch, reader, where):
    path = tmp_path / "x.png"
    write(path, picture())
    module = os if where == "stat" else builtins
    usual = getattr(module, where)

    def forbidden(file, *arguments, **options):
        if str(file) == str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return usual(file, *arguments, **options)

    monkeypatch.setattr(module, where, forbidden)
    with refused(f"^{path} cannot be read: Permission denied$"):
        reader(path)


def test_a_failing_disk_is_told_from_damage(tmp_path, refused, monkeypatch):
    write(tmp_path / "x.png", picture())

    def failing(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Image, "open", failing)
    with refused("x.png cannot be read: Input/output error$"):
        read(tmp_path / "x.png")


def test_a_file_makes_no_room_for_what_it_only_claims(tmp_path):
    write(tmp_path / "x.png", picture())
    with opened_file(tmp_path / "x.png") as file:
        assert file.read(2**62) == (tmp_path / "x.png").read_bytes()


def photograph(path, height, width):
    """A picture with large and fine structure, as JPEG."""
    y, x = np.mgrid[:height, :width] / np.float32(height)
    waves = [np.sin(40 * x * each) * np.cos(25 * y + each) for each in (1, 2, 3)]
    noise = np.random.default_rng(0).normal(0, 0.03, (height, width, 1))
    pixels = 0.5 + 0.3 * np.stack(waves, axis=-1) + noise
    Image.fromarray(to_bytes(pixels)).save(path, quality=92)


@pytest.mark.parametrize(
    ("shape", "mode"),
    [((1200, 1600), "L"), ((801, 1603), "RGB"), ((1607, 805), "RGB"), ((600, 1600), "CMYK")],
)
def test_a_large_jpeg_is_reduced_and_gives_nearly_the_same(tmp_path, shape, mode):
    path = tmp_path / "x.jpg"
    photograph(path, *shape)
    with Image.open(path) as image:
        image.convert(mode).save(path, quality=92)
    whole = read(path)
    for long_side, factor in ((40, 8), (64, 4), (128, 2), (201, 1), (1600, 1), (5000, 1)):
        found = read(path, long_side=long_side)
        if factor == 1:
            np.testing.assert_array_equal(found, whole)
            continue
        assert max(found.shape) == -(-max(shape) // factor)
        size = fit(*shape, long_side)
        np.testing.assert_allclose(resize(found, *size), resize(whole, *size), atol=3 / 255)


def test_other_formats_are_not_reduced(tmp_path):
    write(tmp_path / "x.png", picture())
    np.testing.assert_array_equal(read(tmp_path / "x.png", long_side=2), read(tmp_path / "x.png"))


PEAK = """
import resource, sys
from nstjax.images import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert max(read(sys.argv[1], long_side=96).shape) == 1875
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise")
def test_a_picture_of_170_megapixels_takes_no_gigabytes(tmp_path):
    Image.new("RGB", (15_000, 11_300), (200, 100, 50)).save(tmp_path / "x.jpg")
    command = [sys.executable, "-c", PEAK, str(tmp_path / "x.jpg")]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert int(found.stdout) < 300_000  # kB

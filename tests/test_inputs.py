"""What a command reads: at what size, through pipes, and with a word where a file is damaged."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from nstjax import Settings
from nstjax.cli.files import inputs as module
from nstjax.cli.files.inputs import read_inputs
from nstjax.cli.files.named_files import StyleFiles
from nstjax.cli.files.origin import Origins
from nstjax.images.files.opening import keeping_pipes

RAMP = np.stack(np.broadcast_arrays(*np.ogrid[0:255:900j, 255:0:1200j], 90), -1).astype(np.uint8)


@pytest.fixture
def reading(tmp_path, monkeypatch):
    """Reads the inputs of a command whose network is any file."""
    (tmp_path / "network").write_bytes(b"weights")
    network = SimpleNamespace(file=tmp_path / "network", name="network", remark="")
    monkeypatch.setattr(module, "find_weights", lambda *_, **__: network)

    def read(content, style, settings, several=()):
        arguments = SimpleNamespace(
            pictures=SimpleNamespace(content=content, styles=(style,), masks=(), style_masks=()),
            run=SimpleNamespace(device="cpu", quiet=True, bit_depth=8),
            settings=settings,
            like=None,
            model="",
            preprocessing="",
            preset="x",
        )
        return read_inputs(arguments, StyleFiles([style], []), several or [settings])

    return read


@pytest.fixture
def photo(tmp_path):
    """A photograph of 1200x900 pixels."""
    Image.fromarray(RAMP).save(tmp_path / "photo.jpg")
    return tmp_path / "photo.jpg"


@pytest.mark.parametrize(
    ("settings", "several", "content", "style"),
    [
        ({"size": 600}, [], 1200, 1200),
        ({"size": 70}, [], 300, 300),
        ({"size": 70, "style_size": 600}, [], 300, 1200),
        ({"size": 70, "style_scale": (0.5, 2.0)}, [], 300, 600),
        ({"size": 70}, [{"size": 70}, {"size": 140}], 600, 600),
        ({"size": 70}, [{"size": 70}, {"size": 30, "style_scale": (5.0,)}], 300, 600),
    ],
)
def test_pictures_are_reduced_to_what_all_settings_need(
    reading, photo, settings, several, content, style
):
    found = reading(photo, photo, Settings(**settings), [Settings(**each) for each in several])
    assert max(found.content.pixels.shape) == content
    assert max(found.styles[0].shape) == style


def test_a_file_that_was_cut_short_is_named(reading, photo, tmp_path):
    (tmp_path / "cut.jpg").write_bytes(photo.read_bytes()[:-2])
    (told,) = reading(photo, tmp_path / "cut.jpg", Settings()).remarks
    assert told.startswith(f"{tmp_path / 'cut.jpg'} lacks the end of its file")


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="descriptors have no names here")
def test_a_pipe_is_known_by_what_came_through_it(reading, photo):
    settings = Settings()

    def origin(inputs):
        return Origins(bit_depth=8).of(inputs.made_of, settings)

    expected = origin(reading(photo, photo, settings))
    first, second = os.pipe()
    with os.fdopen(first), os.fdopen(second, "wb") as sending:
        sending.write(photo.read_bytes())
        sending.close()
        with keeping_pipes():
            assert origin(reading(Path(f"/dev/fd/{first}"), photo, settings)) == expected

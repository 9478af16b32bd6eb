"""Films of a picture that grows."""

import io
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from reference.commands import HERE

from nstjax import files
from nstjax.cli import main
from nstjax.cli.files.beside import film_kinds
from nstjax.cli.files.beside.film import LAST, LONGEST, ROOM, Film
from nstjax.cli.files.beside.film_kinds import CODECS, RATE
from nstjax.losses import Losses
from nstjax.optimize import Level
from nstjax.result import Progress

try:
    import av
except ImportError:
    av = None

MP4 = pytest.param("film.mp4", marks=pytest.mark.skipif(av is None, reason="PyAV is not installed"))
NAMES = [MP4, "film.webp"]
LEVELS = (Level(24, 32, 20), Level(49, 65, 20))
NEAR = 6 / 255  # on average, of what is lossy


def gray(share, height=24, width=32):
    """Nearly gray and lighter from frame to frame, with a red side, so that channels are told apart."""
    pixels = np.full((height, width, 3), 0.2 + 0.6 * share, np.float32)
    pixels[:, : width // 2, 1:] /= 2
    return pixels


def report(fraction, total_step=1, image=None, size=(24, 32)):
    losses = Losses(*(np.float32([0.5]) for _ in Losses._fields))
    image = image or (lambda: gray(fraction))
    return Progress(1, 2, *size, total_step, 20, total_step, 40, fraction, losses, image)


def filmed(path, fractions, levels=LEVELS):
    with Film(path, levels) as film:
        for fraction in fractions:
            film(report(fraction))


def frames_of(path):
    """All pictures of a film `(N, H, W, 3)` in [0, 1], one a tick."""
    if path.suffix == ".mp4":
        with av.open(str(path)) as container:
            assert container.streams.video[0].average_rate == RATE
            assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
            decoded = [frame.reformat(format="rgb24") for frame in container.decode(video=0)]
            return np.stack([frame.to_ndarray() for frame in decoded]) / 255
    frames, ended = [], 0
    with Image.open(path) as picture:
        for index in range(picture.n_frames):
            picture.seek(index)
            picture.load()
            ended += picture.info["duration"]
            ticks = round(ended * RATE / 1000) - len(frames)
            frames += [np.asarray(picture.convert("RGB"))] * ticks
    return np.stack(frames) / 255


def near(frame, pixels):
    return np.abs(frame - pixels).mean() < NEAR


@pytest.mark.parametrize("name", NAMES)
def test_its_time_is_the_share_of_the_work(tmp_path, name):
    path = tmp_path / name
    filmed(path, [0.1, 0.5, 0.52, 1])  # at 40 steps a tick is 0.025
    frames = frames_of(path)
    assert len(frames) == 40 + LAST
    for tick, share in ((0, 0.1), (19, 0.1), (20, 0.5), (39, 0.5), (40, 1), (40 + LAST - 1, 1)):
        assert near(frames[tick], gray(share, *frames.shape[1:3])), tick
    assert (np.diff(frames.mean((1, 2, 3))) > -0.01).all()
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_as_large_as_the_picture_and_never_larger_than_is_useful(tmp_path, name):
    path = tmp_path / name
    even = name.endswith("mp4")
    filmed(path, [0.5, 1])
    assert frames_of(path).shape[1:3] == ((48, 64) if even else (49, 65))
    filmed(path, [1], (Level(768, 3072, 1),))
    assert frames_of(path).shape[1:3] == (256, 1024)


@pytest.mark.parametrize("name", NAMES)
def test_its_frames_are_bounded_and_the_last_picture_is_among_them(tmp_path, name):
    taken = []
    path = tmp_path / name
    levels = (Level(12, 16, 3000),)
    with Film(path, levels) as film:
        for step in range(1, 2900):  # stopped early, between two ticks
            share = step / 3000
            film(report(share, step, lambda share=share: taken.append(share) or gray(share)))
    assert taken[0] == 1 / 3000
    assert taken[-1] == 2899 / 3000
    assert 270 <= len(taken) <= LONGEST + 1
    assert np.diff(taken).max() < 2 / LONGEST
    assert near(frames_of(path)[-1], gray(2899 / 3000, 12, 16))


@pytest.mark.parametrize("name", NAMES)
def test_a_single_report_is_a_film_too(tmp_path, name):
    filmed(tmp_path / name, [1])
    assert near(frames_of(tmp_path / name)[-1], gray(1, *frames_of(tmp_path / name).shape[1:3]))


@pytest.mark.skipif(av is None, reason="PyAV is not installed")
def test_without_an_encoder_of_h264_it_is_mpeg4(tmp_path, monkeypatch):
    monkeypatch.setattr(film_kinds, "CODECS", {"unknown": {}, "mpeg4": CODECS["mpeg4"]})
    filmed(tmp_path / "film.mp4", [0.5, 1])
    assert near(frames_of(tmp_path / "film.mp4")[-1], gray(1, 48, 64))
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"


def test_pictures_that_wait_for_the_encoder_are_bounded(tmp_path):
    side, bound = 2048, ROOM // 2048**2
    made, waiting, fetched = [], [], []

    def image():
        time.sleep(0.003)
        fetched.append(1)
        return gray(0.5)

    with Film(tmp_path / "film.webp", (Level(24, 32, 40),)) as film:
        for step in range(1, 41):
            made.append(1)
            film(report(step / 40, step, image, (side, side)))
            waiting.append(len(made) - len(fetched))
    assert len(fetched) == 40
    assert 1 < max(waiting) <= bound


@pytest.mark.parametrize(
    ("steps", "every"),
    [((50, 50, 45), 1), ((100,), 1), ((6000,), 20), ((1000, 500, 500), 5), ((997,), 1)],
)
def test_reports_come_about_as_often_as_frames(steps, every):
    levels = [Level(24, 32, count) for count in steps]
    assert Film(Path("film.webp"), levels).report_every == every


def broken_off(path):
    with Film(path, LEVELS) as film:
        film(report(0.5))
        raise FloatingPointError


@pytest.mark.parametrize("name", NAMES)
def test_work_that_fails_leaves_nothing_and_an_older_film(tmp_path, name):
    with pytest.raises(FloatingPointError):
        broken_off(tmp_path / name)
    assert os.listdir(tmp_path) == []
    (tmp_path / name).write_bytes(b"older")
    with pytest.raises(FloatingPointError):
        broken_off(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"older"


def full(*_):
    raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_an_older_film_and_is_told(tmp_path, monkeypatch, refused):
    path = tmp_path / "film.webp"
    path.write_bytes(b"older")
    monkeypatch.setattr(files.atomic_files, "write", full)
    with refused("^cannot write .*film.webp: No space left on device"):
        filmed(path, [0.5, 1])
    assert path.read_bytes() == b"older"


@pytest.mark.skipif(av is None, reason="PyAV is not installed")
def test_an_encoder_that_fails_is_told(tmp_path, monkeypatch, refused):
    monkeypatch.setattr(film_kinds, "CODECS", {"libx264": {"crf": "much"}})
    with refused("^cannot encode the film: .*; give one that ends in .webp"):
        filmed(tmp_path / "film.mp4", [0.5, 1])
    assert os.listdir(tmp_path) == []


def test_another_host_only_gives_its_part():
    asked = []
    with Film(None, LEVELS, spans_hosts=True) as film:
        for fraction in (0.5, 0.505, 1, 1):
            film(report(fraction, image=lambda fraction=fraction: asked.append(fraction)))
    assert asked == [
        0.5,
        1,
        1,
    ]  # the last once more: whoever writes cannot know that it is the same


FLAGS = [
    *("--size", "48", "--coarsest", "24", "--coarse-steps", "4", "--steps", "6", "--quiet"),
    *("--content-layers", "relu2_1", "--style-layers", "relu1_1", "relu2_1"),
]


@pytest.fixture
def command(tmp_path, monkeypatch, weights_file):
    """What paints a small picture."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("content.png", "style.png"):
        Image.fromarray(random.integers(0, 255, (48, 64, 3), np.uint8)).save(name)
    return ["stylize", "content.png", "style.png", "--model", str(weights_file), *FLAGS, *HERE]


@pytest.mark.usefixtures("quick_to_compile")
def test_the_command_films_every_step_beside_pictures_on_the_way(command):
    extras = ["--save-every", "5", "-o", "out.png", "--save-film", "out.webp"]
    assert main([*command, *extras]) == 0
    frames = frames_of(Path("out.webp"))
    with Image.open("out.webp") as film, Image.open("out.png") as picture:
        assert film.size == picture.size == (48, 36)
        assert film.n_frames >= 6  # those at full size at least
    stored = io.BytesIO()
    with Image.open("out.png") as picture:
        picture.convert("RGB").save(stored, "WEBP", **film_kinds.WEBP)
    with Image.open(stored) as same:
        np.testing.assert_array_equal(frames[-1] * 255, np.asarray(same.convert("RGB")))
    assert len({frame.tobytes() for frame in frames}) >= 6
    assert Path("out_00005.png").is_file()


@pytest.mark.usefixtures("quick_to_compile")
def test_a_film_that_cannot_be_written_does_not_cost_the_picture(command, monkeypatch, capsys):
    original = files.atomic_files.write
    monkeypatch.setattr(
        files.atomic_files,
        "write",
        lambda path, data: full() if Path(path).suffix == ".webp" else original(path, data),
    )
    assert main([*command, "-o", "out.png", "--save-film", "out.webp"]) == 2
    assert capsys.readouterr().err == "error: cannot write out.webp: No space left on device\n"
    assert Path("out.png").is_file()
    assert not Path("out.webp").exists()


@pytest.mark.parametrize(
    ("film", "told"),
    [
        ("film.gif", "cannot write the film film.gif: give a name ending in .mp4 or .webp"),
        ("film", "give a name ending in .mp4 or .webp"),
        ("nowhere/film.webp", "No such file or directory"),
        ("content.webp", "it is the content picture"),
        ("out.webp", "it is the film of --save-film"),
    ],
)
def test_a_film_that_cannot_be_is_refused_before_the_work(command, capsys, film, told):
    os.replace("content.png", "content.webp")
    there = sorted(os.listdir())
    command = [word.replace("content.png", "content.webp") for word in command]
    assert main([*command, "-o", "out.webp", "--save-film", film]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert sorted(os.listdir()) == there


def test_where_pyav_is_missing_it_is_told_how_to_get_it(command, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "av", None)
    assert main([*command, "-o", "out.png", "--save-film", "out.mp4"]) == 2
    said = capsys.readouterr().err
    assert 'PyAV is not installed: pip install "nstjax[film]", or give a name' in said
    assert not Path("out.png").exists()


def test_where_pillow_has_no_webp_it_is_told(command, monkeypatch, capsys):
    monkeypatch.setattr(film_kinds, "features", SimpleNamespace(check={}.get))
    assert main([*command, "-o", "out.png", "--save-film", "out.webp"]) == 2
    assert "Pillow has no WebP here: give a name ending in .mp4" in capsys.readouterr().err

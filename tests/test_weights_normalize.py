"""`normalize` as a command: photographs in, a rescaled network out."""

import numpy as np
import pytest
from PIL import Image
from reference.keras_files import trunk, write_keras3

from weights_tools import WeightsError, read
from weights_tools.__main__ import main
from weights_tools.normalize import mean_activations
from weights_tools.pictures import find_pictures, read_pictures

pytestmark = pytest.mark.usefixtures("cache")


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


def test_normalize_refuses_what_it_would_read_wrongly(tmp_path):
    words = np.arange(60 * 40, dtype=np.uint16).reshape(40, 60) * 20
    Image.fromarray(words).save(tmp_path / "16.png")
    Image.fromarray(words).save(tmp_path / "16.tif")
    Image.fromarray(words.astype(np.float32)).save(tmp_path / "f.tif")
    Image.new("RGB", (60, 40)).save(tmp_path / "small.tif", tiffinfo={254: 1})
    for name in ("16.png", "16.tif", "f.tif", "small.tif"):
        with pytest.raises(WeightsError, match=f"{name} is no photograph of 8 bits a channel"):
            list(read_pictures([tmp_path / name]))


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

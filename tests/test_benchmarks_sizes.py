"""Sizes compared: distances between pictures, and the table of them."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="the benchmarks compare with PyTorch")

from benchmarks.sizes import Judge, compare
from benchmarks.sizes_report import sizes_table
from nstjax.optimize import Level
from nstjax.settings import STYLE_LAYERS, Settings

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def test_a_picture_is_its_own_preview_and_the_painting_its_own_style(network):
    painting = np.random.default_rng(0).random((48, 32, 3), np.float32)
    other = painting[::-1, :, ::-1] ** 2
    results = {
        48: SimpleNamespace(image=painting, levels=[Level(48, 32, 1)], settings=Settings()),
        64: SimpleNamespace(image=other, levels=[Level(48, 32, 1)], settings=Settings()),
    }
    rows = compare(Judge(network("vgg16")), painting, results)
    assert rows["48"] == {
        "painting": dict.fromkeys(STYLE_LAYERS, 0.0),
        "preview": dict.fromkeys(STYLE_LAYERS, 0.0),
    }
    assert rows["64"]["painting"] == rows["64"]["preview"]
    assert min(rows["64"]["painting"].values()) > 1e-3


def test_the_table_has_each_size_and_each_weight():
    near, far = {"relu1_1": 0.01, "relu2_1": 0.02}, {"relu1_1": 0.1, "relu2_1": 0.2}
    record = {
        "recipe": "default",
        "network": "vgg16",
        "pictures": ["photo", "painting"],
        "sizes": {
            "256": {"painting": near, "preview": dict.fromkeys(near, 0.0)},
            "1024": {"painting": far, "preview": near},
        },
        "content_weights": {"0.5": far},
    }
    lines = sizes_table(record).lines
    assert [(line["picture"], line["from"], line["relu2_1"]) for line in lines] == [
        ("256 px", "the painting", "0.02"),
        ("1024 px", "the painting", "0.2"),
        ("1024 px", "the preview of 256 px", "0.02"),
        ("256 px, content weight x 0.5", "the preview of 256 px", "0.2"),
    ]

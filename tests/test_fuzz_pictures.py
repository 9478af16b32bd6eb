"""A short form of the fuzzing of picture files, recipes and settings."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "fuzz"))

pytest.importorskip("resource")  # which Windows has not
import pictures

from nstjax.images.decode import damage

pictures.Image.init()


@pytest.mark.parametrize("name", pictures.SEEDS)
def test_changed_files_are_read_or_refused_in_one_line(tmp_path, monkeypatch, name):
    if name not in ("recipe", "settings") and name not in pictures.Image.SAVE:
        pytest.skip("this Pillow has no such format")
    monkeypatch.setattr(damage, "reason", damage.reason)  # put back afterwards
    monkeypatch.setattr(pictures.Image, "MAX_IMAGE_PIXELS", 1 << 19)
    found = pictures.run(name, 60, tmp_path / "x")
    assert found["executions"] == 60
    assert found["read"] > 0

"""A folder stands for its pictures."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nstjax.cli.files.style_files import find_style_files
from nstjax.images import write
from nstjax.settings import Settings
from nstjax.settings.recipe import Recipe

PIXELS = np.zeros((4, 4, 3))
RECIPE = Recipe(settings=Settings(), preset="default", content="a", styles=("b",), model="x")


def test_a_folder_stands_for_its_pictures_by_name(tmp_path):
    folder = tmp_path / "paintings"
    (folder / "below.png").mkdir(parents=True)
    for name in ("b.PNG", "a.jpg", ".hidden.png"):
        write(folder / name, np.zeros((4, 4, 3)))
    (folder / "notes.txt").write_text("no picture")
    file = tmp_path / "one.without-an-ending"
    assert find_style_files([file, folder]) == [file, folder / "a.jpg", folder / "b.PNG"]


def test_files_stay_as_they_are_even_where_there_are_none():
    names = [Path("z.png"), Path("a.png"), Path("x" * 300), Path("a\0b")]
    assert find_style_files(names) == names


def test_a_folder_without_pictures_is_refused(tmp_path, refused):
    with refused("no picture is in the folder"):
        find_style_files([tmp_path])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_what_is_no_picture_is_left_out_with_a_word(tmp_path):
    write(tmp_path / "a.png", PIXELS)
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")  # the content decides
    write(tmp_path / "b.tif", PIXELS)
    (tmp_path / "c.tif").write_bytes(b"II*\0" + b"a kind that Pillow does not know")
    (tmp_path / "d.png").write_bytes(
        (tmp_path / "a.jpg").read_bytes()[:-20]
    )  # told when it is read
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "film.mpg").write_bytes(b"\0\0\1\xb3" + bytes(20))
    (tmp_path / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(20))
    (tmp_path / ".hidden").touch()
    remarks = []
    found = find_style_files([tmp_path], remark=remarks.append)
    assert [file.name for file in found] == ["a.jpg", "b.tif", "c.tif", "d.png"]
    assert remarks == [
        f"left out of {tmp_path}: empty.jpg, film.mpg, gone.png and 4 more (no picture)"
    ]


def test_what_was_made_there_is_no_style_of_the_next(tmp_path):
    names = ("one.png", "two.jpg")
    for name in names:
        write(tmp_path / name, PIXELS)
    for name in ("out.png", "out_00010.jpg", "001-seed=1.webp"):
        write(tmp_path / name, PIXELS, comment=RECIPE.to_json())
    write(tmp_path / "sheet.png", PIXELS)
    index = {"nstjax": "1", "cells": [{"file": "sheet/001-seed=1.png"}]}
    (tmp_path / "sheet.json").write_text(json.dumps(index))
    with Image.open(tmp_path / "one.png") as image:
        exif = image.getexif()
        exif[0x9286] = b"a comment of somebody else"
        image.save(tmp_path / "three.png", exif=exif)
    remarks = []
    found = find_style_files([tmp_path], [tmp_path / "." / ""], remarks.append)
    assert [file.name for file in found] == ["one.png", "three.png", "two.jpg"]
    assert remarks == [
        f"left out of {tmp_path}: sheet.json (no picture)",
        f"left out of {tmp_path}: 001-seed=1.webp, out.png, out_00010.jpg and 1 more (made by nstjax)",
    ]
    # Elsewhere they are pictures as any other.
    assert len(find_style_files([tmp_path], [tmp_path.parent, tmp_path / "nowhere"])) == 7


def test_a_folder_of_nothing_else_is_refused(tmp_path, refused):
    write(tmp_path / "out.png", PIXELS, comment=RECIPE.to_json())
    with refused("no picture is in the folder"):
        find_style_files([tmp_path], [tmp_path])

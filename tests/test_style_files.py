"""A folder stands for its pictures."""

from pathlib import Path

import numpy as np

from nstjax.cli.files.style_files import find_style_files
from nstjax.images import write


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

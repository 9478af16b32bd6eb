"""A photograph's pictures on one sheet, for the eye."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.look.painter import picture_path
from nstjax.images import ContactSheet, read, write

BOX = (256, 256)


def write_sheet(
    output: Path,
    pictures: Path,
    *,
    size: int,
    content: str,
    styles: Sequence[str],
    programs: Sequence[str],
) -> Path:
    """Writes a row a painting: photograph, painting, and the pictures of all programs.

    Returns: the file.
    """
    columns = ("photograph", "painting", *programs)
    sheet = ContactSheet(BOX, [(style,) for style in styles], [(name,) for name in columns], [])
    cells: dict[tuple[int, int], np.ndarray | str] = {}
    for row, style in enumerate(styles):
        painted = [picture_path(output, size, (content, style), program) for program in programs]
        files = [pictures / f"{content}.jpg", pictures / f"{style}.jpg", *painted]
        cells |= {(row, column): read(file) for column, file in enumerate(files)}
    path = output / f"look-{size}-{content}.jpg"
    write(path, sheet.draw(cells) / np.float32(255))
    return path

"""What a picture is made from, in one number: a recipe names files and does not know what is in them."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from nstjax.images.files.opening import opened_file
from nstjax.settings import Settings
from nstjax.settings.mixture import parse_mixture


class Origins:
    """Hashes of files, each read once."""

    def __init__(self, bit_depth: int):
        self._bit_depth = bit_depth
        self._digests: dict[Path, str] = {}

    def of(self, files: Sequence[Path], settings: Settings) -> str:
        """A hash of pictures, masks and network, of a first picture of the settings, and the bit depth.

        With the same recipe besides, the same file comes out.

        Raises `UserError` for a file that cannot be read.
        """
        names = [name for name, _ in parse_mixture("init", settings.init)]
        first = [Path(name) for name in names if os.path.isfile(name)]
        text = " ".join([str(self._bit_depth), *map(self._digest, [*files, *first])])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _digest(self, file: Path) -> str:
        if file not in self._digests:
            with opened_file(file) as opened:
                self._digests[file] = hashlib.file_digest(opened, "sha256").hexdigest()
        return self._digests[file]

"""What a picture is made from, in one number: a recipe names files and does not know what is in them."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from nstjax.cli.files.inputs import Inputs
from nstjax.images.files.opening import opened_file
from nstjax.settings import Settings
from nstjax.settings.mixture import parse_mixture


def origins(inputs: Inputs, several: Sequence[Settings]) -> Iterator[str]:
    """For each settings a hash of pictures, masks, network and bit depth.

    With the same recipe besides, the same file comes out.
    """
    digests: dict[Path, str] = {}

    def digest(file: Path) -> str:
        if file not in digests:
            with opened_file(file) as opened:
                digests[file] = hashlib.file_digest(opened, "sha256").hexdigest()
        return digests[file]

    always = [*inputs.files, inputs.network.file]
    for settings in several:
        names = [name for name, _ in parse_mixture("init", settings.init)]
        files = [*always, *(Path(name) for name in names if os.path.isfile(name))]
        text = " ".join([str(inputs.arguments.run.bit_depth), *map(digest, files)])
        yield hashlib.sha256(text.encode()).hexdigest()[:16]

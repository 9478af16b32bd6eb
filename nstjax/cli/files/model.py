"""Which network a command uses."""

from pathlib import Path
from typing import NamedTuple

import weights_tools

# VGG19 is the network of the papers. Where its publishers cannot be reached, pip may still bring the
# VGG16 of the same authors, and if not that, one that was trained on from it.
PREFERENCES = ("vgg19", "vgg16-onnx", "vgg16-hed")


class FoundWeights(NamedTuple):
    """The network that a command uses."""

    name: str  # of `weights list`, or a weights file
    remark: str  # what a person should know about it
    file: Path  # converted


def find_weights(model: str, preprocessing: str = "", *, progress: bool = True) -> FoundWeights:
    """A network and its converted file; fetched and converted if need be.

    `auto` is the first of `PREFERENCES` that can be had. `preprocessing` overrides what the network
    is said to expect.

    Raises `weights_tools.WeightsError`.
    """
    if model != "auto" or preprocessing:
        name = PREFERENCES[0] if model == "auto" else model
        found = weights_tools.resolve(name, preprocessing=preprocessing, progress=progress)
        if name in weights_tools.SOURCES and not preprocessing:
            return FoundWeights(name, "", found)
        about = weights_tools.summary(weights_tools.read_header(found))
        return FoundWeights(name, f", {about}", found)
    failures = []
    for name in PREFERENCES:
        try:
            found = weights_tools.resolve(name, progress=progress)
        except weights_tools.WeightsError as error:
            failures.append(str(error))
            continue
        missed = f" ({PREFERENCES[0]} cannot be fetched)" if failures else ""
        return FoundWeights(name, missed, found)
    others = " and ".join(PREFERENCES[1:])
    why = failures[-1].partition("; ")[0]  # what to do by hand is told once
    raise weights_tools.WeightsError(f"{failures[0]}; nor could {others} be fetched ({why})")

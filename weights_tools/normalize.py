"""Gatys' normalized VGG: every filter's mean activation over a set of pictures is one.

With a_lj the mean of filter j of layer l after its ReLU, over all positions of all pictures, and
a_0j = 1 for the colors,

    W'_lij = W_lij a_(l-1)i / a_lj        b'_lj = b_lj / a_lj

(Gatys, Ecker, Bethge, NIPS 2015, section 2; CVPR 2016, section 2.) As relu(c x) = c relu(x) for
c > 0, and poolings of both kinds scale likewise, every feature map is divided by its a_lj and nothing
else changes: a network as good as before, whose layers and filters count alike in a loss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from weights_tools.errors import WeightsError
from weights_tools.forward import activations
from weights_tools.layout import NetworkWeights, layer_names


def normalize(weights: NetworkWeights, pictures: Iterable[np.ndarray]) -> NetworkWeights:
    """Rescale a network so that every filter's mean activation over `pictures` is one.

    A filter that no picture excites keeps its scale.

    Args:
        weights: the network, whole or cut.
        pictures: sRGB in [0, 1], each `(H, W, 3)`, H and W of at least 16.

    Raises:
        WeightsError: no pictures, or none that excites a layer.
    """
    means, count = mean_activations(weights, pictures)
    tensors: dict[str, np.ndarray] = {}
    incoming = np.ones(3)
    for layer in layer_names(weights.architecture, weights.last_layer):
        mean = means[f"relu{layer[4:]}"]
        if not mean.any():
            raise WeightsError(f"no picture excites {layer}: give photographs of any kind")
        outgoing = np.where(mean > 0, mean, 1.0)
        # W'_lij = W_lij a_(l-1)i / a_lj
        kernel = weights.tensors[f"{layer}/kernel"] * incoming[:, np.newaxis] / outgoing
        tensors[f"{layer}/kernel"] = kernel.astype(np.float32)
        # b'_lj = b_lj / a_lj
        tensors[f"{layer}/bias"] = (weights.tensors[f"{layer}/bias"] / outgoing).astype(np.float32)
        incoming = outgoing
    return dataclasses.replace(
        weights,
        tensors=tensors,
        source=f"{weights.source}, normalized over {count} picture{'s' * (count != 1)}",
        dtype="float32",  # or a gain might not fit, and the means were rounded
    )


def mean_activations(
    weights: NetworkWeights, pictures: Iterable[np.ndarray]
) -> tuple[dict[str, np.ndarray], int]:
    """Return the mean `(C,)` of every ReLU over all positions, by name, and how many pictures.

    Raises:
        WeightsError: no pictures.
    """
    sums: dict[str, np.ndarray] = {}
    positions: dict[str, int] = {}
    count = 0
    for pixels in pictures:
        count += 1
        for name, features in activations(weights, pixels):
            # float64: a picture has tens of thousands of positions.
            total = features.sum((0, 1), dtype=np.float64)
            sums[name] = sums.get(name, 0) + total
            positions[name] = positions.get(name, 0) + features[..., 0].size
    if not count:
        raise WeightsError("there is no picture to normalize over: give some photographs")
    return {name: total / positions[name] for name, total in sums.items()}, count

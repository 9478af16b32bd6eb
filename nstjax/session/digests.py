"""What a picture is made from, in a few characters that nothing else has."""

import hashlib
from collections.abc import Iterable

import numpy as np

from nstjax.prepare import Transfer


def digests_of(transfer: Transfer) -> dict[str, str]:
    """What the transfer is made from, each as a digest."""
    weights = transfer.weights
    masks = [
        np.zeros(0) if mask is None else np.asarray(mask)
        for region in transfer.regions
        for mask in (region.mask, *region.styles.values())
    ]
    network = [np.asarray(weights.tensors[name]) for name in sorted(weights.tensors)]
    return {
        "content": digest_of([] if transfer.content is None else [transfer.content]),
        "styles": digest_of(transfer.paintings),
        "regions": digest_of(masks, [tuple(region.styles) for region in transfer.regions]),
        "network": digest_of(network, [weights.architecture, *weights.preprocessing]),
    }


def digest_of(arrays: Iterable[np.ndarray], *others: object) -> str:
    """SHA-256 of arrays, with their types and shapes, and of how others look."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype} {array.shape}".encode())
        found.update(np.asarray(array, order="C").data)
    found.update(repr(others).encode())
    return found.hexdigest()

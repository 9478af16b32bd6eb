"""The content in the style's own words: each position's features become the most similar of the style.

Chen and Schmidt 2016, "Fast patch-based style transfer of arbitrary style", equation 2, with patches of
one position, and means taken off as by Kolkin et al. 2022 ("Neural neighbor style transfer"). F are the
content's features and F* the style's, mu and mu* their means over the positions:

    swap(F)_i = F*_j     at the j with the largest cosine of F_i - mu and F*_j - mu*

What looks alike in the photograph is then asked to look alike in the picture, in a way that the painting
has. A picture can meet that and the style's statistics at once. Of a photograph's own features a style
with other colors and contrasts lets little be met, and how much depends on the pair.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nstjax.losses.moments import MomentSums, moment_sums
from nstjax.losses.parts import LayerPart, both

MOST_POSITIONS = 2**14  # of the style's; a larger map is thinned out to them
BLOCK = 2**24  # cosines at a time


class Bank(NamedTuple):
    """The positions of a style that features are taken from; adds up over the parts of its picture."""

    features: jax.Array  # (h, w, N), thinned out
    weights: jax.Array  # (h, w), how much a mask marks them


def make_bank(
    style: jax.Array, weights: jax.Array | None = None, part: LayerPart | None = None
) -> Bank:
    """The bank of a style's features `(H, W, N)`, or of what a part of it owns; zeros elsewhere."""
    weights = jnp.ones(style.shape[:2]) if weights is None else weights
    if part is None:
        stride = thinning(*style.shape[:2])
        return Bank(style[::stride, ::stride], weights[::stride, ::stride])
    stride = thinning(part.height, part.width)
    owned = part.owned[..., jnp.newaxis]
    sides = (part.height, part.top), (part.width, part.left)
    rows, columns = (jnp.arange(0, side, stride) - first for side, first in sides)

    def thinned(values: jax.Array) -> jax.Array:
        for axis, places in enumerate((rows, columns)):
            # Negative places would be those from the end.
            inside = jnp.where(places < 0, values.shape[axis], places)
            values = jnp.take(values, inside, axis, mode="fill", fill_value=0)
        return values

    return Bank(
        thinned(jnp.where(owned > 0, style, 0)), thinned(jnp.where(owned[..., 0] > 0, weights, 0))
    )


def thinning(height: int, width: int) -> int:
    """Every how many rows and columns of a style's map are in its bank."""
    return math.ceil(math.sqrt(height * width / MOST_POSITIONS))


def style_swap(
    content: jax.Array,
    style: jax.Array,
    content_weights: jax.Array | None = None,
    style_weights: jax.Array | None = None,
) -> jax.Array:
    """The style's features in the places of the content's: `(H, W, N)`, `(h, w, N)` to `(H, W, N)`.

    Weights `(H, W)` and `(h, w)` in [0, 1] are masks: means are those of what they mark, and
    features are taken from where the style's is at least half of its largest value.
    """
    mean = mean_of(feature_sums(content, content_weights))
    return nearest_features(content, mean, make_bank(style, style_weights))


def feature_sums(
    features: jax.Array, weights: jax.Array | None = None, part: LayerPart | None = None
) -> MomentSums:
    """What `mean_of` needs of features `(H, W, N)`, or of what a part of them owns."""
    counted = both(weights, None if part is None else part.owned)
    sums = moment_sums(features, counted)
    return sums._replace(products=jnp.zeros(()))  # which nobody asks for


def mean_of(sums: MomentSums) -> jax.Array:
    """`(N,)`; where all weights are zero, so is it."""
    return sums.features / jnp.maximum(sums.positions, jnp.finfo(jnp.float32).tiny ** 0.5)


def nearest_features(content: jax.Array, mean: jax.Array, bank: Bank) -> jax.Array:
    """For each of the content's features `(H, W, N)` the bank's nearest, seen from the means."""
    return features_at(nearest_places(content, mean, bank), bank.features)


def features_at(places: jax.Array, features: jax.Array) -> jax.Array:
    """A bank's features `(h, w, N)` at places among its positions: `(H, W)` to `(H, W, N)`."""
    return features.reshape(-1, features.shape[-1])[places]


def nearest_places(content: jax.Array, mean: jax.Array, bank: Bank) -> jax.Array:
    """For each of the content's features `(H, W, N)` where in the bank the nearest is: `(H, W)`."""
    allowed = jnp.ravel(bank.weights >= jnp.max(bank.weights) / 2)
    ours = _directions(content, mean)
    theirs = _directions(bank.features, mean_of(feature_sums(bank.features, bank.weights)))

    def nearest(block: jax.Array) -> jax.Array:
        cosines = jnp.einsum("pn,qn->pq", block, theirs, preferred_element_type=jnp.float32)
        return jnp.argmax(jnp.where(allowed, cosines, -jnp.inf), axis=-1)

    positions = len(ours)
    length = min(positions, max(1, BLOCK // len(theirs)))
    blocks = jnp.pad(ours, ((0, -positions % length), (0, 0))).reshape(-1, length, ours.shape[-1])
    found = jnp.ravel(jax.lax.map(nearest, blocks))[:positions]
    return found.reshape(content.shape[:-1])


def _directions(features: jax.Array, mean: jax.Array) -> jax.Array:
    """`(F_i - mu) / |F_i - mu|` of every position, `(H W, N)`."""
    centered = features.astype(jnp.float32) - mean
    lengths = jnp.linalg.norm(centered, axis=-1, keepdims=True)
    unit = centered / jnp.maximum(lengths, jnp.finfo(jnp.float32).tiny ** 0.5)
    return unit.reshape(-1, features.shape[-1]).astype(features.dtype)

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

import jax
import jax.numpy as jnp

from nstjax.losses.moments import moments

MOST_POSITIONS = 2**14  # of the style's; a larger map is thinned out to them
BLOCK = 2**24  # cosines at a time


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
    style_weights = jnp.ones(style.shape[:2]) if style_weights is None else style_weights
    stride = math.ceil(math.sqrt(style.shape[0] * style.shape[1] / MOST_POSITIONS))
    thinned, weights = style[::stride, ::stride], style_weights[::stride, ::stride]
    allowed = jnp.ravel(weights >= jnp.max(weights) / 2)
    ours = _directions(content, content_weights)
    theirs = _directions(thinned, weights)

    def nearest(block: jax.Array) -> jax.Array:
        cosines = jnp.einsum("pn,qn->pq", block, theirs, preferred_element_type=jnp.float32)
        return jnp.argmax(jnp.where(allowed, cosines, -jnp.inf), axis=-1)

    positions = len(ours)
    length = min(positions, max(1, BLOCK // len(theirs)))
    blocks = jnp.pad(ours, ((0, -positions % length), (0, 0))).reshape(-1, length, ours.shape[-1])
    found = jnp.ravel(jax.lax.map(nearest, blocks))[:positions]
    return thinned.reshape(-1, thinned.shape[-1])[found].reshape(content.shape)


def _directions(features: jax.Array, weights: jax.Array | None) -> jax.Array:
    """`(F_i - mu) / |F_i - mu|` of every position, `(H W, N)`."""
    centered = features.astype(jnp.float32) - moments(features, weights).mean
    lengths = jnp.linalg.norm(centered, axis=-1, keepdims=True)
    unit = centered / jnp.maximum(lengths, jnp.finfo(jnp.float32).tiny ** 0.5)
    return unit.reshape(-1, features.shape[-1]).astype(features.dtype)

"""A feature map, and how it lies in memory.

H x W positions with N channels each are held as `(S, h, W, p N)`: S strips of rows one below the other,
each again in p folds, one below the other in the picture and side by side in the channels. A strip thus
has p h rows. Plainly S = p = 1; a form of the network for a TPU has more, see `nstjax.vgg.strips`.

Rows beyond H, where S p h is more, are zero in every layer. Sums over positions may therefore take
everything, and all that the losses know of a feature map are such sums.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

POSITIONS = (-4, -3, -2)  # axes of the values
LANES = 128  # channels in a tile of a TPU's memory
STATIC = {"static": True}


class Sums(NamedTuple):
    """Over all positions, in float32."""

    features: jax.Array  # sum_i f_i, (..., N)
    products: jax.Array  # sum_i f_i f_i^T, (..., N, N)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class FeatureMap:
    """The features of one picture at one layer; its shape and layout are known when it is traced."""

    values: jax.Array  # (..., S, h, W, p N), zero beyond the height
    height: int = field(metadata=STATIC)  # H
    folds: int = field(default=1, metadata=STATIC)  # p
    sums: Sums | None = None  # where the network computed them with the values

    @property
    def width(self) -> int:
        """W."""
        return self.values.shape[-2]

    @property
    def channels(self) -> int:
        """N."""
        return self.values.shape[-1] // self.folds

    @property
    def positions(self) -> int:
        """H W."""
        return self.height * self.width

    @property
    def is_plain(self) -> bool:
        """Whether the values are `(..., 1, H, W, N)`."""
        return self.values.shape[-4] == self.folds == 1

    @property
    def plain(self) -> jax.Array:
        """The features as `(..., H, W, N)`."""
        *batch, strips, rows, width, _ = self.values.shape
        parts = self.values.reshape(*batch, strips, rows, width, self.folds, self.channels)
        parts = jnp.moveaxis(parts, -2, -4)
        joined = parts.reshape(*batch, strips * self.folds * rows, width, self.channels)
        return joined[..., : self.height, :, :]

    def laid_out(self, features: jax.Array) -> jax.Array:
        """Other features `(..., H, W, C)` of the same positions as this one's values are laid out."""
        strips, rows = self.values.shape[-4:-2]
        *batch, height, width, channels = features.shape
        beyond = strips * self.folds * rows - height
        padding = [(0, 0)] * len(batch) + [(0, beyond), (0, 0), (0, 0)]
        parts = jnp.pad(features, padding).reshape(
            *batch, strips, self.folds, rows, width, channels
        )
        parts = jnp.moveaxis(parts, -4, -2)
        return parts.reshape(*batch, strips, rows, width, self.folds * channels)

    def with_plain(self, features: jax.Array) -> "FeatureMap":
        """The map of other features `(..., H, W, N)`, laid out as this one."""
        return FeatureMap(self.laid_out(features), self.height, self.folds)

    def cleared(self) -> "FeatureMap":
        """The map with zeros beyond its height."""
        strips, rows = self.values.shape[-4:-2]
        places = np.arange(strips * self.folds * rows).reshape(strips, self.folds, rows)
        inside = places.swapaxes(1, 2)[:, :, np.newaxis] < self.height
        if inside.all():
            return self
        each_channel = np.repeat(inside, self.channels, -1)
        return replace(self, values=jnp.where(each_channel, self.values, 0))

    def weights(self, mask: jax.Array) -> jax.Array:
        """A mask `(H, W)` so that it can be multiplied with the values."""
        laid_out = self.laid_out(mask[..., jnp.newaxis])
        # Fold by fold: an axis of folds beside one of channels is an array more in a TPU's memory.
        fold_of = np.arange(self.folds * self.channels) // self.channels
        found = laid_out[..., :1]
        for fold in range(1, self.folds):
            found = jnp.where(fold_of == fold, laid_out[..., fold : fold + 1], found)
        return found


def as_feature_map(features: FeatureMap | jax.Array) -> FeatureMap:
    """A feature map as it is, and an array `(..., H, W, N)` as a plain one."""
    if isinstance(features, FeatureMap):
        return features
    return FeatureMap(features[..., jnp.newaxis, :, :, :], features.shape[-3])


def block_diagonal(matrices: jax.Array, folds: int) -> jax.Array:
    """A matrix of channels for each fold apart: `(..., I, O) -> (..., p I, p O)`."""
    if folds == 1:
        return matrices
    *batch, inputs, outputs = matrices.shape
    apart = jnp.eye(folds, dtype=matrices.dtype)[:, jnp.newaxis, :, jnp.newaxis]
    blocks = apart * matrices[..., jnp.newaxis, :, jnp.newaxis, :]
    return blocks.reshape(*batch, folds * inputs, folds * outputs)

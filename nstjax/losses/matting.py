"""How far a picture is from a recolored photograph: the Matting Laplacian of the photograph.

In a window of 3 x 3 positions let D (9, 3) be the photograph's colors and q (9,) one channel of the
picture, both minus their means over the window. Its cost is what no affine map of the colors explains:

    min over a of ||q - D a||^2 + eps ||a||^2,   at   a = (D^T D + eps U)^-1 D^T q

p^T M p is the sum of the costs of all windows that lie inside the picture, and (M p)_i that of
(q - D a)_i over the windows that hold i: Levin, Lischinski and Weiss 2006, "A closed form solution to
natural image matting", equations 3 and 12 (U is the identity). Summed over the channels it is the
photorealism term of Luan, Paris, Shechtman and Bala 2017, "Deep photo style transfer", equation 2.

D^T D has the square of the condition of D, more than float32 can hold: along an edge between two grays
all colors lie on a line. With [D; eps^1/2 U] = Q R instead, and Q = [E; B], what the fit leaves of q is
q - E w, and of the ridge -B w, where w = E^T q. No number here is large, and so no rounding: of noisy
pictures the value is right to 1e-6 and the gradient to 1e-5, whether their photographs are colored,
gray or almost gray.
"""

import functools
import itertools
import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nstjax.losses.parts import Part

# About 9 / 255^2: of a window whose colors vary by one step of 8 bits. With Luan's 1e-7 affine maps a
# hundred times as steep explain what is painted, and bring out noise and JPEG's blocks in smooth skies.
EPSILON = 1e-4
WINDOW = list(itertools.product(range(3), repeat=2))  # where its positions lie: down, across


class Matting(NamedTuple):
    """A photograph, as far as it does not depend on the picture. Planes: they fill a CPU's registers."""

    colors: jax.Array  # (3, H, W)
    # B in each window, (6, H - 2, W - 2): upper triangular, column after column. E = D B / eps^1/2.
    ridge: jax.Array


def prepare_matting(content: jax.typing.ArrayLike) -> Matting:
    """The windows of a photograph's pixels `(H, W, 3)`, by Gram's and Schmidt's orthogonalization."""
    colors = jnp.moveaxis(jnp.asarray(content, jnp.float32), -1, 0)
    centered = _centered(colors)
    orthogonal: list[list[Any]] = []  # columns of Q
    for channel in range(3):
        ridge = [EPSILON**0.5 if row == channel else 0.0 for row in range(3)]
        column = [position[channel] for position in centered] + ridge
        for earlier in orthogonal:
            along = _dot(earlier, column)
            column = [value - along * part for value, part in zip(column, earlier, strict=True)]
        length = jnp.sqrt(_dot(column, column))
        orthogonal.append([value / length for value in column])
    below = [column[len(WINDOW) :][: index + 1] for index, column in enumerate(orthogonal)]
    return Matting(colors, jnp.stack(list(itertools.chain(*below))))


def photorealism(pixels: jax.Array, matting: Matting, part: Part | None = None) -> jax.Array:
    """`1/(H W) sum_c p_c^T M p_c` of pixels `(..., H, W, 3)`: one number `(...)`.

    0 where in each window every channel is an affine function of the photograph's colors, up to the
    ridge; and for pictures smaller than a window. Of a part of a picture what that adds to the whole's.
    """
    if part is None:
        return _cost(pixels, matting, None) / float(pixels.shape[-3] * pixels.shape[-2])
    _, _, _, height, width = part.pixels
    return _cost(pixels, matting, part.pixels.owned[:-2, :-2]) / float(height * width)


@jax.custom_vjp
def _cost(pixels: jax.Array, matting: Matting, owned: jax.Array | None) -> jax.Array:
    """`sum_c p_c^T M p_c` of the windows `(H - 2, W - 2)` that count."""
    return _cost_and_laplacian(pixels, matting, owned)[0]


def _cost_and_laplacian(
    pixels: jax.Array, matting: Matting, owned: jax.Array | None
) -> tuple[jax.Array, jax.Array]:
    """The cost, and `M p` `(..., H, W, 3)`.

    Sums over positions and colors are written out. As reductions of products over so short an axis
    they are wrong on a CPU where windows are many, by XLA's YNNPACK fusion (jaxlib 0.10.2).
    """
    planes = jnp.moveaxis(pixels, -1, -3)
    values = _centered(planes)  # q: nine of (..., 3, H - 2, W - 2)
    white, ridge = _orthogonal_rows(matting)
    along = [_dot(column, values) for column in zip(*white, strict=True)]  # w
    of_colors = [value - _dot(row, along) for value, row in zip(values, white, strict=True)]
    of_ridge = [_dot(row, along[-len(row) :]) for row in ridge]
    cost = _dot(of_colors, of_colors) + _dot(of_ridge, of_ridge)
    if owned is not None:
        cost, of_colors = cost * owned, [each * owned for each in of_colors]
    laplacian = jnp.moveaxis(_gathered(of_colors, planes.shape[-2:]), -3, -1)
    return jnp.sum(cost, (-3, -2, -1)), laplacian


def _backward(laplacian: jax.Array, cotangent: jax.Array) -> tuple[jax.Array, None, None]:
    # M is symmetric: the gradient is 2 M p, made of the same remainders as the value.
    return 2 * cotangent[..., jnp.newaxis, jnp.newaxis, jnp.newaxis] * laplacian, None, None


_cost.defvjp(_cost_and_laplacian, _backward)


def _orthogonal_rows(matting: Matting) -> tuple[list[list[jax.Array]], list[list[jax.Array]]]:
    """The nine rows of E, and the three of B from the diagonal on, of planes `(H - 2, W - 2)`."""
    parts = list(matting.ridge)
    columns = parts[:1], parts[1:3], parts[3:]
    white = [
        [_dot(color[: len(column)], column) / EPSILON**0.5 for column in columns]
        for color in _centered(matting.colors)
    ]
    return white, [[column[row] for column in columns[row:]] for row in range(3)]


def _centered(planes: jax.Array) -> list[jax.Array]:
    """What the windows see at each of their positions, minus their means: `(..., H - 2, W - 2)` each.

    Centered before anything is multiplied: of E[x y] - E[x] E[y] float32 would keep little.
    """
    height, width = (max(side - 2, 0) for side in planes.shape[-2:])
    seen = [planes[..., down : down + height, across : across + width] for down, across in WINDOW]
    mean = _sum(seen) / len(WINDOW)
    return [each - mean for each in seen]


def _dot(first: Iterable[Any], second: Iterable[Any]) -> jax.Array:
    return _sum(map(operator.mul, first, second))


def _sum(parts: Iterable[jax.Array]) -> jax.Array:
    return functools.reduce(operator.add, parts)


def _gathered(parts: Sequence[jax.Array], shape: Sequence[int]) -> jax.Array:
    """The sum over the windows that hold a position: nine of `(..., H - 2, W - 2)` to `(..., H, W)`."""
    outside = [(0, 0, 0)] * (parts[0].ndim - 2)
    room = [whole - windows for whole, windows in zip(shape, parts[0].shape[-2:], strict=True)]
    padded = []
    for part, place in zip(parts, WINDOW, strict=True):
        borders = [(at, total - at, 0) for at, total in zip(place, room, strict=True)]
        padded.append(jax.lax.pad(part, 0.0, [*outside, *borders]))
    return _sum(padded)

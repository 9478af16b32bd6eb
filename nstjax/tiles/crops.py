"""Sums over the crops of a picture, and their gradient: what a whole picture takes memory for, in parts.

For a function of crops whose results are summed, `T = sum_t f(x_t)`, the gradient of a number L that
depends on T is `sum_t J_t^T dL/dT`, each crop's in its place. It is computed crop after crop, and so is
T before: nothing of a crop outlives it, at the price of computing each twice.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from nstjax.losses.parts import LayerPart, Part
from nstjax.tiles.layout import Layout, Window

Sums = TypeVar("Sums")
Poolings = dict[str, int]  # before each layer


def cut(maps: Any, layout: Layout, poolings: Poolings, window: Window) -> Any:
    """What a window sees of maps `(rows of the span, W, ...)`: those under a layer's name, of its size.

    All others are as large as the picture.
    """

    def of_map(path: tuple[Any, ...], values: jax.Array) -> jax.Array:
        names = [each.key for each in path if isinstance(each, jax.tree_util.DictKey)]
        shift = next((poolings[name] for name in names if name in poolings), 0)
        size = (layout.rows.size >> shift, layout.columns.size >> shift, *values.shape[2:])
        return jax.lax.dynamic_slice(values, _corner(window, shift, values), size)

    return jax.tree_util.tree_map_with_path(of_map, maps)


def _corner(window: Window, shift: int, values: jax.Array) -> tuple[jax.typing.ArrayLike, ...]:
    """Where a window begins in a map `(H, W, ...)` behind so many poolings."""
    return window.top >> shift, window.left >> shift, *[0] * (values.ndim - 2)


def part_of(layout: Layout, poolings: Poolings, window: Window) -> Part:
    """What a window owns, at every layer."""

    def at(shift: int) -> LayerPart:
        sides = zip(
            (window.rows, window.columns), (layout.rows.size, layout.columns.size), strict=True
        )
        down, across = (
            (jnp.arange(size >> shift) >= first >> shift)
            & (jnp.arange(size >> shift) < behind >> shift)
            for (first, behind), size in sides
        )
        owned = (down[:, jnp.newaxis] & across).astype(jnp.float32)
        top, left = (origin >> shift for origin in window.in_picture)
        return LayerPart(owned, top, left, layout.height >> shift, layout.width >> shift)

    return Part(at(0), {name: at(shift) for name, shift in poolings.items()})


def sum_over_crops(
    function: Callable[[Any, Part | None], Sums],
    maps: Any,
    layout: Layout,
    poolings: Poolings,
    device: jax.typing.ArrayLike = 0,
) -> Sums:
    """The sum of what a function says of each of a device's crops and of what that owns.

    Args:
        function: of maps, cut, and the part; `None` for the part: the whole picture.
        maps: see `cut`.
        layout: of the picture.
        poolings: before each layer.
        device: its place in the mesh.
    """
    if layout.is_whole:
        return function(maps, None)

    def one(place: jax.typing.ArrayLike) -> Sums:
        window = layout.window(device, place)
        seen = cut(maps, layout, poolings, window) if layout.tiles > 1 else maps
        return function(seen, part_of(layout, poolings, window))

    if layout.tiles == 1:
        return one(0)

    def add(sums: Sums, place: jax.Array) -> tuple[Sums, None]:
        return jax.tree.map(jnp.add, sums, one(place)), None

    return jax.lax.scan(add, _zeros(jax.eval_shape(one, 0)), jnp.arange(layout.tiles))[0]


def _zeros(shapes: Sums) -> Sums:
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)


def totals_and_pullback(
    function: Callable[[jax.Array, Any, Part | None], Sums],
    pixels: jax.Array,
    maps: Any,
    layout: Layout,
    poolings: Poolings,
    device: jax.typing.ArrayLike = 0,
) -> tuple[Sums, Callable[[Sums], jax.Array]]:
    """The sum of a function of crops, and what turns its cotangent into that of the pixels.

    Args:
        function: of pixels, maps, both cut, and the part, as for `sum_over_crops`.
        pixels: `(rows of the span, W, 3)`.
        maps: what else lies there, without a gradient.
        layout: of the picture.
        poolings: before each layer.
        device: its place in the mesh.
    """

    def of_maps(seen: tuple[jax.Array, Any], part: Part | None) -> Sums:
        return function(*seen, part)

    if layout.tiles == 1:
        totals, back = jax.vjp(
            lambda pixels: sum_over_crops(of_maps, (pixels, maps), layout, poolings, device), pixels
        )
        return totals, lambda cotangent: back(cotangent)[0]
    totals = sum_over_crops(of_maps, (pixels, maps), layout, poolings, device)

    def pullback(cotangent: Sums) -> jax.Array:
        def add(gradient: jax.Array, place: jax.Array) -> tuple[jax.Array, None]:
            window = layout.window(device, place)
            crop, under = cut((pixels, maps), layout, poolings, window)
            part = part_of(layout, poolings, window)
            (own,) = jax.vjp(lambda crop: function(crop, under, part), crop)[1](cotangent)
            joined = cut(gradient, layout, poolings, window) + own
            corner = _corner(window, 0, gradient)
            return jax.lax.dynamic_update_slice(gradient, joined, corner), None

        return jax.lax.scan(add, jnp.zeros_like(pixels), jnp.arange(layout.tiles))[0]

    return totals, pullback


def assemble(
    function: Callable[[Any, Part | None], tuple[dict[str, jax.Array], Sums]],
    maps: Any,
    layout: Layout,
    poolings: Poolings,
    device: jax.typing.ArrayLike = 0,
) -> tuple[dict[str, jax.Array], Sums]:
    """Maps of layers for a device's whole span, from those of its crops, and the sum of what goes along.

    Where the span goes beyond what its windows own, the maps are as the nearest window has them.
    """
    if layout.tiles == 1:
        return sum_over_crops(function, maps, layout, poolings, device)

    def one(place: jax.typing.ArrayLike) -> tuple[Window, Part, dict[str, jax.Array], Sums]:
        window = layout.window(device, place)
        part = part_of(layout, poolings, window)
        return window, part, *function(cut(maps, layout, poolings, window), part)

    def empty(name: str, crop: jax.ShapeDtypeStruct) -> jax.Array:
        shift = poolings[name]
        size = (layout.span >> shift, layout.width >> shift, *crop.shape[2:])
        return jnp.zeros(size, crop.dtype)

    def add(found: Any, place: jax.Array) -> tuple[Any, None]:
        whole, sums = found
        window, part, crops, own = one(place)
        there = cut(whole, layout, poolings, window)
        for name, crop in crops.items():
            owned = part.layers[name].owned[(..., *[jnp.newaxis] * (crop.ndim - 2))]
            joined = jnp.where(owned > 0, crop, there[name])
            corner = _corner(window, poolings[name], crop)
            whole = whole | {name: jax.lax.dynamic_update_slice(whole[name], joined, corner)}
        return (whole, jax.tree.map(jnp.add, sums, own)), None

    _, _, shapes, of_sums = jax.eval_shape(one, 0)
    start = {name: empty(name, crop) for name, crop in shapes.items()}, _zeros(of_sums)
    return jax.lax.scan(add, start, jnp.arange(layout.tiles))[0]

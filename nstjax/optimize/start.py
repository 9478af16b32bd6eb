"""The state that a level begins with, wherever the picture lies."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import PartitionSpec

from nstjax.optimize.batches import EACH, Batch
from nstjax.optimize.step import State, first_state
from nstjax.tiles import EVERYWHERE, ROWS, Layout, fetch_picture, place, place_picture

# Makes a level's optimizer state from the last one's, and its pixels.
Carry = Callable[[Any, jax.Array], Any]


def start_state(
    optimizer: optax.GradientTransformation,
    pixels: np.ndarray,
    averaging: jax.typing.ArrayLike,
    layout: Layout | None = None,
    carried: Callable[[jax.Array], Any] | None = None,
    *,
    batch: Batch | None = None,
) -> State:
    """The state at a picture `(H, W, 3)`, on the devices that its layout names.

    Args:
        optimizer: see `first_state`.
        pixels: of a batch `(B, H, W, 3)`.
        averaging: see `first_state`.
        layout: of the picture; None: on this process's device.
        carried: makes the optimizer's state from the pixels; None: it knows nothing yet.
        batch: see `first_state`.
    """

    def make(pixels: jax.Array) -> State:
        state = first_state(optimizer, pixels, averaging, batch=batch)
        return state if carried is None else state._replace(optimizer=carried(state.pixels))

    if batch is not None:
        return batch.placed(make(jnp.asarray(pixels)), EACH)
    if layout is None or layout.mesh is None:
        return make(jnp.asarray(pixels))
    shapes = jax.eval_shape(make, jax.ShapeDtypeStruct(pixels.shape, jnp.float32))
    where = jax.tree.map(lambda leaf: layout.sharding(_spec(leaf, layout)), shapes)

    def on_devices(stored: jax.Array) -> State:
        state = make(stored[: layout.height])
        return jax.tree.map(lambda leaf: _filled(leaf, layout), state)

    return jax.jit(on_devices, out_shardings=where)(place_picture(pixels, layout))


def state_shapes(
    optimizer: optax.GradientTransformation,
    height: int,
    width: int,
    layout: Layout | None = None,
    *,
    batch: Batch | None = None,
) -> State:
    """The shapes, types and places of a state: enough to trace a step."""
    several = () if batch is None else (batch.pictures,)
    shapes = (
        jax.ShapeDtypeStruct((*several, height, width, 3), jnp.float32),
        jax.ShapeDtypeStruct(several, jnp.float32),
    )
    state = jax.eval_shape(functools.partial(first_state, optimizer, batch=batch), *shapes)
    if batch is not None:
        return batch.shapes(state, EACH)
    if layout is None or layout.mesh is None:
        return state

    def stored(leaf: Any) -> jax.ShapeDtypeStruct:
        filled = jax.eval_shape(lambda: _filled(jnp.zeros(leaf.shape, leaf.dtype), layout))
        where = layout.sharding(_spec(leaf, layout))
        return jax.ShapeDtypeStruct(filled.shape, leaf.dtype, sharding=where)

    return jax.tree.map(stored, state)


def is_of_shapes(state: Any, shapes: State) -> bool:
    """Whether a state has the arrays that `state_shapes` tells of, wherever they are."""

    def kinds(tree: Any) -> list[tuple[Any, ...]]:
        return [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(tree)]

    return kinds(state) == kinds(shapes)


def placed_state(state: Any, shapes: State) -> State:
    """A state in buffers of its own, where `state_shapes` has it."""
    wanted, tree = jax.tree.flatten(shapes)
    leaves = jax.tree.leaves(state)
    # Copies, in JAX's own memory: the step donates what it is given.
    placed = (place(leaf, shape.sharding) for leaf, shape in zip(leaves, wanted, strict=True))
    return tree.unflatten(map(jnp.copy, placed))


def memory_of(state: State, layout: Layout | None) -> Any:
    """The optimizer's state without what fills up the rows; on the host, if several devices had it."""
    if layout is None or layout.mesh is None:
        return state.optimizer

    def fetched(leaf: jax.Array) -> Any:
        return fetch_picture(leaf, layout) if leaf.ndim == 3 else np.asarray(leaf)

    return jax.tree.map(fetched, state.optimizer)


def _is_picture(leaf: Any, layout: Layout) -> bool:
    return leaf.ndim >= 3 and leaf.shape[-3:-1] == (layout.height, layout.width)


def _spec(leaf: Any, layout: Layout) -> PartitionSpec:
    if not _is_picture(leaf, layout):
        return EVERYWHERE
    return PartitionSpec(*[None] * (leaf.ndim - 3), ROWS)


def _filled(leaf: jax.Array, layout: Layout) -> jax.Array:
    """An array of the picture's rows with as many more as the devices hold together."""
    if not _is_picture(leaf, layout):
        return leaf
    beyond = [(0, 0)] * (leaf.ndim - 3) + [(0, layout.rows_stored - layout.height), (0, 0), (0, 0)]
    return jnp.pad(leaf, beyond)

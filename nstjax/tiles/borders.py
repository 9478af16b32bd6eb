"""From the rows that a device holds to those that its windows see: borders come from its neighbors."""

import jax
import jax.numpy as jnp

from nstjax.tiles.layout import ROWS, Layout


def to_span(layout: Layout, rows: jax.Array, device: jax.typing.ArrayLike) -> jax.Array:
    """A device's span `(span, W, C)` of the rows that it holds, `(R, W, C)`; within `shard_map`.

    Its transpose brings a span's gradient back to the devices that hold the rows, and adds it up.
    """
    if layout.mesh is None:
        return rows
    held = len(rows)
    above = [place * held - top for place, top in enumerate(layout.span_tops)]
    below = [layout.span - held - rows_above for rows_above in above]
    seen = jnp.concatenate(
        [
            *_from_others(layout, rows, max(0, *above), ahead=True),
            rows,
            *_from_others(layout, rows, max(0, *below), ahead=False),
        ]
    )
    first = max(0, *above) - jnp.asarray(above)[device]
    return jax.lax.dynamic_slice_in_dim(seen, first, layout.span)


def _from_others(layout: Layout, rows: jax.Array, wanted: int, *, ahead: bool) -> list[jax.Array]:
    """So many rows from above, or from below, in order; where there is no device, zeros."""
    held, parts = len(rows), []
    for hop in range(1, -(-wanted // held) + 1):
        needed = min(held, wanted - (hop - 1) * held)
        sent = rows[held - needed :] if ahead else rows[:needed]
        places = range(layout.devices - hop)
        pairs = [(place, place + hop) if ahead else (place + hop, place) for place in places]
        parts.append(jax.lax.ppermute(sent, ROWS, pairs))
    return parts[::-1] if ahead else parts

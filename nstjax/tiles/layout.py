"""How a picture lies: in which windows, and on which devices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from nstjax.tiles.windows import Windows, cover

ROWS = "rows"  # the mesh's only axis
EVERYWHERE, BY_ROWS = PartitionSpec(), PartitionSpec(ROWS)


class Window(NamedTuple):
    """One of the windows, traced."""

    top: jax.Array  # in its device's span
    left: jax.Array
    in_picture: tuple[jax.Array, jax.Array]  # the same in the picture
    # In the window, the first that it owns and the one behind the last.
    rows: tuple[jax.Array, jax.Array]
    columns: tuple[jax.Array, jax.Array]


@jax.tree_util.register_static
@dataclass(frozen=True)
class Layout:
    """Which windows cover a picture, and which device has them; the same object to all programs.

    Each device has as many rows of windows as any other. A *span* is the rows that these see. The
    picture itself lies on the devices in equal parts of rows, the last one filled up.
    """

    rows: Windows
    columns: Windows
    mesh: Mesh | None = None  # of several devices, side by side in the axis `ROWS`
    tile: int | None = None  # how large the windows were to be
    keeps_content: bool = True  # else the content's features are computed again with each step's

    @property
    def height(self) -> int:
        """Of the picture, in pixels."""
        return self.rows.length

    @property
    def width(self) -> int:
        """Of the picture, in pixels."""
        return self.columns.length

    @property
    def devices(self) -> int:
        """How many."""
        return 1 if self.mesh is None else self.mesh.size

    @property
    def tiles(self) -> int:
        """How many windows each device has."""
        return self._rows_each * len(self.columns.origins)

    @property
    def described(self) -> str:
        """In words: how many windows there are, and how large."""
        count = self.tiles * self.devices
        return f"{count} tiles of {self.columns.size}x{self.rows.size}"

    @property
    def is_whole(self) -> bool:
        """Whether the only window is the picture."""
        return self.devices == self.tiles == 1

    @property
    def _rows_each(self) -> int:
        return len(self.rows.origins) // self.devices

    @cached_property
    def span(self) -> int:
        """How many rows a device's windows see."""
        each = self._rows_each
        firsts, lasts = self.rows.origins[::each], self.rows.origins[each - 1 :: each]
        return max(last - first for first, last in zip(firsts, lasts, strict=True)) + self.rows.size

    @cached_property
    def span_tops(self) -> tuple[int, ...]:
        """Where each device's span begins in the picture."""
        return tuple(
            min(first, self.height - self.span) for first in self.rows.origins[:: self._rows_each]
        )

    def window(self, device: jax.typing.ArrayLike, place: jax.typing.ArrayLike) -> Window:
        """A device's window, by its place among them."""
        row, column = jnp.divmod(place, len(self.columns.origins))
        row = row + device * self._rows_each
        tops, lefts = jnp.asarray(self.rows.origins), jnp.asarray(self.columns.origins)
        top, left = tops[row], lefts[column]
        across, down = jnp.asarray(self.columns.bounds), jnp.asarray(self.rows.bounds)
        return Window(
            top - jnp.asarray(self.span_tops)[device],
            left,
            (top, left),
            (down[row] - top, down[row + 1] - top),
            (across[column] - left, across[column + 1] - left),
        )

    def spans(self, values: np.ndarray) -> np.ndarray:
        """A map of the picture's pixels `(H, W, ...)` as all spans, one below the other."""
        if self.mesh is None:
            return values
        return np.concatenate([values[top : top + self.span] for top in self.span_tops])

    @cached_property
    def rows_stored(self) -> int:
        """Rows of the picture as it lies on the devices, together."""
        return -(-self.height // self.devices) * self.devices

    def sharding(self, spec: PartitionSpec) -> NamedSharding | None:
        """Of an array that lies in the mesh as the spec says; None without one."""
        return None if self.mesh is None else NamedSharding(self.mesh, spec)


def make_layout(
    height: int,
    width: int,
    *,
    halo: int,
    unit: int,
    tile: int | None = None,
    devices: Sequence[Any] = (),
    keeps_content: bool = True,
) -> Layout:
    """The layout of a picture whose windows own at most about `tile` by `tile` pixels.

    Args:
        height: of the picture in pixels.
        width: likewise.
        halo: how far windows look beyond what they own; a multiple of the network's stride.
        unit: of the windows' beginnings, another one.
        tile: None: as large as a device's part.
        devices: what shall share it, if there are several. A picture that is too low for all goes to
            fewer: each is to have more rows of its own than of others.
        keeps_content: see `Layout`.
    """
    columns = cover(width, 1 if tile is None else -(-width // tile), halo=halo, unit=unit)
    for count in _how_many(devices):
        each = 1 if tile is None else -(-height // (count * tile))
        rows = cover(height, count * each, halo=halo, unit=unit)
        if len(rows.origins) == count * each and height >= count * 2 * halo:
            mesh = Mesh(np.array(_chosen(devices, count)), (ROWS,))
            return Layout(rows, columns, mesh, tile, keeps_content)
    rows = cover(height, 1 if tile is None else -(-height // tile), halo=halo, unit=unit)
    return Layout(rows, columns, None, tile, keeps_content)


def _how_many(devices: Sequence[Any]) -> Iterator[int]:
    """Numbers of devices above one, the most first: all; or such as every process has of its own."""
    here = [device for device in devices if device.process_index == jax.process_index()]
    if len(here) < len(devices):
        yield len(devices)
    yield from range(len(here), 1, -1)


def _chosen(devices: Sequence[Any], count: int) -> Sequence[Any]:
    if count == len(devices):
        return devices
    return [device for device in devices if device.process_index == jax.process_index()][:count]

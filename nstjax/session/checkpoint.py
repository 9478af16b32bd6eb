"""All that a session needs to go on, as a safetensors file: arrays and JSON, nothing that can run."""

import contextlib
import dataclasses
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import safetensors.numpy

from nstjax.errors import UserError
from nstjax.losses import Losses
from nstjax.machine.device import cpu_model, default_device
from nstjax.optimize import Level, Point
from nstjax.optimize.start import is_of_shapes, state_shapes
from nstjax.prepare import Transfer
from nstjax.result import Course
from nstjax.session.digests import digest_of
from nstjax.session.painting import Painting
from nstjax.settings import Settings
from nstjax.settings.recipe import with_values

FORMAT = "1"
KEY = "nstjax_checkpoint"  # in the file's metadata
LIBRARIES = ("nstjax", "jax", "jaxlib")
PLUGINS = ("jax-cuda12-plugin", "jax-cuda13-plugin", "libtpu")  # where they are
# Types that NumPy itself has not, and as what they are written.
WRITTEN_AS = {"bfloat16": np.uint16}
DIGESTED = {
    "content": "the content picture",
    "styles": "the style pictures",
    "regions": "the masks",
    "network": "the network",
}


@dataclass(frozen=True)
class Checkpoint:
    """A place between two chunks, and all that led there."""

    point: Point | None  # None: before the first step of the first of the levels
    initial: np.ndarray  # (h, w, 3), what that starts from
    history: Losses  # arrays (steps,)
    past: tuple[Level, ...]  # levels before these, with the steps that they had
    levels: tuple[Level, ...]
    is_over: bool  # all steps are done
    settings: Settings
    digests: Mapping[str, str]  # SHA-256 of each thing that it was made from
    versions: Mapping[str, str]  # of the libraries, and the device
    about: Mapping[str, Any] = field(default_factory=dict)  # what a program keeps, as JSON

    @classmethod
    def of(cls, painting: Painting, point: Point | None) -> "Checkpoint":
        """That of a painting whose last chunk ended at a point."""
        return cls(
            point=point and point._replace(picture=painting.pixels()),
            initial=painting.initial,
            history=painting.course.history,
            past=painting.course.past,
            levels=painting.schedule,
            is_over=painting.is_over,
            settings=painting.transfer.settings,
            digests=painting.digests,
            versions=versions(),
        )

    def restore(self, painting: Painting) -> None:
        """Puts a painting of the same inputs and settings there.

        Raises `UserError` for other inputs.
        """
        for name, digest in painting.digests.items():
            if digest != self.digests.get(name):
                hint = "; that of a command is for nstjax resume" if "command" in self.about else ""
                raise UserError(
                    f"the checkpoint was made with other inputs: {DIGESTED[name]} differs; give the "
                    f"same{hint}"
                )
        transfer = replace(painting.transfer, levels=self.levels)
        if self.point is not None and not self.is_over:
            _check_state(self.point, transfer)
        painting.transfer, painting.point = transfer, self.point
        painting.initial, painting.is_over = self.initial, self.is_over
        painting.done_before = sum(level.steps for level in self.past)
        painting.course = Course(transfer.show, self.history, self.past)

    @property
    def remark(self) -> str:
        """What is other here than where it was made; empty where the bits will be the same."""
        now = versions()
        others = [
            f"{name} was {self.versions.get(name)} and is {now[name]}"
            for name in now
            if self.versions.get(name) != now[name]
        ]
        return f"{', '.join(others)}: the picture may differ a little" if others else ""

    def to_bytes(self) -> bytes:
        """The file. Arrays on a device are fetched."""
        arrays: dict[str, np.ndarray] = {
            "initial": self.initial,
            "history": np.stack([np.asarray(term) for term in self.history]),
        }
        about: dict[str, Any] = {
            "settings": dataclasses.asdict(self.settings),
            "past": self.past,
            "levels": self.levels,
            "is_over": self.is_over,
            "digests": dict(self.digests),
            "versions": dict(self.versions),
            "about": dict(self.about),
        }
        if self.point is not None:
            assert self.point.picture is not None
            arrays["picture"] = self.point.picture
            leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(self.point.state)]
            arrays |= {f"state.{place:03}": leaf for place, leaf in enumerate(leaves)}
            about["point"] = self.point[:3]
        about["types"] = {name: array.dtype.name for name, array in arrays.items()}
        written = {name: _written(array) for name, array in arrays.items()}
        about["sha256"] = digest_of(written.values())
        return safetensors.numpy.save(written, {KEY: FORMAT, "about": json.dumps(about)})


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file. Nothing in it is believed: it may come from anywhere.

    Raises `UserError` for all but a whole one.
    """
    try:
        with open(path, "rb"):  # whose errors tell why
            pass
        with safetensors.safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get(KEY) != FORMAT:
                raise UserError(
                    f"{path} is no checkpoint of this nstjax: give a file that --checkpoint has written"
                )
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        return _from_file(arrays, json.loads(metadata["about"]), path)
    except (UserError, MemoryError):
        raise
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception:  # whatever a library says to what it cannot read
        raise UserError(
            f"{path} is damaged, or no checkpoint: give a file that --checkpoint has written"
        ) from None


def _from_file(
    arrays: Mapping[str, np.ndarray], about: Mapping[str, Any], path: Path
) -> Checkpoint:
    """Raises anything for what does not fit together."""
    types = about["types"]
    if set(types) != set(arrays) or about["sha256"] != digest_of(arrays[name] for name in types):
        raise UserError(f"{path} is damaged: it is not as it was written")
    arrays = {name: _read(array, types[name]) for name, array in arrays.items()}
    past, levels = map(_levels, (about["past"], about["levels"]))
    history = Losses(*arrays["history"])
    steps, point = sum(level.steps for level in past), None
    if "point" in about:
        point = _point(about["point"], arrays, levels)
        steps += sum(each.steps for each in levels[: point.level]) + point.step
    _check(len(history.total) == steps)
    _check(arrays["initial"].ndim == 3)
    return Checkpoint(
        point,
        arrays["initial"],
        history,
        past,
        levels,
        bool(about["is_over"]),
        with_values(Settings(), about["settings"], str(path)),
        dict(about["digests"]),
        dict(about["versions"]),
        dict(about["about"]),
    )


def _levels(values: Any) -> tuple[Level, ...]:
    levels = tuple(Level(*map(int, level)) for level in values)
    _check(all(level.height > 0 and level.width > 0 and level.steps >= 0 for level in levels))
    return levels


def _point(values: Any, arrays: Mapping[str, np.ndarray], levels: tuple[Level, ...]) -> Point:
    level, step, way = map(int, values)
    _check(0 <= level < len(levels) and 0 <= step <= levels[level].steps and way >= 0)
    picture = arrays["picture"]
    _check(picture.shape == (levels[level].height, levels[level].width, 3))
    state: Any = [arrays[name] for name in sorted(arrays) if name.startswith("state.")]
    return Point(level, step, way, state, picture)


def _check(fits: bool) -> None:
    """Raises `ValueError` for what does not fit together."""
    if not fits:
        raise ValueError


def versions() -> dict[str, str]:
    """Those of what decides about the bits of a picture, and the device."""
    found = {}
    for name in (*LIBRARIES, *PLUGINS):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    device = default_device()
    processor = cpu_model() if device.platform == "cpu" else device.device_kind
    return {**found, "device": f"{device.platform} {processor} {platform.machine()}"}


def _check_state(point: Point, transfer: Transfer) -> None:
    """Raises `UserError` for a state that is not that of the level's way."""
    level, ways = transfer.levels[point.level], transfer.work().ways
    found = ways(level)
    if point.way < len(found):
        way = found[point.way]
        shapes = state_shapes(way.optimizer, level.height, level.width, way.layout)
        if is_of_shapes(point.state, shapes):
            return
    raise UserError(
        "the checkpoint is of other tiles, devices or another kind of device: give those that it was "
        "made with"
    )


def _written(array: np.ndarray) -> np.ndarray:
    kind = WRITTEN_AS.get(array.dtype.name)
    return np.asarray(array if kind is None else array.view(kind), order="C")


def _read(array: np.ndarray, name: str) -> np.ndarray:
    return array.view(jax.numpy.dtype(name)) if name in WRITTEN_AS else array

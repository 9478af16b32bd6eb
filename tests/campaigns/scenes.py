"""A folder of small pictures, and commands that write files in every way, over older ones."""

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
from PIL import Image

import weights_tools
from nstjax import together
from nstjax.cli import main
from nstjax.images import read
from nstjax.losses import Losses
from nstjax.prepare import Transfer
from nstjax.result import Progress, Result
from nstjax.session import Session

STEPS = 4
NETWORK = "small.safetensors"  # two layers of random weights
LAYERS = ["--content-layers", "relu1_1", "--style-layers", "relu1_1"]
QUICK = ["--size", "32", "--coarse-steps", "0", "--steps", str(STEPS), *LAYERS]
HERE = ["--model", NETWORK, "--device", "cpu", "--quiet"]
STYLIZE = ["stylize", "content.jpg", "style.png", *QUICK, *HERE]
SWEEP = ["sweep", "content.jpg", "style.png", *QUICK, *HERE]


class Scene(NamedTuple):
    """A command, and the files that it is there to write."""

    command: list[str]
    outputs: tuple[str, ...]


SCENES = {
    "stylize": Scene(
        [*STYLIZE, "-o", "out.jpg", "--metrics", "out.jsonl", "--save-every", "2"],
        ("out.jpg", "out.jsonl", "out_00002.jpg", "out_00004.jpg"),
    ),
    "16 bits": Scene([*STYLIZE, "-o", "out.png", "--bit-depth", "16"], ("out.png",)),
    "through a link": Scene([*STYLIZE, "-o", "link.tif"], ("out.tif",)),
    "sweep": Scene(
        [*SWEEP, "-o", "sheet.png", "--over", "seed=1,2"],
        ("sheet.png", "sheet.json", "sheet/001-seed=1.png", "sheet/002-seed=2.png"),
    ),
    "convert": Scene(
        ["weights", "convert", "small.npz", "-o", "new.safetensors"], ("new.safetensors",)
    ),
}


def make_inputs() -> None:
    """Makes the files that the commands read in the working folder."""
    random = np.random.default_rng(0)
    for name in ("content.jpg", "style.png"):
        Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8)).save(name)
    stage = {"conv1_1": (3, 64), "conv1_2": (64, 64)}
    tensors = {}
    for layer, (inputs, outputs) in stage.items():
        tensors[f"{layer}/kernel"] = random.normal(0, 0.1, (3, 3, inputs, outputs)).astype("f4")
        tensors[f"{layer}/bias"] = random.normal(0, 0.1, outputs).astype("f4")
    network = weights_tools.NetworkWeights(
        "vgg16",
        weights_tools.PREPROCESSINGS["caffe"],
        tensors,
        source="random",
        source_sha256="0" * 64,
        license="none",
        last_layer="conv1_2",
    )
    weights_tools.write(NETWORK, network)
    np.savez("small.npz", **tensors)


def make_older(scene: Scene) -> None:
    """Puts an older file where each of the scene's outputs goes."""
    if scene.command[0] == "sweep":
        Path("sheet").mkdir(exist_ok=True)
    for name in scene.outputs:
        Path(name).write_bytes(older(name))
    if "link.tif" in scene.command and not os.path.lexists("link.tif"):
        Path("link.tif").symlink_to("out.tif")


def older(name: str) -> bytes:
    """What is there before."""
    return f"an older {name}".encode()


def run(command: list[str]) -> tuple[int, str]:
    """The exit code of a command in this process, and its standard error."""
    error = io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
        code = main(command)
    return code, error.getvalue()


def is_whole(name: str, code: int) -> bool:
    """Whether the file of a scene is a new one without a fault, after a command with that exit code.

    Where that tells of a failure, metrics and index may lack what came last.
    """
    path = Path(name)
    try:
        match path.suffix:
            case ".jsonl":
                steps = [json.loads(line)["total_step"] for line in path.read_text().splitlines()]
                least = STEPS if code == 0 else 1
                return len(steps) >= least and steps == list(range(1, STEPS + 1))[: len(steps)]
            case ".json":
                cells = json.loads(path.read_text())["cells"]
                return all(cell["file"] for cell in cells) or code != 0
            case ".safetensors":
                return weights_tools.read(path).last_layer == "conv1_2"
            case _:
                return read(path).size > 0
    except (ValueError, LookupError):
        return False


@contextlib.contextmanager
def without_painting() -> Iterator[None]:
    """While entered, pictures are noise: for faults that painting knows nothing of."""

    def noise(transfer: Transfer, on_progress: Callable[[Progress], bool | None]) -> Result:
        level = transfer.levels[-1]
        image = np.random.default_rng(0).random((level.height, level.width, 3), np.float32)
        for step in range(1, STEPS + 1):
            one = Losses(*(np.ones(1, np.float32) for _ in Losses._fields))
            about = 1, 1, level.height, level.width, step, STEPS, step, STEPS, step / STEPS
            on_progress(Progress(*about, one, lambda: image))
        history = Losses(*(np.ones(STEPS, np.float32) for _ in Losses._fields))
        return Result(image, history, transfer.levels, transfer.settings, stopped=False)

    made: dict[Session, Result] = {}

    def of_session(session: Session, on_progress, _=0, **others) -> None:
        made[session] = noise(session.transfer, on_progress)

    def of_all(transfers, on_progress):
        return [noise(transfer, on_progress) for transfer in transfers]

    with (
        mock.patch.object(Session, "go_on", of_session),
        mock.patch.object(Session, "result", lambda session: made[session]),
        mock.patch.object(together, "paint_together", of_all),
    ):
        yield

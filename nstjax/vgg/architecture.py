"""The layers of VGG16 and VGG19 (Simonyan and Zisserman 2015, configurations D and E).

Names: `conv4_2` is the output of a convolution, `relu4_2` the same after the ReLU, `pool4` after the
pooling that closes stage 4. The style transfer papers write "conv4_2" for what is `relu4_2` here.
"""

from typing import Literal, NamedTuple

from nstjax.errors import UserError

Kind = Literal["conv", "relu", "pool"]

STAGE_CHANNELS = (64, 128, 256, 512, 512)
CONVOLUTIONS_PER_STAGE = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


class Layer(NamedTuple):
    """One operation of the network; `stage` and `index` count from 1 (`index` is 0 for a pooling)."""

    kind: Kind
    stage: int
    index: int

    @property
    def name(self) -> str:
        """`conv4_2`, `relu4_2` or `pool4`."""
        return f"pool{self.stage}" if self.kind == "pool" else f"{self.kind}{self.suffix}"

    @property
    def suffix(self) -> str:
        """`4_2`: what a convolution and its ReLU have in common."""
        return f"{self.stage}_{self.index}"

    @property
    def channels(self) -> int:
        """How many channels the layer's output has."""
        return STAGE_CHANNELS[self.stage - 1]


def layers(architecture: str, last_layer: str = "") -> tuple[Layer, ...]:
    """Every layer of the convolutional trunk, in the order of computation.

    With `last_layer`, such as `conv4_1`, those of a network that is cut after it and its ReLU.

    Raises `UserError` for an unknown architecture or last layer.
    """
    if architecture not in CONVOLUTIONS_PER_STAGE:
        raise UserError(
            f"unknown architecture {architecture!r}: use one of {', '.join(CONVOLUTIONS_PER_STAGE)}"
        )
    found = []
    for stage, convolutions in enumerate(CONVOLUTIONS_PER_STAGE[architecture], start=1):
        for index in range(1, convolutions + 1):
            found += [Layer("conv", stage, index), Layer("relu", stage, index)]
            if last_layer == found[-2].name:
                return tuple(found)
        found.append(Layer("pool", stage, 0))
    if last_layer:
        raise UserError(f"{last_layer!r} is no convolution of {architecture}: convert again")
    return tuple(found)


def trunk(architecture: str, wanted: tuple[str, ...], last_layer: str = "") -> tuple[Layer, ...]:
    """The layers up to the deepest wanted one: all that has to be computed.

    Raises `UserError` for a name that the architecture lacks, or that lies beyond `last_layer`.
    """
    every = layers(architecture, last_layer)
    positions = {layer.name: position for position, layer in enumerate(every)}
    network = f"{architecture} (these weights end at {last_layer})" if last_layer else architecture
    for name in wanted:
        if name not in positions:
            raise UserError(
                f"unknown layer {name!r}: choose content and style layers of {network}, which has "
                f"{', '.join(positions)}"
            )
    return every[: max((positions[name] for name in wanted), default=-1) + 1]


def kernel_shapes(architecture: str, last_layer: str = "") -> dict[str, tuple[int, int, int, int]]:
    """The convolutions' shapes by suffix: `{"1_1": (3, 3, 3, 64), ...}`, height x width x in x out."""
    shapes, incoming = {}, 3
    for layer in layers(architecture, last_layer):
        if layer.kind == "conv":
            shapes[layer.suffix] = (3, 3, incoming, layer.channels)
            incoming = layer.channels
    return shapes


def smallest_side(architecture: str, wanted: tuple[str, ...]) -> int:
    """The least height and width, in pixels, at which every wanted layer has a position.

    Each pooling before the deepest layer halves the picture, rounding down.
    """
    poolings = sum(layer.kind == "pool" for layer in trunk(architecture, wanted))
    return 2**poolings


def poolings(architecture: str, wanted: tuple[str, ...]) -> dict[str, int]:
    """How many poolings lie before each wanted layer's output, its own included."""
    return {
        name: sum(layer.kind == "pool" for layer in trunk(architecture, (name,))) for name in wanted
    }


def field(architecture: str, wanted: tuple[str, ...]) -> int:
    """How far beyond the pixels that it stands for a position sees, in pixels, at the deepest layer.

    A 3x3 convolution sees one position further, behind k poolings that is 2^k pixels.
    """
    reach, step = 0, 1
    for layer in trunk(architecture, wanted):
        reach += step if layer.kind == "conv" else 0
        step *= 2 if layer.kind == "pool" else 1
    return reach


def channels(architecture: str, wanted: tuple[str, ...]) -> dict[str, int]:
    """How many channels each wanted layer has."""
    return {name: trunk(architecture, (name,))[-1].channels for name in wanted}

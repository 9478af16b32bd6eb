"""What a step needs at least, whoever computes it: multiplications, and bytes on a graphics card.

The multiplications are those of `benchmarks.flops`. The bytes are those of a program whose every
convolution has its bias and ReLU in one kernel, and masks its gradient in the kernel that ends with it:

    forward     each convolution (with its ReLU) and each pool reads its input and writes its output once
    statistics  each style layer's map is read once more, each content layer's map and target too
    backward    each of those convolutions and pools reads the gradient of its output and writes that of
                its input, once; each ReLU reads its output once more for its mask, which serves the
                gradient of the style's product as well; content layers read map and target again
    kernels     of every convolution, read once forward and once backward
    optimizer   reads the gradient, reads and writes the pixels, their average, and its own memory:
                Adam two moments; L-BFGS two pictures, and its pairs read twice (once for the products
                with the gradient, once for their sum), of which one is written

Feature maps and their gradients have two bytes a number (bfloat16), pixels and the optimizer four. Small
arrays (statistics, biases, numbers) are left out. Caches that carry a map from one kernel to the next
could need less, so this is a measure, and no law.
"""

from benchmarks.flops import step_flops
from nstjax.settings import Settings
from nstjax.vgg.architecture import trunk

FEATURE, PIXEL = 2, 4  # bytes a number
LBFGS_PAIRS = 20


def needed_flops(architecture: str, settings: Settings, height: int, width: int) -> int:
    """Multiplications and additions of a step."""
    return step_flops(architecture, settings, height, width)


def needed_bytes(architecture: str, settings: Settings, height: int, width: int) -> int:
    """Bytes that a step reads and writes at least."""
    return network_bytes(architecture, settings, height, width) + optimizer_bytes(
        settings.optimizer, height, width
    )


def network_bytes(architecture: str, settings: Settings, height: int, width: int) -> int:
    """Those of the loss and its gradient."""
    total, channels = 0, 3
    below = FEATURE * height * width * channels  # the map that a layer reads
    total += 2 * PIXEL * height * width * channels  # pixels in, their gradient out
    for layer in trunk(architecture, settings.content_layers + settings.style_layers):
        if layer.kind == "pool":
            height, width = height // 2, width // 2
        above = FEATURE * height * width * layer.channels
        if layer.kind == "conv":
            kernel = FEATURE * 9 * channels * layer.channels
            total += 2 * (below + above + kernel)
            channels = layer.channels
        elif layer.kind == "pool":
            total += 2 * (below + above)
        else:
            total += above  # for the mask
        total += above * (layer.name in settings.style_layers)
        total += 4 * above * (layer.name in settings.content_layers)
        below = above
    return total


def optimizer_bytes(optimizer: str, height: int, width: int) -> int:
    """Those of the step that follows the gradient."""
    picture = PIXEL * height * width * 3
    shared = picture * (1 + 2 + 2)  # gradient; pixels and average, read and written
    if optimizer == "adam":
        return shared + 2 * 2 * picture
    pair = 2 * picture
    return shared + 2 * pair + 2 * LBFGS_PAIRS * pair + pair

"""PyTorch's side of a comparison: a loss on a device, its gradient, and steps on it."""

import numpy as np
import torch

from benchmarks.reference.optimizers import make_step
from benchmarks.reference.recipes import RECIPES, make_loss
from benchmarks.reference.trims import Trim
from benchmarks.reference.vgg import VGG
from benchmarks.scene import Scene
from benchmarks.side import Runner
from nstjax.errors import UserError
from nstjax.vgg import Weights

DEVICES = {"cpu": "cpu", "gpu": "cuda"}  # by JAX's names
OUR_HISTORY = 20  # pairs, as in nstjax's L-BFGS: the same work a step


def torch_device(platform: str) -> torch.device:
    """Where PyTorch runs when JAX runs on a platform.

    Raises `UserError` where it cannot run there.
    """
    if platform not in DEVICES:
        raise UserError(f"JAX runs on {platform!r} and PyTorch does not: set JAX_PLATFORMS=cpu")
    device = torch.device(DEVICES[platform])
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "JAX runs on a GPU and this PyTorch has no CUDA: install one that has, or set "
            "JAX_PLATFORMS=cpu"
        )
    return device


def to_array(tensor: torch.Tensor) -> np.ndarray:
    """Pixels `(H, W, 3)` of a tensor `(1, 3, H, W)`."""
    return tensor.detach()[0].permute(1, 2, 0).cpu().numpy()


def forget_programs() -> None:
    """Empties torch.compile's cache, which is limited, between one comparison and the next."""
    torch.compiler.reset()


class Reference:
    """The loss of a recipe for the pictures of a scene, in one trim."""

    def __init__(
        self, weights: Weights, recipe: str, trim: Trim, scene: Scene, device: torch.device
    ):
        self.device, self.trim, self.recipe = device, trim, RECIPES[recipe]
        self._allocated = 0
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            self._allocated = torch.cuda.memory_allocated()
        wanted = self.recipe.content_layers + self.recipe.style_layers
        network = VGG(weights, wanted, self.recipe.pooling, self.recipe.padding)
        network = network.to(device, memory_format=trim.memory_format)  # type: ignore[call-overload]
        with trim.autocast(device):
            loss = make_loss(
                self.recipe, network, self.tensor(scene.content), self.tensor(scene.style)
            )
        self.loss = trim.apply(loss, device)

    def tensor(self, pixels: np.ndarray) -> torch.Tensor:
        """Pixels `(H, W, 3)` as a new tensor `(1, 3, H, W)` on the device."""
        tensor = torch.tensor(pixels).permute(2, 0, 1)[None]
        return tensor.to(self.device).contiguous()

    def loss_and_gradient(self, pixels: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss of pixels `(H, W, 3)`, and its gradient of that shape."""
        tensor = self.tensor(pixels).requires_grad_()
        value = self.loss(tensor)
        value.backward()
        assert tensor.grad is not None
        return value.item(), to_array(tensor.grad)

    def start(self, start: np.ndarray, optimizer: str, steps: int) -> Runner:
        """Steps from a picture as nstjax makes them: `steps` a run."""
        step = make_step(
            self.loss,
            self.tensor(start),
            optimizer,
            adam=self.recipe.adam,
            history=OUR_HISTORY,
        )

        def run() -> None:
            for _ in range(steps):
                step()
            self.wait()

        return Runner(run, steps)

    def wait(self) -> None:
        """Blocks until the device has done everything."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def facts(self) -> dict[str, float]:
        """`bytes`: most held at once since this was made; PyTorch does not tell on a CPU."""
        if self.device.type != "cuda":
            return {}
        return {"bytes": torch.cuda.max_memory_allocated() - self._allocated}

"""How a PyTorch program is made to run: as written, in half precision, compiled."""

from typing import NamedTuple

import torch

from benchmarks.reference.recipes import Loss


class Trim(NamedTuple):
    """Changes to a program that leave what it computes."""

    compiled: bool  # torch.compile
    bfloat16: bool  # autocast, and channels last

    @property
    def precision(self) -> str:
        """Of the features; TF32 as the defaults of torch allow it."""
        return "bfloat16" if self.bfloat16 else "float32"

    @property
    def name(self) -> str:
        """`PyTorch eager float32` and so on."""
        return f"PyTorch {'compiled' if self.compiled else 'eager'} {self.precision}"

    @property
    def memory_format(self) -> torch.memory_format:
        """Channels last is what tensor cores and the CPU's half precision want."""
        return torch.channels_last if self.bfloat16 else torch.contiguous_format

    def autocast(self, device: torch.device) -> torch.autocast:
        """The context in which features and losses are computed."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.bfloat16)

    def apply(self, loss: Loss, device: torch.device) -> Loss:
        """The same loss, run this way."""

        def cast(pixels: torch.Tensor) -> torch.Tensor:
            with self.autocast(device):
                return loss(pixels.contiguous(memory_format=self.memory_format))

        return torch.compile(cast, dynamic=False) if self.compiled else cast


PLAIN = Trim(compiled=False, bfloat16=False)
# What a person who knows PyTorch does on this kind of device.
BEST = {"cuda": Trim(compiled=True, bfloat16=True), "cpu": Trim(compiled=False, bfloat16=True)}


def trims(device: torch.device) -> tuple[Trim, ...]:
    """Those that are compared on a device, the plain one first."""
    written = (PLAIN, Trim(compiled=False, bfloat16=True), Trim(compiled=True, bfloat16=False))
    return (*written, *(() if BEST[device.type] in written else (BEST[device.type],)))

"""The flags of `nstjax serve`."""

import ipaddress
from dataclasses import dataclass
from typing import Literal

from nstjax.errors import UserError

LARGEST_PORT = 2**16 - 1
SMALLEST_PICTURE = 16  # pixels
LARGEST_PICTURE = 16384


@dataclass(frozen=True, kw_only=True)
class ServeArguments:
    """Opens a page where pictures are dropped, painted and watched in a browser."""

    host: str = "127.0.0.1"  # address to serve at; where others reach it a password is needed
    port: int = 7860  # 0: any that is free
    browser: bool = False  # also open it in a browser
    largest: int = 1024  # long side in pixels that a picture may have
    model: str = "auto"  # a name of `weights list`, or a weights file; auto: vgg19, else a VGG16
    preprocessing: str = ""  # what the model expects, if it is not what was detected
    device: Literal["auto", "cpu", "gpu", "tpu"] = "auto"  # where to compute

    def __post_init__(self):
        if not 0 <= self.port <= LARGEST_PORT:
            raise UserError(f"port is {self.port}: give one from 0 to {LARGEST_PORT}")
        if not SMALLEST_PICTURE <= self.largest <= LARGEST_PICTURE:
            raise UserError(
                f"largest is {self.largest}: give a size from {SMALLEST_PICTURE} to {LARGEST_PICTURE}"
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

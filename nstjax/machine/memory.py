"""Whether a picture of some size can be held, asked before hours of work are lost."""

from nstjax.errors import UserError
from nstjax.machine.device import default_device
from nstjax.machine.host_memory import BYTES_PER_PIXEL, host_bytes


def check_memory(pixels: int) -> None:
    """Raises `UserError` where a picture of that many pixels cannot fit the device's memory."""
    available = _available_bytes()
    needed = pixels * BYTES_PER_PIXEL
    if available is not None and needed > available:
        fits = available / BYTES_PER_PIXEL
        raise UserError(
            f"a picture of {pixels / 1e6:.1f} megapixels needs about {needed / 2**30:.0f} GiB and there "
            f"are {available / 2**30:.0f}: choose a size of at most {fits / 1e6:.1f} megapixels"
        )


def how_many_fit(pixels: int) -> int | None:
    """How many pictures of that many pixels each can be painted at once; None where nobody tells.

    Half of the memory is left to what they share, and to whoever else is there.
    """
    available = _available_bytes()
    return None if available is None else available // (2 * pixels * BYTES_PER_PIXEL)


def _available_bytes() -> int | None:
    """The device's memory; None where nobody tells."""
    device = default_device()
    if device.platform == "cpu":
        return host_bytes()
    return (device.memory_stats() or {}).get("bytes_limit")

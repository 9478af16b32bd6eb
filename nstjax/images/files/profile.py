"""The color profile of everything that is written: sRGB."""

from PIL import ImageCms

_CREATED = slice(24, 36)  # ICC.1: when the profile was made, in six numbers


def _srgb_profile() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Little CMS writes the present moment, and the same picture would never be the same file again.
    profile[_CREATED] = bytes.fromhex("07ea 0001 0001 0000 0000 0000")
    return bytes(profile)


SRGB_PROFILE = _srgb_profile()

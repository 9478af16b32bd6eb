"""What goes wrong with a picture, told in one line."""

import contextlib
import warnings
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

from nstjax.errors import UserError
from nstjax.images.decode.samples import UnreadableError


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """Raises `UserError` in place of everything that decoders raise; `name` is the picture's."""
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels up and refuses at twice that; large pictures are what
            # this program is for, so only the refusal counts.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # damaged metadata, which is passed over
            yield
    except UserError:
        raise  # it is a ValueError too
    except UnreadableError as error:
        raise UserError(f"{name} {error}") from None
    except UnidentifiedImageError:
        raise UserError(f"{name} is not a picture that Pillow reads: give PNG or JPEG") from None
    except Image.DecompressionBombError as error:
        raise UserError(f"{name} is too large to read ({error}): make it smaller first") from None
    except MemoryError:
        raise UserError(f"{name} does not fit the memory: make it smaller first") from None
    except Exception as error:  # Pillow's plugins report damage by every kind of exception
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"{name} cannot be read: {error.strerror}") from None
        raise UserError(f"cannot read {name}: {reason(error)}; the file may be damaged") from None


def reason(error: Exception) -> str:
    """What an exception says, in one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__

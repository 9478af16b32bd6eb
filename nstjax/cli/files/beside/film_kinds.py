"""The kinds of films: pictures in, one after the other, and the bytes of a file out."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image, features

from nstjax.errors import UserError

RATE = 12  # ticks a second; each is a frame of an MP4

# The first that this build of FFmpeg has. Quality is constant, so that grain does not become blocks.
CODECS = {
    "libx264": {"crf": "18"},
    "mpeg4": {"qmin": "2", "qmax": "4"},
}
BT709 = 1  # the number that H.273 gives these colors, and FFmpeg after it
STUDIO = 1  # FFmpeg's number for luma from 16 to 235, which all players know

WEBP = {"quality": 80, "method": 4}
ANIMATED = 0b10  # of the flags behind VP8X
OVERWRITES = 0b10  # of a frame's: it is not blended with the one before
WHITE = b"\xff" * 4
FOREVER = 0  # turns


class Kind(Protocol):
    """A film that is being made. Nothing of it is a file yet."""

    def add(self, picture: np.ndarray, ticks: int) -> None:
        """Shows bytes `(H, W, 3)`, all of one size, for so many ticks."""
        ...

    def finish(self) -> bytes:
        """The whole file."""
        ...


class Mp4:
    """H.264 where there is an encoder, else MPEG-4. In memory is what is encoded."""

    multiple = 2  # of which sides must be: two pixels share a color

    @staticmethod
    def missing() -> str:
        """What must be installed first, or nothing."""
        try:
            _pyav()
        except ImportError:
            return (
                'PyAV is not installed: pip install "nstjax[film]", or give a name ending in .webp'
            )
        return ""

    def __init__(self):
        self._av = _pyav()
        self._file = io.BytesIO()
        self._container = self._av.open(self._file, "w", format="mp4")
        self._stream: Any = None  # from the first frame on
        self._count = 0

    def add(self, picture: np.ndarray, ticks: int) -> None:
        """Shows bytes `(H, W, 3)`, of even sides, for so many ticks."""
        with self._told():
            if self._stream is None:
                self._stream = self._begin(*picture.shape[:2])
            frame = self._av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
            for _ in range(ticks):  # some players hold no frame for longer than others
                frame.pts = self._count
                self._container.mux(self._stream.encode(frame))
                self._count += 1

    def finish(self) -> bytes:
        """The whole file."""
        with self._told():
            self._container.mux(self._stream.encode())
            self._container.close()
        return self._file.getvalue()

    def _begin(self, height: int, width: int) -> Any:
        codec = next(name for name in CODECS if self._has_encoder(name))
        stream = self._container.add_stream(codec, rate=RATE, options=CODECS[codec])
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1  # the others are busy with the picture
        # Else each player has an opinion of its own.
        context.color_range = STUDIO
        context.colorspace = context.color_primaries = context.color_trc = BT709
        return stream

    def _has_encoder(self, name: str) -> bool:
        try:
            self._av.Codec(name, "w")
        except ValueError:
            return False
        return True

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._av.error.FFmpegError as error:
            raise UserError(
                f"cannot encode the film: {error}; give one that ends in .webp"
            ) from None


class WebP:
    """Each frame a lossy WebP of its own: in a picture that grows, all of it changes each time.

    In memory are the frames as they will lie in the file.
    """

    multiple = 1

    @staticmethod
    def missing() -> str:
        """What must be installed first, or nothing."""
        return (
            "" if features.check("webp") else "Pillow has no WebP here: give a name ending in .mp4"
        )

    def __init__(self):
        self._size = 0, 0
        self._ticks = 0
        self._frames: list[bytes] = []

    def add(self, picture: np.ndarray, ticks: int) -> None:
        """Shows bytes `(H, W, 3)` for so many ticks."""
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "WEBP", **WEBP)
        begin, end = (round(each * 1000 / RATE) for each in (self._ticks, self._ticks + ticks))
        self._ticks += ticks
        self._size = picture.shape[:2]
        where = _three_bytes(0, 0, *self._sides(), end - begin) + bytes([OVERWRITES])
        self._frames.append(_chunk(b"ANMF", where + file.getvalue()[len(b"RIFF....WEBP") :]))

    def finish(self) -> bytes:
        """The whole file."""
        header = _chunk(b"VP8X", bytes([ANIMATED, 0, 0, 0]) + _three_bytes(*self._sides()))
        animation = _chunk(b"ANIM", WHITE + FOREVER.to_bytes(2, "little"))
        return _chunk(b"RIFF", b"".join([b"WEBP", header, animation, *self._frames]))

    def _sides(self) -> tuple[int, int]:
        """Width and height as the format has them, less one."""
        height, width = self._size
        return width - 1, height - 1


KINDS: dict[str, type[Mp4] | type[WebP]] = {".mp4": Mp4, ".webp": WebP}


def kind_of(path: Path) -> type[Mp4] | type[WebP]:
    """The kind that a file's name asks for; raises `UserError` for another name."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"cannot write the film {path}: give a name ending in .mp4 or .webp")
    return kind


def check_kind(path: Path) -> None:
    """Raises what `kind_of` raises, and `UserError` where what the kind needs is not installed."""
    if missing := kind_of(path).missing():
        raise UserError(f"cannot write the film {path}: {missing}")


def _pyav() -> Any:
    """The library, without its types, which change from one version to the next."""
    import av

    return av


def _three_bytes(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(3, "little") for number in numbers)


def _chunk(name: bytes, data: bytes) -> bytes:
    """A part of a RIFF file; the next one begins at an even place."""
    return name + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2)

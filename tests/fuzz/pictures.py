"""Fuzzing of what reads picture files, recipes and settings; see README.md beside this file.

    python tests/fuzz/pictures.py 25000

Files that are right are changed at random, from a fixed seed: the same run anywhere finds the same.
Whatever a file holds, reading it must end in a picture or in a `UserError` of one line: not in another
exception, a crash, a warning, more than `MEMORY` bytes beyond what the libraries themselves take, or
more than `SECONDS`.
"""

import io
import json
import os
import random
import resource
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from reference import profiles, tiff_files  # noqa: E402

from nstjax import PRESETS, UserError  # noqa: E402
from nstjax.cli.parsing.settings_file import read_settings_file, to_toml  # noqa: E402
from nstjax.images import read_comment, read_mask, read_picture  # noqa: E402
from nstjax.images.decode import damage  # noqa: E402
from nstjax.settings.recipe import Recipe  # noqa: E402

MEMORY = 2 << 30
SECONDS = 5  # of a processor
# What goes wrong with a file may be any exception; these would be our mistakes.
MISTAKES = (MemoryError, RecursionError, NameError, AttributeError, AssertionError, Warning)
LONGEST = 2000  # characters of a message
NUMBERS = (0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 32, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 10**6,
           2**31 - 1, 2**31, 2**32 - 1)  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n"
RECIPE = Recipe(
    settings=PRESETS["default"],
    preset="default",
    content="a.jpg",
    styles=("b.jpg",),
    model="vgg16-hed",
)


def encoded(mode: str, name: str, **options) -> bytes:
    """A small picture with EXIF and a profile, as Pillow writes it."""
    ramp = np.stack(np.broadcast_arrays(*np.ogrid[0:255:20j, 255:0:24j], 90, 200), -1)
    exif = Image.Exif()
    exif[0x112], exif[0x10F] = 6, "maker"
    file = io.BytesIO()
    profile = profiles.gray_profile(profiles.gamma(1.8)) if mode in ("L", "LA", "P") else None
    options = {"exif": exif, "icc_profile": profile} | options
    image = Image.fromarray(ramp.astype(np.uint8))
    if mode == "I;16":
        image = Image.fromarray(ramp[..., 0].astype(np.uint16) * 257)
    elif mode != "RGBA":
        image = image.convert("RGB").convert(mode)
    image.save(file, name, **options)
    return file.getvalue()


# Photometric interpretation, channels and bits.
KINDS = (
    *((0, 1, 1), (1, 1, 4), (1, 1, 12), (1, 2, 16), (1, 1, 32), (2, 3, 8), (2, 4, 16), (3, 1, 4)),
    *((5, 4, 8), (6, 3, 8), (8, 3, 16)),
)
PACKINGS = (("<", tiff_files.NONE), (">", tiff_files.DEFLATE), ("<", tiff_files.LZW))
TAGS = {
    2: {34675: profiles.color_profile("adobe", profiles.srgb_curve())},
    3: {320: tuple(range(48))},
    6: {530: (1, 1)},
}


def tiffs() -> Iterator[bytes]:
    """One of each kind in each packing, and what Pillow writes."""
    generator = np.random.default_rng(0)
    for number, (photometric, channels, bits) in enumerate(KINDS):
        for order, compression in PACKINGS:
            made = tiff_files.Kind(
                photometric,
                bits,
                order=order,
                compression=compression,
                predictor=2 if bits in (8, 16) and compression != tiff_files.NONE else 1,
                segment=(None, (3, 0), (16, 16))[number % 3],
                is_separate=bool(number % 2),
                is_big=number % 4 == 3,
                tags={274: (1 + number % 8,)} | TAGS.get(photometric, {}),
            )
            samples = generator.integers(0, 2**bits, (9, 10, channels))
            yield tiff_files.tiff_file(samples, made)
    for mode, name in (("RGB", "jpeg"), ("1", "group4"), ("RGBA", "packbits"), ("P", "raw")):
        yield encoded(mode, "TIFF", compression=name)


# By the format, the files that are changed.
SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "PNG": lambda: [encoded(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
    "JPEG": lambda: [
        encoded(mode, "JPEG", progressive=each, quality=60)
        for mode in ("L", "RGB", "CMYK")
        for each in (False, True)
    ],
    "TIFF": lambda: list(tiffs()),
    "WEBP": lambda: [
        encoded(mode, "WEBP", lossless=each) for mode in ("RGB", "RGBA") for each in (False, True)
    ],
    "GIF": lambda: [encoded(mode, "GIF") for mode in ("L", "P", "RGBA")],
    "AVIF": lambda: [encoded(mode, "AVIF", quality=50, speed=10) for mode in ("RGB", "RGBA")],
    "BMP": lambda: [encoded(mode, "BMP") for mode in ("1", "L", "P", "RGB", "RGBA")],
    "recipe": lambda: [RECIPE.to_json().encode()],
    "settings": lambda: ["\n".join(to_toml(RECIPE, PRESETS["gatys2016"])).encode()],
}


def changed(seed: bytes, other: bytes, generator: random.Random) -> bytes:
    """A file with a few changes: of bits, bytes, numbers and parts, some from another file."""
    data = bytearray(seed)
    for _ in range(generator.choice((1, 1, 1, 2, 3, 5, 9))):
        if not data:
            break
        place, length = generator.randrange(len(data)), generator.choice((1, 2, 4, 8, 16, 60))
        kind = generator.randrange(8)
        if kind == 0:
            data[place] ^= 1 << generator.randrange(8)
        elif kind == 1:
            data[place] = generator.randrange(256)
        elif kind == 2:
            form = generator.choice("<>") + generator.choice("BHI")
            number = generator.choice(NUMBERS) & (2 ** (8 * struct.calcsize(form)) - 1)
            data[place : place + struct.calcsize(form)] = struct.pack(form, number)
        elif kind == 3:
            del data[place : place + length]
        elif kind == 4:
            data[place:place] = generator.randbytes(length)
        elif kind == 5:
            data[place:place] = data[place : place + length] * generator.choice((1, 2, 30))
        elif kind == 6:
            start = generator.randrange(max(len(other), 1))
            data[place : place + length] = other[start : start + length]
        elif generator.random() < 0.3:
            del data[place:]
    # Else most changes end at a checksum.
    return (
        _checked(bytes(data)) if data.startswith(PNG) and generator.random() < 0.9 else bytes(data)
    )


def _checked(content: bytes) -> bytes:
    """A PNG file whose chunks' checksums are right."""
    parts, place = [PNG], len(PNG)
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        body = content[place + 4 : place + 8 + length]
        parts.append(content[place : place + 4] + body + struct.pack(">I", zlib.crc32(body)))
        place += 12 + length
    return b"".join(parts)


def try_picture(path: Path) -> list[str]:
    """What the readers say of a file, or nothing; raises what they should not."""
    return [_told(reader, path) for reader in (read_picture, read_mask, read_comment)]


def try_recipe(path: Path) -> list[str]:
    """The same of a recipe."""
    text = path.read_bytes().decode("utf-8", "replace")
    return [_told(lambda _: Recipe.from_json(text, "it"), path)]


def try_settings(path: Path) -> list[str]:
    """The same of a settings file."""
    return [_told(read_settings_file, path)]


def _told(reader: Callable, path: Path) -> str:
    try:
        reader(path)
    except UserError as error:
        text = str(error)
        assert "\n" not in text, text
        assert 0 < len(text) < LONGEST, text
        assert "does not fit the memory" not in text, text
        return text
    return ""


def _reason(error: Exception, reason=damage.reason) -> str:
    if isinstance(error, MISTAKES):
        raise error
    return reason(error)


def run(name: str, count: int, path: Path) -> dict[str, float]:
    """Changes files of a format and reads them; returns what was counted."""
    damage.reason = _reason
    generator = random.Random(f"nstjax {name}")
    seeds = SEEDS[name]()
    attempt = {"recipe": try_recipe, "settings": try_settings}.get(name, try_picture)
    for seed in seeds:
        path.write_bytes(seed)
        attempt(path)
    read, slowest, begun = 0, 0.0, time.monotonic()
    for _ in range(count):
        path.write_bytes(changed(*generator.choices(seeds, k=2), generator))
        started = time.process_time()
        read += not attempt(path)[0]
        slowest = max(slowest, time.process_time() - started)
        assert slowest < SECONDS, f"{slowest} s"
    return {
        "executions": count,
        "read": read,
        "per_second": round(count / (time.monotonic() - begun)),
        "slowest_seconds": round(slowest, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Fuzz every format, so many times each; what ends it is left in the file that is named."""
    path = Path(
        tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    )
    print(f"the file that is read is {path / 'file'}", flush=True)
    warnings.simplefilter("error")
    Image.MAX_IMAGE_PIXELS = 1 << 19  # or most of the time would go to large pictures
    pages = Path("/proc/self/statm").read_text().split()[0]
    limit = int(pages) * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for name in sys.argv[2:] or SEEDS:
        print(name, json.dumps(run(name, int(sys.argv[1]), path / "file")), flush=True)


if __name__ == "__main__":
    main()

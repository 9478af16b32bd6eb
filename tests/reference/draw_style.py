"""Draw the bundled style picture: an oil sketch of swirling sky over slanting fields.

Strokes are laid along a flow field in layers, from a broad dark underpainting to fine highlights;
each is a bundle of bristle hairs in color and in paint height, and the height is lit from the upper
left like impasto. Everything is seeded, so a given numpy and pillow give the same picture.

Run: python tests/reference/draw_style.py [OUTPUT.jpg]
"""

import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE, SCALE = (640, 512), 2  # drawn larger and reduced, which smooths the edges of the hairs
DEFAULT = Path(__file__).resolve().parents[2] / "nstjax" / "demo" / "style.jpg"

# x, y and radius (fractions of the width), spin, share of warm paint
VORTICES = [
    (0.40, 0.30, 0.150, -1.0, 1.0),
    (0.77, 0.25, 0.125, 1.0, 0.0),
    (0.13, 0.19, 0.105, 1.0, 0.1),
    (0.61, 0.46, 0.065, 1.0, 0.9),
    (0.13, 0.44, 0.060, -1.0, 1.0),
    (0.59, 0.10, 0.062, -1.0, 0.9),
    (0.93, 0.45, 0.062, -1.0, 0.95),
]
INK, ULTRAMARINE, COBALT, GREEN = (14, 18, 58), (26, 38, 128), (34, 84, 184), (18, 62, 50)
TEAL, PALE, CREAM = (46, 150, 172), (138, 196, 190), (246, 234, 190)
YELLOW, OCHRE, VERMILION, OLIVE = (248, 202, 52), (206, 138, 36), (214, 70, 34), (92, 112, 44)
SKY = [ULTRAMARINE, COBALT, TEAL, PALE, COBALT, INK, ULTRAMARINE, TEAL, CREAM, COBALT]
WARM = [CREAM, CREAM, YELLOW, OCHRE, YELLOW, VERMILION, OCHRE, TEAL, COBALT]
LAND = [GREEN, OLIVE, YELLOW, OCHRE, GREEN, TEAL, INK, OCHRE, CREAM, VERMILION, OLIVE]

# strokes, width and length (pixels as drawn), hairs, lightness, color jitter
LAYERS = [
    (900, 50, 280, 16, 0.42, 0.10),
    (1100, 34, 200, 13, 0.80, 0.14),
    (1500, 21, 120, 9, 1.0, 0.18),
    (1100, 11, 80, 6, 1.15, 0.22),
]


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Two octaves of smooth noise of unit spread."""
    total = np.zeros(shape)
    for n in (cells, 2 * cells):
        grid = Image.fromarray(rng.standard_normal((n, n)).astype(np.float32))
        total += np.asarray(grid.resize(shape[::-1], Image.Resampling.BICUBIC)) / n
    return total / total.std()


def ramp(colors: list[tuple[int, int, int]], at: np.ndarray) -> np.ndarray:
    """Colors along a repeating ramp; steep steps keep each pigment clean over most of its band."""
    stops = np.array([*colors, colors[0]], float)
    at = (at % 1.0) * len(colors)
    low = at.astype(int) % len(colors)
    part = np.clip((at % 1.0 - 0.5) * 2.5 + 0.5, 0, 1)[..., None]
    return stops[low] * (1 - part) + stops[low + 1] * part


def scene(rng: np.random.Generator, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The unit flow (height, width, 2) and the color field (height, width, 3)."""
    y, x = np.mgrid[0:height, 0:width] / width
    noise = [smooth_noise(rng, (height, width), cells) for cells in (3, 5, 7)]
    # the flow is the curl of this stream function, so colors by its value run along the strokes
    stream = y + 0.022 * noise[0] + 0.008 * noise[2]
    colors = ramp(SKY, stream * 3.7 + 0.11 * noise[1])
    for cx, cy, radius, spin, warm in VORTICES:
        distance = np.hypot(x - cx, (y - cy) * 1.08) / radius
        stream = stream + spin * radius * 2.2 * np.exp(-(distance**2) / 1.3)
        angle = np.arctan2(y - cy, x - cx) / (2 * np.pi)  # one turn is one ramp: no seam
        ring = distance * 0.72 + 0.03 * noise[1]
        cold = ramp(SKY[::-1], ring * 1.1 + spin * angle + 0.15)
        mixed = warm * ramp(WARM, np.clip(ring, 0, 0.94)) + (1 - warm) * cold
        colors += (mixed - colors) * np.clip((1.25 - distance) * 4, 0, 1)[..., None]
    slope = y - 0.42 * x + 0.016 * noise[0]
    horizon = 0.585 - 0.06 * np.sin(x * 7.0) + 0.03 * noise[0] * x
    land = np.clip((y - horizon) * 60, 0, 1)
    stream = stream + (slope * 1.3 - stream) * land
    colors += (ramp(LAND, slope * 2.7 + 0.04 * noise[2]) - colors) * land[..., None]
    flow = np.stack(np.gradient(stream), -1) * (1, -1)
    return flow / (np.linalg.norm(flow, axis=-1, keepdims=True) + 1e-9), colors


def trace(flow: np.ndarray, start: np.ndarray, steps: int, step: float) -> np.ndarray:
    """Follow the flow from each start (n, 2): paths (n, steps, 2)."""
    path = [start]
    for _ in range(steps - 1):
        x, y = np.clip(path[-1], 0, (flow.shape[1] - 1, flow.shape[0] - 1)).astype(int).T
        path.append(path[-1] + step * flow[y, x])
    return np.stack(path, 1)


def paint(
    rng: np.random.Generator, layer: tuple, field: tuple, picture: Image.Image, relief: Image.Image
) -> None:
    """Lay one layer of strokes on the picture and on its height map."""
    (strokes, width, length, hairs, gain, jitter), (flow, colors) = layer, field
    draw, lift, size, steps = ImageDraw.Draw(picture), ImageDraw.Draw(relief), picture.size, 14
    t = np.linspace(0, 1, steps)  # along the stroke: a blunt start and a longer, thinner end
    taper = np.minimum(1, (t + 0.04) / 0.2) ** 0.5 * np.minimum(1, (1.06 - t) / 0.5) ** 0.7
    start, brush = rng.uniform(-0.05, 1.03, (strokes, 2)) * size, np.array(INK, float)
    for path in trace(flow, start, steps, length / steps):
        along = np.gradient(path, axis=0)
        normal = along[:, ::-1] * (-1, 1) / (np.linalg.norm(along, axis=1)[:, None] + 1e-9)
        half = width / 2 * rng.uniform(0.6, 1.25)
        x, y = np.clip(path[steps // 3], 0, (size[0] - 1, size[1] - 1)).astype(int)
        # a dirty brush: some of the last stroke's paint stays in it and mutes the new color
        brush = 0.86 * colors[y, x] * gain * (1 + jitter * rng.standard_normal()) + 0.14 * brush
        color = brush + 45 * jitter * rng.standard_normal(3)
        load, thick = rng.uniform(20, 100), max(2, round(2.8 * half / hairs))
        for u in rng.permutation(np.linspace(-1, 1, hairs)):
            hair = path + normal * (u * half * taper)[:, None]
            # hairs touch and leave the canvas at different moments: ragged ends
            points = [tuple(p) for p in hair[rng.integers(0, 2) : steps - rng.integers(0, 4)]]
            tone = np.clip(color * (1 + 0.08 * rng.standard_normal()), 0, 255)
            draw.line(points, tuple(tone.astype(int).tolist()), thick, joint="curve")
            level = load + 136 - 100 * u**4 - rng.uniform(0, 36)
            lift.line(points, int(level), thick, joint="curve")


def light(picture: Image.Image, relief: Image.Image) -> Image.Image:
    """Shade the paint by its slope towards a light at the upper left."""
    level = np.asarray(relief.filter(ImageFilter.GaussianBlur(1.6)), float)
    shade = np.clip(sum(np.gradient(level)) / 64, -0.42, 0.4)[..., None]
    lit = np.asarray(picture, float) * (1 + np.minimum(shade, 0.25)) + 55 * np.maximum(shade, 0)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def main() -> None:
    """Draw, then write in one step, so that a stopped run leaves no half file."""
    rng, size = np.random.default_rng(11), (SIZE[0] * SCALE, SIZE[1] * SCALE)
    field = scene(rng, *size)
    picture, relief = Image.new("RGB", size, INK), Image.new("L", size)
    for layer in LAYERS:
        paint(rng, layer, field, picture, relief)
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    partial = target.with_name(target.name + ".part")
    picture = light(picture, relief).resize(SIZE, Image.Resampling.LANCZOS)
    picture.save(partial, "JPEG", quality=85, optimize=True)
    os.replace(partial, target)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Paints a picture to take a style from: a night of swirling brush strokes.

  brush_strokes.py OUT.png [--size 768] [--seed 7]

The same arguments make the same pixels. A flow field (a drift with eddies in it) leads strokes of four sizes,
large ones first. Every stroke is a ribbon of bristles: each bristle has its own brightness and its own load
of paint, so that strokes show the grain, ridges and dry ends of a brush.
Needs numpy and Pillow.
"""

import argparse

import numpy as np
from PIL import Image

# (x, y, radius, turn) of the eddies, in parts of the side; the sign of `turn` says which way round.
EDDIES = [
    (0.36, 0.36, 0.21, 1.0),
    (0.60, 0.44, 0.15, -1.0),
    (0.12, 0.62, 0.13, -0.8),
    (0.88, 0.66, 0.14, 0.8),
]
# (x, y, radius) of the glowing discs.
DISCS = [
    (0.83, 0.17, 0.075),
    (0.13, 0.16, 0.045),
    (0.60, 0.12, 0.030),
    (0.31, 0.08, 0.022),
    (0.93, 0.42, 0.026),
    (0.07, 0.37, 0.024),
]

NIGHT = np.array(
    [
        (10, 16, 48),
        (16, 32, 88),
        (24, 56, 132),
        (38, 92, 168),
        (86, 142, 196),
        (148, 190, 214),
        (226, 232, 220),
    ],
    float,
)
GLOW = np.array(
    [
        (30, 64, 120),
        (92, 148, 168),
        (196, 190, 96),
        (240, 190, 52),
        (250, 220, 96),
        (255, 236, 150),
        (255, 250, 226),
    ],
    float,
)
ACCENTS = np.array([(70, 140, 140), (150, 176, 140), (206, 164, 74), (226, 176, 60)], float)
EARTH = np.array(
    [(12, 22, 30), (22, 44, 44), (54, 70, 40), (122, 96, 38), (196, 142, 48), (232, 190, 96)], float
)


def ramp(colours, at):
    """The colour at 0..1 of a row of colours; `at` may be an array."""
    at = np.clip(at, 0, 1) * (len(colours) - 1)
    low = np.minimum(at.astype(int), len(colours) - 2)
    part = (at - low)[..., None]
    return colours[low] * (1 - part) + colours[low + 1] * part


def smooth_noise(rng, size, cells):
    """size x size values, mean 0, of about -1..1, that change over size / cells pixels."""
    grid = rng.standard_normal((cells + 3, cells + 3)).astype(np.float32)
    at = np.linspace(0.5, cells + 0.5, size)
    low = at.astype(int)
    part = at - low
    part = part * part * (3 - 2 * part)
    rows = grid[low] * (1 - part)[:, None] + grid[low + 1] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, low + 1] * part


STEP = 0.7  # pixels between two points of a stroke: no gaps


class Scene:
    """Where strokes go and what colour they have, at every pixel."""

    def __init__(self, size, rng):
        self.size = size
        y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
        ground = 0.80 + 0.035 * np.sin(7 * x + 1) + 0.02 * np.sin(17 * x)
        # The drift: mostly to the right, in waves.
        u = np.full_like(x, 1.0)
        v = 0.55 * np.cos(9 * x + 2.5 * np.sin(4 * y)) + 0.25 * smooth_noise(rng, size, 5)
        light = (
            0.34
            + 0.10 * smooth_noise(rng, size, 4)
            + 0.13 * np.sin(26 * y + 5 * np.sin(5 * x) + 2 * smooth_noise(rng, size, 3))
        )
        for ex, ey, radius, turn in EDDIES:
            dx, dy = x - ex, y - ey
            far = np.hypot(dx, dy) / radius
            pull = 3.2 * np.exp(-(far**2))
            u += pull * (-turn * dy / radius / np.maximum(far, 0.15) - 0.25 * dx / radius)
            v += pull * (turn * dx / radius / np.maximum(far, 0.15) - 0.25 * dy / radius)
            # Bands that wind round the eddy, light and dark.
            angle = np.arctan2(dy, dx)
            light += 0.36 * np.exp(-((far / 1.1) ** 2)) * np.cos(9 * far - turn * 2 * angle)
        glow = np.zeros_like(x)
        for dx_, dy_, radius in DISCS:
            dx, dy = x - dx_, y - dy_
            far = np.hypot(dx, dy) / radius
            pull = 4.5 * np.exp(-((far / 2.2) ** 2))
            u += pull * -dy / radius / np.maximum(far, 0.15)
            v += pull * dx / radius / np.maximum(far, 0.15)
            ring = 0.42 * np.exp(-(far**2)) + 0.56 * np.exp(-((far / 2.4) ** 2)) * (
                0.72 + 0.28 * np.cos(6.5 * far)
            )
            glow = np.maximum(glow, ring)
        land = np.clip((y - ground) / 0.02 + 0.5, 0, 1)
        # Hills: strokes along their slope.
        slope = 0.25 * np.cos(7 * x + 1) + 0.34 * np.cos(17 * x) + 0.5 * smooth_noise(rng, size, 7)
        u, v = u * (1 - land) + land, v * (1 - land) + slope * land
        self.angle = np.arctan2(v, u)
        earth = (
            0.30 + 0.22 * np.sin(34 * (y - ground) + 3 * np.sin(9 * x)) + 0.16 * smooth_noise(rng, size, 9)
        )
        self.light, self.glow, self.land, self.earth = light, glow, land, earth
        self.accent = smooth_noise(rng, size, 12)

    def colour(self, row, column, jitter):
        """One stroke's colour. jitter: three normal numbers."""
        light = self.light[row, column] + 0.10 * jitter[0]
        colour = ramp(NIGHT, light)
        if self.accent[row, column] + 0.6 * jitter[1] > 1.35:
            colour = 0.25 * colour + 0.75 * ramp(
                ACCENTS, 0.5 + 0.4 * jitter[2]
            )  # ochre and sea green among the blues
        glow = self.glow[row, column] + 0.07 * jitter[1]
        if glow > 0.12:
            part = min(1.0, (glow - 0.12) / 0.25)
            colour = (1 - part) * colour + part * ramp(GLOW, glow)
        land = self.land[row, column]
        colour = (1 - land) * colour + land * ramp(EARTH, self.earth[row, column] + 0.12 * jitter[0])
        return np.clip(colour + 7 * jitter[2], 0, 255)


def trace(angle, starts, steps, step):
    """Paths along the field through `starts` (n x 2), n x (2 steps + 1) points x (row, column)."""
    size = angle.shape[0]
    halves = []
    for direction in (-step, step):
        at = starts.copy()
        half = []
        for _ in range(steps):
            cell = np.clip(at.astype(int), 0, size - 1)
            a = angle[cell[:, 0], cell[:, 1]]
            at = at + direction * np.stack([np.sin(a), np.cos(a)], axis=1)
            half.append(at)
        halves.append(half)
    return np.stack(halves[0][::-1] + [starts] + halves[1], axis=1)


def lay_stroke(canvas, height, path, width, colour, rng):
    """One ribbon of bristles along the path, over what is there. `height`: how thick the paint stands."""
    size = canvas.shape[0]
    n = len(path)
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = np.stack([along[:, 1], -along[:, 0]], axis=1)
    bristles = max(3, int(np.ceil(width * 1.6)))
    offset = np.linspace(-1, 1, bristles)
    t = np.linspace(0, 1, n)
    # Narrower where the brush lands and where it leaves.
    body = np.minimum(1, np.minimum(t * 7, (1 - t) * 4) + 0.25)
    points = path[:, None, :] + across[:, None, :] * (offset[None, :] * body[:, None] * width / 2)[..., None]
    # Each bristle's paint runs out somewhere near the end, and its brightness is its own.
    runs_out = 1.0 - 0.28 * rng.random(bristles) * rng.random(bristles)
    starts = 0.06 * rng.random(bristles)
    shade = np.convolve(rng.standard_normal(bristles + 2), (0.25, 0.5, 0.25), "valid") * 17
    shade += 9 * np.cos(np.pi * offset)
    there = (t[:, None] >= starts) & (t[:, None] <= runs_out)
    r = np.round(points[..., 0]).astype(int)
    c = np.round(points[..., 1]).astype(int)
    there &= (r >= 0) & (r < size) & (c >= 0) & (c < size)
    r, c = r[there], c[there]
    paint = colour + (shade[None, :] + 5 * rng.standard_normal((n, 1)))[there][:, None] * np.array(
        (1.0, 1.0, 0.9)
    )
    canvas[r, c] = paint
    height[r, c] = (0.55 * shade[None, :] / 17 + (1 - offset[None, :] ** 2) + 0 * t[:, None])[there]


def paint(side, seed):
    """The picture, side x side x 3, uint8: painted larger and scaled down, so that edges are smooth."""
    size = side * 3 // 2
    rng = np.random.default_rng(seed)
    scene = Scene(size, rng)
    canvas = np.empty((size, size, 3))
    canvas[:] = (14, 24, 60)
    height = np.zeros((size, size))
    unit = size / 768
    # (width, length, distance between strokes), pixels at 768.
    for width, length, spacing in ((26, 150, 13), (17, 110, 9.5), (11, 80, 7.5), (7, 54, 6.2)):
        spacing *= unit
        grid = np.arange(spacing / 2, size, spacing)
        places = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
        places += rng.uniform(-spacing, spacing, places.shape)
        rng.shuffle(places)
        cells = np.clip(places.astype(int), 0, size - 1)
        glow = scene.glow[cells[:, 0], cells[:, 1]]
        if width < 12:
            # Small strokes are for what is small: discs, eddies; the rest keeps its broad ones.
            busy = np.maximum(np.maximum(glow, abs(scene.light[cells[:, 0], cells[:, 1]] - 0.34) * 1.6), 0.25)
            kept = rng.random(len(places)) < busy
            places, cells, glow = places[kept], cells[kept], glow[kept]
        steps = int(length * unit * 1.25 / 2 / STEP)
        paths = trace(scene.angle, places, steps, STEP)
        reaches = (steps * rng.uniform(0.45, 1, len(places)) * (1 - 0.55 * np.minimum(1, glow))).astype(int)
        for path, reach, cell in zip(paths, reaches, cells):
            if reach > 1:
                colour = scene.colour(*cell, rng.standard_normal(3))
                lay_stroke(
                    canvas,
                    height,
                    path[steps - reach : steps + reach + 1],
                    width * unit * rng.uniform(0.7, 1.2),
                    colour,
                    rng,
                )
    # Light from the upper left on the ridges of the paint.
    relief = height - np.roll(np.roll(height, 1, 0), 1, 1)
    canvas += 10 * np.clip(relief, -1.5, 1.5)[..., None]
    large = Image.fromarray(np.clip(np.rint(canvas), 0, 255).astype(np.uint8))
    return np.asarray(large.resize((side, side), Image.Resampling.LANCZOS))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out")
    parser.add_argument("--size", type=int, default=768, help="pixels a side, 64..4096")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    if not 64 <= arguments.size <= 4096:
        parser.error("--size: 64..4096")
    Image.fromarray(paint(arguments.size, arguments.seed)).save(arguments.out)


if __name__ == "__main__":
    main()

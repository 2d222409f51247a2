"""The pictures of the table: made here, the same in every run."""

import os

import numpy as np
from PIL import Image

# Bytes a sample, and the channels' order in RGBA's, of raw pixels.
_RAW = {
    "PIXEL_FORMAT_GRAY8": ("<u1", "L"),
    "PIXEL_FORMAT_GRAY_ALPHA8": ("<u1", "LA"),
    "PIXEL_FORMAT_RGB8": ("<u1", "RGB"),
    "PIXEL_FORMAT_RGBA8": ("<u1", "RGBA"),
    "PIXEL_FORMAT_BGR8": ("<u1", "BGR"),
    "PIXEL_FORMAT_BGRA8": ("<u1", "BGRA"),
    "PIXEL_FORMAT_GRAY16": ("<u2", "L"),
    "PIXEL_FORMAT_GRAY_ALPHA16": ("<u2", "LA"),
    "PIXEL_FORMAT_RGB16": ("<u2", "RGB"),
    "PIXEL_FORMAT_RGBA16": ("<u2", "RGBA"),
    "PIXEL_FORMAT_BGRA16": ("<u2", "BGRA"),
    "PIXEL_FORMAT_RGB_FLOAT": ("<f4", "RGB"),
    "PIXEL_FORMAT_RGBA_FLOAT": ("<f4", "RGBA"),
}
_EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "TIFF": "tif"}
_EXIF_ORIENTATION = 0x0112


def samples(kind, width, height):
    """RGBA, height x width x 4, 0..1. Alpha is noise: it doesn't compress, and a mix-up shows."""
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    generator = np.random.default_rng(7)
    if kind == "photograph":
        inside = np.hypot((x - 0.5) * width, (y - 0.6) * height) < 0.3 * height
        colours = [
            np.where(inside, 0.8, 0.2 + 0.5 * y),
            np.where(inside, 0.35, 0.3 + 0.4 * x),
            np.where(inside, 0.25, 0.7),
        ]
    elif kind == "painting":
        wave = np.sin(20 * x + 2 * np.sin(8 * y))
        noise = 0.08 * generator.random((height, width))
        colours = [0.45 + 0.3 * wave + noise, 0.4 - 0.25 * wave + noise, 0.25 + noise]
    elif kind == "noise":
        colours = list(generator.random((3, height, width)))
    else:
        raise ValueError(f"{kind}: no such kind of picture")
    alpha = generator.random((height, width))
    return np.clip(np.stack([*colours, alpha], axis=-1), 0, 1)


def _channels(values, order):
    red, green, blue, alpha = np.moveaxis(values, -1, 0)
    by_letter = {"R": red, "G": green, "B": blue, "A": alpha, "L": green}
    return np.stack([by_letter[letter] for letter in order], axis=-1)


def _quantised(values, sample):
    if sample == "<f4":
        return values.astype(sample)
    return np.round(values * np.iinfo(np.dtype(sample)).max).astype(sample)


def _write_raw(path, values, layout):
    sample, order = _RAW[layout["format"]]
    rows = _quantised(_channels(values, order), sample)
    height, width = rows.shape[:2]
    row_bytes = width * rows.shape[2] * np.dtype(sample).itemsize
    stride = layout.get("stride", 0) or row_bytes
    # What lies between the rows is nobody's: 0xEE, so that whoever takes it for pixels is found out.
    data = np.full((height, stride), 0xEE, dtype=np.uint8)
    data[:, :row_bytes] = np.frombuffer(rows.tobytes(), np.uint8).reshape(height, row_bytes)
    with open(path, "wb") as file:
        file.write(data.tobytes())


def _png16(path, values):
    """A PNG of 16-bit RGB, which PIL can't write."""
    import struct
    import zlib

    rows = _quantised(_channels(values, "RGB"), "<u2").astype(">u2")
    height, width = rows.shape[:2]
    filtered = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(filtered)) + chunk(b"IEND", b""))


def _write_file(path, values, spec):
    if spec.get("depth") == 16:
        _png16(path, values)
        return
    order = spec.get("mode", "RGB")
    pixels = _quantised(_channels(values, order), "<u1")
    picture = Image.fromarray(pixels[..., 0] if order == "L" else pixels, order)
    options = {}
    if spec["format"] == "PNG":
        options["compress_level"] = 1
    if spec["format"] == "WEBP":
        options["lossless"] = True
    if "orientation" in spec:
        exif = Image.Exif()
        exif[_EXIF_ORIENTATION] = spec["orientation"]
        options["exif"] = exif
    picture.save(path, spec["format"], **options)


class Pictures:
    """Makes each picture of the table once, when it is asked for."""

    def __init__(self, folder, specs):
        self._folder = folder
        self._specs = specs
        self._made = {}

    def path(self, name):
        if name not in self._made:
            spec = self._specs[name]
            if "text" in spec:
                path = os.path.join(self._folder, f"{name}.png")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(spec["text"])
            else:
                values = samples(spec["kind"], spec["width"], spec["height"])
                raw = spec.get("raw")
                path = os.path.join(self._folder, f"{name}.{'raw' if raw else _EXTENSIONS[spec['format']]}")
                if raw:
                    _write_raw(path, values, raw)
                else:
                    _write_file(path, values, spec)
            if "cut_to" in spec:
                os.truncate(path, spec["cut_to"])
            self._made[name] = path
        return self._made[name]

    def reference(self, name):
        """The picture as a driver is told of it."""
        # "upload:NAME": to be uploaded first; what has a "/" is a name of the server's.
        upload = name.startswith("upload:")
        name = name.removeprefix("upload:")
        if "/" in name:
            return {name.split("/")[0].rstrip("s"): name}
        reference = {"file": self.path(name)}
        spec = self._specs[name]
        if "raw" in spec:
            # What is told of it may be wrong, where a case is about that.
            reference["raw"] = {"width": spec["width"], "height": spec["height"], **spec["raw"], **spec.get("tell", {})}
        if upload:
            reference["upload"] = True
        return reference

    def alpha(self, name):
        """The alpha channel of a picture of the table, 8 bits."""
        spec = self._specs[name]
        return _quantised(_channels(samples(spec["kind"], spec["width"], spec["height"]), "A"), "<u1")[..., 0]

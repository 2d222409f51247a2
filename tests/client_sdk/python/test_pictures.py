"""Received pictures: their pixels, exactly, and files that are whole."""

import io
import os
import stat
import struct
import tempfile
import unittest
import zlib
from pathlib import Path
from unittest import mock

import impasto
import numpy as np
from impasto import Picture, PictureFormat, PixelFormat, _png
from impasto._pixels import LAYOUTS
from PIL import Image


def png16(pixels, filters=None, profile=None):
    """A PNG of 16 bits, each row with the filter that is named (or all five in turn)."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    size = 2 * channels
    lines = pixels.astype(">u2").reshape(height, -1).view(np.uint8).astype(int)
    raw = b""
    for y in range(height):
        line, above = lines[y], lines[y - 1] if y else np.zeros_like(lines[0])
        left = np.concatenate([np.zeros(size, int), line[:-size]])
        corner = np.concatenate([np.zeros(size, int), above[:-size]])
        filter_type = filters[y] if filters else y % 5
        distance = [np.abs(above - corner), np.abs(left - corner), np.abs(left + above - 2 * corner)]
        paeth = np.where(
            (distance[0] <= distance[1]) & (distance[0] <= distance[2]),
            left,
            np.where(distance[1] <= distance[2], above, corner),
        )
        guess = [0, left, above, (left + above) // 2, paeth][filter_type]
        raw += bytes([filter_type]) + ((line - guess) % 256).astype(np.uint8).tobytes()
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))]
    if profile:
        chunks.append((b"iCCP", b"name\0\0" + zlib.compress(profile)))
    packed = zlib.compress(raw)
    chunks += [(b"IDAT", packed[:40]), (b"IDAT", packed[40:]), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def noise(*shape, dtype=np.uint16):
    return np.random.default_rng(3).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def encoded(pixels, pillow_format="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, pillow_format, **options)
    return Picture(file.getvalue(), PictureFormat[pillow_format], pixels.shape[1], pixels.shape[0])


def same(test, got, wanted):
    test.assertEqual((got.dtype, got.shape), (wanted.dtype, wanted.shape))
    np.testing.assert_array_equal(got, wanted)


class ToNumpyTest(unittest.TestCase):
    def test_png_of_8_bits(self):
        for channels in (1, 2, 3, 4):
            pixels = noise(5, 7, channels, dtype=np.uint8)
            pixels = pixels[:, :, 0] if channels == 1 else pixels
            same(self, encoded(pixels).to_numpy(), pixels)

    def test_png_of_16_bits(self):
        for channels in (1, 2, 3, 4):
            for height, width in ((11, 3), (3, 11), (6, 1), (1, 6)):
                pixels = noise(height, width, channels)
                pixels = pixels[:, :, 0] if channels == 1 else pixels
                same(self, Picture(png16(pixels), PictureFormat.PNG, width, height).to_numpy(), pixels)

    def test_every_filter_alone(self):
        pixels = noise(9, 8, 3)
        for filter_type in range(5):
            same(self, _png.decode16(png16(pixels, [filter_type] * 9)), pixels)

    def test_broken_png_of_16_bits(self):
        good = png16(noise(4, 4, 3))
        size = struct.pack(">I", 5)
        for broken, words in (
            (good[:60], "a broken PNG|pixels"),
            (good[:16] + size + good[20:], "bytes of pixels"),
            (good[:16] + struct.pack(">I", 1 << 30) + good[20:], "can't be read"),
            (good[:28] + b"\1" + good[29:], "can't be read"),
            (good[:25] + b"\7" + good[26:], "a broken header"),
            (good.replace(b"IDAT", b"IDAX"), "a broken PNG|0 bytes"),
            (png16(noise(4, 4, 3), [0, 0, 0, 0]).replace(b"IDAT", b"tEXt", 1), "broken"),
        ):
            with self.assertRaisesRegex(impasto.Internal, words):
                _png.decode16(broken)

    def test_raw_in_every_layout(self):
        for pixel_format, layout in LAYOUTS.items():
            shape = (3, 4) if layout.channels == 1 else (3, 4, layout.channels)
            kind = np.dtype(layout.dtype)
            pixels = np.linspace(0, 1, 3 * 4 * layout.channels).reshape(shape)
            pixels = (pixels if kind.kind == "f" else pixels * np.iinfo(kind).max).astype(kind.newbyteorder("="))
            sent = pixels[:, :, [2, 1, 0, 3][: layout.channels]] if layout.bgr else pixels
            data = sent.astype(kind).tobytes()
            same(self, Picture(data, PictureFormat.RAW, 4, 3, pixel_format).to_numpy(), pixels)

    def test_raw_with_a_stride(self):
        pixels = noise(3, 2, 3, dtype=np.uint16)
        row = 12
        data = b"".join(pixels[y].astype("<u2").tobytes() + (b"?" * 5 if y < 2 else b"") for y in range(3))
        same(self, Picture(data, PictureFormat.RAW, 2, 3, PixelFormat.RGB16, row + 5).to_numpy(), pixels)

    def test_raw_that_is_too_short(self):
        for data, stride, pixel_format in (
            (b"x" * 11, 0, 1),
            (b"x" * 12, 3, 1),
            (b"x" * 12, 5, 1),
            (b"x" * 12, 0, None),
        ):
            pixel_format = pixel_format and PixelFormat(pixel_format)
            with self.assertRaises(impasto.Internal):
                Picture(data, PictureFormat.RAW, 4, 3, pixel_format, stride).to_numpy()

    def test_a_palette_becomes_colours(self):
        file = io.BytesIO()
        Image.new("P", (3, 2)).save(file, "PNG")
        self.assertEqual(Picture(file.getvalue(), PictureFormat.PNG, 3, 2).to_numpy().shape, (2, 3, 3))


class ToPilTest(unittest.TestCase):
    def test_a_file(self):
        image = encoded(noise(2, 3, 3, dtype=np.uint8), icc_profile=b"profile").to_pil()
        self.assertEqual((image.mode, image.size, image.info["icc_profile"]), ("RGB", (3, 2), b"profile"))

    def test_16_bits_are_rounded_but_grey(self):
        pixels = np.array([[[0, 128, 65535], [257, 129, 65406]]], np.uint16)
        image = Picture(png16(pixels, profile=b"profile"), PictureFormat.PNG, 2, 1).to_pil()
        self.assertEqual((image.mode, list(image.tobytes())), ("RGB", [0, 0, 255, 1, 1, 254]))
        self.assertEqual(image.info["icc_profile"], b"profile")
        grey = Picture(png16(np.array([[7, 65535]], np.uint16)), PictureFormat.PNG, 2, 1).to_pil()
        self.assertEqual((grey.mode, grey.getpixel((1, 0))), ("I;16", 65535))

    def test_raw(self):
        data = np.array([0, 0.5, 1], "<f4").tobytes()
        image = Picture(data, PictureFormat.RAW, 1, 1, PixelFormat.RGB_FLOAT).to_pil()
        self.assertEqual((image.mode, image.getpixel((0, 0))), ("RGB", (0, 128, 255)))
        bgra = Picture(b"\1\2\3\4", PictureFormat.RAW, 1, 1, PixelFormat.BGRA8).to_pil()
        self.assertEqual((bgra.mode, bgra.getpixel((0, 0))), ("RGBA", (3, 2, 1, 4)))


class SaveTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.picture = encoded(noise(4, 5, 4, dtype=np.uint8))

    def test_its_own_bytes_where_the_ending_fits(self):
        for name in ("a.png", "a.PNG", "a", "a.out"):
            self.picture.save(self.folder / name)
            self.assertEqual((self.folder / name).read_bytes(), self.picture.data)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["a", "a.PNG", "a.out", "a.png"])

    def test_another_ending_is_another_format(self):
        for name, pillow_format in (("a.jpg", "JPEG"), ("a.jpeg", "JPEG"), ("a.tif", "TIFF"), ("a.webp", "WEBP")):
            self.picture.save(str(self.folder / name))
            with Image.open(self.folder / name) as image:
                self.assertEqual((image.format, image.size), (pillow_format, (5, 4)))

    def test_raw_pixels_need_an_ending(self):
        raw = Picture(b"\1\2\3", PictureFormat.RAW, 1, 1, PixelFormat.RGB8)
        raw.save(self.folder / "a.png")
        with Image.open(self.folder / "a.png") as image:
            self.assertEqual(image.getpixel((0, 0)), (1, 2, 3))
        with self.assertRaises(ValueError):
            raw.save(self.folder / "a.raw")

    def test_a_good_file_stays_where_a_save_fails(self):
        path = self.folder / "a.png"
        path.write_bytes(b"good")
        with mock.patch.object(os, "fsync", side_effect=OSError(28, "no space")), self.assertRaises(OSError):
            self.picture.save(path)
        self.assertEqual(path.read_bytes(), b"good")
        self.assertEqual(list(self.folder.iterdir()), [path])

    def test_permissions_and_links_are_kept(self):
        path = self.folder / "a.png"
        path.write_bytes(b"old")
        path.chmod(0o604)
        link = self.folder / "link.png"
        link.symlink_to(path)
        self.picture.save(link)
        self.assertTrue(link.is_symlink())
        self.assertEqual(path.read_bytes(), self.picture.data)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o604)

    def test_a_folder_that_is_not_there(self):
        with self.assertRaises(FileNotFoundError):
            self.picture.save(self.folder / "none" / "a.png")

    def test_without_pillow(self):
        with mock.patch.dict("sys.modules", {"PIL": None}), self.assertRaisesRegex(ImportError, "install Pillow"):
            self.picture.save(self.folder / "a.jpg")


class ShowTest(unittest.TestCase):
    def test_notebooks_get_the_file_as_it_is(self):
        png = encoded(noise(2, 2, 3, dtype=np.uint8))
        self.assertEqual((png._repr_png_(), png._repr_jpeg_()), (png.data, None))
        jpeg = encoded(noise(2, 2, 3, dtype=np.uint8), "JPEG")
        self.assertEqual((jpeg._repr_png_(), jpeg._repr_jpeg_()), (None, jpeg.data))
        self.assertEqual(impasto.Result(jpeg)._repr_jpeg_(), jpeg.data)

    def test_or_a_png_of_it(self):
        raw = Picture(b"\1\2\3", PictureFormat.RAW, 1, 1, PixelFormat.RGB8)
        self.assertTrue(raw._repr_png_().startswith(b"\x89PNG"))
        with mock.patch.dict("sys.modules", {"PIL": None}):
            self.assertIsNone(raw._repr_png_())

    def test_the_bytes_are_not_in_its_text(self):
        self.assertLess(len(repr(encoded(noise(2, 2, 3, dtype=np.uint8)))), 150)


if __name__ == "__main__":
    unittest.main()

"""What users have of pictures becomes what the server reads."""

import io
import tempfile
import unittest
from pathlib import Path

import impasto
import numpy as np
from child import run_python
from impasto import PixelFormat, RawPixels
from impasto._sources import to_message
from PIL import Image, ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def raw(source):
    """Format, width, height and pixels of what is sent."""
    message = to_message(source, "content").raw
    return PixelFormat(message.format), message.width, message.height, message.data


class SourceTest(unittest.TestCase):
    def refused(self, source, words, kind=impasto.InvalidArgument):
        with self.assertRaisesRegex(kind, words) as caught:
            to_message(source, "styles[1]")
        if kind is impasto.InvalidArgument:
            self.assertTrue(caught.exception.field.startswith("styles[1]"))

    def test_files_and_bytes_go_as_they_are(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.jpg"
            path.write_bytes(b"any bytes")
            for source in (path, str(path), b"any bytes", bytearray(b"any bytes"), memoryview(b"any bytes")):
                self.assertEqual(to_message(source, "content").encoded, b"any bytes")
            path.write_bytes(b"")
            self.refused(path, "a.jpg: an empty file")
            self.refused(Path(folder) / "none.jpg", "none.jpg", FileNotFoundError)
            self.refused(folder, "", IsADirectoryError)
        self.refused(b"", "no bytes")

    def test_names(self):
        self.assertEqual(to_message("styles/3f2a", "styles[0]").style, "styles/3f2a")
        self.assertEqual(to_message("uploads/3f-2a", "styles[0]").upload, "uploads/3f-2a")
        self.refused("styles/starry.jpg", "starry.jpg", FileNotFoundError)

    def test_what_is_no_picture(self):
        for source in (3, None, ["a.jpg"], object()):
            self.refused(source, r"styles\[1\]: .* is wanted", TypeError)

    def test_raw_pixels(self):
        message = to_message(RawPixels(b"x" * 16, "gray8", 3, 2, stride=8, icc_profile=b"icc"), "content").raw
        self.assertEqual(
            (message.format, message.width, message.height, message.stride, message.data, message.icc_profile),
            (1, 3, 2, 8, b"x" * 16, b"icc"),
        )
        self.refused(RawPixels(b"", "cmyk", 1, 1), "styles\\[1\\].raw.format: 'cmyk' is none of gray8")
        self.refused(RawPixels(b"", "gray8", 2**40, 1), r"styles\[1\].raw: ")
        self.refused(RawPixels(b"", "gray8", "3", 1), r"styles\[1\].raw: ")


class NumpyTest(unittest.TestCase):
    def test_every_shape_and_kind(self):
        for shape, name in (
            ((2, 3), "GRAY"),
            ((2, 3, 1), "GRAY"),
            ((2, 3, 2), "GRAY_ALPHA"),
            ((2, 3, 3), "RGB"),
            ((2, 3, 4), "RGBA"),
        ):
            for kind, bits in ((np.uint8, "8"), (np.uint16, "16")):
                array = np.arange(np.prod(shape), dtype=kind).reshape(shape)
                self.assertEqual(raw(array), (PixelFormat[name + bits], 3, 2, array.tobytes()))

    def test_floats(self):
        array = np.linspace(0, 1, 18).reshape(2, 3, 3)
        self.assertEqual(raw(array), (PixelFormat.RGB_FLOAT, 3, 2, array.astype("<f4").tobytes()))
        grey = np.array([[0.25, 0.5]], np.float32)
        wanted = np.array([0.25] * 3 + [0.5] * 3, "<f4").tobytes()
        self.assertEqual(raw(grey), (PixelFormat.RGB_FLOAT, 2, 1, wanted))
        grey_alpha = np.array([[[0.25, 1.0]]], np.float32)
        wanted = np.array([0.25, 0.25, 0.25, 1.0], "<f4").tobytes()
        self.assertEqual(raw(grey_alpha), (PixelFormat.RGBA_FLOAT, 1, 1, wanted))

    def test_any_strides_and_byte_orders(self):
        base = np.arange(8 * 9 * 3, dtype=np.uint16).reshape(8, 9, 3)
        for view in (
            base[1:5:2, 2:8:3],
            base[::-1, ::-1],
            base.transpose(1, 0, 2),
            base[:, :, ::-1],
            np.asfortranarray(base),
        ):
            self.assertEqual(raw(view)[3], np.ascontiguousarray(view).astype("<u2").tobytes())
        self.assertEqual(raw(base.astype(">u2"))[3], base.astype("<u2").tobytes())

    def test_arrays_that_are_no_pictures(self):
        for array, words in (
            (np.zeros((2, 3, 5), np.uint8), "an array of shape 2x3x5"),
            (np.zeros(3, np.uint8), "an array of shape"),
            (np.zeros((0, 3, 3), np.uint8), "an array of shape 0x3x3"),
            (np.zeros((1, 2, 3, 3), np.uint8), "an array of shape"),
            (np.zeros((2, 3, 3), np.int32), "an array of int32; uint8, uint16 or floats"),
            (np.zeros((2, 3, 3), bool), "an array of bool"),
            (np.full((2, 3, 3), 255.0), "floats from 255 to 255; 0 to 1 is wanted"),
            (np.full((2, 3, 3), np.nan), "floats from nan to nan"),
            (np.full((2, 3, 3), -0.1), "floats from -0.1"),
        ):
            with self.assertRaisesRegex(impasto.InvalidArgument, words) as caught:
                to_message(array, "content")
            self.assertEqual(caught.exception.field, "content")


class PilTest(unittest.TestCase):
    def test_modes_that_the_api_has(self):
        for mode, pixel_format in (("L", "GRAY8"), ("LA", "GRAY_ALPHA8"), ("RGB", "RGB8"), ("RGBA", "RGBA8")):
            image = Image.effect_noise((4, 3), 50).convert(mode)
            self.assertEqual(raw(image), (PixelFormat[pixel_format], 4, 3, image.tobytes()))

    def test_modes_that_become_one(self):
        red = Image.new("RGB", (2, 2), (255, 0, 0))
        palette = red.convert("P", palette=Image.Palette.ADAPTIVE)
        self.assertEqual(raw(palette), (PixelFormat.RGB8, 2, 2, red.tobytes()))
        palette.info["transparency"] = palette.getpixel((0, 0))
        self.assertEqual(raw(palette), (PixelFormat.RGBA8, 2, 2, b"\xff\0\0\0" * 4))
        self.assertEqual(raw(Image.new("1", (2, 2), 1)), (PixelFormat.GRAY8, 2, 2, b"\xff" * 4))
        self.assertEqual(raw(red.convert("HSV")), (PixelFormat.RGB8, 2, 2, red.tobytes()))
        self.assertEqual(raw(Image.new("RGBa", (2, 2), (64, 0, 0, 128)))[3], b"\x7f\0\0\x80" * 4)

    def test_grey_of_16_bits(self):
        values = np.array([[1, 65535], [256, 0]], np.uint16)
        wanted = (PixelFormat.GRAY16, 2, 2, values.astype("<u2").tobytes())
        self.assertEqual(raw(Image.fromarray(values)), wanted)
        self.assertEqual(raw(Image.fromarray(values.astype(np.int32))), wanted)
        with self.assertRaisesRegex(impasto.InvalidArgument, "mode I with 0 to 70000"):
            to_message(Image.fromarray(np.array([[0, 70000]], np.int32)), "content")

    def test_cmyk_goes_as_a_file_with_its_profile(self):
        image = Image.new("CMYK", (3, 2), (1, 2, 3, 4))
        image.info["icc_profile"] = b"a CMYK profile"
        with Image.open(io.BytesIO(to_message(image, "content").encoded)) as sent:
            self.assertEqual((sent.format, sent.mode, sent.getpixel((0, 0))), ("TIFF", "CMYK", (1, 2, 3, 4)))
            self.assertEqual(sent.info["icc_profile"], b"a CMYK profile")

    def test_the_profile_goes_along_where_it_fits(self):
        image = Image.new("RGB", (2, 2))
        image.info["icc_profile"] = SRGB
        self.assertEqual(to_message(image, "content").raw.icc_profile, SRGB)
        grey = Image.new("L", (2, 2))
        grey.info["icc_profile"] = SRGB
        self.assertEqual(to_message(grey, "content").raw.icc_profile, b"")

    def test_it_is_upright(self):
        pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", exif=exif, icc_profile=SRGB)
        with Image.open(file) as image:
            self.assertEqual(raw(image), (PixelFormat.GRAY8, 2, 3, np.rot90(pixels, -1).tobytes()))

    def test_a_file_that_is_open_but_not_read(self):
        file = io.BytesIO()
        Image.new("RGB", (2, 2), (1, 2, 3)).save(file, "PNG")
        self.assertEqual(raw(Image.open(file))[3], b"\1\2\3" * 4)

    def test_images_that_cannot_be_sent(self):
        with self.assertRaisesRegex(impasto.InvalidArgument, "an image of mode F; convert it to RGB first"):
            to_message(Image.new("F", (2, 2)), "content")
        with self.assertRaisesRegex(impasto.InvalidArgument, "an image of 0 x 2 pixels"):
            to_message(Image.new("RGB", (0, 2)), "content")


class ImportTest(unittest.TestCase):
    def test_neither_numpy_nor_pillow_is_imported_without_need(self):
        program = (
            "import sys, impasto; from impasto._sources import to_message; to_message(b'x', 'content');"
            "sys.exit(any(name in sys.modules for name in ('numpy', 'PIL', 'matplotlib', 'IPython')))"
        )
        run_python(program)


if __name__ == "__main__":
    unittest.main()

"""Pictures in chunks, and everything that can be wrong with them."""

import unittest

from impasto import Internal, PictureFormat, PixelFormat, _wire
from impasto._assembler import PictureAssembler

HEADER = {"format": 1, "width": 3, "height": 2, "total_bytes": 6}


def chunk(data, offset=0, header=None):
    message = _wire.message("PictureChunk")(data=data, offset=offset)
    if header is not None:
        message.header.CopyFrom(_wire.message("PictureHeader")(**header))
    return message


class AssemblerTest(unittest.TestCase):
    def setUp(self):
        self.assembler = PictureAssembler(max_bytes=100)

    def broken(self, words, *chunks):
        assembler = PictureAssembler(max_bytes=100)
        with self.assertRaises(Internal) as caught:
            for one in chunks:
                assembler.add(one)
        self.assertEqual(str(caught.exception), f"the server sent a broken picture: {words}")

    def test_one_chunk(self):
        picture = self.assembler.add(chunk(b"abcdef", header=HEADER))
        self.assertEqual(
            (picture.data, picture.format, picture.width, picture.height), (b"abcdef", PictureFormat.PNG, 3, 2)
        )
        self.assertFalse(self.assembler.pending)

    def test_three_chunks_and_raw(self):
        header = {**HEADER, "format": 5, "pixel_format": PixelFormat.GRAY8, "stride": 3}
        self.assertIsNone(self.assembler.add(chunk(b"ab", header=header)))
        self.assertTrue(self.assembler.pending)
        self.assertIsNone(self.assembler.add(chunk(b"cd", 2)))
        picture = self.assembler.add(chunk(b"ef", 4))
        self.assertEqual((picture.data, picture.pixel_format, picture.stride), (b"abcdef", PixelFormat.GRAY8, 3))

    def test_a_dropped_picture_comes_again(self):
        self.assembler.add(chunk(b"ab", header=HEADER))
        self.assembler.drop()
        self.assertEqual(self.assembler.add(chunk(b"uvwxyz", header=HEADER)).data, b"uvwxyz")

    def test_broken_pictures(self):
        first = chunk(b"ab", header=HEADER)
        self.broken("its first chunk has no header", chunk(b"ab"))
        self.broken("its format isn't given", chunk(b"ab", header={**HEADER, "format": 0}))
        self.broken("its format isn't given", chunk(b"ab", header={**HEADER, "format": 77}))
        self.broken("its size is 0 x 2", chunk(b"ab", header={**HEADER, "width": 0}))
        self.broken("its size is 3 x -1", chunk(b"ab", header={**HEADER, "height": -1}))
        self.broken("it has 0 bytes, not 1 to 100", chunk(b"ab", header={**HEADER, "total_bytes": 0}))
        self.broken("it has 101 bytes, not 1 to 100", chunk(b"ab", header={**HEADER, "total_bytes": 101}))
        self.broken("a chunk is for offset 1, the next is 0", chunk(b"ab", 1, HEADER))
        self.broken("a chunk is for offset 3, the next is 2", first, chunk(b"cd", 3))
        self.broken("another one begins after 2 of its 6 bytes", first, first)
        self.broken("an empty chunk at offset 2", first, chunk(b"", 2))
        self.broken("a chunk of 5 bytes where 4 are missing", first, chunk(b"cdefg", 2))


if __name__ == "__main__":
    unittest.main()

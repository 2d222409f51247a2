"""What is painted, with a fake Krita; tests/hosts/krita has the same and more in the real one."""
# ruff: noqa: E402, N802 - the fake has to be there first; names are Krita's

import unittest

import numpy as np

import fake_krita

fake_krita.install()

from impasto_docker.document.target import Refusal, open_target

SRGB = "sRGB-elle-V2-srgbtrc.icc"


def new_document(model="RGBA", depth="U8", profile=SRGB, width=64, height=48):
    return fake_krita.Krita.instance().createDocument(width, height, "Test", model, depth, profile, 72.0)


def add_layer(document, values, x, y, name="Layer", parent=None):
    """`values`: height x width x channels, as Krita stores them."""
    node = document.createNode(name, "paintlayer")
    node.setPixelData(values.tobytes(), x, y, values.shape[1], values.shape[0])
    (parent or document.rootNode()).addChildNode(node, None)
    return node


def select(document, x, y, width, height, value=255):
    selection = document.selection() or fake_krita.Selection()
    selection.select(x, y, width, height, value)
    document.setSelection(selection)


def random_pixels(width, height, channels=4, seed=1):
    values = np.random.default_rng(seed).integers(1, 255, (height, width, channels)).astype("u1")
    values[..., -1] = 255
    return values


class TargetTest(unittest.TestCase):
    def setUp(self):
        self.doc = new_document()
        self.addCleanup(self.doc.close)

    def test_the_place(self):
        layer = add_layer(self.doc, random_pixels(20, 18), 5, 7)
        self.doc.setFileName("/pictures/cat.kra")
        place = open_target(self.doc, "layer").place
        self.assertEqual((place.x, place.y, place.width, place.height), (5, 7, 20, 18))
        self.assertEqual((place.layer_name, place.layer_id), ("Layer", layer.uniqueId().toString()))
        self.assertEqual((place.document_name, place.document_file), ("cat.kra", "/pictures/cat.kra"))
        self.assertEqual(place.document_id, self.doc.rootNode().uniqueId().toString())
        self.assertEqual((place.source, place.has_mask), ("layer", False))
        self.assertEqual((place.document_width, place.document_height), (64, 48))
        self.assertEqual((place.color_model, place.color_depth, place.color_profile), ("RGBA", "U8", SRGB))

    def test_the_projection_has_no_layer(self):
        place = open_target(self.doc, "projection").place
        self.assertEqual((place.layer_name, place.layer_id, place.source), ("", "", "projection"))
        self.assertEqual((place.x, place.y, place.width, place.height), (0, 0, 64, 48))
        self.assertEqual(place.document_name, "Test")

    def test_keeps_the_feather_and_the_alpha(self):
        values = random_pixels(30, 30)
        values[:, :10, 3] = 100
        add_layer(self.doc, values, 2, 2)
        select(self.doc, 4, 4, 20, 20, 60)
        select(self.doc, 8, 8, 12, 12)
        target = open_target(self.doc, "layer")
        mask = np.full((20, 20), 60, "u1")
        mask[4:16, 4:16] = 255
        self.assertEqual(target.mask, mask.tobytes())
        self.assertEqual(target.alpha, values[2:22, 2:22, 3].tobytes())
        self.assertTrue(target.place.has_mask)
        self.assertEqual(target.pixel_format, "rgba8")
        np.testing.assert_array_equal(target.pixels, values[2:22, 2:22][..., [2, 1, 0, 3]])

    def test_the_alpha_is_at_the_documents_depth(self):
        values = random_pixels(20, 20)
        values[..., 3] = 100
        layer = add_layer(self.doc, values, 0, 0)
        layer.setColorSpace("RGBA", "F32", SRGB)
        target = open_target(self.doc, "layer")
        self.assertEqual(target.alpha, values[..., 3].tobytes())
        self.assertEqual(target.pixels.dtype, np.dtype("f4"))

    def test_grey_floats_travel_as_rgb(self):
        document = new_document("GRAYA", "F16", "Gray-D50-elle-V2-g10.icc")
        self.addCleanup(document.close)
        target = open_target(document, "projection")
        self.assertEqual((target.pixel_format, target.pixels.shape), ("rgb_float", (48, 64, 3)))

    def test_leaves_no_document_behind(self):
        document = new_document(profile="Wide")
        self.addCleanup(document.close)
        before = fake_krita.Krita.instance().documents()
        open_target(document, "projection")
        self.assertEqual(fake_krita.Krita.instance().documents(), before)


class RefusalTest(unittest.TestCase):
    def setUp(self):
        self.doc = new_document()
        self.addCleanup(lambda: self.doc.rootNode() and self.doc.close())

    def refused(self, source="layer"):
        with self.assertRaises(Refusal) as refusal:
            open_target(self.doc, source)
        return str(refusal.exception)

    def test_no_active_layer(self):
        self.doc.setActiveNode(None)
        self.assertEqual(self.refused(), "No layer is active. Choose one in the Layers docker, then paint.")

    def test_kinds(self):
        for kind, words in (
            ("transparencymask", "A mask of the layer is active."),
            ("vectorlayer", "A vector layer can't be painted by itself."),
            ("filterlayer", "A filter layer can't be painted by itself."),
            ("filllayer", "A fill layer can't be painted by itself."),
            ("clonelayer", "A clone layer can't be painted by itself."),
            ("filelayer", "A file layer can't be painted by itself."),
            ("something", "This kind of layer can't be painted by itself."),
        ):
            self.doc.setActiveNode(self.doc.createNode("", kind))
            self.assertTrue(self.refused().startswith(words), kind)

    def test_no_colors(self):
        class AlphaOnly(fake_krita.Document):
            def colorModel(self):
                return "A"

        self.doc.__class__ = AlphaOnly
        self.assertIn("This picture has no colours to paint with.", self.refused("projection"))

    def test_too_large(self):
        class Huge(fake_krita.Node):
            """A layer of 6000 x 6000 pixels of 16 bits."""

            def projectionPixelData(self, _x, _y, width, height):
                return b"\xff" * (width * height * 8)

        self.doc = new_document(depth="U16", width=6000, height=6000)
        node = self.doc.createNode("Huge", "paintlayer")
        node.__class__ = Huge
        self.doc.setActiveNode(node)
        self.assertIn("The part to be painted is 6000 x 6000 pixels, too large to be sent.", self.refused())

"""Where paintings go, with a fake Krita; tests/hosts/krita has the same and more in the real one."""
# ruff: noqa: E402 - the fake has to be there first

import unittest

import numpy as np

import fake_krita

fake_krita.install()

from impasto_docker.document.apply import apply, is_idle, keep_recipe, place_in, recipe_of
from impasto_docker.document.find import active_document, find_document, find_layer, find_node
from impasto_docker.document.preview_layer import PreviewLayer
from impasto_docker.document.target import open_target
from test_target import add_layer, new_document, random_pixels, select


class Sent:
    def __init__(self, values):
        self._values = values

    def to_numpy(self):
        return self._values


class DocumentTest(unittest.TestCase):
    def setUp(self):
        self.doc = new_document()
        self.addCleanup(lambda: self.doc.rootNode() and self.doc.close())
        self.values = random_pixels(30, 20)
        self.values[:, :15, 3] = 80
        self.layer = add_layer(self.doc, self.values, 4, 6)
        select(self.doc, 0, 0, 60, 40, 102)
        self.target = open_target(self.doc, "layer")

    def paint(self, document=None, **changed):
        target = self.target
        return apply(
            document or self.doc, target.place, Sent(target.pixels), target.mask, target.alpha, "Painted", **changed
        )

    def names(self, document=None):
        return [node.name() for node in (document or self.doc).topLevelNodes()]

    def pixels(self, node, dtype="u1"):
        place = self.target.place
        data = bytes(node.pixelData(place.x, place.y, place.width, place.height))
        return np.frombuffer(data, dtype).reshape(place.height, place.width, -1)


class ApplyTest(DocumentTest):
    def test_is_above_the_layer_which_stays_active(self):
        add_layer(self.doc, self.values, 0, 0, "Top")
        self.doc.setActiveNode(self.layer)
        self.paint()
        self.assertEqual(self.names(), ["Background", "Layer", "Painted", "Top"])
        self.assertEqual(self.doc.activeNode(), self.layer)

    def test_is_in_the_layers_group(self):
        group = self.doc.createGroupLayer("Group")
        self.doc.rootNode().addChildNode(group, None)
        add_layer(self.doc, self.values, 0, 0, "Inner", group)
        self.target = open_target(self.doc, "layer")
        self.paint()
        self.assertEqual([node.name() for node in group.childNodes()], ["Inner", "Painted"])

    def test_has_the_colors_that_were_sent_and_alpha_times_mask(self):
        found = self.pixels(self.paint())
        np.testing.assert_array_equal(found[..., :3], self.values[..., :3])
        self.assertEqual(np.unique(found[:, :15, 3]).tolist(), [32])
        self.assertEqual(np.unique(found[:, 15:, 3]).tolist(), [102])

    def test_opacity_and_clipping(self):
        self.layer.setInheritAlpha(True)
        node = self.paint(opacity=50)
        self.assertEqual((node.opacity(), node.inheritAlpha()), (128, True))

    def test_is_above_all_where_all_was_painted_but_the_selection(self):
        self.target = open_target(self.doc, "projection")
        self.doc.rootNode().addChildNode(self.doc.createNode("Selection", "selectionmask"), None)
        self.paint()
        self.assertEqual(self.names(), ["Background", "Layer", "Painted", "Selection"])

    def test_an_empty_document(self):
        for node in self.doc.topLevelNodes():
            node.remove()
        self.assertIsNone(place_in(self.doc, self.target.place).above)
        self.paint()
        self.assertEqual(self.names(), ["Painted"])

    def test_a_document_of_another_depth(self):
        other = new_document(depth="U16")
        self.addCleanup(other.close)
        node = self.paint(other)
        self.assertEqual((node.colorDepth(), self.names(other)), ("U16", ["Background", "Painted"]))
        found = self.pixels(node, "<u2")
        np.testing.assert_array_equal(found[..., :3], self.values[..., :3].astype(int) * 257)
        self.assertEqual(np.unique(found[:, :15, 3]).tolist(), [round(80 * 257 * 102 / 255)])

    def test_refuses_a_picture_of_another_size(self):
        target = self.target
        with self.assertRaisesRegex(ValueError, "a picture of 5 x 4 for 30 x 20"):
            apply(self.doc, target.place, Sent(np.zeros((4, 5, 3), "u1")), target.mask, target.alpha, "Painted")
        self.assertEqual(self.names(), ["Background", "Layer"])

    def test_recipes(self):
        node = self.paint()
        keep_recipe(self.doc, node, '{"ü": 1}')
        self.assertEqual((recipe_of(self.doc, node), recipe_of(self.doc, self.layer)), ('{"ü": 1}', ""))

    def test_tells_when_krita_is_busy(self):
        self.assertTrue(is_idle(self.doc))
        self.doc._busy = True
        self.assertFalse(is_idle(self.doc))


class FindTest(DocumentTest):
    def test_by_id(self):
        other = new_document()
        self.addCleanup(other.close)
        self.assertEqual(find_document(self.target.place), self.doc)
        self.doc.close()
        self.assertIsNone(find_document(self.target.place))

    def test_by_file_where_it_was_opened_again(self):
        self.doc.setFileName("/pictures/cat.kra")
        self.target = open_target(self.doc, "layer")
        self.doc.close()
        again = new_document()
        self.addCleanup(again.close)
        self.assertIsNone(find_document(self.target.place))
        again.setFileName("/pictures/cat.kra")
        self.assertEqual(find_document(self.target.place), again)

    def test_the_layer_where_the_file_keeps_no_ids(self):
        self.doc.setFileName("/pictures/cat.png")
        self.target = open_target(self.doc, "layer")
        place = self.target.place
        self.assertEqual(find_layer(self.doc, place), self.layer)
        self.doc.close()
        again = new_document()
        self.addCleanup(again.close)
        layer = add_layer(again, self.values, 4, 6)
        self.assertIsNone(find_layer(again, place))  # another picture
        again.setFileName("/pictures/cat.png")
        self.assertEqual(find_layer(again, place), layer)
        self.assertEqual(place_in(again, place).words, "")
        add_layer(again, self.values, 4, 6)
        self.assertIsNone(find_layer(again, place))  # which of the two?
        self.assertIsNone(find_layer(again, open_target(again, "projection").place))

    def test_no_layer_of_another_picture_where_neither_was_saved(self):
        other = new_document()
        self.addCleanup(other.close)
        add_layer(other, self.values, 4, 6)
        self.assertEqual((self.target.place.document_file, other.fileName()), ("", ""))
        self.assertIsNone(find_layer(other, self.target.place))

    def test_the_active_one_is_open(self):
        self.assertIsNone(active_document())
        fake_krita.Krita.instance().setActiveDocument(self.doc)
        self.addCleanup(fake_krita.Krita.instance().setActiveDocument, None)
        self.assertEqual(active_document(), self.doc)
        self.doc.close()
        self.assertIsNone(active_document())

    def test_layers_at_any_depth(self):
        group = self.doc.createGroupLayer("Group")
        self.doc.rootNode().addChildNode(group, None)
        inner = add_layer(self.doc, self.values, 0, 0, "Inner", group)
        self.assertEqual(find_node(self.doc, inner.uniqueId().toString()), inner)
        self.assertIsNone(find_node(self.doc, "{}"))


class PreviewLayerTest(DocumentTest):
    def setUp(self):
        super().setUp()
        self.now = 0.0
        target = self.target
        self.preview = PreviewLayer(target.place, target.mask, target.alpha, 50, lambda: self.now)

    def show(self, shade):
        return self.preview.show(Sent(np.full((8, 12, 3), shade, "u1")), "Preview")

    def test_becomes_the_painting(self):
        self.assertTrue(self.show(30))
        node = self.doc.topLevelNodes()[-1]
        self.assertEqual((node.name(), node.opacity()), ("Preview", 128))
        self.assertEqual(self.pixels(node)[0, 0].tolist(), [30, 30, 30, 32])
        self.assertEqual(self.preview.finish(Sent(self.target.pixels), "Painted"), node)
        self.assertEqual(self.names(), ["Background", "Layer", "Painted"])
        np.testing.assert_array_equal(self.pixels(node)[..., :3], self.values[..., :3])
        self.preview.remove()
        self.assertEqual(self.names(), ["Background", "Layer", "Painted"])

    def test_waits_while_krita_is_busy(self):
        self.doc._busy = True
        self.assertFalse(self.show(30))
        self.doc.waitForDone()
        self.assertTrue(self.show(30))

    def test_comes_at_most_ten_times_a_second(self):
        self.assertTrue(self.show(30))
        self.now = 0.09
        self.assertFalse(self.show(40))
        self.now = 0.1
        self.assertTrue(self.show(40))

    def test_finishes_nothing_where_nothing_was_shown(self):
        self.assertIsNone(self.preview.finish(Sent(self.target.pixels), "Painted"))
        self.preview.remove()
        self.assertEqual(self.names(), ["Background", "Layer"])

    def test_other_spaces_by_a_table_of_colors(self):
        document = new_document("GRAYA", "U16", "Gray-D50-elle-V2-g22.icc")
        self.addCleanup(document.close)
        self.target = open_target(document, "projection")
        preview = PreviewLayer(self.target.place, None, None, 100, lambda: 0.0)
        self.assertTrue(preview.show(Sent(np.full((48, 64, 3), 81, "u1")), "Preview"))
        node = document.topLevelNodes()[-1]
        self.assertEqual(self.pixels(node, "<u2")[0, 0].tolist(), [81 * 257, 65535])
        self.assertEqual(len(fake_krita.Krita.instance().documents()), 2)

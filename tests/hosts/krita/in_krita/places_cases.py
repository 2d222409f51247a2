"""What is painted and where it goes, within Krita: odd layers and selections, and documents that change meanwhile."""

import os
import tempfile

import numpy as np
from documents_kit import DEFAULT, HEIGHT, WIDTH, DocumentsTest, Sent, alphas, bytes_of, colors, native, select
from krita import InfoObject, Krita, Selection
from PyQt5.QtWidgets import QApplication

from impasto_docker.document import pixels
from impasto_docker.document.apply import apply, keep_recipe, place_in, recipe_of
from impasto_docker.document.find import active_document, find_document, find_node
from impasto_docker.document.pixels import Space
from impasto_docker.document.style_picture import style_pixels, thumbnail
from impasto_docker.document.target import Refusal, open_target

_WHOLE = (0, 0, WIDTH, HEIGHT)


def box(target):
    place = target.place
    return place.x, place.y, place.width, place.height


def as_bytes(values):
    """A picture of the kit as 8 bits."""
    return np.rint(values * 255).astype("u1")


class TargetsTest(DocumentsTest):
    def paint(self, document, target, **other):
        return apply(
            document,
            target.place,
            Sent(target.pixels),
            target.mask,
            target.alpha,
            other.pop("name", "Painted"),
            **other,
        )

    def test_takes_what_is_on_the_canvas_of_a_larger_layer(self):
        document = self.document()
        picture = colors(120, 90)
        layer = self.layer(document, picture, -30, -20)
        before = bytes_of(layer, -40, -30, 200, 150)
        target = open_target(document, "layer")
        self.assertEqual((box(target), target.mask, target.alpha), (_WHOLE, None, None))
        np.testing.assert_array_equal(target.pixels, as_bytes(picture[20:68, 30:94]))
        result = self.paint(document, target)
        self.assertEqual(bytes_of(layer, -40, -30, 200, 150), before)
        self.assertEqual(result.bounds().getRect(), _WHOLE)

    def test_takes_no_more_than_a_smaller_layer(self):
        document = self.document()
        picture = colors(20, 18)
        self.layer(document, picture, 7, 11)
        target = open_target(document, "layer")
        self.assertEqual((box(target), target.pixel_format, target.alpha), ((7, 11, 20, 18), "rgb8", None))
        np.testing.assert_array_equal(target.pixels, as_bytes(picture))
        self.assertEqual(self.paint(document, target).bounds().getRect(), (7, 11, 20, 18))

    def test_a_selection_beyond_the_canvas_selects_all_of_it(self):
        document = self.document()
        self.layer(document, colors(WIDTH, HEIGHT))
        select(document, -30, -30, 300, 300)
        target = open_target(document, "layer")
        self.assertEqual((box(target), target.mask), (_WHOLE, None))

    def test_takes_a_layer_as_its_masks_make_it_look(self):
        document = self.document()
        picture = colors(WIDTH, HEIGHT)
        layer = self.layer(document, picture)
        whole = Selection()
        whole.select(*_WHOLE, 255)
        mask = document.createFilterMask("Inverted", self.krita.filter("invert"), whole)
        self.add(document, mask, layer)
        document.refreshProjection()
        self.activate(document, layer)
        target = open_target(document, "layer")
        np.testing.assert_array_equal(target.pixels, 255 - as_bytes(picture))

    def test_a_layer_of_another_depth_is_painted_in_the_documents(self):
        document = self.document()
        layer = self.layer(document, colors(WIDTH, HEIGHT), alpha=alphas(WIDTH, HEIGHT))
        layer.setColorSpace("RGBA", "F32", "sRGB-elle-V2-g10.icc")
        target = open_target(document, "layer")
        self.assertEqual(target.pixel_format, "rgba_float")
        result = self.paint(document, target)
        x, y, width, height = box(target)
        got = pixels.array(bytes(result.pixelData(x, y, width, height)), DEFAULT, width, height)
        was = native(colors(WIDTH, HEIGHT), DEFAULT, alphas(WIDTH, HEIGHT))
        was = pixels.array(was, DEFAULT, WIDTH, HEIGHT)[y : y + height, x : x + width]
        self.assertLessEqual(int(np.abs(got.astype(int) - was)[..., :3].max()), 1)
        np.testing.assert_array_equal(got[..., 3], was[..., 3])

    def test_the_result_is_named_has_its_opacity_and_is_clipped_as_the_layer_is(self):
        document = self.document()
        layer = self.layer(document, colors(WIDTH, HEIGHT))
        layer.setInheritAlpha(True)
        result = self.paint(document, open_target(document, "layer"), name="Photo (Starry Night)", opacity=40)
        self.assertEqual((result.name(), result.opacity(), result.inheritAlpha()), ("Photo (Starry Night)", 102, True))

    def test_to_look_at_a_document_leaves_it_as_it_is(self):
        document = self.document(Space("RGBA", "U16", "ClayRGB-elle-V2-g22.icc"))
        step = self.krita.action("edit_undo").text()
        open_documents = len(self.krita.documents())
        open_target(document, "layer")
        open_target(document, "projection")
        style_pixels(document)
        QApplication.processEvents()
        self.assertEqual(self.krita.action("edit_undo").text(), step)
        self.assertEqual(len(self.krita.documents()), open_documents)
        self.assertFalse(document.modified())
        self.assertEqual(self.krita.activeDocument(), document)

    def test_too_many_floats_travel_as_16_bits(self):
        document = self.document(Space("RGBA", "F16", "sRGB-elle-V2-g10.icc"), 4500, 4000)
        target = open_target(document, "projection")
        self.assertEqual((target.pixel_format, target.pixels.shape), ("rgb16", (4000, 4500, 3)))

    def test_a_style_is_all_that_can_be_seen(self):
        document = self.document()
        picture = colors(WIDTH, HEIGHT)
        self.layer(document, picture)
        document.waitForDone()
        values, layout = style_pixels(document)
        self.assertEqual(layout, "rgb8")
        np.testing.assert_array_equal(values, as_bytes(picture))
        self.assertEqual((thumbnail(document, 32).width(), thumbnail(document, 32).height()), (32, 24))


class RefusalsTest(DocumentsTest):
    def refused(self, document, source="layer"):
        with self.assertRaises(Refusal) as refusal:
            open_target(document, source)
        return str(refusal.exception)

    def test_no_document(self):
        self.assertEqual(self.refused(None), "No picture is open. Open or create one, then paint.")

    def test_a_closed_document(self):
        document = self.document()
        self.close(document)
        self.assertEqual(self.refused(document), "No picture is open. Open or create one, then paint.")

    def test_a_mask(self):
        document = self.document()
        layer = self.layer(document, colors(WIDTH, HEIGHT))
        layer.addChildNode(document.createNode("Mask", "transparencymask"), None)
        self.wait(lambda: document.activeNode().name() == "Mask")
        self.assertIn("A mask of the layer is active. Choose the layer itself", self.refused(document))

    def test_other_kinds(self):
        document = self.document()
        self.add(document, document.createVectorLayer("Lines"))
        self.assertIn("A vector layer can't be painted by itself. Choose a paint layer", self.refused(document))
        self.add(document, document.createCloneLayer("Clone", document.topLevelNodes()[0]))
        self.assertIn("A clone layer can't be painted", self.refused(document))
        self.assertEqual(box(open_target(document, "projection")), _WHOLE)

    def test_hidden(self):
        document = self.document()
        group = self.add(document, document.createGroupLayer("Group"))
        layer = self.layer(document, colors(WIDTH, HEIGHT), parent=group)
        layer.setVisible(False)
        self.assertIn('"Layer" is hidden. Show it', self.refused(document))
        layer.setVisible(True)
        group.setVisible(False)
        self.assertIn('"Group" is hidden. Show it', self.refused(document))

    def test_a_group_that_passes_through(self):
        document = self.document()
        group = self.add(document, document.createGroupLayer("Group"))
        self.layer(document, colors(WIDTH, HEIGHT), parent=group)
        self.activate(document, group)
        group.setPassThroughMode(True)
        self.assertIn('"Group" passes its layers through', self.refused(document))

    def test_nothing_there(self):
        document = self.document()
        self.add(document, document.createNode("Empty", "paintlayer"))
        self.assertIn('There is nothing to paint: "Empty" is empty here.', self.refused(document))

    def test_nothing_selected(self):
        document = self.document()
        self.layer(document, colors(20, 20), 2, 2)
        select(document, 30, 20, 20, 20)
        self.assertIn('Nothing of "Layer" is selected.', self.refused(document))
        select(document, 100, 100, 20, 20)
        self.assertIn("Nothing on the canvas is selected.", self.refused(document))

    def test_too_small(self):
        document = self.document()
        self.layer(document, colors(40, 40))
        select(document, 5, 5, 30, 15)
        self.assertIn("The part to be painted is 30 x 15 pixels. It has to be at least 16", self.refused(document))
        select(document, 5, 5, 30, 16)
        self.assertEqual(box(open_target(document, "layer")), (5, 5, 30, 16))


class ChangedDocumentsTest(DocumentsTest):
    """The document isn't what it was when the painting is done."""

    def setUp(self):
        super().setUp()
        self.doc = self.document()
        self.node = self.layer(self.doc, colors(30, 20), 10, 12)
        self.target = open_target(self.doc, "layer")

    def paint(self, document):
        target = self.target
        return apply(document, target.place, Sent(target.pixels), target.mask, target.alpha, "Painted")

    def test_as_it_was(self):
        spot = place_in(self.doc, self.target.place)
        self.assertEqual((spot.above, spot.x, spot.y, spot.words), (self.node, 10, 12, ""))

    def test_another_size(self):
        self.doc.resizeImage(0, 0, 100, 80)
        self.doc.waitForDone()
        self.assertEqual(
            place_in(self.doc, self.target.place).words,
            "The picture's size has been changed meanwhile: move the painting to where it belongs.",
        )
        self.assertEqual(self.paint(self.doc).bounds().getRect(), (10, 12, 30, 20))

    def test_so_small_that_it_would_be_off_the_canvas(self):
        self.doc.resizeImage(0, 0, 8, 8)
        self.doc.waitForDone()
        self.assertEqual(self.paint(self.doc).bounds().getRect(), (-11, -6, 30, 20))

    def test_the_layer_is_gone(self):
        self.layer(self.doc, colors(20, 20, 5), name="Other")
        self.node.remove()
        self.doc.waitForDone()
        self.assertEqual(
            place_in(self.doc, self.target.place).words,
            '"Layer" isn\'t there any more: the painting is on top of all layers.',
        )
        self.paint(self.doc)
        self.assertEqual([node.name() for node in self.doc.topLevelNodes()], ["Background", "Other", "Painted"])

    def test_another_color_space(self):
        self.doc.setColorSpace("RGBA", "F32", "sRGB-elle-V2-g10.icc")
        self.doc.waitForDone()
        result = self.paint(self.doc)
        self.assertEqual((result.colorDepth(), result.colorProfile()), ("F32", "sRGB-elle-V2-g10.icc"))
        space = Space("RGBA", "F32", "sRGB-elle-V2-g10.icc")
        got = pixels.array(bytes(result.pixelData(10, 12, 30, 20)), space, 30, 20)
        was = pixels.array(native(colors(30, 20), space), space, 30, 20)
        self.assertLess(float(np.abs(got - was).max()), 0.004)

    def test_batch_mode(self):
        self.doc.setBatchmode(True)
        self.krita.setBatchmode(True)
        self.addCleanup(self.krita.setBatchmode, False)
        self.assertEqual(self.paint(self.doc).bounds().getRect(), (10, 12, 30, 20))

    def test_closed_and_opened_again(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "picture.kra")
            self.doc.setBatchmode(True)
            self.assertTrue(self.doc.saveAs(file))
            self.doc.setFileName(file)
            target = self.target = open_target(self.doc, "layer")
            self.assertEqual((target.place.document_file, target.place.document_name), (file, "picture.kra"))
            self.close(self.doc)
            self.assertIsNone(find_document(target.place))
            again = Krita.instance().openDocument(file)
            self.documents.append(again)
            self.assertEqual(find_document(target.place), again)
            spot = place_in(again, target.place)
            self.assertEqual((spot.above.name(), spot.words), ("Layer", ""))
            self.assertEqual(self.paint(again).bounds().getRect(), (10, 12, 30, 20))

    def test_closed_and_opened_again_from_a_file_without_ids(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "picture.png")
            self.doc.setBatchmode(True)
            self.assertTrue(self.doc.exportImage(file, InfoObject()))
            first = self.show(self.krita.openDocument(file))
            self.target = open_target(first, "layer")
            self.close(first)
            again = self.show(self.krita.openDocument(file))
            self.layer(again, colors(20, 20, 5), name="Other")
            self.assertEqual(find_document(self.target.place), again)
            spot = place_in(again, self.target.place)
            self.assertEqual((spot.above.name(), spot.words), (self.target.place.layer_name, ""))
            self.assertNotEqual(spot.above.uniqueId().toString(), self.target.place.layer_id)

    def test_closed_and_never_saved(self):
        self.assertEqual(active_document(), self.doc)
        self.close(self.doc)
        self.assertIsNone(active_document())
        self.document()
        self.assertIsNone(find_document(self.target.place))

    def test_keeps_the_recipe_with_the_file(self):
        result = self.paint(self.doc)
        keep_recipe(self.doc, result, '{"model": "vgg19"}')
        self.assertEqual(recipe_of(self.doc, result), '{"model": "vgg19"}')
        self.assertEqual(recipe_of(self.doc, self.node), "")
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "picture.kra")
            self.doc.setBatchmode(True)
            self.assertTrue(self.doc.saveAs(file))
            again = Krita.instance().openDocument(file)
            self.documents.append(again)
            painted = find_node(again, result.uniqueId().toString())
            self.assertEqual(recipe_of(again, painted), '{"model": "vgg19"}')

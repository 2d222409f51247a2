"""What the plug-in relies on of Krita's documents: true of the fake, and within Krita of Krita itself."""

import numpy as np

SRGB = "sRGB-elle-V2-srgbtrc.icc"
RGBA8 = ("RGBA", "U8", SRGB)


class KritaBehavior:
    """To be mixed into a TestCase that has `krita`, the module, and `document(space)`: a new one, of 64 x 48 pixels."""

    def add(self, document, node, parent=None, above=None):
        (parent or document.rootNode()).addChildNode(node, above)
        document.waitForDone()
        return node

    def filled(self, document, pixel, x, y, width, height, name="Layer"):
        node = document.createNode(name, "paintlayer")
        node.setPixelData(bytes(pixel) * (width * height), x, y, width, height)
        return node

    def names(self, node):
        return [child.name() for child in node.childNodes()]

    def test_pixels_are_where_they_are_written_also_off_the_canvas(self):
        document = self.document(RGBA8)
        node = self.filled(document, (1, 2, 3, 4), -5, 40, 10, 20)
        self.assertEqual(bytes(node.pixelData(-6, 40, 2, 1)), bytes((0, 0, 0, 0, 1, 2, 3, 4)))
        self.assertEqual(bytes(node.pixelData(4, 59, 2, 2)), bytes((1, 2, 3, 4) + (0,) * 12))
        self.assertEqual(bytes(node.projectionPixelData(4, 59, 1, 1)), bytes((1, 2, 3, 4)))
        self.assertEqual((node.position().x(), node.position().y()), (0, 0))

    def test_a_layer_is_nowhere_until_it_is_added(self):
        document = self.document(RGBA8)
        node = self.filled(document, (1, 2, 3, 255), 0, 0, 4, 4)
        self.assertIsNone(node.parentNode())
        self.assertEqual(self.names(document.rootNode()), ["Background"])

    def test_layers_are_from_the_lowest_up(self):
        document = self.document(RGBA8)
        root, low = document.rootNode(), document.topLevelNodes()[0]
        top = self.add(document, document.createNode("Top", "paintlayer"))
        self.assertTrue(root.addChildNode(document.createNode("Middle", "paintlayer"), low))
        self.assertEqual(self.names(root), ["Background", "Middle", "Top"])
        self.assertEqual([node.name() for node in document.topLevelNodes()], ["Background", "Middle", "Top"])
        self.assertEqual(top.parentNode(), root)
        self.assertIsNone(root.parentNode())
        self.assertTrue(top.remove())
        document.waitForDone()
        self.assertEqual(self.names(root), ["Background", "Middle"])

    def test_what_is_added_is_active_until_another_is(self):
        document = self.document(RGBA8)
        low = document.topLevelNodes()[0]
        added = self.add(document, document.createNode("Added", "paintlayer"))
        self.assertEqual(document.activeNode(), added)
        document.setActiveNode(low)
        self.assertEqual(document.activeNode(), low)

    def test_ids_stay(self):
        document = self.document(RGBA8)
        added = self.add(document, document.createNode("Added", "paintlayer"))
        ids = [node.uniqueId().toString() for node in (document.rootNode(), *document.rootNode().childNodes())]
        again = [node.uniqueId().toString() for node in (document.rootNode(), *document.rootNode().childNodes())]
        self.assertEqual(ids, again)
        self.assertEqual(len(set(ids)), 3)
        self.assertEqual(ids[2], added.uniqueId().toString())

    def test_a_layer_has_the_documents_space_until_it_is_converted(self):
        document = self.document(RGBA8)
        node = self.filled(document, (10, 20, 30, 255), 0, 0, 1, 1)
        self.assertEqual((node.colorModel(), node.colorDepth(), node.colorProfile()), RGBA8)
        self.assertTrue(node.setColorSpace("RGBA", "U16", SRGB))
        self.assertEqual((node.colorModel(), node.colorDepth(), node.colorProfile()), ("RGBA", "U16", SRGB))
        values = np.frombuffer(bytes(node.pixelData(0, 0, 1, 1)), "<u2")
        self.assertEqual(values.tolist(), [2570, 5140, 7710, 65535])
        node.setColorSpace("RGBA", "F32", SRGB)
        values = np.frombuffer(bytes(node.pixelData(0, 0, 1, 1)), "<f4") * 255  # and now red is first
        self.assertEqual(np.rint(values).tolist(), [30, 20, 10, 255])

    def test_what_a_layer_is_set_to_it_is(self):
        document = self.document(RGBA8)
        node = document.createNode("Layer", "paintlayer")
        self.assertEqual(
            (node.type(), node.visible(), node.opacity(), node.inheritAlpha()), ("paintlayer", True, 255, False)
        )
        node.setName("Other")
        node.setOpacity(102)
        node.setInheritAlpha(True)
        node.setVisible(False)
        self.assertEqual(
            (node.name(), node.opacity(), node.inheritAlpha(), node.visible()), ("Other", 102, True, False)
        )

    def test_a_group_looks_as_its_layers_do(self):
        document = self.document(RGBA8)
        group = self.add(document, document.createGroupLayer("Group"))
        self.assertEqual((group.type(), group.passThroughMode()), ("grouplayer", False))
        self.add(document, self.filled(document, (9, 8, 7, 255), 2, 3, 4, 4), group)
        document.refreshProjection()
        document.waitForDone()
        self.assertEqual(bytes(group.projectionPixelData(1, 3, 2, 1)), bytes((0, 0, 0, 0, 9, 8, 7, 255)))
        self.assertEqual(bytes(document.pixelData(1, 3, 2, 1)), bytes((255, 255, 255, 255, 9, 8, 7, 255)))
        group.setPassThroughMode(True)
        self.assertTrue(group.passThroughMode())

    def test_a_selection_is_as_large_as_what_is_selected(self):
        document = self.document(RGBA8)
        self.assertIsNone(document.selection())
        selection = self.krita.Selection()
        selection.select(-3, 5, 10, 7, 200)
        document.setSelection(selection)
        found = document.selection()
        self.assertEqual((found.x(), found.y(), found.width(), found.height()), (-3, 5, 10, 7))
        self.assertEqual(bytes(found.pixelData(6, 5, 2, 1)), bytes((200, 0)))
        document.setSelection(None)
        self.assertIsNone(document.selection())

    def test_facts_of_a_document(self):
        document = self.document(RGBA8)
        self.assertEqual((document.width(), document.height(), document.name()), (64, 48, "Test"))
        self.assertEqual((document.colorModel(), document.colorDepth(), document.colorProfile()), RGBA8)
        self.assertEqual(document.fileName(), "")
        document.resizeImage(0, 0, 80, 50)
        document.waitForDone()
        self.assertEqual((document.width(), document.height()), (80, 50))

    def test_annotations_are_kept(self):
        document = self.document(RGBA8)
        self.assertEqual(bytes(document.annotation("impasto/1")), b"")
        document.setAnnotation("impasto/1", "words", b"{}")
        self.assertEqual(bytes(document.annotation("impasto/1")), b"{}")

    def test_an_idle_document_can_be_locked(self):
        document = self.document(RGBA8)
        document.waitForDone()
        for _ in range(2):
            self.assertTrue(document.tryBarrierLock())
            document.unlock()

    def test_a_closed_document_is_listed_no_more_and_has_no_layers(self):
        krita = self.krita.Krita.instance()
        document = self.document(RGBA8)
        self.assertIn(document, krita.documents())
        self.assertTrue(document.close())
        self.assertNotIn(document, krita.documents())
        self.assertIsNone(document.rootNode())

import unittest

import fake_krita
from krita_behavior import KritaBehavior


class FakeKritaTest(KritaBehavior, unittest.TestCase):
    krita = fake_krita

    def document(self, space):
        document = fake_krita.Krita.instance().createDocument(64, 48, "Test", *space, 72.0)
        self.addCleanup(lambda: document in fake_krita.Krita.instance().documents() and document.close())
        return document

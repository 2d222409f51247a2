"""The fake that unit tests use is as Krita is: it has nothing that Krita hasn't, and does alike."""

import inspect
import re
import sys
from pathlib import Path

import krita
from documents_kit import DocumentsTest
from PyQt5.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "plugins" / "krita" / "document"))

import fake_krita
from krita_behavior import KritaBehavior


def public(thing):
    return {name: value for name, value in vars(thing).items() if not name.startswith("_")}


def counts(signature):
    """The least and the most arguments of what Krita's docstring says: "name(self, int, int = 0) -> bool"."""
    inside = re.match(r"\w+\((.*)\)(?: ->.*)?$", signature).group(1)
    arguments = re.sub(r"\[[^\]]*\]", "", inside).split(",") if inside else []
    arguments = [argument for argument in arguments if argument.strip() != "self"]
    return sum("=" not in argument for argument in arguments), len(arguments)


class ShapeTest(DocumentsTest):
    def test_all_that_the_fake_has_krita_has(self):
        checked = 0
        for name, faked in public(fake_krita).items():
            if not inspect.isclass(faked) or faked.__module__ != fake_krita.__name__:
                continue
            for method, function in public(faked).items():
                with self.subTest(f"{name}.{method}"):
                    real = getattr(getattr(krita, name), method)
                    if isinstance(function, staticmethod):
                        given = len(inspect.signature(function.__func__).parameters)
                    else:
                        given = len(inspect.signature(function).parameters) - 1
                    least, most = counts(real.__doc__.splitlines()[0])
                    self.assertTrue(least <= given <= most, real.__doc__)
                    checked += 1
        self.assertGreater(checked, 50)


class BehaviorTest(KritaBehavior, DocumentsTest):
    krita = krita

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.krita = krita  # the module; the kit has the instance

    def document(self, space):
        instance = krita.Krita.instance()
        document = instance.createDocument(64, 48, "Test", *space, 72.0)
        self.documents.append(document)
        self.window.addView(document)
        self.wait(lambda: document.activeNode() is not None)
        return document

    def add(self, document, node, parent=None, above=None):
        (parent or document.rootNode()).addChildNode(node, above)
        self.wait(lambda: document.activeNode() == node)
        document.waitForDone()
        QApplication.processEvents()
        return node

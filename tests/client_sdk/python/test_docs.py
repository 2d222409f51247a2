"""What the documentation shows works: docs/sdk-python.md, and the examples in docstrings."""

import contextlib
import doctest
import importlib
import io
import os
import pkgutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import grpc
import impasto
from fake_server import Fail, FakeServer, accepted, finished, picture, progress
from impasto import _wire
from PIL import Image

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sdk-python.md"
OPTIONS = doctest.ELLIPSIS


def encoded(pillow_format):
    file = io.BytesIO()
    Image.new("RGB", (4, 3), "orange").save(file, pillow_format)
    return file.getvalue()


class DocsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(folder.name)
        for name in ("photo.jpg", "painting.jpg"):
            Path(name).write_bytes(encoded("JPEG"))
        server = FakeServer()
        self.addCleanup(server.stop)
        environment = mock.patch.dict(os.environ, IMPASTO_SERVER=server.address)
        environment.start()
        self.addCleanup(environment.stop)
        size = {"width": 4, "height": 3}
        preview = picture(4, "preview", encoded("JPEG"), iteration=1, format=2, **size)
        result = picture(5, "result", encoded("PNG"), **size)
        server.on("Stylize", [accepted(), progress(2, 1, 9.0), progress(3, 2, 5.0), *preview, *result, finished(6)])
        field = _wire.message("google.rpc.BadRequest")(field_violations=[{"field": "name"}])
        facts = _wire.message("google.rpc.ErrorInfo")(metadata={"nearest": "vgg19"})
        server.on("GetModel", Fail(grpc.StatusCode.NOT_FOUND, 'no model "vgg20"', field, facts))

    @unittest.skipUnless(PAGE.is_file(), "the page isn't installed")
    def test_the_page(self):
        parser = doctest.DocTestParser()
        # Blocks end at their fence, not at an empty line.
        text = "\n".join(
            "" if line.startswith("```") else line for line in PAGE.read_text(encoding="utf-8").splitlines()
        )
        test = parser.get_doctest(text, {}, PAGE.name, str(PAGE), 0)
        self.assertGreater(len(test.examples), 15)
        self.run_examples(test)
        self.assertEqual(Image.open("painted.png").size, (4, 3))

    def test_docstrings(self):
        tried = 0
        for module in pkgutil.iter_modules(impasto.__path__, "impasto."):
            if module.name == "impasto.lab":
                continue
            for test in doctest.DocTestFinder().find(importlib.import_module(module.name)):
                if test.examples:
                    tried += 1
                    self.run_examples(test)
        self.assertGreater(tried, 0)

    def run_examples(self, test):
        said = io.StringIO()
        # doctest shows what the examples print by taking sys.stdout's place.
        with contextlib.redirect_stdout(io.StringIO()):
            result = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=said.write, clear_globs=False)
        client = test.globs.get("client")
        if client is not None:
            client.close()
        self.assertEqual(result.failed, 0, said.getvalue())


if __name__ == "__main__":
    unittest.main()

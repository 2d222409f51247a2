import unittest
from dataclasses import replace

from docker_testing import STARRY, FakeSession, Krita, new_document, open_docker, preview, settle, wait_for
from impasto_docker.core.history import ResultFile
from impasto_docker.core.settings import Style
from impasto_docker.document.apply import recipe_of
from PyQt5.QtGui import QImage

RESULT = ResultFile(width=40, height=30, pixel_format="rgb8")


class PainterTest(unittest.TestCase):
    def setUp(self):
        self.document = new_document()
        self.addCleanup(lambda: [document.close() for document in Krita.instance().documents()])
        self.addCleanup(Krita.instance().settings.clear)
        self.docker, self.session = open_docker(self, document=self.document)
        self.painter = self.docker._painter
        self.said = []
        self.painter.said.connect(self.said.append)

    def layers(self, document=None):
        return [node.name() for node in (document or self.document).topLevelNodes()]

    def paint(self, **settings):
        self.painter.choices.choose(replace(self.painter.choices.settings, **settings))
        self.painter.paint(self.document)
        return self.session.items()[0].entry.id

    def end(self, entry_id, **fields):
        self.session.set_item(entry_id, live={"phase": "done"}, state="done", result=RESULT, recipe_json="{}", **fields)

    def test_the_layer_is_sent_with_where_it_belongs_and_a_small_picture_of_it(self):
        self.paint()
        _, content, style_picture, settings, place, side = self.session.calls[-1]
        self.assertEqual((content.format, content.width, content.height), ("rgb8", 40, 30))
        self.assertEqual(content.data, b"\xff" * (40 * 30 * 3))
        self.assertIsNone(style_picture)
        self.assertEqual(settings.style, STARRY)
        self.assertEqual((place.layer_name, place.width, place.height), ("Background", 40, 30))
        self.assertEqual(list(side), ["before"])
        before = QImage.fromData(side["before"])
        self.assertEqual((before.width(), before.height()), (40, 30))

    def test_a_selection_is_kept_with_the_entry(self):
        selection = __import__("krita").Selection()
        selection.select(4, 5, 20, 18, 128)
        self.document.setSelection(selection)
        self.paint()
        _, content, _, _, place, side = self.session.calls[-1]
        self.assertEqual((content.width, content.height, place.x, place.y), (20, 18, 4, 5))
        self.assertEqual(side["mask"], b"\x80" * (20 * 18))

    def test_what_cannot_be_painted_is_told(self):
        self.document.topLevelNodes()[0].setVisible(False)
        self.painter.paint(self.document)
        self.assertEqual(self.said[-1], '"Background" is hidden. Show it in the Layers docker, then paint.')
        self.painter.paint(None)
        self.assertEqual(self.said[-1], "No picture is open. Open or create one, then paint.")
        self.assertEqual(self.session.items(), [])

    def test_a_painting_goes_into_its_document_by_itself_once(self):
        entry_id = self.paint(opacity=50)
        self.end(entry_id)
        wait_for(lambda: ("mark_applied", entry_id) in self.session.calls, "it is applied")
        self.end(entry_id, applied=True)
        settle()
        self.assertEqual(self.layers(), ["Background", "Background as Starry Night"])
        node = self.document.topLevelNodes()[1]
        self.assertEqual(node.opacity(), 128)
        self.assertEqual(bytes(node.pixelData(0, 0, 1, 1)), b"\xc8\xc8\xc8\xff")
        self.assertEqual(recipe_of(self.document, node), "{}")

    def test_a_painting_that_is_not_to_be_applied_waits(self):
        self.painter.apply_when_done = False
        entry_id = self.paint()
        self.end(entry_id)
        settle()
        self.assertEqual(self.layers(), ["Background"])
        self.painter.apply(entry_id, self.document)
        wait_for(lambda: len(self.layers()) == 2, "it is applied")

    def test_the_painting_of_a_document_that_was_closed_waits_and_goes_into_another(self):
        entry_id = self.paint()
        self.document.close()
        self.end(entry_id)
        wait_for(lambda: self.said and "closed" in self.said[-1], "it is told")
        self.assertEqual(self.said[-1], '"tubingen.jpg" is closed: the painting waits in the history.')
        self.painter.apply(entry_id, None)
        self.assertIn("No picture is open", self.said[-1])
        other = Krita.active = new_document(64, 48, "other.png")
        self.painter.apply(entry_id, other)
        wait_for(lambda: len(self.layers(other)) == 2, "it is applied")
        self.assertIn(("mark_applied", entry_id), self.session.calls)
        self.assertEqual(self.said[-1], 'The painting is on top in "other.png": move it to where you want it.')

    def test_the_painting_of_a_document_that_was_resized_waits(self):
        entry_id = self.paint()
        self.document.resizeImage(0, 0, 80, 60)
        self.end(entry_id)
        wait_for(lambda: self.said and "waits" in self.said[-1], "it is told")
        self.assertEqual(self.said[-1], "The picture was changed meanwhile: the painting waits in the history.")
        self.assertEqual(self.layers(), ["Background"])

    def test_a_preview_on_the_canvas_becomes_the_painting(self):
        entry_id = self.paint(preview_on_canvas=True)
        self.session.set_item(entry_id, live={"phase": "painting", "preview": preview(7), "preview_number": 1})
        wait_for(lambda: len(self.layers()) == 2, "the preview")
        self.assertEqual(self.layers()[1], "Background as Starry Night (preview)")
        self.end(entry_id)
        wait_for(lambda: ("mark_applied", entry_id) in self.session.calls, "the painting")
        self.assertEqual(self.layers(), ["Background", "Background as Starry Night"])
        self.assertEqual(bytes(self.document.topLevelNodes()[1].pixelData(0, 0, 1, 1)), b"\xc8\xc8\xc8\xff")

    def test_a_preview_goes_from_the_canvas_when_its_job_is_cancelled(self):
        entry_id = self.paint(preview_on_canvas=True)
        self.session.set_item(entry_id, live={"phase": "painting", "preview": preview(7), "preview_number": 1})
        wait_for(lambda: len(self.layers()) == 2, "the preview")
        self.session.set_item(entry_id, live={"phase": "cancelled"}, state="cancelled")
        wait_for(lambda: self.layers() == ["Background"], "no preview")

    def test_while_the_user_draws_a_painting_waits(self):
        entry_id = self.paint()
        self.document._busy = True
        self.end(entry_id)
        settle()
        self.assertEqual(self.layers(), ["Background"])
        self.document._busy = False
        wait_for(lambda: len(self.layers()) == 2, "it is applied")

    def test_a_document_becomes_a_style_and_is_sent_as_it_was(self):
        self.painter.choices.take_document(self.document)
        self.assertEqual(self.painter.choices.settings.style, Style("picture", "picture-1"))
        self.assertEqual(self.painter.choices.settings.style.label, "tubingen.jpg")
        self.paint()
        style = self.session.calls[-1][2]
        self.assertEqual((style.format, style.width, style.height), ("rgb8", 40, 30))

    def test_pictures_of_what_left_the_history_are_not_kept(self):
        entry_id = self.paint()
        self.assertIsNotNone(self.painter.thumbnails.known(f"{entry_id}/before"))
        settle()
        self.painter.discard(entry_id)
        wait_for(lambda: self.painter.thumbnails.known(f"{entry_id}/before") is None, "it is forgotten")

    def test_the_servers_first_model_does_where_the_chosen_one_is_not_loaded(self):
        self.paint(model="resnet50")
        self.assertEqual(self.session.calls[-1][3].model, "")
        self.paint(model="vgg19")
        self.assertEqual(self.session.calls[-1][3].model, "vgg19")

    def test_strength_acts_on_the_running_job_and_nothing_else_does(self):
        self.painter.choices.choose(replace(self.painter.choices.settings, size=300), running="entry9")
        self.assertEqual(self.session.calls, [call for call in self.session.calls if call[0] != "change_weights"])
        self.painter.choices.choose(replace(self.painter.choices.settings, strength=75.0), running="entry9")
        self.assertEqual(self.session.calls[-1], ("change_weights", "entry9", 1.0, 10000.0))

    def test_a_style_that_was_gone_with_its_krita_is_not_chosen(self):
        from impasto_docker.core.preferences import Preferences
        from impasto_docker.core.settings import Settings

        kept = Preferences(last=Settings(style=Style("picture", "picture-1", "Old")))
        docker, _ = open_docker(self, FakeSession(preferences=kept))
        self.assertEqual(docker._painter.choices.settings.style.kind, "none")


if __name__ == "__main__":
    unittest.main()

import unittest
from dataclasses import replace

from docker_testing import (
    STARRY,
    FakeSession,
    Krita,
    new_document,
    open_docker,
    preview,
    ready,
    settle,
    show_docker,
    wait_for,
)
from impasto_docker.core.history import ResultFile
from impasto_docker.core.server_watch import ServerStatus
from impasto_docker.core.settings import ServerSettings, Style
from impasto_docker.docker.bridge import Bridge
from PyQt5 import sip
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import QDropEvent, QImage
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QToolButton

PAINTING = {
    "phase": "painting",
    "iteration": 34,
    "iterations": 300,
    "total_loss": 3.0,
    "total_losses": (5.0, 4.0, 3.0),
    "remaining": 11.2,
}
RESULT = ResultFile(width=40, height=30, pixel_format="rgb8")


class DockerTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(lambda: [document.close() for document in Krita.instance().documents()])

    def open(self, session=None):
        self.docker, self.session = open_docker(self, session)
        settle()

    def styles(self):
        pictures = self.docker._gallery._pictures
        return [pictures.item(row).data(Qt.UserRole).label for row in range(pictures.count())]

    def test_no_server_is_asked_before_it_is_seen(self):
        opened = []
        docker = show_docker(self, Bridge(lambda changed: opened.append(1) or FakeSession().open(changed)), hidden=True)
        docker.canvasChanged(None)
        settle()
        self.assertEqual(opened, [])
        docker.show()
        wait_for(lambda: opened, "the session is opened")

    def test_a_session_that_cannot_be_opened_is_told_with_what_to_do(self):
        def open_session(_):
            raise ModuleNotFoundError("No module named 'grpc'", name="grpc")

        docker = show_docker(self, Bridge(open_session))
        wait_for(lambda: "grpcio" in docker._server._words.text(), "it is told")
        self.assertFalse(docker._body.isEnabled())

    def test_two_dockers_have_one_session_and_one_choice(self):
        self.open()
        other = show_docker(self, self.docker._bridge)
        self.assertIs(other._painter, self.docker._painter)
        self.docker._settings._strength.setValue(70)
        self.assertEqual(other._settings._strength.value(), 70)
        self.session.set_item("a", live=PAINTING)
        settle()
        sip.delete(other)  # as with its window
        self.session.set_item("a", live={**PAINTING, "iteration": 35})
        settle()
        self.assertEqual(self.docker._preview._progress.text(), "Iteration 35 of 300, about 12 s left")

    def test_what_is_told_while_it_is_hidden_is_shown_later(self):
        self.open()
        self.docker.hide()
        self.session.set_item("a", live=PAINTING)
        settle()
        self.assertEqual(self.docker._history.count(), 0)
        self.docker.show()
        self.assertEqual(self.docker._history.count(), 1)

    def test_a_running_job_is_shown(self):
        self.open()
        self.session.set_item("a", live={**PAINTING, "preview": preview(9), "preview_number": 1})
        settle()
        panel = self.docker._preview
        self.assertTrue(panel.isVisible())
        self.assertEqual(panel._progress.text(), "Iteration 34 of 300, about 12 s left")
        self.assertEqual(panel._plot._text, "Loss 3")
        self.assertEqual(panel._bar.share, 34 / 300)
        self.assertEqual(panel._preview.pixelColor(0, 0).getRgb(), (9, 9, 9, 255))
        self.assertEqual(self.docker._history.item(0).text(), "Starry Night on Background\n11 %, about 12 s left")
        panel._stop.click()
        panel._cancel.click()
        self.assertEqual(self.session.calls[-2:], [("stop", "a"), ("cancel", "a")])

    def test_the_strength_acts_on_the_job_that_is_shown(self):
        self.open()
        self.session.set_item("a", live=PAINTING)
        settle()
        self.docker._settings._strength.setValue(75)
        self.assertIn(("change_weights", "a", 1.0, 10000.0), self.session.calls)
        self.session.set_item("a", live={**PAINTING, "change_refused": "Too late."})
        settle()
        self.assertEqual(self.docker._preview._fault.text(), "Too late.")

    def test_a_finished_painting_is_compared_applied_and_discarded(self):
        self.open()
        self.session.set_item("a", state="done", result=RESULT, recipe_json="{}")
        settle()
        self.docker._history.setCurrentRow(0)
        panel = self.docker._preview
        wait_for(lambda: not panel._picture._after.isNull(), "the painting is read")
        self.assertEqual(panel._progress.text(), "Done, not applied yet")
        self.assertTrue(panel._apply.isVisible())
        self.assertFalse(panel._stop.isVisible())
        panel._compare.pressed.emit()
        self.assertTrue(panel._picture._comparing)
        panel._compare.released.emit()
        self.assertFalse(panel._picture._comparing)
        panel._apply.click()
        wait_for(lambda: ("mark_applied", "a") in self.session.calls, "it is applied")
        panel._discard.click()
        settle()
        self.assertEqual(self.docker._history.count(), 0)
        self.assertFalse(panel.isVisible())

    def test_a_running_job_is_not_discarded_by_a_key(self):
        self.open()
        self.session.set_item("a", live=PAINTING)
        settle()
        self.docker._history.discard.emit("a")
        self.assertNotIn(("discard", "a"), self.session.calls)

    def test_keys_apply_and_discard_in_the_history(self):
        self.open()
        self.session.set_item("a", state="done", result=RESULT, recipe_json="{}")
        settle()
        history = self.docker._history
        history.setCurrentRow(0)
        QTest.keyClick(history, Qt.Key_Return)
        wait_for(lambda: ("mark_applied", "a") in self.session.calls, "it is applied")
        QTest.keyClick(history, Qt.Key_Delete)
        self.assertIn(("discard", "a"), self.session.calls)

    def test_the_strength_is_dragged_and_typed(self):
        self.open()
        slider = self.docker._settings._strength
        line = slider.lineEdit()
        QTest.mousePress(line, Qt.LeftButton, pos=line.rect().topRight() + QPoint(0, 5))
        self.assertEqual(slider.value(), 100)
        QTest.mouseDClick(line, Qt.LeftButton)
        QTest.keyClicks(line, "3")
        QTest.keyClick(line, Qt.Key_Return)
        self.assertEqual(slider.value(), 3)
        QTest.keyClick(slider, Qt.Key_Up)
        self.assertEqual(self.docker._painter.choices.settings.strength, 4.0)

    def test_it_is_never_so_narrow_that_something_is_cut_off(self):
        self.open()
        self.docker.resize(50, 600)
        self.assertGreaterEqual(self.docker.widget().viewport().width(), self.docker._body.minimumSizeHint().width())

    def test_a_failed_job_says_why(self):
        self.open()
        self.session.set_item("a", live={"phase": "failed"}, state="failed", words="The server is out of memory.")
        settle()
        self.docker._history.setCurrentRow(0)
        self.assertEqual(self.docker._preview._progress.text(), "Not finished")
        self.assertEqual(self.docker._preview._fault.text(), "The server is out of memory.")
        self.assertFalse(self.docker._preview._apply.isVisible())

    def test_what_would_be_painted_and_what_it_needs_are_told(self):
        self.open()
        self.assertEqual(self.docker._paint._words.text(), 'Paints "Background", 40 × 30')  # noqa: RUF001
        wait_for(lambda: self.docker._settings._memory.text(), "the forecast")
        self.assertEqual(self.docker._settings._memory.text(), "Needs about 196 MB")

    def test_the_button_stays_where_it_is_when_the_forecast_comes(self):
        self.open()
        places = []
        for words in ("", "Needs about 196 MB", ""):
            self.docker._settings.say_memory(words)
            settle()
            places.append(self.docker._paint._button.mapTo(self.docker, QPoint(0, 0)))
        self.assertEqual(places, places[:1] * 3)
        self.assertIn(("estimate", 40, 30, 512), self.session.calls)
        selection = __import__("krita").Selection()
        selection.select(4, 5, 20, 18, 255)
        Krita.active.setSelection(selection)
        wait_for(lambda: "selection" in self.docker._paint._words.text(), "the selection is seen")
        self.assertEqual(self.docker._paint._words.text(), 'Paints the selection of "Background", 20 × 18')  # noqa: RUF001
        Krita.active.close()
        self.docker.canvasChanged(None)
        self.assertEqual(self.docker._paint._words.text(), "No picture is open")
        self.assertFalse(self.docker._paint._button.isEnabled())

    def test_only_what_can_be_done_can_be_clicked(self):
        self.open()
        self.assertTrue(self.docker._paint._button.isEnabled())
        self.session.set_status(light="unreachable", words="No Impasto server runs there.", nobody_there=False)
        settle()
        self.assertFalse(self.docker._paint._button.isEnabled())
        self.assertEqual(self.docker._server._words.text(), "No Impasto server runs there.")
        self.assertFalse(self.docker._server._start.isVisible())

    def test_the_library_and_recent_styles_are_shown_once_each(self):
        session = FakeSession(status=ServerStatus("connecting", "Connecting"))
        self.open(session)
        self.assertEqual(self.styles(), ["Starry Night"])  # the last choice
        session._status = ready()
        session.tell("server")
        settle()
        self.docker._add_files(["/nowhere/the_scream.png", "/nowhere/waves.jpg"])
        self.assertEqual(self.styles(), ["Starry Night", "the scream", "waves"])
        self.assertEqual(self.docker._painter.choices.settings.style, Style("file", "/nowhere/the_scream.png"))
        self.docker._gallery._pictures.setCurrentRow(0)
        self.assertEqual(self.docker._painter.choices.settings.style, STARRY)
        self.assertEqual(self.styles(), ["Starry Night", "the scream", "waves"])
        self.assertEqual(self.docker._gallery._label.text(), "Style: Starry Night")

    def test_the_current_picture_becomes_a_style(self):
        self.open()
        buttons = self.docker._gallery.findChildren(QToolButton)
        (button,) = (button for button in buttons if button.accessibleName().startswith("Makes the current picture"))
        button.click()
        self.assertEqual(self.docker._painter.choices.settings.style, Style("picture", "picture-1", "tubingen.jpg"))
        Krita.active.close()
        button.click()
        self.assertEqual(self.docker._said.text(), "No picture is open. Open the one that is to be the style.")

    def drop(self, data):
        pictures = self.docker._gallery._pictures
        event = QDropEvent(QPointF(5, 5), Qt.CopyAction, data, Qt.LeftButton, Qt.NoModifier)
        pictures.dropEvent(event)

    def test_dropped_files_and_pictures_become_styles(self):
        self.open()
        files = QMimeData()
        files.setUrls([QUrl.fromLocalFile("/nowhere/a.PNG"), QUrl.fromLocalFile("/nowhere/notes.txt")])
        self.drop(files)
        self.assertEqual(self.docker._painter.choices.settings.style, Style("file", "/nowhere/a.PNG"))
        image = QImage(20, 16, QImage.Format_RGB32)
        image.fill(Qt.red)
        picture = QMimeData()
        picture.setImageData(image)
        self.drop(picture)
        self.assertEqual(self.docker._painter.choices.settings.style, Style("picture", "picture-1"))
        text, link = QMimeData(), QMimeData()
        text.setUrls([QUrl.fromLocalFile("/nowhere/notes.txt")])
        self.drop(text)
        self.assertEqual(self.docker._said.text(), "notes.txt can't be a style: drop a PNG, JPEG, WebP or TIFF file.")
        link.setUrls([QUrl("http://somewhere/a.png")])
        self.drop(link)
        self.assertIn("save the picture as a file first", self.docker._said.text())

    def test_settings_are_written_and_read(self):
        self.open()
        panel = self.docker._settings
        chosen = replace(
            self.docker._painter.choices.settings,
            strength=20.0,
            quality="iterations",
            iterations=77,
            size=640,
            source="projection",
            opacity=40,
            preview_on_canvas=True,
            content_weight=2.5,
            style_weight=4e4,
            model="vgg19",
        )
        panel.write(chosen)
        self.assertEqual(panel.read(chosen), chosen)
        self.assertFalse(panel._iterations.isHidden())
        panel._style_weight.setText("much")
        self.assertEqual(panel.text_fault(), 'Style weight: "much" isn\'t a number.')

    def test_another_server_is_used_when_its_address_is_typed(self):
        self.open()
        self.docker._server._address.setText(" 10.0.0.5:50451 ")
        self.docker._server._address.editingFinished.emit()
        self.docker._server._address.editingFinished.emit()
        used = [call for call in self.session.calls if call[0] == "use_server"]
        self.assertEqual(used, [("use_server", ServerSettings("10.0.0.5:50451"))])

    def test_a_missing_document_and_a_hidden_docker_are_no_harm(self):
        self.open()
        document = new_document()
        self.docker.hide()
        document.close()
        self.docker.canvasChanged(None)
        self.docker.show()
        settle()


if __name__ == "__main__":
    unittest.main()

"""How the picture is painted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QCheckBox, QComboBox, QLayout, QLineEdit, QSpinBox, QWidget

from impasto_docker.core.settings import Settings, style_factor
from impasto_docker.docker.slider import Slider
from impasto_docker.docker.widgets import Section, Words, column, combo_box, grid, scroll_past

if TYPE_CHECKING:
    from impasto_docker.core.server_watch import ServerStatus

_QUALITIES = (("Draft", "draft"), ("Good", "good"), ("Best", "best"), ("Iterations", "iterations"))
_SOURCES = (("Layer or group", "layer"), ("Everything visible", "projection"))


class SettingsPanel(QWidget):
    """All settings but the style. What is typed wrong stays as it is, and `text_fault` says so.

    Attributes:
        apply_when_done: the box for it, which is no setting of a single painting.

    Signals:
        changed: the user changed something.
    """

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._settings = Settings()
        self._defaults: Any = None  # the recipe of the model that is used
        self._writing = False
        self.setLayout(column(self._main(), Section("More", self._more(), unfolded=False)))
        self.write(self._settings)

    def _main(self) -> QLayout:
        self._strength = Slider(
            "Strength",
            0,
            100,
            "",
            "From 0, nearly the photograph, to 100, nearly the painting's manner alone. Acts on the painting that is "
            "under way, too.",
            self._report,
        )
        self._quality = self._choice(_QUALITIES, "How long the server may take: a draft is there soonest")
        self._iterations = self._spin(
            1,
            100000,
            10,
            " iterations",
            "Iterations, from 1 to 100000: with each, the picture comes nearer to what is wanted",
        )
        self._size = self._spin(
            16,
            8192,
            64,
            " px",
            "The longer side that is painted at, from 16 to 8192 pixels. The result has your picture's size in any "
            "case; time and memory grow with this one.",
        )
        self._memory = Words(keeps_room=True)  # else what is below would move away while it is clicked
        self._memory.setToolTip("The memory that the server would take for it")
        self._source = self._choice(
            _SOURCES,
            "What is painted, within the selection: the active layer or group, or all that is visible. The result is a "
            "new layer above it: one step to undo.",
        )
        return grid(
            ("", self._strength),
            ("&Quality:", self._quality),
            ("", self._iterations),
            ("Si&ze:", self._size),
            ("So&urce:", self._source),
            ("", self._memory),
        )

    def _more(self) -> QLayout:
        self._model = combo_box()
        self._model.setToolTip("The network that looks at the pictures: those that the server has loaded")
        self._model.currentIndexChanged.connect(self._report)
        self._opacity = Slider(
            "Opacity", 0, 100, " %", "How opaque the result's layer is, from 0 to 100 %", self._report
        )
        self._preview_on_canvas = QCheckBox("Show it on the canvas while it is painted")
        self._preview_on_canvas.setToolTip("On a layer that becomes the result: one step to undo for all of it")
        self.apply_when_done = QCheckBox("&Apply when done")
        self.apply_when_done.setToolTip(
            "Puts the painting into the picture by itself, as a new layer. Else it waits in the history."
        )
        self._own_weights = QCheckBox("&Weights of my own")
        self._own_weights.setToolTip("Instead of the strength. They act on the painting that is under way, too.")
        for box in (self._preview_on_canvas, self._own_weights):
            box.toggled.connect(self._report)
        self._content_weight = self._weight("How much the photograph's shapes count: a number from 0 to 1e15")
        self._style_weight = self._weight("How much the painting's manner counts: a number above 0, up to 1e15")
        scroll_past(self._model)
        return grid(
            ("", self._opacity),
            ("", self._preview_on_canvas),
            ("", self.apply_when_done),
            ("&Model:", self._model),
            ("", self._own_weights),
            ("&Content:", self._content_weight),
            ("St&yle:", self._style_weight),
        )

    def write(self, settings: Settings) -> None:
        """Shows settings."""
        with self._quietly():
            self._settings = settings
            self._strength.set_value(settings.strength)
            self._quality.setCurrentIndex(self._quality.findData(settings.quality))
            self._iterations.setValue(settings.iterations)
            self._size.setValue(settings.size)
            self._source.setCurrentIndex(self._source.findData(settings.source))
            self._opacity.set_value(settings.opacity)
            self._preview_on_canvas.setChecked(settings.preview_on_canvas)
            self._own_weights.setChecked(settings.content_weight is not None or settings.style_weight is not None)
            for line, weight in (
                (self._content_weight, settings.content_weight),
                (self._style_weight, settings.style_weight),
            ):
                if weight != _number(line):
                    line.setText("" if weight is None else f"{weight:.6g}")
            self._choose_model()
            self._show_weights()

    def read(self, settings: Settings) -> Settings:
        """`settings` with what is chosen here."""
        own = self._own_weights.isChecked()
        return replace(
            settings,
            model=self._model.currentData() or settings.model,
            strength=float(self._strength.value()),
            quality=self._quality.currentData(),
            iterations=self._iterations.value(),
            size=self._size.value(),
            source=self._source.currentData(),
            opacity=self._opacity.value(),
            preview_on_canvas=self._preview_on_canvas.isChecked(),
            content_weight=_number(self._content_weight) if own else None,
            style_weight=_number(self._style_weight) if own else None,
        )

    def text_fault(self) -> str:
        """What is typed that is no number, for people; "": nothing."""
        if self._own_weights.isChecked():
            for line, name in ((self._content_weight, "Content weight"), (self._style_weight, "Style weight")):
                if line.text() and _number(line) is None:
                    return f'{name}: "{line.text()}" isn\'t a number.'
        return ""

    def show_models(self, server: ServerStatus) -> None:
        """Offers the server's models; where it has none, those that were there stay."""
        names = [model.name.partition("/")[2] for model in server.models]
        with self._quietly():
            if names and names != [self._model.itemData(row) for row in range(self._model.count())]:
                self._model.clear()
                for model, name in zip(server.models, names):
                    note = " (random weights: for trying only)" if model.random_weights else ""
                    self._model.addItem(name + note, name)
                self._choose_model()
            chosen = server.model(self._settings.model)
            self._defaults = chosen.default_recipe if chosen is not None else None
            self._show_weights()

    def say_memory(self, words: str) -> None:
        """What the painting would need."""
        self._memory.say(words)

    def _choose_model(self) -> None:
        if self._model.count():
            self._model.setCurrentIndex(max(0, self._model.findData(self._settings.model)))

    def _show_weights(self) -> None:
        """Where the user has none of their own: those that the strength stands for."""
        own = self._own_weights.isChecked()
        self._content_weight.setEnabled(own)
        self._style_weight.setEnabled(own)
        self._strength.setEnabled(not own)
        self._iterations.setVisible(self._quality.currentData() == "iterations")
        if not own and self._defaults is not None and self._defaults.style_weight is not None:
            content, style = self._defaults.content_weight, self._defaults.style_weight
            self._content_weight.setText("" if content is None else f"{content:.6g}")
            self._style_weight.setText(f"{style * style_factor(self._strength.value()):.6g}")

    def _report(self, _: object = None) -> None:
        if not self._writing:
            with self._quietly():
                self._show_weights()
            self.changed.emit()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        before, self._writing = self._writing, True
        try:
            yield
        finally:
            self._writing = before

    def _choice(self, choices: Sequence[tuple[str, str]], tip: str) -> QComboBox:
        box = combo_box()
        for text, value in choices:
            box.addItem(text, value)
        box.setToolTip(tip)
        box.currentIndexChanged.connect(self._report)
        scroll_past(box)
        return box

    def _spin(self, least: int, most: int, step: int, unit: str, tip: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(least, most)
        spin.setSingleStep(step)
        spin.setSuffix(unit)
        spin.setToolTip(tip)
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(self._report)
        scroll_past(spin)
        return spin

    def _weight(self, tip: str) -> QLineEdit:
        line = QLineEdit()
        line.setToolTip(tip)
        line.editingFinished.connect(self._report)
        return line


def _number(line: QLineEdit) -> float | None:
    try:
        return float(line.text())
    except ValueError:
        return None

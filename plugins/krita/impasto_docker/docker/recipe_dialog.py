"""How a painting was made."""

from __future__ import annotations

from PyQt5.QtGui import QFontDatabase, QGuiApplication
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from impasto_docker.docker.widgets import Words


class RecipeDialog(QDialog):
    """Shows a recipe (JSON), to be read or copied."""

    def __init__(self, parent: QWidget, title: str, recipe: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("How It Was Painted")
        text = QPlainTextEdit(recipe)
        text.setReadOnly(True)
        text.setFont(QFontDatabase.systemFont(QFontDatabase.FixedFont))
        buttons = QDialogButtonBox(QDialogButtonBox.Close)
        copy = QPushButton("Copy")
        copy.setToolTip("Copies the recipe: impasto --recipe paints with it again")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(recipe))
        buttons.addButton(copy, QDialogButtonBox.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(Words(f"{title}: with these values, the same painting is made again."))
        layout.addWidget(text)
        layout.addWidget(buttons)
        self.resize(460, 480)

"""Which server paints, and how it is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PyQt5.QtCore import QPointF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt5.QtWidgets import QFileDialog, QGridLayout, QLabel, QLineEdit, QPushButton, QWidget

from impasto_docker.core.settings import ServerSettings
from impasto_docker.docker.widgets import NEAR, IconButton, Words, column, row

_COLORS = {"ready": "#4db050", "unreachable": "#db3d38"}
_ON_THE_WAY = "#f2bf26"


class _Light(QWidget):
    """A dot: green, yellow or red; the words beside it say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.color = QColor(_ON_THE_WAY)
        self.setFixedSize(QSize(14, 18))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setBrush(self.color)
        painter.setPen(QPen(self.color.darker(150), 1))
        painter.drawEllipse(QPointF(7, 9), 4.5, 4.5)


class ServerPanel(QWidget):
    """The light, the words, and where the server is.

    Signals:
        chosen: other ServerSettings.
        start: a server is to be started on this computer.
    """

    chosen = pyqtSignal(object)
    start = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._server = ServerSettings()
        self._light = _Light()
        self._words = Words("Getting ready", selectable=True)
        self._configure = IconButton("configure", "Which server paints, and how it is reached", self._unfold)
        self._configure.setCheckable(True)
        self._start = QPushButton("Start a Server Here")
        self._start.setToolTip("Starts Impasto's server on this computer. It goes on when Krita is closed.")
        self._start.clicked.connect(lambda: self.start.emit())
        self._start.hide()
        self._address = self._line("The computer's name and a port, like localhost:50451. Enter connects.")
        self._tls_ca = self._line("A PEM file of the certificates to trust. With one, the connection is encrypted.")
        self._token_file = self._line("A file with the access token that the server's owner gave you")
        self._access = self._make_access()
        self._access.hide()
        line = row(self._light, self._words, self._configure)
        line.setAlignment(self._light, Qt.AlignTop)
        line.setAlignment(self._configure, Qt.AlignTop)
        self.setLayout(column(line, self._start, self._access))

    def write(self, server: ServerSettings) -> None:
        """Shows other settings."""
        self._server = server
        self._address.setText(server.address)
        self._address.setPlaceholderText(replace(server, address="").full_address())
        self._tls_ca.setText(server.tls_ca)
        self._token_file.setText(server.token_file)

    def show_status(self, light: str, words: str, can_start: bool) -> None:
        """Says how the server is.

        Args:
            light: as of ServerStatus.
            words: for people.
            can_start: whether one can be started here.
        """
        self._light.color = QColor(_COLORS.get(light, _ON_THE_WAY))
        self._light.update()
        self._words.say(words)
        self._start.setVisible(can_start)

    def show_failure(self, words: str) -> None:
        """Says why there is no way to any server."""
        self.show_status("unreachable", words, False)

    def _make_access(self) -> QWidget:
        access = QWidget()
        grid = QGridLayout(access)
        grid.setContentsMargins(0, 0, 0, NEAR)
        grid.setSpacing(NEAR)
        lines = (("&Address:", self._address), ("&Certificate:", self._tls_ca), ("Access to&ken:", self._token_file))
        for number, (title, line) in enumerate(lines):
            label = QLabel(title)
            label.setBuddy(line)
            grid.addWidget(label, number, 0)
            grid.addWidget(line, number, 1)
            if line is not self._address:
                find = IconButton("document-open", "Choose the file", partial(self._find_file, line))
                grid.addWidget(find, number, 2)
        return access

    def _line(self, tip: str) -> QLineEdit:
        line = QLineEdit()
        line.setToolTip(tip)
        line.setClearButtonEnabled(True)
        line.editingFinished.connect(self._choose)
        return line

    def _find_file(self, line: QLineEdit) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose a File", line.text())
        if path:
            line.setText(path)
            self._choose()

    def _unfold(self) -> None:
        self._access.setVisible(self._configure.isChecked())
        if self._configure.isChecked():
            self._address.setFocus(Qt.OtherFocusReason)

    def _choose(self) -> None:
        server = ServerSettings(
            self._address.text().strip(), self._tls_ca.text().strip(), self._token_file.text().strip()
        )
        if server != self._server:
            self._server = server
            self.chosen.emit(server)

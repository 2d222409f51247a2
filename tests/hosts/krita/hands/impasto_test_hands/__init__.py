"""For tests alone: runs Python that comes through a socket, in Krita's own thread.

A line of JSON each: {"source", "names"}, answered by {"answer", "error"}: also of what went wrong in any plug-in since
the last one. krita_bench.KritaWindow is the other end.
"""

import json
import os
import sys
import traceback

from krita import Extension, Krita
from PyQt5 import QtCore, QtGui, QtWidgets
from PyQt5.QtCore import QTimer
from PyQt5.QtNetwork import QLocalServer


class Hands(Extension):
    def setup(self):
        self._names = {"Krita": Krita, "QTimer": QTimer, "QtCore": QtCore, "QtGui": QtGui, "QtWidgets": QtWidgets}
        self._server = QLocalServer(self)
        self._server.newConnection.connect(self._accept)
        self._connections = []
        self._faults = []
        # Krita would show a window, which waits for somebody to close it.
        sys.excepthook = lambda *fault: self._faults.append("".join(traceback.format_exception(*fault)))

    def createActions(self, window):
        # The first window is there: Krita is up.
        if not self._server.isListening():
            self._server.listen(os.environ["IMPASTO_TEST_HANDS"])

    def _accept(self):
        connection = self._server.nextPendingConnection()
        connection.readyRead.connect(self._read)
        self._connections.append(connection)

    def _read(self):
        for connection in self._connections:
            while connection.canReadLine():
                connection.write(json.dumps(self._do(json.loads(bytes(connection.readLine())))).encode() + b"\n")
                connection.flush()

    def _do(self, asked):
        self._names.update(asked["names"], answer=None)
        try:
            exec(asked["source"], self._names)
            json.dumps(self._names["answer"])
        except Exception:
            return {"answer": None, "error": traceback.format_exc()}
        faults, self._faults = self._faults, []
        return {"answer": self._names["answer"], "error": "\n".join(faults)}


# Else Python takes it for garbage, which Krita calls nevertheless.
_hands = Hands(Krita.instance())
Krita.instance().addExtension(_hands)

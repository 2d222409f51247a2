"""For tests alone: runs Python that comes through a socket, in Krita's own thread.

A line of JSON each: {"source", "names"}, answered by {"answer", "error"}. krita_bench.KritaWindow is the other end.
"""

import json
import os
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

    def createActions(self, window):
        # The first window is there: Krita is up.
        if not self._server.isListening():
            self._server.listen(os.environ["IMPASTO_TEST_HANDS"])

    def _accept(self):
        connection = self._server.nextPendingConnection()
        connection.readyRead.connect(lambda: self._read(connection))

    def _read(self, connection):
        while connection.canReadLine():
            asked = json.loads(bytes(connection.readLine()))
            self._names.update(asked["names"], answer=None)
            try:
                exec(asked["source"], self._names)
                reply = json.dumps({"answer": self._names["answer"], "error": ""})
            except Exception:
                reply = json.dumps({"answer": None, "error": traceback.format_exc()})
            connection.write(reply.encode() + b"\n")
            connection.flush()


Krita.instance().addExtension(Hands(Krita.instance()))

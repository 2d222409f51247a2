"""A network between a client and a server that breaks at one event of a job, exactly.

It reads along what goes over the wire: HTTP/2 frames, of them DATA alone, in it gRPC's messages, and of those that
are a JobEvent which event it is. Nothing is decoded beyond that.
"""

import socket
import struct
import threading

from bench.servers import PATIENCE, ReservedPort, shut

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _PADDED = 0, 0x8
_EVENTS = {3: "accepted", 4: "progress", 5: "preview", 6: "result", 7: "finished", 8: "changed", 9: "state_changed"}
# So much of a message is there when it is said to have begun: it has its tag, and is far from its end.
_BEGUN = 64 * 1024
# A message of a client that carries pictures; others, who ask who the server is or how a job fares, are far smaller.
_PICTURES = 1024


def _varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def _kind(message):
    """The name of a JobEvent's event; "" for any other message, and for one that isn't there that far."""
    if not message or message[0] != 0x08:  # JobEvent.sequence is never 0, and no other reply begins so
        return ""
    at = 0
    try:
        while at < len(message):
            tag, at = _varint(message, at)
            if tag & 7 == 2 and tag >> 3 in _EVENTS:
                return _EVENTS[tag >> 3]
            length, at = _varint(message, at)
            if tag & 7 == 2:
                at += length
    except IndexError:
        pass
    return ""


class _Messages:
    """The gRPC messages of one direction of a connection."""

    def __init__(self, preface):
        self._skip = preface
        self._frame = b""
        self._streams = {}

    def feed(self, data):
        """Yields (end, message, whole) for every DATA frame that ends in `data`: `end` is where, in `data`."""
        position = 0
        while position < len(data):
            if self._skip:
                taken = min(self._skip, len(data) - position)
                self._skip -= taken
                position += taken
                continue
            wanted = 9
            if len(self._frame) >= 9:
                wanted += int.from_bytes(self._frame[:3], "big")
            piece = data[position : position + wanted - len(self._frame)]
            self._frame += piece
            position += len(piece)
            if len(self._frame) < 9 or len(self._frame) < 9 + int.from_bytes(self._frame[:3], "big"):
                continue
            frame, self._frame = self._frame, b""
            if frame[3] == _DATA:
                yield from self._data(frame, position)

    def _data(self, frame, end):
        stream = struct.unpack(">I", frame[5:9])[0]
        payload = frame[9:]
        if frame[4] & _PADDED:
            payload = payload[1 : len(payload) - payload[0]]
        buffered = self._streams.setdefault(stream, bytearray())
        buffered += payload
        while len(buffered) >= 5:
            length = int.from_bytes(buffered[1:5], "big")
            if len(buffered) < 5 + length:
                yield end, bytes(buffered[5:]), False
                return
            yield end, bytes(buffered[5 : 5 + length]), True
            del buffered[: 5 + length]


class Network:
    """Connections to its `address` go on to `target` until the break, which comes once.

    `at`: {"event": "request" | "accepted" | "progress" | "preview" | "result", "number": 1.., "delivered": true,
    "begun": false}. "request" is the client's first message with pictures in it. With `delivered` false the event
    doesn't get through. With `begun` the break comes within the event: a part of it gets through. `on_break` is called
    between the break of all connections and the next one, and returns the target from then on, or None: nothing
    listens any more.
    """

    def __init__(self, target, at, on_break):
        self._reserved = ReservedPort()
        self.address = self._reserved.address
        self._target = target
        self._at = at
        self._on_break = on_break
        self._lock = threading.Lock()
        self._left = at.get("number", 1)
        self._sockets = set()
        self.broken = threading.Event()
        # All that belongs to the break is done.
        self.settled = threading.Event()
        self._listen()

    def _listen(self):
        self._listener = self._reserved.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed
            try:
                host, port = self._target.rsplit(":", 1)
                server = socket.create_connection((host, int(port)))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._sockets |= {client, server}
            for source, sink, upward in ((client, server, True), (server, client, False)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                messages = _Messages(len(_PREFACE) if upward else 0)
                threading.Thread(target=self._pump, args=(source, sink, messages, upward), daemon=True).start()

    def _pump(self, source, sink, messages, upward):
        try:
            while data := source.recv(65536):
                passed = self._passes(data, messages, upward)
                sink.sendall(data if passed is None else data[:passed])
                if passed is not None:
                    self._break()
                    return
        except OSError:
            pass  # the other direction has ended, or a break
        shut(source)
        shut(sink)

    def _passes(self, data, messages, upward):
        """How much of `data` gets through where the break comes in it, else None."""
        if self.broken.is_set():
            return None
        before = 0
        for end, message, whole in messages.feed(data):
            if self._is_it(message, whole, upward):
                return end if self._at.get("delivered", True) else before
            before = end
        return None

    def _is_it(self, message, whole, upward):
        wanted = self._at["event"]
        if upward or wanted == "request":
            if not (upward and wanted == "request" and len(message) >= _PICTURES):
                return False
        elif _kind(message) != wanted:
            return False
        begun = self._at.get("begun", False)
        with self._lock:
            if whole and self._left > 1:
                self._left -= 1
                return False
            return self._left == 1 and not self.broken.is_set() and (whole or begun and len(message) >= _BEGUN)

    def _break(self):
        with self._lock:
            if self.broken.is_set():
                return
            self.broken.set()
            sockets, self._sockets = self._sockets, set()
        shut(self._listener)
        for sock in sockets:
            shut(sock)
        try:
            self._target = self._on_break()
            if self._target is not None:
                self._listen()
        finally:
            self.settled.set()

    def close(self):
        if self.broken.is_set():
            self.settled.wait(PATIENCE)
        shut(self._listener)
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for sock in sockets:
            shut(sock)
        self._reserved.close()

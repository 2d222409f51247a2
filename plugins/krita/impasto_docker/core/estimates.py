"""Asks in the background what a job would take of the server."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable
from typing import NamedTuple

import impasto

from impasto_docker.core.settings import SettingError, Settings, make_recipe
from impasto_docker.core.threads import start_thread
from impasto_docker.core.words import byte_words, explain, memory_words

_STYLE_SIDE = 512

Told = Callable[[str, bool], None]


class _Question(NamedTuple):
    client: impasto.Client
    model: impasto.ModelInfo | None
    width: int
    height: int
    settings: Settings
    told: Told


class Estimates:
    """Answers the newest question; those before it that haven't been sent are dropped. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: _Question | None = None  # guarded by it, as is the next
        self._running = False

    def ask(
        self,
        client: impasto.Client,
        model: impasto.ModelInfo | None,
        width: int,
        height: int,
        settings: Settings,
        told: Told,
    ) -> None:
        """Returns at once. `told(words, fits)` is called on a thread."""
        with self._lock:
            self._next = _Question(client, model, width, height, settings, told)
            if self._running:
                return
            self._running = True
        start_thread("impasto-estimate", self._run)

    def close(self) -> None:
        """Nothing more is answered, but what is under way."""
        with self._lock:
            self._next = None

    def _run(self) -> None:
        while True:
            with self._lock:
                question, self._next = self._next, None
                if question is None:
                    self._running = False
                    return
            answer = _answer(question)
            if answer is not None:
                question.told(*answer)


def _answer(question: _Question) -> tuple[str, bool] | None:
    """None: the connection was closed meanwhile."""
    settings = question.settings
    style = settings.style.value if settings.style.kind == "library" else blank_png(_STYLE_SIDE, _STYLE_SIDE)
    # Memory goes by sizes alone; the pixels needn't travel for it.
    scale = min(settings.size / max(question.width, question.height), 1.0)
    content = blank_png(max(round(question.width * scale), 16), max(round(question.height * scale), 16))
    try:
        memory = question.client.estimate(content, style, recipe=make_recipe(settings, question.model)).memory
    except SettingError as error:
        return error.words, False
    except impasto.ImpastoError as error:
        return explain(error, question.client.address), False
    except ValueError:  # gRPC's, of a closed connection
        return None
    if memory.peak_bytes > memory.budget_bytes:
        return memory_words(memory.peak_bytes, memory.budget_bytes, memory.largest_max_size), False
    return f"Needs {byte_words(memory.peak_bytes)} of the server's memory.", True


def blank_png(width: int, height: int) -> bytes:
    """A black picture of that many pixels, in few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    one_bit_gray = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(height * (1 + (width + 7) // 8)), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", one_bit_gray) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

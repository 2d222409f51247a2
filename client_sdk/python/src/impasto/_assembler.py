"""Puts the chunks of one picture together. Nothing that the server says is believed without a check."""

from __future__ import annotations

from . import _wire
from .enums import PictureFormat, PixelFormat, received
from .errors import Internal
from .pictures import Picture


def _broken(words: str) -> Internal:
    return Internal(f"the server sent a broken picture: {words}")


class PictureAssembler:
    """Not thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._header: _wire.Message | None = None
        self._data = bytearray()

    @property
    def pending(self) -> bool:
        """A picture has begun and isn't whole."""
        return self._header is not None

    def drop(self) -> None:
        """Forgets a picture that isn't whole. The next chunk has to start one."""
        self._header = None
        self._data = bytearray()

    def add(self, chunk: _wire.Message) -> Picture | None:
        """The whole picture with its last chunk, None before. Internal: the chunk doesn't follow the one before."""
        if self._header is None:
            self._begin(chunk)
        elif chunk.HasField("header"):
            raise _broken(f"another one begins after {len(self._data)} of its {self._header.total_bytes} bytes")
        header = self._header
        assert header is not None  # for mypy
        have = len(self._data)
        missing = header.total_bytes - have
        if chunk.offset != have:
            raise _broken(f"a chunk is for offset {chunk.offset}, the next is {have}")
        if not chunk.data:
            raise _broken(f"an empty chunk at offset {have}")
        if len(chunk.data) > missing:
            raise _broken(f"a chunk of {len(chunk.data)} bytes where {missing} are missing")
        self._data += chunk.data
        if len(chunk.data) < missing:
            return None
        picture = Picture(
            data=bytes(self._data),
            format=PictureFormat(header.format),
            width=header.width,
            height=header.height,
            pixel_format=received(PixelFormat, header.pixel_format),
            stride=header.stride,
        )
        self.drop()
        return picture

    def _begin(self, chunk: _wire.Message) -> None:
        if not chunk.HasField("header"):
            raise _broken("its first chunk has no header")
        header = chunk.header
        if received(PictureFormat, header.format) is None:
            raise _broken("its format isn't given")
        if header.width < 1 or header.height < 1:
            raise _broken(f"its size is {header.width} x {header.height}")
        if not 1 <= header.total_bytes <= self._max_bytes:
            raise _broken(f"it has {header.total_bytes} bytes, not 1 to {self._max_bytes}")
        self._header = header

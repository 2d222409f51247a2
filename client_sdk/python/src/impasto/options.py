"""How pictures on the way and at the end are returned, and how a connection is encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

from .enums import OutputSize, PictureFormat, PixelFormat


@dataclass(frozen=True)
class PreviewOptions:
    """When previews are sent. Neither ``every_iterations`` nor ``interval``: none are.

    Attributes:
        every_iterations: after every so many steps, 1..100000; 0: not by steps.
        interval: at most so many seconds after the last, 0.1 and up; 0: not by time.
        format: "jpeg" unless given; "raw" gives ``pixel_format``.
        max_size: long side, pixels, 16..8192; 0: the working size.
        pixel_format: layout of raw pixels; "rgb8" unless given.
    """

    every_iterations: int = 0
    interval: float = 0.0
    format: PictureFormat | str | None = None
    max_size: int = 0
    pixel_format: PixelFormat | str | None = None


@dataclass(frozen=True)
class OutputOptions:
    """How the result is returned. Alpha, profile and depth of the content are put back as far as the format holds them.

    Attributes:
        format: "png" unless given; "raw" gives ``pixel_format``.
        size: "working" unless given, or "original", the content picture's own.
        quality: of JPEG and WebP, 1..100; 0: 92.
        pixel_format: layout of raw pixels; RGBA8 where the content has alpha, else RGB8, unless given.
    """

    format: PictureFormat | str | None = None
    size: OutputSize | str | None = None
    quality: int = 0
    pixel_format: PixelFormat | str | None = None


@dataclass(frozen=True)
class Tls:
    """An encrypted connection.

    Attributes:
        ca: a PEM file of the certificates that are trusted; None: the system's.
        server_name: the name that the server's certificate has to have; "": the address's host.
    """

    ca: str | PathLike[str] | None = None
    server_name: str = ""

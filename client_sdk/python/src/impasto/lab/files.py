"""Files that are either whole or not there, and names for them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from pathlib import Path

_MAX_SLUG = 80
_PART = ".part"


def write_atomically(path: Path, data: bytes | str) -> None:
    """Replaces the file in one move: a reader, or a kill, never sees half of it. Raises OSError."""
    if isinstance(data, str):
        data = data.encode("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name[:40]}.{secrets.token_hex(4)}{_PART}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def remove_parts(folder: Path) -> None:
    """Removes what a process that was killed had half written below the folder. Nobody may be writing there."""
    for part in folder.rglob(f".*{_PART}"):
        with contextlib.suppress(OSError):
            part.unlink()


def sha256_of(path: Path) -> str:
    """SHA-256 of the file, lower-case hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()


def file_stem(label: str, key: str) -> str:
    """A file name that people can read and that no other key has: "style_weight_0.01-3f2a90c1"."""
    slug = re.sub(r"[^A-Za-z0-9._=+-]+", "_", label).strip("._")[:_MAX_SLUG]
    return f"{slug or 'picture'}-{key[:8]}"

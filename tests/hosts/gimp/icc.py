"""ICC profiles whose curve and primaries are far from sRGB's, so that one that gets lost shows."""

import struct

# D50's white, and primaries that are adapted to it: a wide RGB's.
_WHITE = (0.9642, 1.0, 0.8249)
_PRIMARIES = {"r": (0.6097, 0.3111, 0.0195), "g": (0.2053, 0.6257, 0.0609), "b": (0.1492, 0.0632, 0.7446)}


def _fixed(value):
    return struct.pack(">i", round(value * 65536))


def _xyz(values):
    return b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in values)


def _curve(gamma):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _text(kind, text):
    text = text.encode() + b"\0"
    if kind == b"text":
        return b"text\0\0\0\0" + text
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)


def profile(gray, gamma):
    """The bytes of a profile: grey, or of a wide RGB."""
    tags = {
        b"desc": _text(b"desc", f"Test {'grey' if gray else 'RGB'}, gamma {gamma}"),
        b"cprt": _text(b"text", "none"),
    }
    tags[b"wtpt"] = _xyz(_WHITE)
    if gray:
        tags[b"kTRC"] = _curve(gamma)
    else:
        for name, values in _PRIMARIES.items():
            tags[f"{name}XYZ".encode()] = _xyz(values)
            tags[f"{name}TRC".encode()] = _curve(gamma)
    table = struct.pack(">I", len(tags))
    data = b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content
    header = struct.pack(
        ">I4sI4s4s4s", start + len(data), b"\0\0\0\0", 0x02400000, b"mntr", b"GRAY" if gray else b"RGB ", b"XYZ "
    )
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + b"".join(_fixed(v) for v in _WHITE)
    return header + bytes(128 - len(header)) + table + data

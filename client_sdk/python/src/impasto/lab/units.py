"""Numbers for people."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import impasto


def loss(value: float | None) -> str:
    """Four digits: "1.478e6", "54590", "0.02131"; a dash for none."""
    if value is None:
        return "-"
    digits = f"{value:.3e}"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        plain = float(digits)
        return f"{plain:.0f}" if abs(plain) >= 1000 else f"{plain:.4g}"
    mantissa, exponent = digits.split("e")
    return f"{mantissa}e{int(exponent)}"


def seconds(value: float) -> str:
    """As "0.87 s", "34 s", "2 min 05 s", "1 h 02 min"."""
    if value < 10:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def size(count: int) -> str:
    """As "312 MB", "1.4 GB"; powers of ten."""
    if count >= 10**9:
        return f"{count / 1e9:.1f} GB"
    if count >= 10**6:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e3:.0f} kB" if count >= 1000 else f"{count} bytes"


def change_text(change: impasto.RecipeChange) -> str:
    """As "style_weight=0.02 iterations=300", as the loss CSV has it."""
    parts = []
    for item in dataclasses.fields(change):
        value = getattr(change, item.name)
        if item.name == "iteration" or value is None or value == () or value == []:
            continue
        if item.name.endswith("_layers"):
            parts += [f"{item.name}.{layer.layer}={layer.weight:.9g}" for layer in value]
        elif item.name == "style_picture_weights":
            parts.append(f"{item.name}={':'.join(f'{share:.9g}' for share in value)}")
        else:
            parts.append(f"{item.name}={value:.9g}")
    return " ".join(parts)

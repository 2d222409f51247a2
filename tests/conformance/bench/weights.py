"""A VGG19 of few channels: the published one's layers and names, quick to run and made here."""

import json
import os
import struct

import numpy as np

# torchvision's numbers of VGG19's convolutions, and a sixteenth of their channels.
_CONVOLUTIONS = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
_CHANNELS = [4] * 2 + [8] * 2 + [16] * 4 + [32] * 8


def write_small_vgg19(folder, seed=5):
    """Writes seeded, He-normal weights as a safetensors file with torchvision's names."""
    generator = np.random.default_rng(seed)
    tensors = {}
    inputs = 3
    for number, channels in zip(_CONVOLUTIONS, _CHANNELS):
        deviation = np.sqrt(2.0 / (9 * inputs))
        tensors[f"features.{number}.weight"] = generator.normal(0, deviation, (channels, inputs, 3, 3))
        tensors[f"features.{number}.bias"] = generator.normal(0, 0.1, channels)
        inputs = channels
    header, data = {}, b""
    for name, values in tensors.items():
        content = values.astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(values.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    text = json.dumps(header).encode()
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "vgg19.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)

"""Numbers for people."""

from __future__ import annotations

import unittest

import impasto
from impasto.lab import units


class UnitsTest(unittest.TestCase):
    def test_losses(self) -> None:
        expected = {14777966.2: "1.478e7", 54593.8: "54590", 0.021309: "0.02131", 1.23456e-7: "1.235e-7", 0.0: "0"}
        self.assertEqual({value: units.loss(value) for value in expected}, expected)
        self.assertEqual(units.loss(None), "-")

    def test_seconds(self) -> None:
        expected = {0.874: "0.87 s", 34.26: "34.3 s", 125.0: "2 min 05 s", 3720.0: "1 h 02 min"}
        self.assertEqual({value: units.seconds(value) for value in expected}, expected)

    def test_sizes(self) -> None:
        expected = {512: "512 bytes", 4096: "4 kB", 312_000_000: "312 MB", 1_440_000_000: "1.4 GB"}
        self.assertEqual({value: units.size(value) for value in expected}, expected)

    def test_changes_read_as_in_the_loss_log(self) -> None:
        change = impasto.RecipeChange(
            iteration=7,
            style_weight=0.02,
            iterations=300,
            style_layers=[("block1_conv1", 0.5)],
            style_picture_weights=[2, 1],
        )
        self.assertEqual(
            units.change_text(change),
            "style_weight=0.02 iterations=300 style_layers.block1_conv1=0.5 style_picture_weights=2:1",
        )


if __name__ == "__main__":
    unittest.main()

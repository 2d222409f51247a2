#!/usr/bin/env python3
"""A picture is painted in the real GIMP, through everything that there is."""

import unittest

import numpy as np
from gimp_bench import Bench, new_image, quoted, read_dump


class SmokeTest(unittest.TestCase):
    def test_a_selection_is_painted_as_a_new_layer(self):
        with Bench() as bench:
            files = {key: bench.path(key) for key in ("before", "after", "painted")}
            run = bench.gimp().run(
                *new_image(),
                f"(impasto-test-dump drawable {quoted(files['before'])})",
                "(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 4 5 32 24)",
                f"(define painted (car {bench.paint(bench.server())}))",
                f"(impasto-test-dump drawable {quoted(files['after'])})",
                f"(impasto-test-dump painted {quoted(files['painted'])})",
                "(say (car (gimp-item-get-name painted)) (gimp-drawable-offsets painted))",
            )
            self.assertEqual(run.errors, [], run.log)
            self.assertEqual(run.said, ["Photo (Starry Night, vgg19) (4 5)"])
            before, after, painted = (read_dump(path).values for path in files.values())
            self.assertEqual(before.tobytes(), after.tobytes())
            self.assertEqual(painted.shape, (24, 32, 3))
            change = np.abs(painted.astype(int) - before[5:29, 4:36])
            self.assertGreater(change.max(), 10)
            self.assertLess(change.mean(), 60)  # it is the same picture


if __name__ == "__main__":
    unittest.main()

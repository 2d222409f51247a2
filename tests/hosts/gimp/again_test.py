#!/usr/bin/env python3
"""Repeat, last values, Show recipe."""

import json
import os
import unittest

from gimp_bench import Bench, new_image, quoted, read_dump


def repeat(drawable="drawable"):
    return f"(plug-in-impasto-repeat RUN-NONINTERACTIVE image {drawable})"


class AgainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.close)
        cls.server = cls.bench.server()

    def with_last_values(self):
        # Script-Fu wants all arguments; those behind the drawable don't count.
        return self.bench.paint(self.server, iterations=77).replace("RUN-NONINTERACTIVE", "RUN-WITH-LAST-VALS")

    def preferences(self, gimp, **last):
        """What an earlier session has left."""
        settings = {"style": {"kind": "file", "value": self.bench.style(), "label": "Starry Night"}}
        settings |= {"quality": "iterations", "iterations": 2, "size": 48} | last
        folder = os.path.join(gimp.config, "impasto")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(os.path.join(folder, "gimp.json"), "w", encoding="utf-8") as file:
            json.dump({"server": {"address": self.server.address}, "last": settings}, file)

    def test_last_values_of_an_earlier_session(self):
        gimp = self.bench.gimp()
        self.preferences(gimp, iterations=2)
        run = gimp.run(*new_image(), f"(define painted {self.with_last_values()})", "(say (cadr painted))")
        self.assertEqual(run.errors, [], run.log)
        self.assertEqual(json.loads("\n".join(run.said))["iterations"], 2)

    def test_repeat_without_a_painted_layer_takes_the_last_values(self):
        gimp = self.bench.gimp()
        self.preferences(gimp, iterations=4)
        run = gimp.run(*new_image(), f"(define painted {repeat()})", "(say (cadr painted))")
        self.assertEqual(run.errors, [], run.log)
        self.assertEqual(json.loads("\n".join(run.said))["iterations"], 4)

    def test_repeat_takes_what_the_layer_was_painted_with(self):
        gimp = self.bench.gimp()
        self.preferences(gimp, iterations=2)
        run = gimp.run(
            *new_image(),
            f"(define first (car {self.bench.paint(self.server, iterations=5, strength=60)}))",
            f"(define again {repeat('first')})",
            "(say (car (gimp-item-get-name (car again))))",
            "(say (cadr again))",
        )
        self.assertEqual(run.errors, [], run.log)
        self.assertEqual(run.said[0], "Photo (Starry Night, vgg19) (Starry Night, vgg19)")
        self.assertEqual(json.loads("\n".join(run.said[1:]))["iterations"], 5)

    def test_the_same_recipe_gives_the_same_picture(self):
        dumps = [self.bench.path("one"), self.bench.path("two")]
        gimp = self.bench.gimp()
        paint = self.bench.paint(self.server)
        run = gimp.run(*new_image(), *(f"(impasto-test-dump (car {paint}) {quoted(path)})" for path in dumps))
        self.assertEqual(run.errors, [], run.log)
        one, two = (read_dump(path).values.tobytes() for path in dumps)
        self.assertEqual(one, two)

    def test_nothing_was_ever_painted(self):
        gimp = self.bench.gimp()
        run = gimp.run(
            *new_image(),
            repeat(),
            self.with_last_values(),
            "(plug-in-impasto-show-recipe RUN-NONINTERACTIVE image drawable)",
        )
        failed = "Procedure execution of plug-in-impasto-"
        choose = "Choose a style first: a picture whose manner is to be painted in."
        self.assertEqual(
            run.errors,
            [
                f"{failed}repeat failed on invalid input arguments: {choose}",
                f"{failed}style-transfer failed on invalid input arguments: {choose}",
                f"{failed}show-recipe failed: This layer wasn't painted by Style Transfer: it has no recipe.",
            ],
        )


if __name__ == "__main__":
    unittest.main()

"""The page that GIMP's Help button opens, and the list of what it explains where."""

import os
import re
import sys
import tempfile
import unittest
from xml.etree import ElementTree

_SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 4)
sys.path.insert(0, os.path.join(_SOURCE, "plugins", "gimp", "help"))
import make_help

_MANUAL = os.path.join(_SOURCE, "docs", "gimp.md")


def made():
    """The real manual's page and list."""
    with tempfile.TemporaryDirectory() as folder:
        make_help.main(_MANUAL, folder)
        with open(os.path.join(folder, "en", "index.html"), encoding="utf-8") as file:
            page = file.read()
        return page, ElementTree.parse(os.path.join(folder, "en", "gimp-help.xml")).getroot()


class MakeHelpTest(unittest.TestCase):
    def test_every_procedure_of_the_menu_is_explained(self):
        with open(os.path.join(_SOURCE, "plugins", "gimp", "flow", "procedures.h"), encoding="utf-8") as file:
            procedures = re.findall(r'"(plug-in-impasto-[a-z-]+)"', file.read())
        _, index = made()
        self.assertEqual(procedures, [item.get("id") for item in index.iter("help-item")])

    def test_every_place_is_on_the_page(self):
        page, index = made()
        for item in index.iter("help-item"):
            name, heading = item.get("ref").split("#")
            self.assertEqual(name, "index.html")
            self.assertEqual(page.count(f'id="{heading}"'), 1, heading)

    def test_links_to_files_that_are_not_installed_become_words(self):
        headings = "\n\n".join(
            f"## {heading.replace('-', ' ')}" for heading in {topic[2] for topic in make_help.TOPICS}
        )
        page = make_help.page(f"[one](../README.md), [two](https://example.org/), [three](#painting)\n\n{headings}\n")
        self.assertIn(
            '<p>one, <a href="https://example.org/">two</a>, <a href="#painting">three</a></p>',
            page,
        )

    def test_a_heading_that_is_missing_is_named(self):
        with self.assertRaisesRegex(ValueError, "no heading painting, painting-again, results-that-wait$"):
            make_help.page("# A manual of nothing")


if __name__ == "__main__":
    unittest.main()

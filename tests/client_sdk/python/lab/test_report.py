"""The HTML report."""

from __future__ import annotations

import json
import re
import shlex
import tempfile
import unittest
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path

import impasto
from fake_client import picture
from impasto.lab import contact_sheet, previews, report
from impasto.lab.losses import Losses, Row
from impasto.lab.run_folder import Figures, RunFolder, make_task
from impasto.lab.variants import Axis

NO_END = {"meta", "link", "img", "input", "br", "path", "use", "rect", "wbr"}
NASTY = '<b>&"quoted"\'</b>'


class Page(HTMLParser):
    """Checks that elements nest, and gathers what a browser would load or show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self._in = ""
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> isn't closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.ids.append(values["id"])
        if tag in ("a", "link", "use") and "href" in values:
            self.links.append(values["href"])
        if "src" in values:
            self.sources.append(values["src"])
        if tag == "pre":
            self._in = values.get("class", "")
            self.texts.setdefault(self._in, []).append("")
        if tag not in NO_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in NO_END:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._in = ""
        if tag in NO_END:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self._in:
            self.texts[self._in][-1] += data


class ReportTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.content = picture(self.folder / "photo & co.png", "blue", (640, 480))
        self.style = picture(self.folder / "painting.png", "yellow")
        self.out = RunFolder(self.folder / "out", "sweep")
        self.addCleanup(self.out.close)
        self.axes = [Axis("seed", ("1", "2")), Axis("iterations", ("10", "20"))]
        self.tasks = [
            make_task(
                f"{NASTY} seed {a}, iterations {b}",
                {"seed": a, "iterations": b},
                impasto.Recipe(seed=int(a), iterations=int(b), style_layers=[("block1_conv1", 0.1)]),
                (str(self.content), "c"),
                [(str(self.style), "s")],
            )
            for a in self.axes[0].values
            for b in self.axes[1].values
        ]
        self.out.plan(self.tasks)
        rows = [Row(n, 100.0 / n, float(n), 99.0 / n, n / 10, 0, "", (float(n), 1.0 / n)) for n in range(1, 6)]
        losses = Losses(["content.block4_conv2", "style.block1_conv1"], rows)
        for n, task in enumerate(self.tasks):
            self.out.begin(task)
            self.out.started(task, f"jobs/{n}")
            if n == 3:
                self.out.fail(task, "INTERNAL", f"words {NASTY}")
                continue
            painted = picture(self.folder / "painted.png", "red", (320, 240)).read_bytes()
            figures = Figures(
                width=320, height=240, steps=5, result_step=4, total_loss=20.0, content_loss=5.0 + n, style_loss=19.8,
                device_seconds=2.5, peak_bytes=10**8, model="vgg19", weights_sha256="ab" * 32, server_version="1.2.3",
            )  # fmt: skip
            self.out.finish(task, figures, painted, task.recipe.to_json(), losses)
        self.text = self.write()
        self.page = Page(self.text)

    def write(self, *, grid: bool = True) -> str:
        entries = [report.load_entry(r, self.out, str(self.content), [str(self.style)]) for r in self.out.records()]
        tiles = [
            contact_sheet.Tile(
                entry.record.values,
                entry.record.label,
                self.out.picture(entry.record.name) if entry.done else None,
                "e",
            )
            for entry in entries
        ]
        path = self.out.path / "report.html"
        report.write(
            path,
            report.Report(
                kind="Sweep",
                title=f"photo in the manner of {NASTY}",
                lede=NASTY,
                time=datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc),
                entries=entries,
                content=str(self.content),
                styles=[str(self.style)],
                command=f"impasto-lab sweep '{NASTY}'",
                blocks=contact_sheet.arrange(tiles, self.axes) if grid else (),
                warnings=[NASTY],
                columns=["seed", "iterations"] if grid else (),
            ),
            self.out,
        )
        return path.read_text(encoding="utf-8")

    def test_is_well_formed(self) -> None:
        for grid in (True, False):
            page = Page(self.write(grid=grid))
            self.assertEqual(page.faults, [])
            self.assertEqual(len(page.ids), len(set(page.ids)))

    def test_what_users_wrote_is_escaped(self) -> None:
        self.assertFalse('<b>&"' in self.text or "<b>&amp;" in self.text)
        self.assertTrue("&lt;b&gt;&amp;&quot;quoted&quot;" in self.text)

    def test_nothing_comes_from_elsewhere(self) -> None:
        self.assertEqual([source[:5] for source in self.page.sources if not source.startswith("data:")], [])
        self.assertEqual([link for link in self.page.links if re.match(r"\w+:|//", link) and link != "data:,"], [])
        self.assertEqual(re.findall(r"https?://|@import|@font-face|url\((?!#)", self.text), [])

    def test_every_link_leads_somewhere(self) -> None:
        for link in self.page.links:
            if link.startswith("#"):
                self.assertIn(link[1:], self.page.ids)
            elif link not in ("data:,", "pictures.csv", "pictures/"):
                self.assertTrue((self.out.path / link).is_file(), link)

    def test_recipes_round_trip(self) -> None:
        read = [impasto.Recipe.from_json(text) for text in self.page.texts["recipe"]]
        self.assertEqual(read, [task.recipe for task in self.tasks[:3]])

    def test_commands_make_the_pictures_again(self) -> None:
        task = self.tasks[0]
        self.assertEqual(
            shlex.split(self.page.texts["command"][0]),
            [
                "impasto",
                "stylize",
                str(self.content),
                str(self.style),
                "--recipe",
                str(self.out.recipe(task.name)),
                "-o",
                f"{task.name}.png",
            ],
        )
        recipe = json.loads(self.out.recipe(task.name).read_text(encoding="utf-8"))
        self.assertEqual(recipe["seed"], "1")

    def test_says_where_each_picture_came_from(self) -> None:
        for text in ("ab" * 32, "impastod 1.2.3", "jobs/0", "2 January 2026, 03:04", "2.50 s", "100 MB"):
            self.assertTrue(text in self.text, text)
        self.assertTrue("INTERNAL: words" in self.text)

    def test_stays_small(self) -> None:
        self.assertLess(len(self.text), 600_000)

    def test_pictures_of_a_large_report_are_reduced(self) -> None:
        sides = [previews.side_for(count) for count in (1, 9, 100, 4096)]
        self.assertEqual(sides, [900, 900, 692, 160])

    def test_an_input_that_cant_be_read_is_left_out(self) -> None:
        self.content.write_bytes(b"no picture")
        page = Page(self.write())
        self.assertEqual(page.faults, [])


if __name__ == "__main__":
    unittest.main()

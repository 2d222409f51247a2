"""Loss logs."""

from __future__ import annotations

import unittest
from pathlib import Path

from impasto.lab import losses
from impasto.lab.errors import UsageError
from impasto.lab.losses import Losses, Row

# As client_sdk/cli/loss_log.cc writes it.
CLI_LOG = """\
iteration,total,content,style,seconds,level,change
1,14777966.2,0,14777966.2,0.164515029,0,
2,11768335,2542.04136,11765792.9,0.227436434,0,
3,5779181,22631.1499,5756549.85,0.291585802,1,
4,3695045.85,51918.7129,3643127.14,0.354909928,1,style_weight=0.02 iterations=300
"""


class LossesTest(unittest.TestCase):
    def test_reads_the_command_lines_log(self) -> None:
        read = losses.parse_csv(CLI_LOG, "log")
        self.assertEqual(len(read.rows), 4)
        self.assertEqual(read.rows[0], Row(1, 14777966.2, 0.0, 14777966.2, 0.164515029, 0))
        self.assertEqual(read.rows[3].change, "style_weight=0.02 iterations=300")
        self.assertEqual(read.rows[3].level, 1)
        self.assertEqual(read.layers, ())

    def test_writes_the_same_columns(self) -> None:
        self.assertEqual(losses.parse_csv(CLI_LOG, "log").to_csv(), CLI_LOG)

    def test_layers_are_columns_after_them(self) -> None:
        written = Losses(["content.a", "style.b"], [Row(1, 3.5, 1.0, 2.5, 0.1, 0, "", (0.25, 1e-9))]).to_csv()
        self.assertEqual(
            written,
            "iteration,total,content,style,seconds,level,change,content.a,style.b\n1,3.5,1,2.5,0.1,0,,0.25,1e-09\n",
        )
        read = losses.parse_csv(written, "log")
        self.assertEqual(read.layers, ("content.a", "style.b"))
        self.assertEqual(read.rows[0].layers, (0.25, 1e-9))

    def test_reads_a_log_from_before_the_change_column(self) -> None:
        read = losses.parse_csv("iteration,total,content,style,seconds,level\n1,2,3,4,5,0\n", "log")
        self.assertEqual(read.rows, [Row(1, 2.0, 3.0, 4.0, 5.0, 0)])

    def test_a_step_made_again_is_left_out(self) -> None:
        rows = [Row(n, 1.0, 0.0, 1.0, 0.0, level) for level, n in ((0, 1), (0, 2), (0, 2), (1, 3), (0, 4), (1, 4))]
        self.assertEqual(
            [(row.level, row.iteration) for row in Losses((), rows).rows], [(0, 1), (0, 2), (1, 3), (1, 4)]
        )

    def test_finds_the_losses_of_a_picture(self) -> None:
        read = losses.parse_csv(CLI_LOG, "log")
        self.assertEqual(read.at(0, 0), read.rows[0])
        self.assertEqual(read.at(3, 1), read.rows[3])
        self.assertIsNone(read.at(3, 0))

    def test_bad_logs_are_refused(self) -> None:
        head = ",".join(losses.COLUMNS)
        for text, message in (
            ("", f"log: not a loss log: its first line has to be {head}"),
            ("a,b\n1,2\n", f"log: not a loss log: its first line has to be {head}"),
            (f"{head}\n", "log: no losses in it"),
            (f"{head}\n1,2,3\n", "log, line 2: 3 values for 7 columns"),
            (f"{head}\n1,x,3,4,5,0,\n", 'log, line 2: total: "x" is not a number'),
            (f"{head}\n1,nan,3,4,5,0,\n", 'log, line 2: total: "nan" is not a number'),
            (f"{head}\n1.5,2,3,4,5,0,\n", 'log, line 2: iteration: "1.5" is not a whole number'),
        ):
            with self.subTest(text=text), self.assertRaises(UsageError) as raised:
                losses.parse_csv(text, "log")
            self.assertEqual(raised.exception.message, message)

    def test_a_file_that_isnt_there_is_named(self) -> None:
        with self.assertRaises(UsageError) as raised:
            losses.read_csv(Path("/nonexistent/log.csv"))
        self.assertEqual(raised.exception.message, "/nonexistent/log.csv: No such file or directory")


if __name__ == "__main__":
    unittest.main()

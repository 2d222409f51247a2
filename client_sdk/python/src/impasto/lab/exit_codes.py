"""What the program's exit status tells a script."""

from __future__ import annotations

OK = 0
FAILED = 1  # some picture failed; the others are there
USAGE = 2  # the command line, a recipe, an input file or the output folder is at fault; nothing was started
UNREACHABLE = 3  # no server there, or it went away; the same command goes on
INTERRUPTED = 130  # Ctrl-C; the same command goes on
TERMINATED = 143  # SIGTERM; the same command goes on

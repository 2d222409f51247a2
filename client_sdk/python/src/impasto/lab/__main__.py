"""``python -m impasto.lab``: the same as ``impasto-lab``."""

from __future__ import annotations

import sys

from impasto.lab.cli import main

if __name__ == "__main__":
    sys.exit(main())

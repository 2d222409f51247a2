#!/usr/bin/env python3
"""check_snippets.py DOCUMENT SOURCE: each ```cpp block of the document stands in the source, line for line."""

import re
import sys
import textwrap


def main():
    document, source = (open(path, encoding="utf-8").read() for path in sys.argv[1:3])
    blocks = re.findall(r"^```cpp\n(.*?)^```$", document, re.M | re.S)
    lines = source.splitlines()
    missing = 0
    for block in blocks:
        wanted = block.splitlines()
        found = any(
            textwrap.dedent("\n".join(lines[start : start + len(wanted)])).splitlines() == wanted
            for start in range(len(lines))
        )
        if not found:
            missing += 1
            print(f"{sys.argv[1]}: not in {sys.argv[2]}:\n{block}")
    print(f"{len(blocks)} blocks, {missing} missing")
    return 1 if missing or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Paints many photographs in the manner of one painting, a few at a time: asyncio.

    pip install ../../client_sdk/python
    python stylize_many.py STYLE FOLDER CONTENT...

The painting is sent once. A photograph that the server refuses doesn't keep the others from being painted. The
environment is that of stylize.py. Ctrl-C cancels all jobs. Exit status: 0 all painted, 1 some can't be, 130 cancelled.
"""

import asyncio
import sys
from pathlib import Path

import impasto

AT_A_TIME = 4


async def paint(client, style, content, out, turns):
    """Returns whether it was painted."""
    async with turns:
        try:
            result = await client.stylize(content, style, priority="batch", display_name=content.name)
            result.picture.save(out)
        except (impasto.ImpastoError, OSError) as error:
            print(f"{content}: {error}", file=sys.stderr)
            return False
    print(f"{out}: step {result.iteration}, loss {result.total_loss:.4g}", flush=True)
    return True


async def paint_all(style_file, folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    turns = asyncio.Semaphore(AT_A_TIME)
    async with impasto.aio.Client() as client:
        style = (await client.create_style(style_file)).name
        outs = [folder / f"{content.stem}.png" for content in contents]
        # A job whose task is cancelled, as Ctrl-C does to all of them, is cancelled at the server.
        return await asyncio.gather(*(paint(client, style, *files, turns) for files in zip(contents, outs)))


def main():
    if len(sys.argv) < 4:
        print("usage: stylize_many.py STYLE FOLDER CONTENT...", file=sys.stderr)
        return 2
    style, folder, *contents = map(Path, sys.argv[1:])
    try:
        painted = asyncio.run(paint_all(style, folder, contents))
    except (impasto.ImpastoError, OSError) as error:
        print(f"stylize_many: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stylize_many: cancelled", file=sys.stderr)
        return 130
    return 0 if all(painted) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Paints a photograph in the manner of a painting.

    pip install ../../client_sdk/python
    python stylize.py CONTENT STYLE OUT [--iterations N] [--max-size N] [--recipe FILE] [--preview FILE]

From the environment: IMPASTO_SERVER, the server's HOST:PORT (127.0.0.1:50451); IMPASTO_TLS_CA, a PEM file of root
certificates, for a server with TLS; IMPASTO_TOKEN, the access token, for a server that wants one. Ctrl-C cancels the job.
Exit status: 0 painted, 1 it can't be, 2 wrong usage, 130 cancelled.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import impasto

FORMATS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".tif": "tiff", ".tiff": "tiff"}


def picture_file(name):
    """A file to write, whose ending says the format."""
    path = Path(name)
    if path.suffix.lower() not in FORMATS:
        raise argparse.ArgumentTypeError(f"{name}: not .png, .jpg, .webp or .tiff")
    return path


def format_of(path):
    return FORMATS[path.suffix.lower()]


def read_arguments():
    parser = argparse.ArgumentParser(description="Paints a photograph in the manner of a painting.")
    parser.add_argument("content", type=Path, help="the photograph")
    parser.add_argument("style", type=Path, help="the painting")
    parser.add_argument("out", type=picture_file, help="the picture; its ending says the format")
    parser.add_argument("--iterations", type=int, help="steps")
    parser.add_argument("--max-size", type=int, help="long side of the working picture, pixels")
    parser.add_argument("--recipe", type=Path, help="JSON that `impasto stylize --save-recipe` wrote")
    parser.add_argument("--preview", type=picture_file, metavar="FILE", help="the picture as it grows, every second")
    return parser.parse_args()


def make_recipe(arguments):
    recipe = impasto.Recipe.from_json(arguments.recipe.read_text()) if arguments.recipe else impasto.Recipe()
    chosen = {"iterations": arguments.iterations, "max_size": arguments.max_size}
    # What isn't set is the server's choice.
    return dataclasses.replace(recipe, **{name: value for name, value in chosen.items() if value is not None})


class Show:
    """Tells what happens. Losses share one line where somebody looks at it."""

    def __init__(self, preview_file):
        self.preview_file = preview_file
        self.redraws = sys.stdout.isatty()

    def say(self, line, end="\n"):
        print(f"\r{line}\033[K" if self.redraws else line, end=end, flush=True)

    def __call__(self, event):
        if isinstance(event, impasto.Accepted):
            self.say(f"{event.job}: painting {event.width} x {event.height} pixels with {event.recipe.model}")
            for warning in event.warnings:
                self.say(f"WARNING: {warning}")
        elif isinstance(event, impasto.Progress):
            left = "" if event.remaining is None else f", {event.remaining:.0f} s left"
            line = f"{event.iteration - 1}/{event.iterations}  loss {event.total_loss:.4g}{left}"
            self.say(line, end="" if self.redraws else "\n")
        elif isinstance(event, impasto.Preview):
            event.picture.save(self.preview_file)
            self.say(f"the picture after step {event.iteration}: {self.preview_file}")
        elif isinstance(event, impasto.StateChanged):
            self.say(f"{event.state.name.lower()}: {event.reason}")
        elif isinstance(event, impasto.ConnectionLost):
            self.say(f"connection lost ({event.error}); trying again")


def explain(error):
    """The server's words, the field at fault, and what would do instead."""
    print(f"stylize: {error}", file=sys.stderr)
    if error.field:
        print(f"  field: {error.field}", file=sys.stderr)
    for name, value in error.facts.items():
        print(f"  hint: {name} = {value}", file=sys.stderr)
    if error.retry_after:
        print(f"  hint: try again in {error.retry_after:.0f} s", file=sys.stderr)


def main():
    arguments = read_arguments()
    preview = impasto.PreviewOptions(interval=1, format=format_of(arguments.preview)) if arguments.preview else None
    show = Show(arguments.preview)
    try:
        with impasto.Client() as client:
            result = client.stylize(
                arguments.content,
                arguments.style,
                recipe=make_recipe(arguments),
                preview=preview,
                output=impasto.OutputOptions(format=format_of(arguments.out)),
                display_name=arguments.content.name,
                on_event=show,
            )
        result.picture.save(arguments.out)
    except impasto.ImpastoError as error:
        explain(error)
        return 1
    except (OSError, ValueError) as error:  # a file that can't be read or written, or a recipe that is none
        print(f"stylize: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stylize: the job was cancelled", file=sys.stderr)  # by the client, before it raised this
        return 130
    show.say(f"the picture of step {result.iteration}, loss {result.total_loss:.4g}: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""make_help.py MANUAL.md FOLDER: the manual as GIMP's help system takes it.

FOLDER gets `en/index.html`, and `en/gimp-help.xml`, which says where in it each of the plug-in's help identifiers (its
procedures' names) is explained. GIMP falls back to "en" in every language. Needs Debian's python3-markdown.
"""

import html
import os
import re
import sys

import markdown

# Help identifier, title, and the heading of the manual that it is explained under.
TOPICS = [
    ("plug-in-impasto-style-transfer", "Style Transfer", "painting"),
    ("plug-in-impasto-repeat", "Repeat Style Transfer", "painting-again"),
    ("plug-in-impasto-show-recipe", "Show Style Transfer Recipe", "painting-again"),
    ("plug-in-impasto-waiting", "Waiting Style Transfers", "results-that-wait"),
]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Style Transfer</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #bbb; padding: .2em .6em; text-align: left; }}
pre {{ background: #f2f2f2; padding: .8em; overflow-x: auto; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(manual):
    """The manual's HTML. Links that lead out of it to other files of the source tree become their words."""
    body = markdown.markdown(manual, extensions=["fenced_code", "tables", "toc"])
    body = re.sub(r'<a href="(?!#|https?:)[^"]*">(.*?)</a>', r"\1", body)
    missing = [heading for _, _, heading in TOPICS if f'id="{heading}"' not in body]
    if missing:
        raise ValueError(f"the manual has no heading {', '.join(sorted(set(missing)))}")
    return _PAGE.format(body=body)


def index():
    """gimp-help.xml."""
    items = "".join(
        f'  <help-item id="{html.escape(topic)}" ref="index.html#{heading}" title="{html.escape(title)}"/>\n'
        for topic, title, heading in TOPICS
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<gimp-help>\n{items}  <help-missing ref="index.html"/>\n</gimp-help>\n'


def main(manual, folder):
    with open(manual, encoding="utf-8") as file:
        text = file.read()
    folder = os.path.join(folder, "en")
    os.makedirs(folder, exist_ok=True)
    for name, content in (("index.html", page(text)), ("gimp-help.xml", index())):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content)


if __name__ == "__main__":
    main(*sys.argv[1:])

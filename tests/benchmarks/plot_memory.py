#!/usr/bin/env python3
"""Peak memory against the picture's size, from the table's JSON (impasto-bench --json): one line an executor,
one panel a network. The legend has the growth between the two largest sizes, in bytes a pixel.

    plot_memory.py table.json memory.png
"""

import collections
import json
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1]) as file:
        table = json.load(file)
    growth = {(g["model"], g["executor"]): g["bytes_per_pixel"] for g in table["growth"]}
    models = collections.defaultdict(lambda: collections.defaultdict(list))
    for case in table["cases"]:
        if "peak_bytes" in case:
            point = (case["width"] * case["height"] / 1e6, case["peak_bytes"] / 1e9)
            models[case["model"]][case["executor"]].append(point)
    if not models:
        sys.exit(f"{sys.argv[1]} has no case with figures")

    figure, panels = pyplot.subplots(1, len(models), figsize=(5.5 * len(models), 4.5), squeeze=False)
    for panel, (model, executors) in zip(panels[0], models.items()):
        for executor, points in executors.items():
            points.sort()
            slope = growth.get((model, executor))
            label = executor if slope is None else f"{executor}: {slope:.0f} bytes a pixel"
            panel.plot([p[0] for p in points], [p[1] for p in points], marker="o", label=label)
        panel.set_title(model)
        panel.set_xlabel("megapixels")
        panel.set_ylabel("peak memory of the process, GB")
        panel.set_xlim(left=0)
        panel.set_ylim(bottom=0)
        panel.grid(alpha=0.3)
        panel.legend(fontsize="small")
    figure.suptitle(f"Reference recipe, {table['threads']} threads, {table['processor'].split(':')[0]}")
    figure.tight_layout()
    figure.savefig(sys.argv[2], dpi=120)


if __name__ == "__main__":
    main()

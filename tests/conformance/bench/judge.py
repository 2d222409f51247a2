"""Holds a driver's answer against what the table expects. Every finding is one line; none: the cell passes."""

import hashlib
import os

import numpy as np
from PIL import Image

_FILE_FORMATS = {
    "PICTURE_FORMAT_PNG": "PNG",
    "PICTURE_FORMAT_JPEG": "JPEG",
    "PICTURE_FORMAT_WEBP": "WEBP",
    "PICTURE_FORMAT_TIFF": "TIFF",
}
# Of 8-bit raw results: the place of red, green, blue and, where there is one, alpha.
_RAW_ORDER = {
    "PIXEL_FORMAT_RGB8": (0, 1, 2),
    "PIXEL_FORMAT_BGR8": (2, 1, 0),
    "PIXEL_FORMAT_RGBA8": (0, 1, 2, 3),
    "PIXEL_FORMAT_BGRA8": (2, 1, 0, 3),
}
_PNG_DEPTH_AT = 24

Image.MAX_IMAGE_PIXELS = None


class Outcome:
    """What a driver answered for a case, with the file it wrote."""

    def __init__(self, answer, out, seconds):
        self.answer = answer
        self.out = out
        self.seconds = seconds
        self._sha = None

    def bytes(self):
        with open(self.out, "rb") as file:
            return file.read()

    def sha256(self):
        if self._sha is None:
            self._sha = hashlib.sha256(self.bytes()).hexdigest()
        return self._sha

    def pixels(self):
        """height x width x channels, 8 bits."""
        result = self.answer["result"]
        if result["format"] == "PICTURE_FORMAT_RAW":
            order = _RAW_ORDER[result["pixelFormat"]]
            rows = np.frombuffer(self.bytes(), np.uint8).reshape(result["height"], -1)
            pixels = rows[:, : result["width"] * len(order)].reshape(result["height"], result["width"], len(order))
            return pixels[..., order]
        with Image.open(self.out) as picture:
            return np.asarray(picture)


def judge(case, outcome, others, bench):
    """The findings. `others`: outcomes of earlier cases by name; `bench` has alpha(picture), job(name), count_jobs()."""
    expect, answer = case["expect"], outcome.answer
    findings = []
    code = expect.get("code", "OK")
    if answer.get("code") != code:
        return [f"code {answer.get('code')}, not {code}: {answer.get('message', '')}"]
    limit = expect.get("within_seconds")
    if limit is not None and outcome.seconds > limit:
        findings.append(f"took {outcome.seconds:.1f} s, more than {limit}")
    findings += _judge_iterations(expect, answer.get("iterations", []))
    findings += _judge_previews(expect, answer.get("previews", []))
    if code == "OK":
        findings += _judge_result(expect["result"], outcome, bench)
    else:
        findings += _judge_error(expect, answer)
    if not findings:
        findings += _judge_against_others(expect, outcome, others)
        findings += _judge_at_server(case, answer, bench)
    if expect.get("reconnects") and not answer.get("reconnects", 0) >= 1:
        findings.append("the break wasn't noticed: reconnects is 0")
    return findings


def _judge_error(expect, answer):
    message = answer.get("message", "")
    findings = [
        f'"{words}" isn\'t in the message: {message}' for words in expect.get("message_has", []) if words not in message
    ]
    if not message:
        findings.append("no message")
    if answer.get("result") is not None and expect["code"] != "CANCELLED":
        findings.append("a result comes with an error")
    # What the client refuses, or finds out by itself, has no server's details.
    if expect.get("at_client") or expect["code"] in ("UNAVAILABLE", "CANCELLED"):
        return findings
    if answer.get("reason") != expect["code"]:
        findings.append(f'reason "{answer.get("reason")}", not "{expect["code"]}"')
    if "field" in expect and answer.get("field") != expect["field"]:
        findings.append(f'field "{answer.get("field")}", not "{expect["field"]}"')
    return findings


def _judge_iterations(expect, iterations):
    if "iterations" in expect:
        wanted = list(range(1, expect["iterations"] + 1))
        if iterations != wanted:
            return [f"iterations {_short(iterations)}, not {_short(wanted)}"]
    if "iterations_from" in expect:
        last = len(iterations)
        if iterations != list(range(1, last + 1)):
            return [f"iterations {_short(iterations)} aren't 1, 2, 3, ..."]
        if not expect["iterations_from"] <= last <= expect["iterations_to"]:
            return [f"{last} iterations, not {expect['iterations_from']}..{expect['iterations_to']}"]
    return []


def _judge_previews(expect, previews):
    every = expect.get("previews_every")
    if every is None:
        return [f"previews {_short(previews)} that nobody asked for"] if previews else []
    if not previews:
        return ["no preview"]
    if previews != sorted(set(previews)) or any(iteration % every for iteration in previews):
        return [f"previews {_short(previews)} aren't rising multiples of {every}"]
    return []


def _judge_result(expect, outcome, bench):
    result = outcome.answer.get("result")
    if result is None:
        return ["no result"]
    findings = []
    for key in ("format", "width", "height", "pixelFormat"):
        if key in expect and result.get(key) != expect[key]:
            findings.append(f"the result's {key} is {result.get(key)}, not {expect[key]}")
    if not os.path.exists(outcome.out):
        return findings + ["the result wasn't written"]
    size = os.path.getsize(outcome.out)
    if size != result.get("bytes"):
        findings.append(f"the result has {size} bytes, not {result.get('bytes')} as told")
    if size < expect.get("bytes_from", 1):
        findings.append(f"the result has {size} bytes, not {expect['bytes_from']} or more")
    if findings:
        return findings
    if expect["format"] == "PICTURE_FORMAT_RAW":
        if result.get("stride", 0) * result["height"] != size:
            findings.append(f"{result['height']} rows of {result.get('stride')} bytes aren't {size} bytes")
    else:
        with Image.open(outcome.out) as picture:
            picture.load()
            if picture.format != _FILE_FORMATS[expect["format"]]:
                findings.append(f"the file is a {picture.format}")
            if picture.size != (expect["width"], expect["height"]):
                findings.append(f"the file has {picture.size} pixels")
            if expect["mode"] is not None and picture.mode != expect["mode"]:
                findings.append(f"the file's mode is {picture.mode}, not {expect['mode']}")
        if "depth" in expect and outcome.bytes()[_PNG_DEPTH_AT] != expect["depth"]:
            findings.append(f"the file has {outcome.bytes()[_PNG_DEPTH_AT]} bits, not {expect['depth']}")
    if not findings and "alpha_of" in expect:
        if not np.array_equal(outcome.pixels()[..., -1], bench.alpha(expect["alpha_of"])):
            findings.append(f"the alpha isn't that of {expect['alpha_of']}")
    return findings


def _judge_against_others(expect, outcome, others):
    findings = []
    for key, holds, says in (
        ("same_as", lambda other: outcome.sha256() == other.sha256(), "the bytes aren't those of"),
        ("differs_from", lambda other: outcome.sha256() != other.sha256(), "the bytes are those of"),
        ("pixels_of", lambda other: np.array_equal(outcome.pixels(), other.pixels()), "the pixels aren't those of"),
        ("same_job_as", lambda other: outcome.answer["job"] == other.answer["job"], "the job isn't that of"),
    ):
        name = expect.get(key)
        if name is None:
            continue
        if name not in others:
            findings.append(f"{name}, which it is held against, failed")
        elif not holds(others[name]):
            findings.append(f"{says} {name}")
    return findings


def _judge_at_server(case, answer, bench):
    """What the server knows of the job."""
    expect = case["expect"]
    findings = []
    if not (expect.get("recipe_kept") or "job" in expect or "jobs" in expect):
        return findings
    if "jobs" in expect:
        count = bench.count_jobs()
        if count != expect["jobs"]:
            findings.append(f"{count} jobs, not {expect['jobs']}")
    if expect.get("recipe_kept") or "job" in expect:
        job = bench.job(answer.get("job", ""))
        for key, value in expect.get("job", {}).items():
            if job.get(key) != value:
                findings.append(f"the job's {key} is {job.get(key)}, not {value}")
    if expect.get("recipe_kept"):
        findings += _differences(case["request"]["recipe"], job["recipe"], "recipe")
    return findings


def _differences(sent, got, path):
    """Where `got`, JSON with the API's names, differs from what `sent`, JSON with camelCase names, gives."""
    if isinstance(sent, dict):
        return [
            finding
            for key, value in sent.items()
            for finding in _differences(value, got.get(_api_name(key)), f"{path}.{_api_name(key)}")
        ]
    if isinstance(sent, list):
        if not isinstance(got, list) or len(got) != len(sent):
            return [f"{path} is {got}"]
        return [finding for i, value in enumerate(sent) for finding in _differences(value, got[i], f"{path}[{i}]")]
    return [] if got == sent else [f"{path} is {got}, not {sent}"]


def _api_name(key):
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in key)


def _short(numbers):
    text = str(numbers)
    return text if len(text) <= 120 else f"{text[:60]}...{text[-50:]}"

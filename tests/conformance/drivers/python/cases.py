"""What the drivers of both clients, the blocking one and asyncio's, make of a command, and the answer."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ["IMPASTO_CONFORMANCE_BUILD"])

import impasto  # noqa: E402


def client_arguments(command):
    return {
        "address": command["address"],
        "name": command["client"],
        "token": command["token"],
        "tls": impasto.Tls(ca=command["tls_ca"]) if command["tls_ca"] else False,
        "reattach_timeout": command["reattach_seconds"],
    }


def picture(described):
    """A picture to send, and whether it is to be uploaded first."""
    if "file" not in described:
        return described.get("style") or described["upload"], False
    if "raw" not in described:
        return Path(described["file"]), described.get("upload", False)
    raw = described["raw"]
    data = Path(described["file"]).read_bytes()
    layout = _word(raw["format"], "PIXEL_FORMAT_")
    pixels = impasto.RawPixels(data, layout, raw["width"], raw["height"], raw.get("stride", 0))
    return pixels, described.get("upload", False)


def _word(name, prefix):
    """ "png" for "PICTURE_FORMAT_PNG"."""
    return name[len(prefix) :].lower() if name else None


def start_arguments(request):
    """Everything of a StylizeRequest, in JSON, but its pictures."""
    arguments = {"display_name": request.get("displayName", ""), "request_id": request.get("requestId", "")}
    if "recipe" in request:
        arguments["recipe"] = impasto.Recipe.from_json(json.dumps(request["recipe"]))
    if "priority" in request:
        arguments["priority"] = _word(request["priority"], "PRIORITY_")
    if "preview" in request:
        preview = request["preview"]
        arguments["preview"] = impasto.PreviewOptions(
            every_iterations=preview.get("everyIterations", 0),
            format=_word(preview.get("format"), "PICTURE_FORMAT_"),
            max_size=preview.get("maxSize", 0),
        )
    if "output" in request:
        output = request["output"]
        arguments["output"] = impasto.OutputOptions(
            format=_word(output.get("format"), "PICTURE_FORMAT_"),
            size=_word(output.get("size"), "OUTPUT_SIZE_"),
            quality=output.get("quality", 0),
            pixel_format=_word(output.get("pixelFormat"), "PIXEL_FORMAT_"),
        )
    return arguments


class Answer:
    """The answer to a command, as events make it."""

    def __init__(self, command):
        self._out = command["out"]
        self._said = {
            "case": command["case"],
            "code": "OK",
            "message": "",
            "field": "",
            "reason": "",
            "job": "",
            "iterations": [],
            "previews": [],
            "result": None,
            "reconnects": 0,
        }

    def take(self, event):
        if isinstance(event, impasto.Accepted):
            self._said["job"] = event.job
        elif isinstance(event, impasto.Progress):
            self._said["iterations"].append(event.iteration)
        elif isinstance(event, impasto.Preview):
            self._said["previews"].append(event.iteration)
        elif isinstance(event, impasto.ConnectionLost):
            self._said["reconnects"] += 1
        elif isinstance(event, impasto.Result):
            self._take_result(event)

    def _take_result(self, result):
        got = result.picture
        Path(self._out).write_bytes(got.data)
        self._said["result"] = {
            "iteration": result.iteration,
            "format": f"PICTURE_FORMAT_{got.format.name}",
            "width": got.width,
            "height": got.height,
            "bytes": len(got.data),
            "pixelFormat": f"PIXEL_FORMAT_{got.pixel_format.name if got.pixel_format else 'UNSPECIFIED'}",
            "stride": got.stride,
        }

    def fail(self, error):
        self._said.update(code=error.code.name, message=error.message, field=error.field, reason=error.reason)

    def line(self):
        return json.dumps(self._said)


def commands():
    for line in sys.stdin:
        yield json.loads(line)

"""A server that says what a test tells it to.

Made of the package's own descriptors, since there is no generated code. For a method the test gives answers, one a
call, the last one for all further calls. An answer is a message, a Fail, a function of (request, context), or, for a
stream, a list of messages, Fails and functions of the context.
"""

import threading
from concurrent import futures

import grpc
from impasto import _wire

STREAMS = ("Stylize", "WatchJob")


class Fail:
    """Ends a call with a status, and details as google.rpc has them."""

    def __init__(self, code, message="", *details):
        self.code, self.message, self.details = code, message, details

    def abort(self, context):
        """Ends the call."""
        if self.details:
            status = _wire.message("google.rpc.Status")(code=self.code.value[0], message=self.message)
            for detail in self.details:
                name = f"type.googleapis.com/{detail.DESCRIPTOR.full_name}"
                status.details.add(type_url=name, value=detail.SerializeToString())
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(self.code, self.message)


class Call:
    """What a client sent."""

    def __init__(self, method, request, metadata):
        self.method, self.request, self.metadata = method, request, metadata


class FakeServer:
    """Listens on a port of its own until ``stop``."""

    def __init__(self, address="127.0.0.1:0", credentials=None):
        self.calls = []
        self._lock = threading.Lock()
        self._answers = {"GetServerInfo": [server_info()]}
        self._server = grpc.server(futures.ThreadPoolExecutor(16))
        self._server.add_generic_rpc_handlers([_Handlers(self)])
        if credentials is None:
            port = self._server.add_insecure_port(address)
        else:
            port = self._server.add_secure_port(address, credentials)
        self.address = address if address.startswith("unix:") else f"127.0.0.1:{port}"
        self._server.start()

    def on(self, method, *answers):
        """What the next calls of the method are answered with."""
        with self._lock:
            self._answers[method] = list(answers)

    def requests(self, method):
        """The requests of a method so far."""
        with self._lock:
            return [call.request for call in self.calls if call.method == method]

    def methods(self):
        """The methods that were called, in order, but for that of connecting."""
        with self._lock:
            return [call.method for call in self.calls if call.method != "GetServerInfo"]

    def metadata(self, method):
        """The metadata of the last call of a method."""
        with self._lock:
            return [call.metadata for call in self.calls if call.method == method][-1]

    def stop(self):
        """Ends all calls."""
        self._server.stop(None).wait()

    def take(self, method, request, context):
        """Notes a call, and says what it is answered with."""
        with self._lock:
            self.calls.append(Call(method, request, dict(context.invocation_metadata())))
            answers = self._answers.get(method)
            if not answers:
                return Fail(grpc.StatusCode.UNIMPLEMENTED, f"{method}: the test has no answer")
            return answers.pop(0) if len(answers) > 1 else answers[0]


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, server):
        self._server = server
        self._methods = {path: (name, request, answer) for name, (path, request, answer) in _wire.METHODS.items()}

    def service(self, details):
        found = self._methods.get(details.method)
        if found is None:
            return None
        name, request, answer = found
        functions = {"request_deserializer": request.FromString, "response_serializer": answer.SerializeToString}
        if name in STREAMS:
            return grpc.unary_stream_rpc_method_handler(lambda r, c: self._stream(name, r, c), **functions)
        if name == "UploadPicture":
            return grpc.stream_unary_rpc_method_handler(lambda r, c: self._unary(name, list(r), c), **functions)
        return grpc.unary_unary_rpc_method_handler(lambda r, c: self._unary(name, r, c), **functions)

    def _unary(self, name, request, context):
        answer = self._server.take(name, request, context)
        if callable(answer):
            answer = answer(request, context)
        if isinstance(answer, Fail):
            answer.abort(context)
        return answer

    def _stream(self, name, request, context):
        script = self._server.take(name, request, context)
        for step in script if isinstance(script, list) else [script]:
            answer = step(context) if callable(step) else step
            if isinstance(answer, Fail):
                answer.abort(context)
            if answer is not None:
                yield answer


# Messages that many tests need.


def server_info(**values):
    """GetServerInfo's answer."""
    return _wire.message("ServerInfo")(
        **{"version": "0.1.0", "api_revision": _wire.API_REVISION, "min_client_revision": 1, **values}
    )


def event(sequence, **kind):
    """A JobEvent: ``event(1, accepted={"job": "jobs/a"})``."""
    return _wire.message("JobEvent")(sequence=sequence, **kind)


def accepted(sequence=1, job="jobs/a", **values):
    """The first event."""
    return event(sequence, accepted={"job": job, "recipe": {"preset": "painterly", "iterations": 3}, **values})


def progress(sequence, iteration, loss=1.0):
    """A step."""
    values = {"iteration": iteration, "iterations": 3, "total_loss": loss, "remaining": {"seconds": 2}}
    return event(sequence, progress=values)


def picture(sequence, kind, data, parts=1, iteration=3, **header):
    """The events of a preview or result, in so many chunks."""
    header = {"format": 1, "width": 2, "height": 2, "total_bytes": len(data), **header}
    size = -(-len(data) // parts)
    chunks = []
    for at in range(0, len(data), size):
        chunk = {"offset": at, "data": data[at : at + size]}
        if at == 0:
            chunk["header"] = header
        chunks.append(event(sequence, **{kind: {"iteration": iteration, "chunk": chunk}}))
    return chunks


def finished(sequence, state="STATE_SUCCEEDED", **values):
    """The last event."""
    number = _wire.enum_values("Finished.State")[state]
    return event(sequence, finished={"state": number, "elapsed": {"seconds": 7}, **values})


def whole_run(data=b"PNG of a picture"):
    """The events of a job that succeeds."""
    return [accepted(), progress(2, 1, 9.0), progress(3, 2, 5.0), *picture(4, "result", data, parts=3), finished(5)]

"""The servers of a run: impastod as a child process, and what a client may meet in its place."""

import concurrent.futures
import ctypes
import os
import signal
import socket
import subprocess
import threading

# Far beyond what anything here takes, also on a busy machine.
PATIENCE = 60.0

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


# "With its parent" means the thread that made it: this one lives as long as the run.
_parent = concurrent.futures.ThreadPoolExecutor(1)


def start_child(command, **options):
    """subprocess.Popen, of a child that dies with this program."""

    def die_with_parent():
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return _parent.submit(
        subprocess.Popen, command, text=True, errors="replace", preexec_fn=die_with_parent, **options
    ).result()


class Failed(Exception):
    """The bench itself couldn't do something: not a driver's fault."""


class Impastod:
    """A running impastod, which serves once the constructor returns. `listen`: port 0 is a free one."""

    def __init__(self, program, flags, listen="127.0.0.1:0"):
        self._lines = []
        self._ended = False
        self._changed = threading.Condition()
        self._process = start_child(
            [program, "--listen", listen, "--device", "cpu", "--threads", "1", *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.address = self._wait_for("listening on ").split("listening on ")[1].split()[0]
        self._wait_for(" serving")

    def _read(self):
        for line in self._process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _wait_for(self, text):
        def found():
            return next((line for line in self._lines if text in line), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or self._ended, PATIENCE)
            line = found()
        if line is None:
            status = self._process.poll()
            self.kill()
            ended = "" if status is None else f", and it ended with {status}"
            raise Failed(f'impastod: no line with "{text}"{ended}:\n{self.log()}')
        return line

    def log(self):
        with self._changed:
            return "".join(self._lines)

    def running(self):
        return self._process.poll() is None

    def signal(self, number):
        """SIGSTOP: it says nothing until SIGCONT, and its connections stay."""
        self._process.send_signal(number)

    def kill(self):
        """SIGKILL: nothing is written down or said any more."""
        self._process.kill()
        self._process.wait()


class ReservedPort:
    """A port that is ours as long as this lives, whether something listens on it or not."""

    def __init__(self):
        # Bound, but never listening: whoever connects is refused. With SO_REUSEADDR a listener can come and go beside it.
        self._holder = socket.socket()
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("127.0.0.1", 0))
        self.port = self._holder.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    def listen(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        return listener

    def close(self):
        self._holder.close()


class WebServer:
    """Something that listens, but speaks HTTP/1.1 alone."""

    def __init__(self):
        self._reserved = ReservedPort()
        self.address = self._reserved.address
        self._listener = self._reserved.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        body = b"this is no gRPC server"
        head = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            with connection:
                try:
                    connection.recv(4096)
                    connection.sendall(head + body)
                except OSError:
                    pass  # it has gone already

    def close(self):
        shut(self._listener)
        self._reserved.close()


class OtherRevision:
    """A gRPC server that answers GetServerInfo as given, and knows no other method.

    api_revision None: not even GetServerInfo, as servers before revision 1.
    """

    def __init__(self, api_revision, min_client_revision):
        import grpc  # for these cases alone

        # ServerInfo by hand: its fields 1 to 3, the version and two revisions below 128.
        version = b"0.0.9"
        info = b"\x0a" + bytes([len(version)]) + version
        info += b"\x10" + bytes([api_revision or 0]) + b"\x18" + bytes([min_client_revision or 0])

        class Handler(grpc.GenericRpcHandler):
            def service(self, call):
                if api_revision is None or call.method != "/impasto.v1.Server/GetServerInfo":
                    return None  # UNIMPLEMENTED
                return grpc.unary_unary_rpc_method_handler(lambda request, context: info)

        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(2), handlers=[Handler()])
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self):
        self._server.stop(None).wait(PATIENCE)


def shut(sock):
    """Ends a socket in whatever state it is, and wakes who reads or accepts on it."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()

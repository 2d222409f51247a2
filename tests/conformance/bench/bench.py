"""Sets the scene of each case: its server, its network, its pictures; and asks the server afterwards."""

import json
import os
import subprocess
import time

from bench.certificates import make_certificates
from bench.judge import Outcome, judge
from bench.network import Network
from bench.pictures import Pictures
from bench.servers import PATIENCE, Failed, Impastod, OtherRevision, ReservedPort, WebServer
from bench.weights import write_small_vgg19

_TOKENS = {"good": "conformance-token-0123456789", "wrong": "another-token-0123456789"}
_PERSON = "conformance"


class Bench:
    """One run's servers and files, below `folder`. `impastod` and `impasto` are the programs."""

    def __init__(self, folder, table, impastod, impasto):
        self._folder = folder
        self._table = table
        self._impastod = impastod
        self._impasto = impasto
        self._pictures = Pictures(self._made("pictures"), table.pictures)
        self._weights = self._made("weights")
        write_small_vgg19(self._weights)
        self._certificates = None
        self._servers = {}
        self._styles = {}
        self._count = 0

    def _made(self, name):
        path = os.path.join(self._folder, name)
        os.makedirs(path)
        return path

    def certificates(self):
        if self._certificates is None:
            self._certificates = make_certificates(self._made("certificates"))
        return self._certificates

    def _start(self, flags, tls=False, tokens=False):
        flags = ["--weights-dir", self._weights, *flags]
        if tls:
            flags += ["--tls-cert", self.certificates()["server"], "--tls-key", self.certificates()["server_key"]]
        if tokens:
            path = os.path.join(self._folder, "tokens")
            with open(path, "w", encoding="ascii") as file:
                file.write(f"# who may paint here\n{_PERSON} {_TOKENS['good']}\n")
            os.chmod(path, 0o600)
            flags += ["--token-file", path]
        return Impastod(self._impastod, flags)

    def _server(self, name):
        """A server of the table, started when it is first wanted."""
        if name not in self._servers:
            spec = self._table.servers[name]
            if "nothing" in spec:
                server = ReservedPort()
            elif "web" in spec:
                server = WebServer()
            elif "other_revision" in spec:
                server = OtherRevision(**spec["other_revision"])
            else:
                server = self._start(spec["flags"], spec.get("tls", False), spec.get("tokens", False))
            self._servers[name] = server
        return self._servers[name]

    def close(self):
        for server in self._servers.values():
            server.kill() if isinstance(server, Impastod) else server.close()

    def crashed(self):
        """What servers that nobody has killed said before they ended."""
        return [
            f"{name}: impastod has ended:\n{server.log()}"
            for name, server in self._servers.items()
            if isinstance(server, Impastod) and not server.running()
        ]

    def picture(self, name, address):
        """A picture of the table as a driver is told of it. "style:NAME": one of the server's library."""
        if name.startswith("style:"):
            key = (address, name)
            if key not in self._styles:
                said = self._ask(address, ["styles", "add", self._pictures.path(name.removeprefix("style:"))])
                self._styles[key] = said.split()[0]
            return {"style": self._styles[key]}
        return self._pictures.reference(name)

    def alpha(self, name):
        return self._pictures.alpha(name)

    def _ask(self, address, arguments):
        """What `impasto` answers; it is no part of what is tested here."""
        environment = {**os.environ, "IMPASTO_SERVER": address}
        command = [self._impasto, *arguments]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        if run.returncode != 0:
            raise Failed(f"impasto {' '.join(arguments)}: {run.stderr.strip()}")
        return run.stdout

    def run(self, case, driver, language, others):
        """Runs a case by a driver's process. Returns (outcome, findings)."""
        scene = _Scene(self, case)
        try:
            command = self._command(case, scene, language, others)
            begun = time.monotonic()
            answer = driver.ask(command)
            outcome = Outcome(answer, command["out"], time.monotonic() - begun)
            findings = judge(case, outcome, others, _Witness(self, scene.direct_address, command["request"]))
            if scene.network and not scene.network.broken.is_set():
                findings.append("the connection never broke: the case shows nothing")
            return outcome, findings
        finally:
            scene.close()

    def _command(self, case, scene, language, others):
        self._count += 1
        # Names that are looked for at the server are each language's own.
        request = {
            key: value.replace("{language}", language) if isinstance(value, str) else value
            for key, value in case["request"].items()
        }
        if "recipe_of" in case:
            name = others[case["recipe_of"]].answer["job"]
            request["recipe"] = json.loads(self._ask(scene.direct_address, ["jobs", "show", name, "--json"]))["recipe"]
        extension = (
            request.get("output", {}).get("format", "PICTURE_FORMAT_PNG").removeprefix("PICTURE_FORMAT_").lower()
        )
        command = {
            "case": case["name"],
            "address": case.get("address", scene.address),
            "client": f"conformance-{language}",
            "token": _TOKENS.get(case.get("token"), ""),
            "tls_ca": self.certificates()[case["tls_ca"]] if "tls_ca" in case else "",
            "reattach_seconds": case["reattachSeconds"],
            "request": request,
            "content": self.picture(case["content"], scene.direct_address),
            "styles": [self.picture(name, scene.direct_address) for name in case["styles"]],
            "action": case["action"],
            "out": os.path.join(self._folder, f"{self._count:04}-{language}-{case['name']}.{extension}"),
        }
        if "initial" in case:
            command["initial"] = self.picture(case["initial"], scene.direct_address)
        if "after" in case:
            command["after"] = case["after"]
        return command


class _Scene:
    """A case's server, and its network where that is to break."""

    def __init__(self, bench, case):
        self._bench = bench
        self.network = None
        self._own = None
        if case["server"] == "own":
            bench._count += 1
            self._flags = ["--state-dir", bench._made(f"state-{bench._count}")]
            self._own = bench._start(self._flags)
            self.direct_address = self._own.address
        else:
            self.direct_address = bench._server(case["server"]).address
        self.address = self.direct_address
        if "network" in case:
            at = dict(case["network"])
            then = {"cut": self._go_on, "kill": self._kill, "restart": self._restart}[at.pop("then")]
            self.network = Network(self.direct_address, at, then)
            self.address = self.network.address

    def _go_on(self):
        return self.direct_address

    def _kill(self):
        self._own.kill()
        return None

    def _restart(self):
        self._own.kill()
        self._own = self._bench._start(self._flags)
        self.direct_address = self._own.address
        return self.direct_address

    def close(self):
        if self.network:
            self.network.close()
        if self._own:
            self._own.kill()


class _Witness:
    """What the judge may ask about a case afterwards."""

    def __init__(self, bench, address, request):
        self._bench = bench
        self._address = address
        self._request = request

    def alpha(self, picture):
        return self._bench.alpha(picture)

    def job(self, name):
        return json.loads(self._bench._ask(self._address, ["jobs", "show", name, "--json"]))

    def count_jobs(self):
        """Jobs with the request's display name."""
        wanted = f'display_name = "{self._request["displayName"]}"'
        listed = self._bench._ask(self._address, ["jobs", "list", "--all", "--json", "--filter", wanted])
        return len(json.loads(listed).get("jobs", []))

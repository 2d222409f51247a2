"""Certificates for one run, made with the openssl program."""

import os
import subprocess


def make_certificates(folder):
    """A root and a server's certificate from it for 127.0.0.1 and localhost, and another root. Returns their paths."""

    def path(name):
        return os.path.join(folder, name)

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True)

    def root(name):
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", f"/CN=Impasto conformance {name}", "-keyout", path(f"{name}.key"), "-out", path(f"{name}.pem")),
        )

    root("right")
    root("wrong")
    openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"),
        *("-keyout", path("server.key"), "-out", path("server.csr")),
    )
    with open(path("server.ext"), "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(
        *("x509", "-req", "-in", path("server.csr"), "-CA", path("right.pem"), "-CAkey", path("right.key")),
        *("-CAcreateserial", "-days", "2", "-extfile", path("server.ext"), "-out", path("server.pem")),
    )
    return {name: path(f"{name}.pem") for name in ("right", "wrong", "server")} | {"server_key": path("server.key")}

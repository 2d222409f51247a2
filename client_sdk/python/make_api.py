#!/usr/bin/env python3
"""Makes the one generated file of the package: what protoc knows of the API, as a FileDescriptorSet.

make_api.py OUTPUT

The messages are made from it when the package is imported, by whatever protobuf is installed: one wheel serves them
all. protoc comes from grpcio-tools, or else from the system; google/rpc's files from googleapis-common-protos, or from
the folder that IMPASTO_GOOGLEAPIS_DIR names.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Imported for the sake of their options alone, which no client reads.
_ANNOTATIONS = ("google/api/", "google/protobuf/descriptor.proto")


def protos_folder():
    """The folder that holds impasto/v1: beside this file in an sdist, above it in the repository."""
    for folder in (HERE / "protos", HERE.parent.parent / "protos"):
        if (folder / "impasto" / "v1").is_dir():
            return folder
    raise SystemExit(f"{HERE}: impasto/v1/*.proto are neither in protos/ nor in ../../protos/")


def _googleapis_folder():
    named = os.environ.get("IMPASTO_GOOGLEAPIS_DIR")
    candidates = [Path(named)] if named else []
    try:
        spec = importlib.util.find_spec("google.rpc")
    except ModuleNotFoundError:
        spec = None
    if spec and spec.submodule_search_locations:
        candidates += [Path(folder).parent.parent for folder in spec.submodule_search_locations]
    candidates.append(HERE.parent.parent / ".deps" / "googleapis")
    for folder in candidates:
        if (folder / "google" / "rpc" / "error_details.proto").is_file():
            return folder
    raise SystemExit("google/rpc/error_details.proto: install googleapis-common-protos, or set IMPASTO_GOOGLEAPIS_DIR")


def _protoc():
    if importlib.util.find_spec("grpc_tools"):
        import grpc_tools

        return [sys.executable, "-m", "grpc_tools.protoc", f"-I{Path(grpc_tools.__file__).parent / '_proto'}"]
    return ["protoc"]


def make(output):
    """Writes the file, in one move. SystemExit: something is missing, or the .proto files are broken."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    protos = protos_folder()
    sources = sorted(str(path.relative_to(protos)) for path in (protos / "impasto" / "v1").glob("*.proto"))
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.binpb"
        command = [*_protoc(), f"-I{protos}", f"-I{_googleapis_folder()}", "--include_imports"]
        command += [f"--descriptor_set_out={whole}", *sources, "google/rpc/error_details.proto"]
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SystemExit(f"protoc: {error}") from None
        files = FileDescriptorSet.FromString(whole.read_bytes())
    slim = FileDescriptorSet()
    for file in files.file:
        if file.name.startswith(_ANNOTATIONS):
            continue
        kept = [name for name in file.dependency if not name.startswith(_ANNOTATIONS)]
        del file.dependency[:]
        file.dependency.extend(kept)
        file.DiscardUnknownFields()  # the options that the annotations defined
        slim.file.append(file)
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    beside = output.with_name(f"{output.name}.{os.getpid()}")
    beside.write_bytes(slim.SerializeToString(deterministic=True))
    beside.replace(output)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(sys.argv[1])

"""The API's messages, made at run time from what protoc knows of it.

Generated code is tied to the protobuf that it was generated for; descriptors are not. They live in a pool of their own,
so that they never collide with other packages' copies of the same files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# A message of the API. Its fields are those of protos/impasto/v1.
Message = Any


def _load() -> Any:
    pool = descriptor_pool.DescriptorPool()
    data = Path(__file__).with_name("api.binpb").read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:  # in the order of their dependencies
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_pool = _load()


if hasattr(message_factory, "GetMessageClass"):

    def _message_class(descriptor: Any) -> Any:
        return message_factory.GetMessageClass(descriptor)

else:  # protobuf before 4.22
    _factory = message_factory.MessageFactory(_pool)

    def _message_class(descriptor: Any) -> Any:
        return _factory.GetPrototype(descriptor)


def message(name: str) -> Any:
    """The class of a message: "google.rpc.Status", or "Job" for impasto.v1.Job. KeyError: there is none."""
    full_name = name if "." in name and name[0].islower() else f"impasto.v1.{name}"
    return _message_class(_pool.FindMessageTypeByName(full_name))


def enum_values(name: str) -> dict[str, int]:
    """Names and numbers of an enum of impasto.v1: "Priority", "Job.State"."""
    return {value.name: value.number for value in _pool.FindEnumTypeByName(f"impasto.v1.{name}").values}


def _methods() -> dict[str, tuple[str, Any, Any]]:
    methods = {}
    for service_name in ("Stylization", "Models", "Styles", "Server"):
        service = _pool.FindServiceByName(f"impasto.v1.{service_name}")
        for method in service.methods:
            path = f"/{service.full_name}/{method.name}"
            methods[method.name] = (path, _message_class(method.input_type), _message_class(method.output_type))
    return methods


# Name of a method ("GetJob") to its path, and the classes of its request and its answer.
METHODS = _methods()

# The revision of the API that this client speaks: the last that the .proto files know.
API_REVISION = max(enum_values("ApiRevision").values())

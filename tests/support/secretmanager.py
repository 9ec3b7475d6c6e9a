"""Google Secret Manager on this machine: a gRPC server on the client library's own messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud import secretmanager_v1 as sm

from support.cloudkms import grpc_server, handler


@dataclass
class SecretManager:
    """A running server; ``versions`` of each secret by full name, oldest first."""

    address: str = ""
    versions: dict[str, list[bytes]] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)

    def access(self, request: Any, context: grpc.ServicerContext) -> Any:
        name, _, wanted = request.name.partition("/versions/")
        assert wanted == "latest"
        if name in self.disabled:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the version is DISABLED")
        if not self.versions.get(name):
            context.abort(grpc.StatusCode.NOT_FOUND, f"{name} not found")
        payload = sm.SecretPayload(data=self.versions[name][-1])
        return sm.AccessSecretVersionResponse(name=request.name, payload=payload)

    def add(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.parent not in self.versions:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.parent} not found")
        self.versions[request.parent].append(bytes(request.payload.data))
        return sm.SecretVersion(name=f"{request.parent}/versions/1")


@contextmanager
def secret_manager() -> Iterator[SecretManager]:
    """Run Secret Manager."""
    manager = SecretManager()
    methods = {
        "AccessSecretVersion": handler(
            manager.access, sm.AccessSecretVersionRequest, sm.AccessSecretVersionResponse
        ),
        "AddSecretVersion": handler(manager.add, sm.AddSecretVersionRequest, sm.SecretVersion),
    }
    with grpc_server("google.cloud.secretmanager.v1.SecretManagerService", methods) as address:
        manager.address = address
        yield manager

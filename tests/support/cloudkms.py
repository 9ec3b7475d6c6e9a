"""Cloud KMS on this machine: a gRPC server on the client library's own message classes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from google.cloud import kms_v1

from skreg.adapters.signers.crc32c import crc32c
from support.faults import Faults

RING = "projects/p/locations/europe-west1/keyRings/skreg"
Algorithm = kms_v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm


@dataclass
class Version:
    """One key version."""

    key: ec.EllipticCurvePrivateKey
    algorithm: Any
    hsm: bool = True
    enabled: bool = True


@dataclass
class CloudKms:
    """A running server; ``versions`` by full name."""

    address: str = ""
    versions: dict[str, Version] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    def create(self, key: str, *, hsm: bool = True, curve: Any = None) -> str:
        """Add a version to a key; returns its URI."""
        number = sum(name.startswith(f"{RING}/cryptoKeys/{key}/") for name in self.versions) + 1
        name = f"{RING}/cryptoKeys/{key}/cryptoKeyVersions/{number}"
        algorithm = Algorithm.EC_SIGN_P384_SHA384 if curve else Algorithm.EC_SIGN_P256_SHA256
        private = ec.generate_private_key(curve or ec.SECP256R1())
        self.versions[name] = Version(private, algorithm, hsm)
        return self.uri(name)

    def uri(self, name: str) -> str:
        """The key URI of a version name."""
        return f"gcpkms://{name}?endpoint={self.address}"

    def name(self, uri: str) -> str:
        """The version name in a key URI."""
        return uri.removeprefix("gcpkms://").partition("?")[0]

    def get_public_key(self, request: Any, context: grpc.ServicerContext) -> Any:
        version = self._enabled(request.name, context)
        pem = version.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return kms_v1.PublicKey(
            pem=pem.decode(),
            pem_crc32c=crc32c(pem) ^ self.faults.wrong_checksum,
            algorithm=version.algorithm,
            name=self.faults.answer_as or request.name,
            protection_level=_level(version.hsm),
        )

    def asymmetric_sign(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.faults.requests.append("AsymmetricSign")
        if self.faults.throttled():
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "quota exceeded")
        version = self._enabled(request.name, context)
        digest = request.digest.sha256
        if request.digest_crc32c != crc32c(digest):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "digest_crc32c does not match")
        signed = version.key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        signature = self.faults.changed(signed)
        return kms_v1.AsymmetricSignResponse(
            signature=signature,
            signature_crc32c=crc32c(signature) ^ self.faults.wrong_checksum,
            verified_digest_crc32c=not self.faults.lost_digest,
            name=self.faults.answer_as or request.name,
            protection_level=_level(version.hsm and not self.faults.software),
        )

    def _enabled(self, name: str, context: grpc.ServicerContext) -> Version:
        version = self.versions.get(name)
        if version is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{name} not found")
        if not version.enabled:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{name} is not enabled")
        return version


def _level(hsm: bool) -> Any:
    return kms_v1.ProtectionLevel.HSM if hsm else kms_v1.ProtectionLevel.SOFTWARE


def handler(method: Any, request: Any, response: Any) -> Any:
    """Serve one method with the client library's message classes."""
    return grpc.unary_unary_rpc_method_handler(
        method, request_deserializer=request.deserialize, response_serializer=response.serialize
    )


@contextmanager
def grpc_server(service: str, methods: dict[str, Any]) -> Iterator[str]:
    """Run a gRPC service on a free port; yields ``127.0.0.1:PORT``."""
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


@contextmanager
def cloud_kms() -> Iterator[CloudKms]:
    """Run Cloud KMS."""
    kms = CloudKms()
    methods = {
        "GetPublicKey": handler(kms.get_public_key, kms_v1.GetPublicKeyRequest, kms_v1.PublicKey),
        "AsymmetricSign": handler(
            kms.asymmetric_sign, kms_v1.AsymmetricSignRequest, kms_v1.AsymmetricSignResponse
        ),
    }
    with grpc_server("google.cloud.kms.v1.KeyManagementService", methods) as address:
        kms.address = address
        yield kms

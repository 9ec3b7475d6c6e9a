"""A publisher with a key of its own: asks for a certificate, signs archives with openssl."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.asgi import Answer, AsgiClient
from support.openssl import openssl
from support.registry import Registry

CURVE = ("-pkeyopt", "ec_paramgen_curve:P-256")


@dataclass(frozen=True)
class Publisher:
    """A namespace's key and certificate.

    Attributes:
        key: its private key, PEM.
        chain: leaf and CA, PEM, as the registry's API gives them.
        serial: of the leaf, lowercase hexadecimal.
    """

    client: AsgiClient
    namespace: str
    certificate_id: str
    key: bytes
    chain: bytes
    serial: str

    def sign(self, archive: bytes) -> bytes:
        """Return what ``openssl dgst -sign`` makes of an archive: DER."""
        return signed_by(self.key, archive)

    async def publish(self, archive: bytes, name: str = "demo", **parts: bytes) -> Answer:
        """Upload an archive with signature and chain; ``parts`` replace either."""
        sent = {"signature": self.sign(archive), "chain": self.chain} | parts
        path = f"/v1/packages/{self.namespace}/{name}/publish"
        return await self.client.upload(path, archive, **sent)

    async def revoke(self, **body: str) -> None:
        """Ask for the revocation of the certificate."""
        path = f"/v1/namespaces/{self.namespace}/certificates/{self.certificate_id}/revoke"
        answer = await self.client.post(path, body)
        assert answer.status == 202, answer.body


def signed_by(key: bytes, data: bytes) -> bytes:
    """Return openssl's DER signature over SHA-256 of ``data``."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "key.pem").write_bytes(key)
        (folder / "data").write_bytes(data)
        out = folder / "data.sig"
        openssl("dgst", "-sha256", "-sign", str(folder / "key.pem"), "-out", str(out),
                str(folder / "data"))  # fmt: skip
        return out.read_bytes()


def new_key_and_request() -> tuple[bytes, str]:
    """Return a P-256 key and a certificate request for it, both PEM, made by openssl."""
    with tempfile.TemporaryDirectory() as place:
        key, request = Path(place) / "key.pem", Path(place) / "request.pem"
        openssl("req", "-new", "-newkey", "ec", *CURVE, "-nodes", "-subj", "/CN=x",
                "-keyout", str(key), "-out", str(request))  # fmt: skip
        return key.read_bytes(), request.read_text()


async def certified(
    client: AsgiClient, registry: Registry, namespace: str = "acme", *, days: int = 90, **clock: Any
) -> Publisher:
    """Return a publisher whose certificate the worker has issued.

    Args:
        clock: the worker's, as ``clock``.
    """
    key, request = new_key_and_request()
    path = f"/v1/namespaces/{namespace}/certificates"
    made = await client.post(path, {"csr": request, "days": days})
    assert made.status == 202, made.body
    await registry.work(**clock)
    found = (await client.get(f"{path}/{made.json()['id']}")).json()
    assert found["state"] == "issued", found
    chain, serial = found["chain_pem"].encode(), found["serial"]
    return Publisher(client, namespace, found["id"], key, chain, serial)

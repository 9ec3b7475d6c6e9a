"""Real parts with a store in memory: keys, a signing leaf, and writes that can be made to fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import NameOID

from skreg.errors import BlobMissing, StorageUnavailable
from skreg.ports.blobs import BlobHeaders, BlobInfo
from skreg.publish.log.sequencer import LogKeys
from skreg.publish.sign.leaf import SigningLeaf
from skreg.signing import VerifiedSigner

NOW = datetime(2026, 11, 21, 4, 0, 0, tzinfo=UTC)
REGISTRY = "0123456789abcdef"
ORIGIN = f"skreg-{REGISTRY}/1"
DIGEST = "ab" * 32
PLAIN = BlobHeaders()


class MemoryStore:
    """A blob store in a dict. ``fail_at`` makes the k-th write from now fail, before it lands."""

    uri = "memory:"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.headers: dict[str, BlobHeaders] = {}
        self.modified: dict[str, datetime] = {}
        self.written: list[str] = []
        self.reads: list[str] = []
        self.now = NOW
        self.fail_at: int | None = None

    def _count(self) -> None:
        if self.fail_at is not None:
            self.fail_at -= 1
            if self.fail_at < 0:
                raise StorageUnavailable("The store was unplugged.")

    async def put(self, key: str, data: bytes, headers: BlobHeaders = PLAIN) -> None:
        self._count()
        self.objects[key] = data
        self.headers[key] = headers
        self.modified[key] = self.now
        self.written.append(key)

    async def put_if_absent(self, key: str, data: bytes, headers: BlobHeaders = PLAIN) -> bool:
        if key in self.objects:
            return False
        await self.put(key, data, headers)
        return True

    async def put_stream(
        self, key: str, chunks: AsyncIterator[bytes], headers: BlobHeaders = PLAIN
    ) -> int:
        data = b"".join([chunk async for chunk in chunks])
        await self.put(key, data, headers)
        return len(data)

    async def get(self, key: str) -> bytes:
        self.reads.append(key)
        if key not in self.objects:
            raise BlobMissing("The object does not exist.", why=key)
        return self.objects[key]

    async def get_range(self, key: str, start: int, end: int) -> bytes:
        return (await self.get(key))[start:end]

    async def get_if_changed(self, key: str, etag: str) -> bytes | None:
        return await self.get(key)

    async def head(self, key: str) -> BlobInfo:
        return BlobInfo(key, len(await self.get(key)), None, self.modified[key])

    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        for key in [key for key in self.objects if key.startswith(prefix)]:
            yield await self.head(key)

    async def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    async def presign_get(self, key: str, seconds: int) -> str | None:
        return None


class SoftSigner:
    """A P-256 key in this process."""

    algorithm = "ecdsa-p256-sha256"
    in_hsm = False
    key_ref = "test:key"

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.key.public_key()

    def sign_digest(self, digest: bytes) -> bytes:
        return self.key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def new_leaf() -> SigningLeaf:
    """A signing leaf with a self-signed certificate: chains are not this room's business."""
    backend = SoftSigner()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signing")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(backend.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=90))
        .sign(backend.key, hashes.SHA256())
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    return SigningLeaf(VerifiedSigner(backend), (der,))


def new_log_keys(origin: str = ORIGIN, **kwargs: object) -> LogKeys:
    return LogKeys(origin, VerifiedSigner(SoftSigner()), **kwargs)  # type: ignore[arg-type]


def entry(index: int, timeline: str = "") -> bytes:
    """Entry number ``index`` of a database; another timeline is another database."""
    return f'{{"entry":{index},"timeline":"{timeline}"}}'.encode() + b"x" * (index % 7)


def database(
    timeline: str = "", since: int = 0
) -> Callable[[int, int], Awaitable[Sequence[bytes]]]:
    """A database whose entries are another timeline's from ``since`` on."""

    async def entries_from(start: int, end: int) -> Sequence[bytes]:
        return [entry(i, timeline if i >= since else "") for i in range(start, end)]

    return entries_from

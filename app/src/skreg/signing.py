"""Every signature of the registry is made here: hashed locally, and verified before it is used."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import utils as asymmetric

from skreg.errors import KeyMismatch, SignatureCorrupted, SigningUnavailable, SkregError
from skreg.ports.signer import Signer

ATTEMPTS = 5
FIRST_PAUSE = 0.2
"""Seconds before the second attempt; each later pause is up to twice as long."""
RAW_SIZE = 64
"""Bytes of a P-256 signature as r || s."""


@dataclass(frozen=True, slots=True)
class SignatureRecord:
    """One use of a key, as the audit log keeps it.

    ``outcome`` is ``signed`` or the name of the error that the backend's answer raised.
    """

    key_ref: str
    purpose: str
    digest: str
    outcome: str


def _no_audit(record: SignatureRecord) -> None:
    """Keep nothing, for keys whose uses are recorded elsewhere."""


class VerifiedSigner:
    """Signs with one pinned key and returns only what verifies with its public half.

    Args:
        signer: the backend's key.
        pinned: the public key that certificates or the trust bundle carry for it; what the
            backend answers now when it is omitted.
        audit: called once for every use of the key, before the signature is returned; when it
            raises, there is no signature.
        sleep: waits between attempts, in seconds.

    Raises:
        KeyMismatch: the backend's key is not the pinned one.
    """

    def __init__(
        self,
        signer: Signer,
        *,
        pinned: ec.EllipticCurvePublicKey | None = None,
        audit: Callable[[SignatureRecord], None] = _no_audit,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._signer = signer
        self._audit = audit
        self._sleep = sleep
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._public = _require_pinned(signer, pinned)
        self.key_ref = signer.key_ref

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the pinned public key."""
        return self._public

    def spki(self) -> bytes:
        """Return the pinned public key as DER SubjectPublicKeyInfo."""
        return spki_of(self._public)

    def counts(self) -> dict[str, int]:
        """Return how many signatures this object returned, by purpose."""
        with self._lock:
            return dict(self._counts)

    def sign(self, data: bytes, purpose: str) -> bytes:
        """Sign ``data`` with ECDSA P-256 over SHA-256; returns DER.

        Args:
            data: the whole message; only its digest leaves the process.
            purpose: what the signature is for, for example ``archive`` or ``crl``.

        Raises:
            SigningUnavailable: the backend failed or throttled five times.
            SignatureCorrupted: the answer is no signature of this message by the pinned key.
            KeyMissing, KeyDisabled, KeyMismatch: from the backend.
        """
        digest = hashlib.sha256(data).digest()
        try:
            signature = self._checked(digest)
        except SkregError as error:
            self._record(purpose, digest, type(error).__name__)
            raise
        self._record(purpose, digest, "signed")
        return signature

    def _checked(self, digest: bytes) -> bytes:
        signature = to_der(self._asked(digest), self.key_ref)
        try:
            algorithm = ec.ECDSA(asymmetric.Prehashed(hashes.SHA256()))
            self._public.verify(signature, digest, algorithm)
        except InvalidSignature as error:
            raise _corrupted(self.key_ref, "it does not verify with the pinned key") from error
        return signature

    def _asked(self, digest: bytes) -> bytes:
        for attempt in range(ATTEMPTS - 1):
            try:
                return self._signer.sign_digest(digest)
            except SigningUnavailable:
                spread = random.uniform(0.5, 1.0)  # noqa: S311  # spreads retries, hides nothing
                self._sleep(FIRST_PAUSE * 2**attempt * spread)
        return self._signer.sign_digest(digest)

    def _record(self, purpose: str, digest: bytes, outcome: str) -> None:
        self._audit(SignatureRecord(self.key_ref, purpose, digest.hex(), outcome))
        if outcome == "signed":
            with self._lock:
                self._counts[purpose] += 1


class CertificateKey(ec.EllipticCurvePrivateKey):
    """A verified signer in the shape that cryptography's certificate builders accept.

    The builders do not check what a key returns; the verified signer does.
    """

    def __init__(self, signer: VerifiedSigner, purpose: str) -> None:
        self._signer = signer
        self._purpose = purpose

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve, P-256."""
        return ec.SECP256R1()

    @property
    def key_size(self) -> int:
        """The key's size in bits."""
        return 256

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the pinned public key."""
        return self._signer.public_key()

    def sign(
        self,
        data: bytes | bytearray | memoryview,
        signature_algorithm: ec.EllipticCurveSignatureAlgorithm,
    ) -> bytes:
        """Sign the whole message with ECDSA over SHA-256, and refuse any other algorithm."""
        algorithm = signature_algorithm.algorithm
        if not isinstance(algorithm, hashes.SHA256):
            raise UnsupportedAlgorithm(f"the key signs SHA-256 alone, not {algorithm}")
        return self._signer.sign(bytes(data), self._purpose)

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        """Refuse: the key signs and nothing else."""
        raise UnsupportedAlgorithm("the key signs and does not agree on secrets")

    def private_numbers(self) -> NoReturn:
        """Refuse: the private half is not in this process."""
        raise UnsupportedAlgorithm("the private half stays in its backend")

    def private_bytes(
        self,
        encoding: serialization.Encoding,
        format: serialization.PrivateFormat,  # noqa: A002  # cryptography's own name
        encryption_algorithm: serialization.KeySerializationEncryption,
    ) -> NoReturn:
        """Refuse: the private half is not in this process."""
        raise UnsupportedAlgorithm("the private half stays in its backend")

    def __copy__(self) -> CertificateKey:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> CertificateKey:
        return self


def spki_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as DER SubjectPublicKeyInfo."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def to_der(signature: bytes, key_ref: str) -> bytes:
    """Return a backend's signature as strict DER, whether it came as DER or as r || s.

    Raises:
        SignatureCorrupted: it is neither.
    """
    try:
        if asymmetric.encode_dss_signature(*asymmetric.decode_dss_signature(signature)) == (
            signature
        ):
            return signature
    except ValueError:
        pass
    if len(signature) != RAW_SIZE:
        raise _corrupted(key_ref, f"its {len(signature)} bytes are neither DER nor r || s")
    half = RAW_SIZE // 2
    return asymmetric.encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )


def _corrupted(key_ref: str, cause: str) -> SignatureCorrupted:
    return SignatureCorrupted(
        "The signing backend returned something that is not the asked signature.",
        why=f"{key_ref}: {cause}.",
        fix="Nothing was published. Check the key's URI and version, then the backend's health.",
    )


def _require_pinned(
    signer: Signer, pinned: ec.EllipticCurvePublicKey | None
) -> ec.EllipticCurvePublicKey:
    present = signer.public_key()
    if pinned is not None and pinned != present:
        raise KeyMismatch(
            "The signing backend holds another key than the certificate names.",
            why=f"{signer.key_ref} has SPKI sha256 {_fingerprint(present)}, "
            f"pinned is {_fingerprint(pinned)}.",
            fix="Point the URI at the pinned key version, or issue a certificate for the new key.",
        )
    return present


def _fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    return hashlib.sha256(spki_of(key)).hexdigest()

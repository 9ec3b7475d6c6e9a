"""The signer port: one ECDSA P-256 key that the process may use and never see."""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec


class Signer(Protocol):
    """One pinned key version in one backend.

    ``key_ref`` names the exact version, so that a rotation behind an alias is noticed.
    """

    key_ref: str
    algorithm: str
    """Always ``ecdsa-p256-sha256``: the one algorithm every backend holds in hardware."""
    in_hsm: bool
    """What the backend itself says of where the key is held."""

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half.

        Raises:
            KeyMissing, KeyDisabled, KeyMismatch, SigningUnavailable
        """
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a 32-byte SHA-256 digest; returns DER, or r || s where the backend has that.

        ``skreg.signing.VerifiedSigner`` makes DER of either and verifies it: nobody else calls
        this.

        Raises:
            KeyMissing, KeyDisabled, KeyMismatch, SignatureCorrupted, SigningUnavailable
        """
        ...

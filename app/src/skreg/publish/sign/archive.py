"""The detached signature over an archive: what ``openssl dgst -sha256 -verify`` checks."""

from __future__ import annotations

from skreg.publish.sign.leaf import SigningLeaf


def sign_archive(archive: bytes, leaf: SigningLeaf) -> bytes:
    """Return the DER ECDSA signature over the archive's bytes, by the registry's signing leaf.

    Blocks while the backend signs; only the SHA-256 leaves the process.

    Raises:
        SigningUnavailable, SignatureCorrupted: from the signer.
    """
    return leaf.signer.sign(archive, "archive")

"""The registry's signing leaf: a key in its backend and the certificates that speak for it."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import dsse
from skreg.errors import KeyMismatch
from skreg.signing import VerifiedSigner


@dataclass(frozen=True, slots=True)
class SigningLeaf:
    """A signer with its chain as DER: the leaf first, then the intermediate, no root.

    Raises:
        KeyMismatch: the leaf certifies another key, so nothing signed would verify.
    """

    signer: VerifiedSigner
    chain: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if x509.load_der_x509_certificate(self.chain[0]).public_key() != self.signer.public_key():
            raise KeyMismatch(
                "The signing certificate is for another key than the one that signs.",
                why=f"{self.signer.key_ref} is not the key in the leaf.",
                fix="Issue a leaf for this key, or point the signing URI at the leaf's key.",
            )

    def sign_document(self, payload_type: str, payload: JsonObject) -> bytes:
        """Return a DSSE envelope over the canonical form of ``payload``, as bytes.

        Blocks while the backend signs; ECDSA signatures differ each time, so keep the bytes.
        """
        body = canonical_json.dumps(payload)
        signature = self.signer.sign(dsse.pae(payload_type, body), payload_type)
        signed = dsse.EnvelopeSignature(signature, self.chain)
        return dsse.to_bytes(dsse.Envelope(payload_type, body, (signed,)))

"""The keys of one registry, as the worker holds them."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from skreg.errors import SigningUnavailable
from skreg.pki.state import PUBLISHER_CA, REGISTRY_CA, ROOT, Authority, certificate_spki
from skreg.signing import VerifiedSigner


@dataclass(frozen=True, slots=True)
class PkiKeys:
    """The keys a worker may use; the root only while it is managed or local.

    Attributes:
        former: keys that were replaced and still sign: a CA's for its CRLs, the log's until the
            trust bundle names its successor.
        witnessed: the log's Ed25519 key, which no client goes by.
    """

    registry_ca: VerifiedSigner
    publisher_ca: VerifiedSigner
    signing: VerifiedSigner
    log: VerifiedSigner
    root: VerifiedSigner | None = None
    former: tuple[VerifiedSigner, ...] = ()
    witnessed: Ed25519PrivateKey | None = None

    @property
    def every(self) -> tuple[VerifiedSigner, ...]:
        """All keys, the present ones first."""
        present = (self.registry_ca, self.publisher_ca, self.signing, self.log)
        return (*present, *((self.root,) if self.root else ()), *self.former)

    def holding(self, spki: bytes) -> VerifiedSigner | None:
        """Return the key with this public half, None when this process may not use it."""
        return next((signer for signer in self.every if signer.spki() == spki), None)

    def for_authority(self, authority: Authority) -> VerifiedSigner:
        """Return the key of a CA's certificate; else the one configured for its role.

        The latter issues nothing: whoever tries is told which key the certificate is for.

        Raises:
            SigningUnavailable: the root is asked for and not at hand.
        """
        return self.holding(certificate_spki(authority.certificate)) or self.required(
            authority.role
        )

    def of(self, role: str) -> VerifiedSigner | None:
        """Return the key of a CA by its role, None when this process may not use it."""
        signers = {ROOT: self.root, REGISTRY_CA: self.registry_ca, PUBLISHER_CA: self.publisher_ca}
        return signers[role]

    def required(self, role: str) -> VerifiedSigner:
        """Return the key of a CA by its role.

        Raises:
            SigningUnavailable: this process may not use it.
        """
        signer = self.of(role)
        if signer is None:
            raise SigningUnavailable(
                "The root key is not at hand.",
                why="This process runs without it, as it should between ceremonies.",
                fix="Run skreg pki status: it prints the step that needs the root.",
            )
        return signer

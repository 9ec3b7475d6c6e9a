"""The keys of one registry, as the worker holds them."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.errors import SigningUnavailable
from skreg.pki.state import PUBLISHER_CA, REGISTRY_CA, ROOT
from skreg.signing import VerifiedSigner


@dataclass(frozen=True, slots=True)
class PkiKeys:
    """The keys a worker may use; the root only while it is managed or local."""

    registry_ca: VerifiedSigner
    publisher_ca: VerifiedSigner
    signing: VerifiedSigner
    log: VerifiedSigner
    root: VerifiedSigner | None = None

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

"""A whole PKI with keys in files, for one machine: made on first start, found on every other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from skreg.adapters.signers.file import create_key_file, open_key
from skreg.pki.bundle import BundleFacts
from skreg.pki.ceremony import NO_FACTS, establish
from skreg.pki.keys import PkiKeys
from skreg.pki.renew import renew
from skreg.pki.state import PkiChange, PkiState
from skreg.ports.clock import Clock
from skreg.signing import SignatureRecord, VerifiedSigner

KEY_NAMES = ("root", "registry-ca", "publisher-ca", "signing", "log")


def local_key_uris(folder: Path) -> dict[str, str]:
    """Create the five key files that are not there yet; returns their URIs by name."""
    for name in KEY_NAMES:
        create_key_file(folder / f"{name}.pem")
    return {name: (folder / f"{name}.pem").absolute().as_uri() for name in KEY_NAMES}


def local_keys(folder: Path, audit: Callable[[SignatureRecord], None] | None = None) -> PkiKeys:
    """Open the five local keys, creating what is missing."""
    opened = {name: open_key(uri) for name, uri in local_key_uris(folder).items()}
    signers = {
        name: VerifiedSigner(key, audit=audit) if audit else VerifiedSigner(key)
        for name, key in opened.items()
    }
    return PkiKeys(
        root=signers["root"],
        registry_ca=signers["registry-ca"],
        publisher_ca=signers["publisher-ca"],
        signing=signers["signing"],
        log=signers["log"],
    )


def ensure_local_pki(
    folder: Path,
    clock: Clock,
    state: PkiState | None = None,
    facts: BundleFacts = NO_FACTS,
) -> tuple[PkiKeys, PkiChange]:
    """Return the local keys and a whole, fresh PKI: made when ``state`` is None, else renewed.

    The caller stores the change's state when it differs from ``state``, then publishes it.
    A process killed in between starts again with the same keys and so the same registry id.
    """
    keys = local_keys(folder)
    if state is None:
        return keys, establish(keys, keys.required("root"), clock(), facts)
    return keys, renew(state, keys, clock())

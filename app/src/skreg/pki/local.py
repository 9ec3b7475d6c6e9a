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
STILL_SIGNING = ("root", "registry-ca", "publisher-ca", "log")
"""Keys that go on after their successor came: CAs for their CRLs, the others until it is known."""


def local_key_uris(folder: Path) -> dict[str, str]:
    """Create the key files that are not there yet; returns the newest key's URI by name."""
    for name in KEY_NAMES:
        create_key_file(folder / f"{name}.pem")
    return {name: _generations(folder, name)[-1].absolute().as_uri() for name in KEY_NAMES}


def former_key_uris(folder: Path) -> list[str]:
    """Return the URIs of replaced keys that still sign."""
    older = (path for name in STILL_SIGNING for path in _generations(folder, name)[:-1])
    return [path.absolute().as_uri() for path in older]


def create_successor(folder: Path, name: str) -> str:
    """Create the next generation of one key, ``log-2.pem``, …; returns its URI."""
    path = folder / f"{name}-{len(_generations(folder, name)) + 1}.pem"
    create_key_file(path)
    return path.absolute().as_uri()


def local_key_settings(folder: Path) -> dict[str, str]:
    """Return the worker's settings for the keys of a folder, creating what is missing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    uris = local_key_uris(folder)
    return {
        "HSM_BACKEND": "software",
        "ROOT_MODE": "managed",
        "ROOT_KEY_URI": uris["root"],
        "REGISTRY_CA_KEY_URI": uris["registry-ca"],
        "PUBLISHER_CA_KEY_URI": uris["publisher-ca"],
        "SIGNING_KEY_URI": uris["signing"],
        "LOG_KEY_URI": uris["log"],
        "FORMER_KEY_URIS": " ".join(former_key_uris(folder)),
    }


def _generations(folder: Path, name: str) -> list[Path]:
    """Return the files of one key, oldest first."""
    found, number = [folder / f"{name}.pem"], 2
    while (path := folder / f"{name}-{number}.pem").exists():
        found.append(path)
        number += 1
    return found


def local_keys(folder: Path, audit: Callable[[SignatureRecord], None] | None = None) -> PkiKeys:
    """Open the local keys, creating what is missing."""

    def opened(uri: str) -> VerifiedSigner:
        key = open_key(uri)
        return VerifiedSigner(key, audit=audit) if audit else VerifiedSigner(key)

    signers = {name: opened(uri) for name, uri in local_key_uris(folder).items()}
    return PkiKeys(
        root=signers["root"],
        registry_ca=signers["registry-ca"],
        publisher_ca=signers["publisher-ca"],
        signing=signers["signing"],
        log=signers["log"],
        former=tuple(opened(uri) for uri in former_key_uris(folder)),
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

"""Signing backends, one file each, chosen by a key URI's scheme and imported on first use."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from skreg.errors import ConfigurationInvalid, KeyNotInHsm
from skreg.ports.signer import Signer

SIGNERS: dict[str, str] = {
    "awskms": "skreg.adapters.signers.awskms:open_key",
    "azurekms": "skreg.adapters.signers.azurekms:open_key",
    "file": "skreg.adapters.signers.file:open_key",
    "gcpkms": "skreg.adapters.signers.gcpkms:open_key",
    "pkcs11": "skreg.adapters.signers.pkcs11:open_key",
}
"""URI scheme -> ``module:function``; the function takes the whole URI and returns a Signer."""

HSM_BACKENDS = ("", "hsm", "software")


def open_signer(uri: str, *, hsm_backend: str, environment: str) -> Signer:
    """Open the key that ``uri`` names, and refuse one held in a place that was not asked for.

    Args:
        uri: for example ``file:///keys/log.pem`` or ``awskms:///arn:aws:kms:…``; the scheme's
            file describes its form.
        hsm_backend: ``hsm`` demands hardware, ``software`` permits keys outside an HSM anywhere,
            empty permits them outside production.
        environment: ``prod``, ``staging`` or ``dev``.

    Raises:
        ConfigurationInvalid: an unknown scheme or value, or a software key in production that
            nobody asked for.
        KeyNotInHsm: ``hsm_backend=hsm`` and the backend says that the key is elsewhere.
        KeyMissing, KeyDisabled, KeyMismatch, SigningUnavailable: from the backend.
    """
    if hsm_backend not in HSM_BACKENDS:
        raise ConfigurationInvalid(
            "HSM_BACKEND is not known.",
            why=f"It is {hsm_backend!r}.",
            fix="Set it to hsm or software.",
        )
    signer = _opener(uri)(uri)
    _require_allowed_place(signer, hsm_backend, environment)
    return signer


def _opener(uri: str) -> Callable[[str], Signer]:
    scheme = uri.partition(":")[0]
    if scheme not in SIGNERS:
        raise ConfigurationInvalid(
            "The key's URI names no signing backend.",
            why=f"Its scheme is {scheme!r}.",
            fix=f"Use one of: {', '.join(sorted(SIGNERS))}.",
        )
    module, _, function = SIGNERS[scheme].partition(":")
    return cast("Callable[[str], Signer]", getattr(import_module(module), function))


def _require_allowed_place(signer: Signer, hsm_backend: str, environment: str) -> None:
    if signer.in_hsm or hsm_backend == "software":
        return
    if hsm_backend == "hsm":
        raise KeyNotInHsm(
            "The key is not held by an HSM.",
            why=f"HSM_BACKEND is hsm and {signer.key_ref} is a software key.",
            fix="Create the key in an HSM, or set HSM_BACKEND=software and accept what it means.",
        )
    if environment == "prod":
        raise ConfigurationInvalid(
            "A software key was given in production.",
            why=f"ENVIRONMENT is prod and {signer.key_ref} is not in an HSM.",
            fix="Use a KMS key, or set HSM_BACKEND=software to accept a software key by name.",
        )

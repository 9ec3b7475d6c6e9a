"""The five signing backends as the contract suite sees them: good keys and bad ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from skreg.adapters.signers.file import create_key_file
from support import moto_kms
from support.cloudkms import RING, CloudKms, cloud_kms
from support.faults import Faults
from support.keyvault import KeyVault, key_vault
from support.softhsm import SoftHsm, library


@dataclass
class Backend:
    """One backend with its keys, as URIs.

    Attributes:
        good: a P-256 key, in hardware where the stand-in can claim that.
        in_hsm: what the backend says of ``good``.
        missing: names a key that is not there.
        other_kind: names a key that is not on P-256.
        software: names a key outside an HSM.
        malformed: URIs that name nothing.
        disabled: names a key that may not sign.
        disable: makes ``good`` unable to sign.
        unreachable: names a key of a service that does not answer.
        other_name: how the service names another key than ``good``.
    """

    scheme: str
    good: str
    in_hsm: bool
    missing: str
    other_kind: str
    software: str
    malformed: tuple[str, ...]
    disabled: str | None = None
    disable: Callable[[bool], object] | None = None
    unreachable: str | None = None
    other_name: str = ""
    faults: Faults | None = None
    environment: dict[str, str] = field(default_factory=dict)
    absent: str = ""


@contextmanager
def file(folder: Path) -> Iterator[Backend]:
    good, other = folder / "key.pem", folder / "p384.pem"
    create_key_file(good)
    other.write_bytes(
        ec.generate_private_key(ec.SECP384R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    other.chmod(0o600)
    yield Backend(
        scheme="file",
        good=good.as_uri(),
        in_hsm=False,
        missing=(folder / "none.pem").as_uri(),
        other_kind=other.as_uri(),
        software=good.as_uri(),
        malformed=("file:key.pem", "file://host/key.pem"),
    )


@contextmanager
def awskms(folder: Path) -> Iterator[Backend]:
    with moto_kms.aws() as server:
        kms = boto3.client(
            "kms",
            region_name=moto_kms.REGION,
            endpoint_url=server.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

        def create(**facts: str) -> str:
            asked = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", **facts}
            return str(kms.create_key(**asked)["KeyMetadata"]["Arn"])

        good, disabled = create(), create()
        kms.disable_key(KeyId=disabled.rpartition("/")[2])
        kms.create_alias(AliasName="alias/skreg", TargetKeyId=good)
        prefix = good.rpartition("/")[0]
        yield Backend(
            scheme="awskms",
            good=f"awskms:///{good}",
            in_hsm=True,
            missing=f"awskms:///{prefix}/00000000-0000-0000-0000-000000000000",
            other_kind=f"awskms:///{create(KeySpec='ECC_NIST_P384')}",
            software=f"awskms:///{create(Origin='EXTERNAL')}",
            malformed=("awskms:///key", "awskms://eu-west-1/key"),
            disabled=f"awskms:///{disabled}",
            disable=lambda off: (kms.disable_key if off else kms.enable_key)(
                KeyId=good.rpartition("/")[2]
            ),
            other_name=disabled,
            faults=moto_kms.FAULTS,
            environment=server.environment,
        )


@contextmanager
def gcpkms(folder: Path) -> Iterator[Backend]:
    with cloud_kms() as kms:
        good, disabled = kms.create("log"), kms.create("old")
        kms.versions[kms.name(disabled)].enabled = False
        yield Backend(
            scheme="gcpkms",
            good=good,
            in_hsm=True,
            missing=kms.uri(f"{RING}/cryptoKeys/log/cryptoKeyVersions/99"),
            other_kind=kms.create("p384", curve=ec.SECP384R1()),
            software=kms.create("soft", hsm=False),
            malformed=(
                f"gcpkms://{RING}/cryptoKeys/log",
                "gcpkms://nothing",
                good.replace("127.0.0.1", "kms.example.org"),
            ),
            disabled=disabled,
            disable=lambda off: _enable_gcp(kms, good, not off),
            unreachable=good.partition("?")[0] + "?endpoint=127.0.0.1:1",
            other_name=kms.name(disabled),
            faults=kms.faults,
        )


def _enable_gcp(kms: CloudKms, uri: str, enabled: bool) -> None:
    kms.versions[kms.name(uri)].enabled = enabled


@contextmanager
def azurekms(folder: Path) -> Iterator[Backend]:
    with key_vault(folder) as vault:
        good = vault.create("log")
        yield Backend(
            scheme="azurekms",
            good=good,
            in_hsm=True,
            missing=f"azurekms://{vault.address}/keys/log/{99:032x}",
            other_kind=vault.create("p384", curve="P-384"),
            software=vault.create("soft", kind="EC"),
            malformed=(
                f"azurekms://{vault.address}/keys/log",
                "azurekms://vault.vault.azure.net/secrets/log/1",
            ),
            disabled=vault.create("off", enabled=False),
            disable=lambda off: _enable_azure(vault, good, not off),
            unreachable="azurekms://127.0.0.1:1/keys/log/1",
            other_name=f"https://{vault.address}/keys/log/{98:032x}",
            faults=vault.faults,
            environment=vault.environment,
        )


def _enable_azure(vault: KeyVault, uri: str, enabled: bool) -> None:
    vault.key_of(uri).enabled = enabled


@contextmanager
def pkcs11(folder: Path) -> Iterator[Backend]:
    module = library()
    if module is None:
        yield Backend("pkcs11", "", False, "", "", "", (), absent="SoftHSM2 is not installed")
        return
    hsm = SoftHsm(folder, module)
    good = hsm.create("log", "01")
    yield Backend(
        scheme="pkcs11",
        good=good,
        in_hsm=False,
        missing=hsm.uri("token=skreg;object=none"),
        other_kind=hsm.create("p384", "02", curve="secp384r1"),
        software=good,
        malformed=(
            "pkcs11:object=log",
            f"pkcs11:token=skreg;object=log?module-path={module}",
            good + "&pin-value=1234",
            good.replace("object=log", "object=log;library-version=1"),
            good.replace("object=log", "object=log;type=public"),
        ),
        disabled=hsm.create("no-sign", "03", "no-sign"),
        environment=hsm.environment,
    )


BACKENDS: dict[str, Callable[[Path], AbstractContextManager[Backend]]] = {
    "awskms": awskms,
    "azurekms": azurekms,
    "file": file,
    "gcpkms": gcpkms,
    "pkcs11": pkcs11,
}
WITH_FAULTS = ("awskms", "azurekms", "gcpkms")
"""The services over a network, whose answers can be bent."""

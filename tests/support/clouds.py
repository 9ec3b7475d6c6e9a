"""Five places to deploy to: each a signing backend with its own object store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import boto3

from skreg.adapters.signers.file import create_key_file
from support import blob_backends, moto_kms
from support.blob_backends import BlobBackend
from support.cloudkms import cloud_kms
from support.faults import Faults
from support.keyvault import key_vault
from support.softhsm import SoftHsm, library


@dataclass
class Cloud:
    """One place.

    Attributes:
        create: makes a key by this name; returns its URI. The same name again is a new version.
        storage, staging: the two stores' URIs.
        environment: what processes need to reach keys and stores.
        hsm_backend: what the settings say of the keys.
        faults: what the signing service does wrong on demand.
        absent: why it cannot be had here.
    """

    create: Callable[[str], str] = str
    storage: str = ""
    staging: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    hsm_backend: str = "hsm"
    faults: Faults | None = None
    absent: str = ""


def _folders(folder: Path) -> tuple[str, str]:
    return (folder / "storage").as_uri(), (folder / "staging").as_uri()


@contextmanager
def file(folder: Path) -> Iterator[Cloud]:
    numbers = count()

    def create(name: str) -> str:
        path = folder / "keys" / f"{name}-{next(numbers)}.pem"
        create_key_file(path)
        return path.as_uri()

    yield Cloud(create, *_folders(folder), hsm_backend="software")


@contextmanager
def pkcs11(folder: Path) -> Iterator[Cloud]:
    module = library()
    if module is None:
        yield Cloud(absent="SoftHSM2 is not installed")
        return
    hsm, numbers = SoftHsm(folder, module), count(1)

    def create(name: str) -> str:
        number = next(numbers)
        return hsm.create(f"{name}-{number}", f"{number:02x}")

    yield Cloud(create, *_folders(folder), hsm.environment, hsm_backend="software")


@contextmanager
def awskms(folder: Path) -> Iterator[Cloud]:
    with blob_backends.s3(folder) as store:
        moto_kms.FAULTS.clear()
        kms = boto3.client(
            "kms",
            region_name=moto_kms.REGION,
            endpoint_url=store.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

        def create(name: str) -> str:
            made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Description=name)
            return f"awskms:///{made['KeyMetadata']['Arn']}"

        yield Cloud(create, *_prefixes(store), store.environment, faults=moto_kms.FAULTS)


@contextmanager
def gcpkms(folder: Path) -> Iterator[Cloud]:
    with cloud_kms() as kms, blob_backends.gs(folder) as store:
        if store.absent:
            yield Cloud(absent=store.absent)
            return
        yield Cloud(kms.create, *_prefixes(store), store.environment, faults=kms.faults)


@contextmanager
def azurekms(folder: Path) -> Iterator[Cloud]:
    with key_vault(folder) as vault, blob_backends.az(folder) as store:
        if store.absent:
            yield Cloud(absent=store.absent)
            return
        environment = vault.environment | store.environment
        yield Cloud(vault.create, *_prefixes(store), environment, faults=vault.faults)


def _prefixes(store: BlobBackend) -> tuple[str, str]:
    place, mark, options = store.uri.partition("?")
    return f"{place}/read{mark}{options}", f"{place}/staging{mark}{options}"


CLOUDS: dict[str, Callable[[Path], AbstractContextManager[Cloud]]] = {
    "file": file,
    "pkcs11": pkcs11,
    "awskms": awskms,
    "gcpkms": gcpkms,
    "azurekms": azurekms,
}

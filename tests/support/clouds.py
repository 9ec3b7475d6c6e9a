"""Five places to deploy to: each a signing backend with its own object store."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import boto3

from skreg.adapters.signers.file import create_key_file
from support import blob_backends, moto_kms
from support.blob_backends import BlobBackend
from support.cloudkms import cloud_kms
from support.faults import Faults
from support.keyvault import key_vault
from support.secretmanager import secret_manager
from support.softhsm import SoftHsm, library


@dataclass
class Cloud:
    """One place.

    Attributes:
        create: makes a key by this name; returns its URI. The same name again is a new version.
        storage, staging: the two stores' URIs.
        secret: the URI of a secret without a value, where the CAs' certificates are put.
        kept: what stands in it.
        environment: what processes need to reach keys and stores.
        hsm_backend: what the settings say of the keys.
        faults: what the signing service does wrong on demand.
        absent: why it cannot be had here.
    """

    create: Callable[[str], str] = str
    storage: str = ""
    staging: str = ""
    secret: str = ""
    kept: Callable[[], bytes] = bytes
    environment: dict[str, str] = field(default_factory=dict)
    hsm_backend: str = "hsm"
    faults: Faults | None = None
    absent: str = ""


def _folders(folder: Path) -> tuple[str, str, str, Callable[[], bytes]]:
    secret = folder / "secrets" / "certificates"
    stores = (folder / "storage").as_uri(), (folder / "staging").as_uri()
    return (*stores, secret.as_uri(), secret.read_bytes)


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
        client = partial(
            boto3.client,
            region_name=moto_kms.REGION,
            endpoint_url=store.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        kms = client("kms")

        def create(name: str) -> str:
            made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Description=name)
            return f"awskms:///{made['KeyMetadata']['Arn']}"

        secret = f"skreg/{secrets.token_hex(4)}/certificates"
        manager = client("secretsmanager")
        manager.create_secret(Name=secret)

        def kept() -> bytes:
            return str(manager.get_secret_value(SecretId=secret)["SecretString"]).encode()

        place = f"awssm://{moto_kms.REGION}/{secret}", kept
        yield Cloud(create, *_prefixes(store), *place, store.environment, faults=moto_kms.FAULTS)


@contextmanager
def gcpkms(folder: Path) -> Iterator[Cloud]:
    with cloud_kms() as kms, secret_manager() as manager, blob_backends.gs(folder) as store:
        if store.absent:
            yield Cloud(absent=store.absent)
            return
        name = "projects/p/secrets/certificates"
        manager.versions[name] = []
        place = f"gcpsm://p/certificates?endpoint={manager.address}"
        kept = (place, lambda: manager.versions[name][-1])
        yield Cloud(kms.create, *_prefixes(store), *kept, store.environment, faults=kms.faults)


@contextmanager
def azurekms(folder: Path) -> Iterator[Cloud]:
    with key_vault(folder) as vault, blob_backends.az(folder) as store:
        if store.absent:
            yield Cloud(absent=store.absent)
            return
        environment = vault.environment | store.environment
        kept = (
            f"azurekv://{vault.address}/certificates",
            lambda: vault.secrets["certificates"].encode(),
        )
        yield Cloud(vault.create, *_prefixes(store), *kept, environment, faults=vault.faults)


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

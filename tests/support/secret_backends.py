"""The five secret stores as the contract suite sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3

from support import moto_kms
from support.keyvault import key_vault
from support.secretmanager import secret_manager

PRESENT = "pki-state"
MISSING = "never-made"
DISABLED = "switched-off"
EMPTY = "made-without-a-value"
CERTIFICATES = "certificates"
VALUE = b'{"schema":"skreg.pki/1"}'


@dataclass
class SecretBackend:
    """One store that holds ``PRESENT``; ``unreachable`` is one that does not answer."""

    uri: str
    malformed: tuple[str, ...]
    unreachable: str | None = None
    disabled: bool = False
    writes: bool = True
    environment: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


@contextmanager
def env(folder: Path) -> Iterator[SecretBackend]:
    yield SecretBackend(
        "env://SKREG_TEST_",
        ("env://",),
        writes=False,
        environment={f"SKREG_TEST_{PRESENT}": VALUE.decode()},
    )


@contextmanager
def file(folder: Path) -> Iterator[SecretBackend]:
    (folder / "secrets").mkdir(mode=0o700)
    (folder / "secrets" / PRESENT).write_bytes(VALUE)
    (folder / "taken").touch()
    yield SecretBackend(
        (folder / "secrets").as_uri(),
        ("file://host/x/y", "file:relative"),
        unreachable=(folder / "taken").as_uri(),
    )


@contextmanager
def awssm(folder: Path) -> Iterator[SecretBackend]:
    with moto_kms.aws() as server:
        manager = boto3.client(
            "secretsmanager",
            region_name=moto_kms.REGION,
            endpoint_url=server.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        manager.create_secret(Name=PRESENT, SecretString=VALUE.decode())
        manager.create_secret(Name="binary", SecretBinary=b"\x00\x01")
        manager.create_secret(Name=EMPTY)
        manager.create_secret(Name=CERTIFICATES)
        manager.create_secret(Name=DISABLED, SecretString="x")
        manager.delete_secret(SecretId=DISABLED, RecoveryWindowInDays=7)
        uri = f"awssm://{moto_kms.REGION}"
        yield SecretBackend(
            uri,
            ("awssm:///name",),
            unreachable=uri,
            disabled=True,
            environment=server.environment,
            broken={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        )


@contextmanager
def gcpsm(folder: Path) -> Iterator[SecretBackend]:
    with secret_manager() as manager:
        manager.versions = {
            f"projects/p/secrets/{PRESENT}": [b"older", VALUE],
            f"projects/p/secrets/{DISABLED}": [b"x"],
            f"projects/p/secrets/{EMPTY}": [],
            f"projects/p/secrets/{CERTIFICATES}": [],
        }
        manager.disabled = {f"projects/p/secrets/{DISABLED}"}
        yield SecretBackend(
            f"gcpsm://p?endpoint={manager.address}",
            ("gcpsm://name", "gcpsm://p/q/name", "gcpsm://p/name?endpoint=kms.example.org:1"),
            unreachable="gcpsm://p?endpoint=127.0.0.1:1",
            disabled=True,
        )


@contextmanager
def azurekv(folder: Path) -> Iterator[SecretBackend]:
    with key_vault(folder) as vault:
        vault.secrets = {PRESENT: VALUE.decode(), DISABLED: "x"}
        vault.disabled_secrets = {DISABLED}
        yield SecretBackend(
            f"azurekv://{vault.address}",
            ("azurekv://name", "azurekv://vault/a/b"),
            unreachable="azurekv://127.0.0.1:1",
            disabled=True,
            environment=vault.environment,
        )


SECRET_BACKENDS: dict[str, Callable[[Path], AbstractContextManager[SecretBackend]]] = {
    "awssm": awssm,
    "azurekv": azurekv,
    "env": env,
    "file": file,
    "gcpsm": gcpsm,
}

"""The four object stores as the contract suite sees them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import boto3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support import moto_kms, tools

AZURITE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


@dataclass
class BlobBackend:
    """One store: its URI without a prefix, and the environment that reaches it."""

    uri: str = ""
    broken: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    presigns: bool = True
    absent: str = ""


@contextmanager
def file(folder: Path) -> Iterator[BlobBackend]:
    yield BlobBackend((folder / "store").as_uri(), presigns=False)


@contextmanager
def s3(folder: Path) -> Iterator[BlobBackend]:
    bucket = f"skreg-{uuid.uuid4().hex[:8]}"  # moto's state is the process's
    with moto_kms.aws() as server:
        boto3.client(
            "s3",
            endpoint_url=server.url,
            region_name=moto_kms.REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        ).create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": moto_kms.REGION}
        )
        broken = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
        uri = f"s3://{bucket}?region={moto_kms.REGION}"
        yield BlobBackend(uri, environment=server.environment, broken=broken)


@contextmanager
def gs(folder: Path) -> Iterator[BlobBackend]:
    command = tools.fake_gcs()
    if command is None:
        yield BlobBackend(absent="fake-gcs is not built, see tests/support/tools.py")
        return
    with tools.running([*command, "skreg"]) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        environment = {
            "GOOGLE_SERVICE_ACCOUNT_KEY": _service_account(f"http://{address}"),
            "GOOGLE_ALLOW_HTTP": "true",
        }
        broken = {"GOOGLE_SERVICE_ACCOUNT_KEY": _service_account("http://127.0.0.1:1")}
        yield BlobBackend("gs://skreg", environment=environment, broken=broken)


def _service_account(url: str) -> str:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return json.dumps(
        {
            "gcs_base_url": url,
            "client_email": "worker@project.example",
            "private_key": key.decode(),
            "private_key_id": "1",
        }
    )


@contextmanager
def az(folder: Path) -> Iterator[BlobBackend]:
    command = tools.azurite()
    if command is None:
        yield BlobBackend(absent="azurite is not installed, see tests/support/tools.py")
        return
    port = tools.free_port()
    options = ["--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck"]
    with tools.running([*command, *options, "--silent"], port):
        _create_container(port)
        yield BlobBackend(
            "az://skreg?account=devstoreaccount1",
            environment={
                "AZURE_STORAGE_ACCOUNT_KEY": AZURITE_KEY,
                "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{port}/devstoreaccount1",
                "AZURE_ALLOW_HTTP": "true",
            },
            broken={"AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:1/devstoreaccount1"},
        )


def _create_container(port: int) -> None:
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    path = "/devstoreaccount1/skreg"
    signed = (
        f"PUT{chr(10) * 12}x-ms-date:{date}\nx-ms-version:2021-12-02\n"
        f"/devstoreaccount1{path}\nrestype:container"
    )
    mac = hmac.digest(base64.b64decode(AZURITE_KEY), signed.encode(), hashlib.sha256)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}?restype=container",
        method="PUT",
        headers={
            "x-ms-date": date,
            "x-ms-version": "2021-12-02",
            "Authorization": f"SharedKey devstoreaccount1:{base64.b64encode(mac).decode()}",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


BLOB_BACKENDS: dict[str, Callable[[Path], AbstractContextManager[BlobBackend]]] = {
    "az": az,
    "file": file,
    "gs": gs,
    "s3": s3,
}

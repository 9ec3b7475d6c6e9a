"""Each connection asks for its password or token anew: a rotation needs no restart."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from skreg.bootstrap import open_access
from skreg.db.access import DatabaseAccess
from skreg.db.auditing import SignatureAudit
from skreg.db.migrate import head, migrate
from skreg.db.pool import open_pool, reading
from skreg.db.queries import rows
from skreg.errors import ConfigurationInvalid, DatabaseUnavailable, Missing, Unavailable
from skreg.queue import QUEUE, open_queue
from skreg.settings import load_settings
from skreg.signing import SignatureRecord
from support import moto_kms
from support.guarded_database import Guarded
from support.keyvault import key_vault
from support.metadata import metadata_server
from support.secretmanager import secret_manager

TOKEN = "DATABASE_AUTH"
SECRET = "DATABASE_PASSWORD_SECRET"
RECORD = SignatureRecord("file:///key", "crl", "00" * 32, "signed")


def access(url: str, **more: str) -> DatabaseAccess:
    return open_access(load_settings({"DATABASE_URL": url, **more}))


async def ask(found: DatabaseAccess) -> str:
    pool = open_pool(found, 1)
    try:
        async with reading(pool) as connection:
            return str(await rows.scalar(connection, "SELECT current_user"))
    finally:
        await pool.close()


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    return folder / "database"


def test_a_rotated_password_needs_no_restart(guarded: Guarded, password_file: Path) -> None:
    """Pool, queue and audit trail stay open while the password changes twice."""
    found = access(guarded.url, **{SECRET: password_file.as_uri()})

    def rotate(password: str, form: str = "{}") -> None:
        password_file.write_text(form.format(password))
        guarded.set_password(password)
        guarded.end_connections()
        time.sleep(1.2)  # a connection that rested is asked whether it works before it is used

    async def run() -> None:
        rotate("first")
        pool, queue, audit = open_pool(found, 2), open_queue(found), SignatureAudit(found)
        async with queue.open_async():
            for password in ("second", "third"):
                async with reading(pool) as connection:
                    await rows.run(connection, "SELECT 1")
                audit(RECORD)
                await queue.configure_task("skreg.settle", queue=QUEUE).defer_async()
                rotate(password, '{{"username": "registry", "password": "{}"}}')
            async with reading(pool) as connection:
                assert await rows.scalar(connection, "SELECT count(*) FROM audit") == 2
            audit(RECORD)
            await queue.configure_task("skreg.settle", queue=QUEUE).defer_async()
        audit.close()
        await pool.close()

    asyncio.run(run())
    with psycopg.connect(guarded.admin_url) as connection:
        jobs = connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone()
    assert jobs == (3,)
    assert guarded.logins == 0


def test_the_queues_listener_logs_in_the_same_way(guarded: Guarded, password_file: Path) -> None:
    password_file.write_text("secret\n")
    guarded.set_password("secret")
    queue = open_queue(access(guarded.url, **{SECRET: password_file.as_uri()}))

    async def run() -> None:
        async with queue.open_async():
            await queue.configure_task("skreg.nothing", queue="other").defer_async()
            await queue.run_worker_async(queues=["none"], wait=False, listen_notify=True)

    asyncio.run(run())


def test_a_wrong_password_is_the_database_that_does_not_answer(
    guarded: Guarded, password_file: Path
) -> None:
    password_file.write_text("wrong")
    guarded.set_password("right")
    found = access(guarded.url, **{SECRET: password_file.as_uri()})
    with pytest.raises(DatabaseUnavailable):
        asyncio.run(ask(found))
    with pytest.raises(DatabaseUnavailable, match="audit trail"):
        SignatureAudit(found)(RECORD)


def test_a_secret_that_is_not_there_is_named(guarded: Guarded, password_file: Path) -> None:
    found = access(guarded.url, **{SECRET: password_file.as_uri()})
    with pytest.raises(Missing):
        asyncio.run(ask(found))


def test_migrations_log_in_the_same_way(guarded: Guarded, password_file: Path) -> None:
    password_file.write_text("secret")
    guarded.set_password("secret")
    assert migrate(access(guarded.url, **{SECRET: password_file.as_uri()})) == head()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@pytest.mark.parametrize("scheme", ["awssm", "gcpsm", "azurekv", "env"])
def test_every_secret_store_can_hold_it(
    scheme: str,
    guarded: Guarded,
    stack: ExitStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uri, environment = secret_in(scheme, stack, tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    guarded.set_password("from the store")
    assert asyncio.run(ask(access(guarded.url, **{SECRET: uri}))) == "registry"


def secret_in(scheme: str, stack: ExitStack, folder: Path) -> tuple[str, dict[str, str]]:
    if scheme == "env":
        return "env:///DB_PASSWORD", {"DB_PASSWORD": "from the store"}
    if scheme == "gcpsm":
        manager = stack.enter_context(secret_manager())
        manager.versions = {"projects/p/secrets/db": [b"older", b"from the store"]}
        return f"gcpsm://p/db?endpoint={manager.address}", {}
    if scheme == "azurekv":
        vault = stack.enter_context(key_vault(folder))
        vault.secrets = {"db": "from the store"}
        return f"azurekv://{vault.address}/db", vault.environment
    import boto3

    server = stack.enter_context(moto_kms.aws())
    boto3.client(
        "secretsmanager",
        region_name=moto_kms.REGION,
        endpoint_url=server.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    ).create_secret(Name="prod/db", SecretString=json.dumps({"password": "from the store"}))
    return f"awssm://{moto_kms.REGION}/prod/db", server.environment


def test_cloud_sql_takes_the_workloads_token(
    guarded: Guarded, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = stack.enter_context(metadata_server())
    for name, value in metadata.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nonexistent")
    found = access(guarded.url, **{TOKEN: "cloudsql-iam"})
    for token in ("ya29.first", "ya29.second"):
        metadata.token = token
        guarded.set_password(token)
        assert asyncio.run(ask(found)) == "registry"


def test_entra_takes_the_workloads_token(
    guarded: Guarded, stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = stack.enter_context(key_vault(tmp_path))
    for name, value in vault.environment.items():
        monkeypatch.setenv(name, value)
    guarded.set_password("t")  # what the stand-in's identity endpoint gives
    assert asyncio.run(ask(access(guarded.url, **{TOKEN: "entra"}))) == "registry"


def test_an_rds_token_is_signed_here_for_this_user_and_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    host = "db.abc.eu-west-1.rds.amazonaws.com"
    found = access(
        f"postgresql://registry@{host}:5433/skreg?sslmode=verify-full", **{TOKEN: "rds-iam"}
    )
    token = found.credentials()["password"]
    parts = urlsplit(f"https://{token}")
    query = parse_qs(parts.query)
    assert parts.netloc == f"{host}:5433"
    assert (query["Action"], query["DBUser"]) == (["connect"], ["registry"])
    assert query["X-Amz-Expires"] == ["900"]
    assert "/eu-west-1/rds-db/" in query["X-Amz-Credential"][0]


def test_no_token_is_unavailable_not_a_crash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "IDENTITY_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none"))
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    for how in ("rds-iam", "cloudsql-iam", "entra"):
        found = access("postgresql://registry@db.example/x?sslmode=require", **{TOKEN: how})
        with pytest.raises(Unavailable, match="oken"):
            found.credentials()


def test_a_token_never_travels_in_the_open() -> None:
    for options in ("", "?sslmode=prefer", "?sslmode=disable"):
        with pytest.raises(ConfigurationInvalid, match="in the open"):
            access(f"postgresql://registry@db.example/x{options}", **{TOKEN: "rds-iam"})
    with pytest.raises(ConfigurationInvalid, match="names no user"):
        access("postgresql://db.example/x?sslmode=require", **{TOKEN: "rds-iam"})


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("postgresql://u:p@db/x", {TOKEN: "entra"}),
        ("postgresql://u:p@db/x", {SECRET: "file:///run/secrets/db"}),
        ("postgresql://u@db/x", {TOKEN: "secret"}),
        ("postgresql://u@db/x", {TOKEN: "rds-iam", SECRET: "file:///run/secrets/db"}),
    ],
)
def test_contradictions_are_told_before_anything_starts(url: str, more: dict[str, str]) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        access(url, **more)
    assert {item["rule"] for item in caught.value.errors} == {"database-login"}


def test_a_plain_url_is_left_alone() -> None:
    found = access("postgresql://u:p@db/x", **{TOKEN: "password"})
    assert (found.url, found.credentials()) == ("postgresql://u:p@db/x", {})

"""Revision 0005 over a registry that has packages: all of them are found, listed and told."""

from __future__ import annotations

from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command

from skreg.db import migrate
from skreg.db.engine import driver_url
from support.catalogued import Shown, show
from support.database import DatabaseServer
from support.registry import Registry, client_of

BEFORE = "0004"


def _up_to(url: str, revision: str) -> None:
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()


async def test_what_was_published_before_is_found_after(
    server: DatabaseServer, tmp_path: Path
) -> None:
    with server.empty() as url:
        _up_to(url, BEFORE)
        _publish_as_before(url)
        migrate.migrate(url)
        registry = Registry(url, tmp_path)
        container = registry.api()
        client = client_of(container)
        found = (await client.get("/v1/search?q=photo&tag=art")).json()
        told = (await client.get("/v1/changes")).json()["results"]
        tags = (await client.get("/v1/tags")).json()["results"]
        show(registry, Shown("later", tags=["art"]))
        await container.close()
    assert [item["name"] for item in found["results"]] == ["photos"]
    assert [(item["seq"], item["published"], item["index_sequence"]) for item in told] == [
        (1, ["1.0.0"], 7)
    ]
    assert tags == [{"name": "art", "packages": 1}]


def _publish_as_before(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "INSERT INTO accounts (username, password_hash) VALUES ('acme', '')",
            "INSERT INTO namespaces (name, kind) VALUES ('acme', 'individual')",
            "INSERT INTO packages (namespace_id, name, look_alike, name_hash) "
            "SELECT id, 'photos', 'photos', '' FROM namespaces",
            "INSERT INTO versions (package_id, version, sha256, content_digest, size, manifest, "
            "signer, uploaded_by, state, published_at) SELECT p.id, '1.0.0', '', '', 1, '{}', "
            "'{}', a.id, 'published', now() FROM packages p, accounts a WHERE a.username = 'acme'",
            "INSERT INTO index_documents (package_id, sequence, revision, envelope, sha256, "
            "leaf_sha256, signed_at, committed) "
            "SELECT id, 7, 7, '', '', '', now(), true FROM packages",
            "INSERT INTO package_search (package_id, namespace, name, version, description, "
            "category, tags, published_at) SELECT id, 'acme', name, '1.0.0', 'Sorts a photo.', "
            "'', '{art}', now() FROM packages",
        ):
            connection.execute(statement)

"""Packages that search shows, put into the database without the work of publishing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from support.registry import Registry


@dataclass(frozen=True)
class Shown:
    """One package as ``package_search`` has it."""

    name: str
    description: str = "A package that tests look for."
    namespace: str = "acme"
    category: str = "other"
    tags: Sequence[str] = field(default=())
    popularity: int = 0
    tier: int = 4


def show(registry: Registry, *packages: Shown) -> None:
    """Add packages; their namespace is made when it is missing."""
    for package in packages:
        registry.sql(
            "INSERT INTO namespaces (name, kind) VALUES (%s, 'individual') ON CONFLICT DO NOTHING",
            package.namespace,
        )
        registry.sql(
            "INSERT INTO packages (namespace_id, name, look_alike, name_hash) "
            "SELECT id, %s, %s, sha256(convert_to(name || '/' || %s, 'UTF8')) "
            "FROM namespaces WHERE name = %s",
            package.name,
            package.name,
            package.name,
            package.namespace,
        )
        registry.sql(
            "INSERT INTO package_search (package_id, namespace, name, version, description, "
            "category, tags, popularity, tier, published_at) "
            "SELECT max(id), %s, %s, '1.0.0', %s, %s, %s, %s, %s, now() FROM packages",
            package.namespace,
            package.name,
            package.description,
            package.category,
            list(package.tags),
            package.popularity,
            package.tier,
        )


def show_many(registry: Registry, count: int, description: str, tiers: Sequence[int]) -> None:
    """Add ``count`` packages ``bulk-1`` … of one description, spread over tiers in turn."""
    registry.sql("INSERT INTO namespaces (name, kind) VALUES ('bulk', 'individual')")
    registry.sql(
        "INSERT INTO packages (namespace_id, name, look_alike, name_hash) "
        "SELECT s.id, 'bulk-' || n, 'bulk-' || n, sha256(n::text::bytea) "
        "FROM generate_series(1, %s) n, namespaces s WHERE s.name = 'bulk'",
        count,
    )
    registry.sql(
        "INSERT INTO package_search (package_id, namespace, name, version, description, category, "
        "tags, popularity, tier, published_at) "
        "SELECT p.id, 'bulk', p.name, '1.0.0', %s, '', '{}', p.id %% 97, "
        "(%s::int[])[1 + p.id %% %s], now() "
        "FROM packages p JOIN namespaces s ON s.id = p.namespace_id WHERE s.name = 'bulk'",
        description,
        list(tiers),
        len(tiers),
    )

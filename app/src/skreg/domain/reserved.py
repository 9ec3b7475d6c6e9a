"""Namespaces nobody may have: they are folders of the index, or the first part of our own URLs."""

from __future__ import annotations

RESERVED_NAMESPACES = frozenset(
    {
        "api", "apm", "auth", "bins", "crl", "docs", "healthz", "index", "log", "login", "mcp",
        "openapi", "packages", "readyz", "search", "signup", "skills", "skreg", "static",
        "timestamp", "tree", "trust", "v1", "v2", "well-known",
    }
)  # fmt: skip

"""A registry a test, for each of the OWASP API top ten of 2023."""

from __future__ import annotations

from support.registry_fixtures import acme, client, container, prepared, registry, server

__all__ = ["acme", "client", "container", "prepared", "registry", "server"]

"""What `pulumi stack output` prints: the contract's names, and the next commands to type."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum

import pulumi

from skillpkg_infra.choices import RootMode
from skillpkg_infra.config import StackConfig
from skillpkg_infra.deployed import Deployed

INNER = frozenset(
    {
        "alarms",
        "api_environment",
        "client_ids",
        "events",
        "former_key_uris",
        "handles",
        "proxy_ranges",
        "secret_uri",
        "staging_url",
        "storage_url",
        "url",
        "worker_environment",
    }
)
"""Facts between components; they are no business of a stack's reader."""


def stack_outputs(config: StackConfig, made: Deployed) -> dict[str, object]:
    """Return the stack's outputs by name."""
    found: dict[str, object] = {}
    for component in (made.network, made.pki, made.storage, made.database, made.compute):
        outputs = component.outputs
        for field in fields(outputs):
            value = getattr(outputs, field.name)
            if field.name not in INNER and value is not None and value != {}:
                found[field.name] = str(value) if isinstance(value, StrEnum) else value
    # A private registry's reads all go through the api.
    found.setdefault("cdn_base_url", made.compute.outputs.service_url)
    found["dns_records"] = {**made.storage.outputs.dns_records, **made.compute.outputs.dns_records}
    found["next_commands"] = _next_commands(config, made)
    return found


def _next_commands(config: StackConfig, made: Deployed) -> list[pulumi.Output[str] | str]:
    url = made.compute.outputs.service_url
    fingerprint = made.pki.outputs.root_fingerprint
    pinned = fingerprint if fingerprint is not None else "<skreg pki status prints it>"
    commands: list[pulumi.Output[str] | str] = [
        pulumi.Output.concat("curl --fail ", url, "/readyz"),
        pulumi.Output.concat(
            "skillpkg registry add ", pulumi.get_stack(), " ", url, " --root-fingerprint ", pinned
        ),
    ]
    if config.root_mode is RootMode.MANAGED:
        commands.append(
            f"pulumi config set skreg:root_mode sealed --stack {pulumi.get_stack()} && pulumi up"
        )
    return commands

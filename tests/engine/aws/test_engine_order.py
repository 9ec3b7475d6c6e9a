"""What AWS needs first is a dependency in the state, and not luck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from conftest import Start

FIRST = {
    "storage-replication": {
        "storage-read-plane-versions",
        "storage-copy-versions",
        "storage-replication-policy",
        "storage-key-policy",
    },
    "compute-worker": {
        "compute-worker-rights",
        "compute-worker-start-rights",
        "database-postgres",
        "storage-key-policy",
        "storage-read-plane-policy",
    },
    "compute-api": {
        "compute-api-rights",
        "compute-api-start-rights",
        "compute-cache-url-value",
        "compute-listener",
        "compute-worker",
    },
    "compute-edge": {"compute-edge-certificate-valid", "compute-listener"},
    "storage-cdn": {"storage-certificate-valid"},
    "storage-access-log-delivery": {"storage-logs-policy"},
    "compute-balancer": {"storage-logs-policy"},
    "pki-trail": {"pki-audit-policy"},
    "network-nat-0": {"network-internet"},
    "network-flow-log": {"network-flows-policy"},
    "database-postgres": {"database-log-postgresql", "database-log-upgrade"},
}
"""Resource -> what AWS refuses to make it without, or starts it wrongly without."""


def test_what_is_needed_first_is_waited_for(deployed: Start) -> None:
    engine = deployed("aws-prod")
    state = {one["urn"]: one for one in engine.state()}
    for name, needed in FIRST.items():
        urn = next(one for one in state if one.endswith(f"::{name}"))
        waited = {one.rpartition("::")[2] for one in closure(state, [urn])}
        assert needed <= waited, (name, needed - waited)


def closure(state: Mapping[str, Mapping[str, Any]], urns: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(urns)
    while waiting:
        for urn in state[waiting.pop()].get("dependencies", ()):
            if urn not in found:
                found.add(urn)
                waiting.append(urn)
    return found

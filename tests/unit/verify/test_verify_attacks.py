"""Every check, reached by a registry or a network that lies in exactly one place."""

from __future__ import annotations

import pytest

import support.lies_index
import support.lies_log
import support.lies_release
import support.lies_submitted  # noqa: F401  # each adds its attacks
from skillpkg.crypto import names
from skillpkg.errors import Check, VerificationRefused
from support.certificates import NOW, intermediate_shape, issue, leaf_shape
from support.lies import ATTACKS, REF
from support.static_registry import Client, StaticRegistry


@pytest.fixture
def registry() -> StaticRegistry:
    registry = StaticRegistry().publish("acme", "deploy", "1.0.0")
    return registry.publish("acme", "deploy", "1.1.0").build()


def install(client: Client) -> None:
    index = client.verifier.open_index(REF)
    client.verifier.verify_release(index, "1.0.0")


@pytest.mark.parametrize("name", list(ATTACKS))
@pytest.mark.parametrize("capped", [True, False], ids=["capped", "uncapped"])
def test_every_lie_is_refused_by_its_own_check(
    name: str, capped: bool, registry: StaticRegistry
) -> None:
    check, run = ATTACKS[name]
    run(registry)
    client = Client(registry)
    client.clock.now = NOW
    client.plane.capped = capped and "too_long" not in name and "endless" not in name
    if "archive_longer" in name:
        client.plane.capped = False
    with pytest.raises(VerificationRefused) as caught:
        install(client)
    assert caught.value.check is check
    assert caught.value.what
    assert caught.value.fix


def test_every_check_of_an_install_is_reached() -> None:
    """Those that need a memory are in test_verify_log.py, those of trust and store elsewhere."""
    elsewhere = {
        Check.INDEX_ROLLBACK,
        Check.LOG_FORK,
        Check.TRUST_BUNDLE,
        Check.TRUST_ROLLBACK,
        Check.ROOT_PIN,
        Check.STORE,
    }
    assert {check for check, _ in ATTACKS.values()} == set(Check) - elsewhere


def test_a_registry_without_any_lie_installs(registry: StaticRegistry) -> None:
    install(Client(registry))


def test_an_intermediate_with_another_policy_cannot_hide(registry: StaticRegistry) -> None:
    """A CA of the publishers' class that the root signed for the registry's leaf."""
    ca = issue(intermediate_shape(names.PUBLISHER_SIGNED, "registry CA"), registry.pki.root)
    leaf = issue(leaf_shape(names.REGISTRY_SIGNED, names.registry_uri(registry.registry_id)), ca)
    registry.signer = (leaf, ca)
    registry._documents.clear()
    with pytest.raises(VerificationRefused) as caught:
        install(Client(registry.build()))
    assert caught.value.check is Check.TIMESTAMP_CHAIN

"""The stack's configuration: where values come from, and how mistakes are told."""

from __future__ import annotations

import contextlib
import contextvars
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from infra_stacks import keys

from skillpkg_infra.choices import Cloud, Deletion, Nat, Size
from skillpkg_infra.config import StackConfig
from skillpkg_infra.errors import ConfigurationInvalid
from skillpkg_infra.providers import PROVIDERS


def load(**values: Any) -> StackConfig:
    def read() -> StackConfig:
        pulumi.runtime.set_all_config(keys(**values))
        return StackConfig.load()

    return contextvars.copy_context().run(read)


def mistakes(**values: Any) -> list[str]:
    with pytest.raises(ConfigurationInvalid) as caught:
        load(**values)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_two_keys_are_enough_and_the_rest_is_safe() -> None:
    config = load()
    assert config.cloud_provider is Cloud.AWS
    assert (config.environment, config.deletion, config.multi_az) == ("prod", "protect", True)
    assert (config.hsm_backend, config.visibility, config.nat) == ("hsm", "public", Nat.SINGLE)


def test_environment_wins_over_the_stack_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLPKG_SIZE", "large")
    monkeypatch.setenv("SKILLPKG_NETWORK__ZONES", "3")
    monkeypatch.setenv("SKILLPKG_TAGS", '{"Team": "a"}')
    monkeypatch.setenv("SKILLPKG_TOKEN", "the client's, not ours")
    config = load(size="small", network={"cidr": "10.0.0.0/20"})
    assert config.size is Size.LARGE
    assert (config.network.zones, config.network.cidr) == (3, "10.0.0.0/20")
    assert config.tags == {"Team": "a"}


def test_every_mistake_is_told_at_once_with_key_value_and_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SKILLPKG_KEY_GENERATIONS", "{not json")
    found = mistakes(
        cloud_provider="azurr",
        image_uri=None,
        size="huge",
        log_retention_days="13",
        multi_az="perhaps",
        deletion="destroy",
        imge_uri="x:1",
        network={"vpc_id": "vpc-1", "private_subnet_ids": ["subnet-1"]},
        oidc_issuer="https://login.example.com",
        nat="none",
    )
    expected = [
        ("imge_uri", "does not have"),
        ("cloud_provider", "'azurr'", "aws, gcp or azure"),
        ("image_uri", "missing"),
        ("size", "'huge'", "small, medium or large"),
        ("log_retention_days", "13", "must be one of 1, 3"),
        ("multi_az", "'perhaps'"),
        ("key_generations", "{not json"),
        ("deletion", "environment", "destroy in prod", "say it twice"),
        ("network", "subnet-1", "two or more subnets"),
        ("oidc_issuer", "oidc_client_id", "both or neither"),
    ]
    assert len(found) == len(expected)
    for parts in expected:
        assert any(all(part in line for part in parts) for line in found), parts


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"hsm_backend": "software"}, "software in prod"),
        ({"network": {"private_subnet_ids": ["a", "b"]}}, "without a vpc_id"),
        ({"network": {"cidr": "10.0.0.0/24"}}, "from /16 to /22"),
        ({"network": {"cidr": "10.0.0.1/16"}}, "has host bits set"),
        ({"network": {"zone": 2}}, "Extra inputs"),
        ({"nat": "none", "network": {"endpoints": False}}, "none, without endpoints"),
        ({"worker_egress": "closed", "network": {"endpoints": False}}, "closed, without endpoints"),
        ({"ingress": "internal"}, "internal without a domain"),
        ({"domain": "a.example.com"}, "a.example.com alone"),
        ({"zone_id": "Z1"}, "missing beside a zone"),
        ({"key_generations": {"signning": 2}}, "'signning'"),
        ({"region": "eu-west-1", "recovery_region": "eu-west-1"}, "the same region twice"),
        ({"monthly_budget_usd": 10}, "without anybody to tell"),
        ({"alarm_email": "nobody"}, "'nobody'"),
        ({"backup_days": 3}, "greater than or equal to 7"),
        ({"image_uri": "no-tag"}, "no-tag"),
    ],
)
def test_what_contradicts_is_refused(values: dict[str, Any], said: str) -> None:
    found = mistakes(**values)
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize("cloud", [one for one in Cloud if one not in PROVIDERS])
def test_a_cloud_without_components_is_one_mistake_among_the_others(cloud: Cloud) -> None:
    found = mistakes(cloud_provider=str(cloud), size="huge")
    assert len(found) == 2
    assert f"is {cloud}, for which skreg has no components yet; allowed: aws" in found[1]


def test_a_brought_network_keeps_the_worker_reachable() -> None:
    brought = {"vpc_id": "vpc-1", "private_subnet_ids": ["a", "b"]}
    assert "that you bring" in mistakes(network=brought, worker_egress="closed")[0]


@pytest.mark.parametrize("word", ["software-keys", "destroy"])
def test_prod_accepts_what_is_said_twice(word: str) -> None:
    values: dict[str, Any] = (
        {"deletion": "destroy"} if word == "destroy" else {"hsm_backend": "software"}
    )
    assert load(**values, prod_accepts=[word])
    assert load(**values, environment="dev")


@given(st.dictionaries(st.sampled_from(sorted(StackConfig.model_fields)), st.text(max_size=12)))
def test_no_configuration_crashes_the_reader(values: dict[str, str]) -> None:
    with contextlib.suppress(ConfigurationInvalid):
        config = load(**{key: text.replace("\x00", "") for key, text in values.items()})
        assert isinstance(config.deletion, Deletion)

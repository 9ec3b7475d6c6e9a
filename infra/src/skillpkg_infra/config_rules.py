"""Rules between keys: each is a small function that says what contradicts what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import TYPE_CHECKING

from skillpkg_infra.choices import (
    Deletion,
    Environment,
    HsmBackend,
    Ingress,
    Nat,
    WorkerEgress,
)
from skillpkg_infra.errors import Mistake
from skillpkg_infra.providers import PROVIDERS

if TYPE_CHECKING:
    from skillpkg_infra.config import StackConfig

KEY_NAMES = ("signing", "registry_ca", "publisher_ca", "log", "root")
LARGEST, SMALLEST = 16, 22
"""Prefix lengths of a created network: room for three tiers in three zones."""


def broken_rules(config: StackConfig) -> list[Mistake]:
    """Return every contradiction in a configuration whose single values are all valid."""
    return [mistake for rule in RULES for mistake in rule(config)]


def _cloud_is_there(config: StackConfig) -> Iterator[Mistake]:
    if config.cloud_provider not in PROVIDERS:
        found = f"{config.cloud_provider}, for which skreg has no components yet"
        yield Mistake(("cloud_provider",), found, ", ".join(PROVIDERS))


def _software_in_prod(config: StackConfig) -> Iterator[Mistake]:
    software = config.hsm_backend is HsmBackend.SOFTWARE
    said_twice = "software-keys" in config.prod_accepts
    if config.environment is Environment.PROD and software and not said_twice:
        yield Mistake(
            ("hsm_backend", "environment"),
            "software in prod",
            'hsm, or say it twice: prod_accepts ["software-keys"]',
        )


def _destroy_in_prod(config: StackConfig) -> Iterator[Mistake]:
    destroy = config.deletion is Deletion.DESTROY
    if config.environment is Environment.PROD and destroy and "destroy" not in config.prod_accepts:
        yield Mistake(
            ("deletion", "environment"),
            "destroy in prod",
            'protect, retain, or say it twice: prod_accepts ["destroy"]',
        )


def _brought_network(config: StackConfig) -> Iterator[Mistake]:
    network = config.network
    if network.vpc_id and len(set(network.private_subnet_ids)) < 2:
        yield Mistake(
            ("network",),
            f"vpc_id {network.vpc_id} with private_subnet_ids {list(network.private_subnet_ids)}",
            "private_subnet_ids with two or more subnets in different zones",
        )
    if not network.vpc_id and (network.private_subnet_ids or network.data_subnet_ids):
        yield Mistake(("network",), "subnet ids without a vpc_id", "vpc_id with them, or neither")


def _created_network(config: StackConfig) -> Iterator[Mistake]:
    length = ip_network(config.network.cidr).prefixlen
    if not config.network.vpc_id and not LARGEST <= length <= SMALLEST:
        found = f"cidr {config.network.cidr}"
        yield Mistake(("network",), found, f"a range from /{LARGEST} to /{SMALLEST}")


def _no_way_out(config: StackConfig) -> Iterator[Mistake]:
    created = not config.network.vpc_id
    if created and config.nat is Nat.NONE and not config.network.endpoints:
        yield Mistake(
            ("nat", "network"), "none, without endpoints", "single, per_az, or endpoints true"
        )
    if created and config.worker_egress is WorkerEgress.CLOSED and not config.network.endpoints:
        yield Mistake(("worker_egress", "network"), "closed, without endpoints", "endpoints true")


def _closed_needs_own_endpoints(config: StackConfig) -> Iterator[Mistake]:
    if config.network.vpc_id and config.worker_egress is WorkerEgress.CLOSED:
        found = "closed, in a network that you bring"
        yield Mistake(("worker_egress", "network"), found, "https; your own firewall narrows it")


def _internal_needs_certificate(config: StackConfig) -> Iterator[Mistake]:
    certified = config.zone_id or config.origin_certificate_arn
    if config.ingress is Ingress.INTERNAL and not (config.domain and certified):
        yield Mistake(
            ("ingress", "domain"),
            "internal without a domain and its certificate",
            "edge, or domain with zone_id or origin_certificate_arn",
        )


def _domain_needs_proof(config: StackConfig) -> Iterator[Mistake]:
    proof = config.zone_id or config.certificate_arn or config.origin_certificate_arn
    if config.domain and not proof:
        yield Mistake(("domain",), f"{config.domain} alone", "with zone_id or certificate_arn")
    if proof and not config.domain:
        yield Mistake(("domain",), "missing beside a zone or a certificate", "your host name")


def _oidc_pair(config: StackConfig) -> Iterator[Mistake]:
    if bool(config.oidc_issuer) != bool(config.oidc_client_id):
        yield Mistake(("oidc_issuer", "oidc_client_id"), "one without the other", "both or neither")


def _key_names(config: StackConfig) -> Iterator[Mistake]:
    for name in config.key_generations:
        if name not in KEY_NAMES:
            yield Mistake(("key_generations",), f"{name!r}", ", ".join(KEY_NAMES))


def _recovery_elsewhere(config: StackConfig) -> Iterator[Mistake]:
    if config.recovery_region and config.recovery_region == config.region:
        yield Mistake(
            ("recovery_region", "region"), "the same region twice", "two different regions"
        )


def _budget_needs_reader(config: StackConfig) -> Iterator[Mistake]:
    if config.monthly_budget_usd and not config.alarm_email:
        found = f"{config.monthly_budget_usd} without anybody to tell"
        yield Mistake(("monthly_budget_usd", "alarm_email"), found, "alarm_email with it")


RULES: tuple[Callable[[StackConfig], Iterator[Mistake]], ...] = (
    _cloud_is_there,
    _software_in_prod,
    _destroy_in_prod,
    _brought_network,
    _created_network,
    _no_way_out,
    _closed_needs_own_endpoints,
    _internal_needs_certificate,
    _domain_needs_proof,
    _oidc_pair,
    _key_names,
    _recovery_elsewhere,
    _budget_needs_reader,
)

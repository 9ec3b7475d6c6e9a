"""Certificates and DNS records of a domain of your own."""

from __future__ import annotations

import pulumi
from pulumi_aws.acm import Certificate, CertificateValidation
from pulumi_aws.cloudfront import Distribution
from pulumi_aws.route53 import Record, RecordAliasArgs

from skillpkg_infra.scope import Scope


def certificate(
    scope: Scope, part: str, domain: str, zone_id: str, region: str | None = None
) -> pulumi.Output[str]:
    """Make a certificate and prove the domain through its zone; returns the valid one's ARN."""
    made = Certificate(
        scope.named(part),
        domain_name=domain,
        validation_method="DNS",
        key_algorithm="EC_prime256v1",
        region=region,
        tags=scope.labels(part),
        opts=scope.options(),
    )
    proof = made.domain_validation_options[0]
    record = Record(
        scope.named(f"{part}-proof"),
        zone_id=zone_id,
        name=proof.resource_record_name.apply(str),
        type=proof.resource_record_type.apply(str),
        records=[proof.resource_record_value.apply(str)],
        ttl=300,
        allow_overwrite=True,
        opts=scope.options(),
    )
    return CertificateValidation(
        scope.named(f"{part}-valid"),
        certificate_arn=made.arn,
        validation_record_fqdns=[record.fqdn],
        region=region,
        opts=scope.options(),
    ).certificate_arn


def point_at(scope: Scope, domain: str, zone_id: str, target: Distribution) -> None:
    """Make the domain name the distribution, over IPv4 and IPv6."""
    alias(scope, domain, zone_id, target.domain_name, target.hosted_zone_id, ("A", "AAAA"))


def alias(
    scope: Scope,
    domain: str,
    zone_id: str,
    name: pulumi.Input[str],
    name_zone: pulumi.Input[str],
    kinds: tuple[str, ...],
) -> None:
    """Make the domain an alias of an AWS name."""
    for kind in kinds:
        Record(
            scope.named(f"dns-{kind.lower()}"),
            zone_id=zone_id,
            name=domain,
            type=kind,
            aliases=[RecordAliasArgs(name=name, zone_id=name_zone, evaluate_target_health=False)],
            opts=scope.options(),
        )

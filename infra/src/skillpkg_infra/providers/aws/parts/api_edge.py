"""The public door of the api: CloudFront, which reaches the load balancer inside the VPC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.cloudfront import Distribution, VpcOrigin
from pulumi_aws.cloudfront import _inputs as inputs

from skillpkg_infra.providers.aws.parts.certificates import point_at
from skillpkg_infra.providers.aws.parts.edge import (
    ALL_METHODS,
    READ_METHODS,
    nowhere_refused,
    security_headers,
    viewer_certificate,
)
from skillpkg_infra.providers.aws.parts.firewall import API_GROUPS, web_acl
from skillpkg_infra.providers.aws.parts.load_balancer import Balancer
from skillpkg_infra.providers.aws.parts.naming import physical
from skillpkg_infra.providers.aws.parts.policies import Text
from skillpkg_infra.scope import Scope

ORIGIN = "api"
CALLS_PER_FIVE_MINUTES = 10_000

# CloudFront's own policies, the same ids in every account.
NO_CACHE = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
AS_THE_ORIGIN_SAYS = "83da9c7e-98b4-4e11-a168-04f0df8e2c65"
EVERYTHING_OF_THE_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"

READ_PLANE = (
    "/.well-known/*",
    "/crl/*",
    "/index/*",
    "/log/*",
    "/packages/*",
    "/trust/*",
)


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """How one stack's edge differs from the next."""

    domain: str | None
    zone_id: str | None
    certificate_arn: Text | None
    secure_origin: bool
    cached: bool
    """Cache the read plane here too; never when reads need a token."""
    allowed: Sequence[str]
    log_days: int


def api_edge(scope: Scope, balancer: Balancer, plan: EdgePlan) -> Distribution:
    """Make the distribution and, with a zone, the records of the domain."""
    headers = security_headers(scope, static=False)
    made = Distribution(
        scope.named("edge"),
        comment=f"{scope.name}: the api",
        enabled=True,
        is_ipv6_enabled=True,
        http_version="http2and3",
        price_class="PriceClass_All",
        aliases=[plan.domain] if plan.domain and plan.certificate_arn else None,
        viewer_certificate=viewer_certificate(plan.certificate_arn),
        restrictions=nowhere_refused(),
        origins=[_origin(scope, balancer, secure=plan.secure_origin)],
        default_cache_behavior=_default(headers.id),
        ordered_cache_behaviors=_cached(headers.id) if plan.cached else None,
        web_acl_id=web_acl(
            scope, API_GROUPS, CALLS_PER_FIVE_MINUTES, plan.allowed, plan.log_days
        ).arn,
        tags=scope.labels("edge"),
        opts=scope.options(),
    )
    if plan.domain and plan.zone_id:
        point_at(scope, plan.domain, plan.zone_id, made)
    return made


def _origin(scope: Scope, balancer: Balancer, *, secure: bool) -> inputs.DistributionOriginArgs:
    inside = VpcOrigin(
        scope.named("origin"),
        vpc_origin_endpoint_config=inputs.VpcOriginVpcOriginEndpointConfigArgs(
            name=physical(scope.named("origin"), 64),
            arn=balancer.made.arn,
            http_port=80,
            https_port=443,
            origin_protocol_policy="https-only" if secure else "http-only",
            origin_ssl_protocols=(
                inputs.VpcOriginVpcOriginEndpointConfigOriginSslProtocolsArgs(
                    items=["TLSv1.2"], quantity=1
                )
            ),
        ),
        tags=scope.labels("origin"),
        opts=scope.options(after=[balancer.listener]),
    )
    return inputs.DistributionOriginArgs(
        origin_id=ORIGIN,
        domain_name=balancer.made.dns_name,
        vpc_origin_config=inputs.DistributionOriginVpcOriginConfigArgs(
            vpc_origin_id=inside.id, origin_keepalive_timeout=50, origin_read_timeout=60
        ),
    )


def _default(headers: pulumi.Input[str]) -> inputs.DistributionDefaultCacheBehaviorArgs:
    return inputs.DistributionDefaultCacheBehaviorArgs(
        target_origin_id=ORIGIN,
        viewer_protocol_policy="https-only",
        allowed_methods=ALL_METHODS,
        cached_methods=["GET", "HEAD"],
        compress=True,
        cache_policy_id=NO_CACHE,
        origin_request_policy_id=EVERYTHING_OF_THE_VIEWER,
        response_headers_policy_id=headers,
    )


def _cached(headers: pulumi.Input[str]) -> list[inputs.DistributionOrderedCacheBehaviorArgs]:
    return [
        inputs.DistributionOrderedCacheBehaviorArgs(
            path_pattern=pattern,
            target_origin_id=ORIGIN,
            viewer_protocol_policy="https-only",
            allowed_methods=READ_METHODS,
            cached_methods=["GET", "HEAD"],
            compress=True,
            cache_policy_id=AS_THE_ORIGIN_SAYS,
            response_headers_policy_id=headers,
        )
        for pattern in READ_PLANE
    ]

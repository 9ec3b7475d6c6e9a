"""The CDN of the read plane: CloudFront that alone may read the bucket, by a signed request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.cloudfront import CachePolicy, Distribution, OriginAccessControl
from pulumi_aws.cloudfront import _inputs as inputs
from pulumi_aws.s3 import Bucket

from skillpkg_infra.providers.aws.parts.account import EDGE_REGION
from skillpkg_infra.providers.aws.parts.certificates import certificate, point_at
from skillpkg_infra.providers.aws.parts.edge import (
    READ_METHODS,
    YEAR,
    nowhere_refused,
    security_headers,
    viewer_certificate,
)
from skillpkg_infra.providers.aws.parts.firewall import READ_GROUPS, web_acl
from skillpkg_infra.scope import Scope

READS_PER_FIVE_MINUTES = 20_000
ORIGIN = "read-plane"
COPY = "read-plane-copy"
EITHER = "read-plane-or-copy"
AWAY = (500, 502, 503, 504)
"""Answers of the first bucket upon which the CDN asks the second."""


@dataclass(frozen=True, slots=True)
class CdnPlan:
    """How one stack's CDN differs from the next."""

    domain: str | None
    """``cdn.<the stack's domain>``, or CloudFront's own name."""
    zone_id: str | None
    certificate_arn: str | None
    allowed: Sequence[str]
    log_days: int
    copy: Bucket | None = None
    """In the recovery region; read while the first bucket does not answer."""


def read_cdn(scope: Scope, bucket: Bucket, plan: CdnPlan) -> Distribution:
    """Make the distribution and, with a zone, its certificate and records."""
    proof = _certificate(scope, plan)
    made = Distribution(
        scope.named("cdn"),
        comment=f"{scope.name}: the static read plane",
        enabled=True,
        is_ipv6_enabled=True,
        http_version="http2and3",
        price_class="PriceClass_All",
        aliases=[plan.domain] if plan.domain and proof else None,
        viewer_certificate=viewer_certificate(proof),
        restrictions=nowhere_refused(),
        origins=_origins(scope, bucket, plan.copy),
        origin_groups=[_failover()] if plan.copy else None,
        default_cache_behavior=_behaviour(scope, EITHER if plan.copy else ORIGIN),
        custom_error_responses=[
            inputs.DistributionCustomErrorResponseArgs(error_code=404, error_caching_min_ttl=5)
        ],
        web_acl_id=web_acl(
            scope, READ_GROUPS, READS_PER_FIVE_MINUTES, plan.allowed, plan.log_days
        ).arn,
        tags=scope.labels("cdn"),
        opts=scope.options(),
    )
    if plan.domain and plan.zone_id:
        point_at(scope, plan.domain, plan.zone_id, made)
    return made


def _certificate(scope: Scope, plan: CdnPlan) -> pulumi.Input[str] | None:
    if plan.domain and plan.zone_id:
        return certificate(scope, "certificate", plan.domain, plan.zone_id, EDGE_REGION)
    return plan.certificate_arn if plan.domain else None


def _origins(
    scope: Scope, bucket: Bucket, copy: Bucket | None
) -> list[inputs.DistributionOriginArgs]:
    signed = OriginAccessControl(
        scope.named("origin-access"),
        description=f"{scope.name}: every request to the bucket is signed",
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
        opts=scope.options(),
    )
    return [
        inputs.DistributionOriginArgs(
            origin_id=name,
            domain_name=one.bucket_regional_domain_name,
            origin_access_control_id=signed.id,
            connection_attempts=3,
            connection_timeout=5,
        )
        for name, one in ((ORIGIN, bucket), (COPY, copy))
        if one is not None
    ]


def _failover() -> inputs.DistributionOriginGroupArgs:
    return inputs.DistributionOriginGroupArgs(
        origin_id=EITHER,
        failover_criteria=inputs.DistributionOriginGroupFailoverCriteriaArgs(
            status_codes=list(AWAY)
        ),
        members=[inputs.DistributionOriginGroupMemberArgs(origin_id=one) for one in (ORIGIN, COPY)],
    )


def _behaviour(scope: Scope, target: str) -> inputs.DistributionDefaultCacheBehaviorArgs:
    return inputs.DistributionDefaultCacheBehaviorArgs(
        target_origin_id=target,
        viewer_protocol_policy="redirect-to-https",
        allowed_methods=READ_METHODS,
        cached_methods=["GET", "HEAD"],
        compress=True,
        cache_policy_id=_cache(scope).id,
        response_headers_policy_id=security_headers(scope, static=True).id,
    )


def _cache(scope: Scope) -> CachePolicy:
    key = inputs.CachePolicyParametersInCacheKeyAndForwardedToOriginArgs(
        cookies_config=inputs.CachePolicyParametersInCacheKeyAndForwardedToOriginCookiesConfigArgs(
            cookie_behavior="none"
        ),
        headers_config=inputs.CachePolicyParametersInCacheKeyAndForwardedToOriginHeadersConfigArgs(
            header_behavior="none"
        ),
        query_strings_config=(
            inputs.CachePolicyParametersInCacheKeyAndForwardedToOriginQueryStringsConfigArgs(
                query_string_behavior="none"
            )
        ),
        enable_accept_encoding_brotli=True,
        enable_accept_encoding_gzip=True,
    )
    return CachePolicy(
        scope.named("cache"),
        comment=f"{scope.name}: as each object's Cache-Control says",
        min_ttl=0,
        default_ttl=60,
        max_ttl=YEAR,
        parameters_in_cache_key_and_forwarded_to_origin=key,
        opts=scope.options(),
    )

"""What both distributions share: TLS, security headers, metrics and access logs."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.cloudfront import Distribution, MonitoringSubscription, ResponseHeadersPolicy
from pulumi_aws.cloudfront import _inputs as inputs
from pulumi_aws.cloudwatch import (
    LogDelivery,
    LogDeliveryDestination,
    LogDeliveryDestinationDeliveryDestinationConfigurationArgs,
    LogDeliveryS3DeliveryConfigurationArgs,
    LogDeliverySource,
)

from skillpkg_infra.alarms import Alarm
from skillpkg_infra.providers.aws.parts.account import EDGE_REGION
from skillpkg_infra.providers.aws.parts.naming import physical
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.scope import Scope

YEAR = 365 * 24 * 3600
READ_METHODS = ["GET", "HEAD", "OPTIONS"]
ALL_METHODS = [*READ_METHODS, "PUT", "POST", "PATCH", "DELETE"]
MIN_TLS = "TLSv1.2_2021"


def viewer_certificate(arn: pulumi.Input[str] | None) -> inputs.DistributionViewerCertificateArgs:
    """Return the domain's certificate, or CloudFront's own for its default name."""
    if arn is None:
        return inputs.DistributionViewerCertificateArgs(cloudfront_default_certificate=True)
    return inputs.DistributionViewerCertificateArgs(
        acm_certificate_arn=arn, minimum_protocol_version=MIN_TLS, ssl_support_method="sni-only"
    )


def nowhere_refused() -> inputs.DistributionRestrictionsArgs:
    """Serve every country."""
    return inputs.DistributionRestrictionsArgs(
        geo_restriction=inputs.DistributionRestrictionsGeoRestrictionArgs(restriction_type="none")
    )


def security_headers(scope: Scope, *, static: bool) -> ResponseHeadersPolicy:
    """Make the headers that every answer carries.

    Args:
        scope: names.
        static: answers are files and never pages, so nothing in them may run; and any page
            may read them (CORS).
    """
    headers = inputs.ResponseHeadersPolicySecurityHeadersConfigArgs(
        strict_transport_security=(
            inputs.ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs(
                access_control_max_age_sec=YEAR, include_subdomains=True, override=True
            )
        ),
        content_type_options=(
            inputs.ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs(override=True)
        ),
        frame_options=inputs.ResponseHeadersPolicySecurityHeadersConfigFrameOptionsArgs(
            frame_option="DENY", override=True
        ),
        referrer_policy=inputs.ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs(
            referrer_policy="no-referrer", override=True
        ),
        content_security_policy=_nothing_runs() if static else None,
    )
    return ResponseHeadersPolicy(
        scope.named("headers"),
        comment=f"{scope.name}: transport security, no sniffing, no framing",
        security_headers_config=headers,
        cors_config=_readable_by_pages() if static else None,
        opts=scope.options(),
    )


def _nothing_runs() -> inputs.ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs:
    return inputs.ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs(
        content_security_policy="default-src 'none'; sandbox", override=True
    )


def _readable_by_pages() -> inputs.ResponseHeadersPolicyCorsConfigArgs:
    prefix = inputs.ResponseHeadersPolicyCorsConfigArgs
    return prefix(
        access_control_allow_credentials=False,
        access_control_allow_headers=(
            inputs.ResponseHeadersPolicyCorsConfigAccessControlAllowHeadersArgs(items=["*"])
        ),
        access_control_allow_methods=(
            inputs.ResponseHeadersPolicyCorsConfigAccessControlAllowMethodsArgs(
                items=["GET", "HEAD"]
            )
        ),
        access_control_allow_origins=(
            inputs.ResponseHeadersPolicyCorsConfigAccessControlAllowOriginsArgs(items=["*"])
        ),
        access_control_max_age_sec=86400,
        origin_override=True,
    )


def observe(
    scope: Scope,
    distribution: Distribution,
    log_bucket_arn: pulumi.Input[str],
    after: Sequence[pulumi.Resource] = (),
) -> None:
    """Count every answer by status, and write the access log (version 2) to the log bucket."""
    MonitoringSubscription(
        scope.named("metrics"),
        distribution_id=distribution.id,
        monitoring_subscription=inputs.MonitoringSubscriptionMonitoringSubscriptionArgs(
            realtime_metrics_subscription_config=inputs.MonitoringSubscriptionMonitoringSubscriptionRealtimeMetricsSubscriptionConfigArgs(
                realtime_metrics_subscription_status="Enabled"
            )
        ),
        opts=scope.options(),
    )
    source = LogDeliverySource(
        scope.named("access-log"),
        name=physical(scope.named("access-log"), 60),
        log_type="ACCESS_LOGS",
        resource_arn=distribution.arn,
        region=EDGE_REGION,
        tags=scope.labels("access-log"),
        opts=scope.options(),
    )
    LogDelivery(
        scope.named("access-log-delivery"),
        delivery_source_name=source.name,
        delivery_destination_arn=_destination(scope, log_bucket_arn).arn,
        s3_delivery_configurations=[
            LogDeliveryS3DeliveryConfigurationArgs(
                enable_hive_compatible_path=False, suffix_path="/{DistributionId}/{yyyy}/{MM}/{dd}"
            )
        ],
        region=EDGE_REGION,
        tags=scope.labels("access-log-delivery"),
        opts=scope.options(after=after),
    )


def _destination(scope: Scope, log_bucket_arn: pulumi.Input[str]) -> LogDeliveryDestination:
    part = "access-log-target"
    return LogDeliveryDestination(
        scope.named(part),
        name=physical(scope.named(part), 60),
        output_format="json",
        delivery_destination_configuration=LogDeliveryDestinationDeliveryDestinationConfigurationArgs(
            destination_resource_arn=joined(log_bucket_arn, "/cdn")
        ),
        region=EDGE_REGION,
        tags=scope.labels(part),
        opts=scope.options(),
    )


def error_alarm(name: str, what: str, distribution: Distribution) -> Alarm:
    """Say that a distribution answers with errors of the server's."""
    return Alarm(
        name=f"{name}-5xx",
        description=f"{what}: over 2 % of the answers are 5xx.",
        namespace="AWS/CloudFront",
        metric="5xxErrorRate",
        dimensions={"DistributionId": distribution.id, "Region": "Global"},
        statistic="Average",
        above=True,
        threshold=2.0,
        period=300,
        evaluations=2,
        region=EDGE_REGION,
    )

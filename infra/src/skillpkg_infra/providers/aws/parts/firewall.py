"""The web ACL before a distribution: rates, known bad addresses, and AWS's own rule groups."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi_aws.cloudwatch import LogGroup
from pulumi_aws.wafv2 import IpSet, WebAcl, WebAclLoggingConfiguration
from pulumi_aws.wafv2 import _inputs as waf

from skillpkg_infra.providers.aws.parts.account import EDGE_REGION
from skillpkg_infra.providers.aws.parts.logs import log_group
from skillpkg_infra.providers.aws.parts.naming import physical
from skillpkg_infra.scope import Scope

UPLOADS = r"^/(v1/packages/[^/]+/[^/]+/publish|api/v1/|apm/|skills|v2/)"
"""Routes that carry archives: body rules see 8 KB only, so the api itself limits these."""

CORE, REPUTATION, BAD_INPUTS = (
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
READ_GROUPS = (REPUTATION, BAD_INPUTS)
API_GROUPS = (REPUTATION, BAD_INPUTS, CORE)
BODY_GROUPS = (BAD_INPUTS, CORE)


def web_acl(
    scope: Scope, groups: Sequence[str], rate: int, allowed: Sequence[str], days: int
) -> WebAcl:
    """Make the ACL and its log.

    Args:
        scope: names and tags.
        groups: AWS's managed rule groups, the cheapest first.
        rate: requests one address may make in five minutes.
        allowed: networks that may come at all; everyone when empty.
        days: how long the log is kept.
    """
    rules = [_rate(rate), *(_managed(name, 10 + index) for index, name in enumerate(groups))]
    acl = WebAcl(
        scope.named("firewall"),
        scope="CLOUDFRONT",
        region=EDGE_REGION,
        default_action=waf.WebAclDefaultActionArgs(allow=waf.WebAclDefaultActionAllowArgs()),
        rules=[*_strangers(scope, allowed), *rules],
        visibility_config=waf.WebAclVisibilityConfigArgs(
            cloudwatch_metrics_enabled=True,
            metric_name=scope.named("firewall"),
            sampled_requests_enabled=True,
        ),
        tags=scope.labels("firewall"),
        opts=scope.options(),
    )
    _logged(scope, acl, days)
    return acl


def _logged(scope: Scope, acl: WebAcl, days: int) -> LogGroup:
    # WAF demands this prefix.
    name = f"aws-waf-logs-{physical(scope.named('firewall'), 100)}"
    group = log_group(scope, "firewall-log", days, None, name=name, region=EDGE_REGION)
    hidden = [
        waf.WebAclLoggingConfigurationRedactedFieldArgs(
            single_header=waf.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs(name=header)
        )
        for header in ("authorization", "cookie")
    ]
    WebAclLoggingConfiguration(
        scope.named("firewall-logging"),
        resource_arn=acl.arn,
        log_destination_configs=[group.arn],
        redacted_fields=hidden,
        region=EDGE_REGION,
        opts=scope.options(),
    )
    return group


def _seen(name: str) -> waf.WebAclRuleVisibilityConfigArgs:
    return waf.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )


def _blocks() -> waf.WebAclRuleActionArgs:
    return waf.WebAclRuleActionArgs(block=waf.WebAclRuleActionBlockArgs())


def _rate(limit: int) -> waf.WebAclRuleArgs:
    return waf.WebAclRuleArgs(
        name="rate",
        priority=5,
        action=_blocks(),
        statement=waf.WebAclRuleStatementArgs(
            rate_based_statement=waf.WebAclRuleStatementRateBasedStatementArgs(
                aggregate_key_type="IP", limit=limit, evaluation_window_sec=300
            )
        ),
        visibility_config=_seen("rate"),
    )


def _managed(name: str, priority: int) -> waf.WebAclRuleArgs:
    group = waf.WebAclRuleStatementManagedRuleGroupStatementArgs(
        vendor_name="AWS",
        name=name,
        scope_down_statement=_not_an_upload() if name in BODY_GROUPS else None,
    )
    return waf.WebAclRuleArgs(
        name=name,
        priority=priority,
        override_action=waf.WebAclRuleOverrideActionArgs(
            none=waf.WebAclRuleOverrideActionNoneArgs()  # type: ignore[no-untyped-call]
        ),
        statement=waf.WebAclRuleStatementArgs(managed_rule_group_statement=group),
        visibility_config=_seen(name),
    )


def _not_an_upload() -> waf.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementArgs:
    kind = waf.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementArgs
    match = (
        waf.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementRegexMatchStatementArgs
    )
    field = (
        waf.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementRegexMatchStatementFieldToMatchArgs
    )
    path = (
        waf.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementRegexMatchStatementFieldToMatchUriPathArgs
    )
    plain = (
        waf.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementRegexMatchStatementTextTransformationArgs
    )
    negated = waf.WebAclRuleStatementManagedRuleGroupStatementScopeDownStatementNotStatementArgs
    uploads = match(
        regex_string=UPLOADS,
        field_to_match=field(uri_path=path()),  # type: ignore[no-untyped-call]
        text_transformations=[plain(priority=0, type="NORMALIZE_PATH")],
    )
    return kind(not_statement=negated(statement=kind(regex_match_statement=uploads)))


def _strangers(scope: Scope, allowed: Sequence[str]) -> list[waf.WebAclRuleArgs]:
    if not allowed:
        return []
    known = IpSet(
        scope.named("allowed"),
        scope="CLOUDFRONT",
        ip_address_version="IPV4",
        addresses=list(allowed),
        region=EDGE_REGION,
        tags=scope.labels("allowed"),
        opts=scope.options(),
    )
    listed = waf.WebAclRuleStatementArgs(
        ip_set_reference_statement=waf.WebAclRuleStatementIpSetReferenceStatementArgs(arn=known.arn)
    )
    return [
        waf.WebAclRuleArgs(
            name="strangers",
            priority=0,
            action=_blocks(),
            statement=waf.WebAclRuleStatementArgs(
                not_statement=waf.WebAclRuleStatementNotStatementArgs(statement=listed)
            ),
            visibility_config=_seen("strangers"),
        )
    ]

"""Whatever can carry tags says which application and which stack it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule

UNTAGGED = frozenset(
    [
        "Alias",
        "BucketLifecycleConfiguration",
        "BucketLogging",
        "BucketOwnershipControls",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketReplicationConfig",
        "BucketServerSideEncryptionConfiguration",
        "BucketVersioning",
        "CachePolicy",
        "CertificateValidation",
        "Dashboard",
        "EventTarget",
        "InstanceAutomatedBackupsReplication",
        "KeyPolicy",
        "LifecyclePolicy",
        "LogMetricFilter",
        "MonitoringSubscription",
        "OriginAccessControl",
        "Policy",
        "Record",
        "ResponseHeadersPolicy",
        "RolePolicy",
        "RolePolicyAttachment",
        "Route",
        "RouteTableAssociation",
        "SecretVersion",
        "TopicPolicy",
        "TopicSubscription",
        "VpcBlockPublicAccessOptions",
        "WebAclLoggingConfiguration",
    ]
)
"""Types that AWS gives no tags; a test holds this list against the SDK."""


def _check(resources: Sequence[Resource]) -> Found:
    for one in resources:
        ours = one.type.startswith("aws:") and one.type.rpartition(":")[2] not in UNTAGGED
        tags = one.inputs.get("tags", {})
        if ours and (tags.get("Application") != "skreg" or not tags.get("Stack")):
            yield one, "has no tags Application and Stack"


RULE = Rule("everything-is-tagged", __doc__, _check)

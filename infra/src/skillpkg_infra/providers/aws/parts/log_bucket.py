"""The bucket that the access logs of buckets, load balancers and the CDN go to."""

from __future__ import annotations

from pulumi_aws.s3.bucket import Bucket
from pulumi_aws.s3.bucket_policy import BucketPolicy

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.buckets import (
    BucketPlan,
    bucket_policy,
    objects,
    private_bucket,
)
from skillpkg_infra.providers.aws.parts.policies import Statement
from skillpkg_infra.scope import Scope


def log_bucket(scope: Scope, account: Account, days: int) -> tuple[Bucket, BucketPolicy]:
    """Make the bucket; returns it with the policy that lets services write to it."""
    plan = BucketPlan("logs", versioned=False, expire_days=days)
    bucket, _ = private_bucket(scope, plan)
    return bucket, bucket_policy(scope, plan, bucket, _writers(account, bucket))


def _writers(account: Account, bucket: Bucket) -> list[Statement]:
    ours = {"StringEquals": {"aws:SourceAccount": account.id}}
    writers = {
        "BucketLogs": ("logging.s3.amazonaws.com", "s3/"),
        "DeliveredLogs": ("delivery.logs.amazonaws.com", "cdn/"),
        "LoadBalancerLogs": ("logdelivery.elasticloadbalancing.amazonaws.com", "alb/"),
    }
    return [
        Statement(sid, ("s3:PutObject",), (objects(bucket, prefix),), {"Service": service}, ours)
        for sid, (service, prefix) in writers.items()
    ]

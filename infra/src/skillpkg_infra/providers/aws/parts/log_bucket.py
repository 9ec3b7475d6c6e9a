"""The bucket that the access logs of buckets, load balancers and the CDN go to."""

from __future__ import annotations

from pulumi_aws.s3 import Bucket, BucketPolicy

from skillpkg_infra.providers.aws.parts.account import EDGE_REGION, Account
from skillpkg_infra.providers.aws.parts.buckets import (
    OWNED,
    BucketPlan,
    bucket_policy,
    objects,
    private_bucket,
)
from skillpkg_infra.providers.aws.parts.policies import Conditions, Statement, Text
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.scope import Scope


def log_bucket(scope: Scope, account: Account, days: int) -> tuple[Bucket, BucketPolicy]:
    """Make the bucket; returns it with the policy that lets services write to it."""
    plan = BucketPlan("logs", versioned=False, expire_days=days)
    bucket, _ = private_bucket(scope, plan)
    return bucket, bucket_policy(scope, plan, bucket, _writers(account, bucket))


def _writers(account: Account, bucket: Bucket) -> list[Statement]:
    return [
        Statement(
            "BucketLogs",
            ("s3:PutObject",),
            (objects(bucket, "s3/"),),
            {"Service": "logging.s3.amazonaws.com"},
            {"StringEquals": {"aws:SourceAccount": account.id}},
        ),
        Statement(
            "DeliveredLogs",
            ("s3:PutObject",),
            (objects(bucket, "cdn/"),),
            {"Service": "delivery.logs.amazonaws.com"},
            _delivered(account),
        ),
        # A balancer's logs come with no word of whose they are; the path has the account's number.
        Statement(
            "LoadBalancerLogs",
            ("s3:PutObject",),
            (joined(bucket.arn, "/alb/AWSLogs/", account.id, "/*"),),
            {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        ),
    ]


def _delivered(account: Account) -> Conditions:
    source = joined(
        "arn:", account.partition, f":logs:{EDGE_REGION}:", account.id, ":delivery-source:*"
    )
    owned: dict[str, Text] = {"aws:SourceAccount": account.id, "s3:x-amz-acl": OWNED}
    return {"StringEquals": owned, "ArnLike": {"aws:SourceArn": source}}

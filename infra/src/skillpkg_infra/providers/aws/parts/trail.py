"""A CloudTrail of administrative calls: the alarms on keys are fed by it."""

from __future__ import annotations

from pulumi_aws.cloudtrail import Trail

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.buckets import (
    OWNED,
    BucketPlan,
    bucket_policy,
    objects,
    private_bucket,
)
from skillpkg_infra.providers.aws.parts.data_keys import data_key
from skillpkg_infra.providers.aws.parts.naming import physical
from skillpkg_infra.providers.aws.parts.policies import Conditions, Statement
from skillpkg_infra.scope import Scope


def audit_trail(scope: Scope, account: Account, days: int) -> Trail:
    """Record every administrative call of the account, with proof that no record is missing."""
    name = physical(scope.named("audit"), 100)
    trail = account.arn("cloudtrail", f"trail/{name}")
    ours = {"StringEquals": {"aws:SourceArn": trail}}
    owned: Conditions = {"StringEquals": {"aws:SourceArn": trail, "s3:x-amz-acl": OWNED}}
    service = {"Service": "cloudtrail.amazonaws.com"}
    # The bucket's key is a bucket key, which has to be opened again for each record.
    seals = ("kms:Decrypt", "kms:GenerateDataKey*")
    sealed = Statement("Seal", seals, principals=service, conditions=ours)
    looked = Statement("Look", ("kms:DescribeKey",), principals=service, conditions=ours)
    key = data_key(scope, "audit-key", account, services=("s3",), more=[sealed, looked])
    plan = BucketPlan("audit", key, expire_days=days)
    bucket, _ = private_bucket(scope, plan)
    written = Statement("Written", ("s3:PutObject",), (objects(bucket),), service, owned)
    checked = Statement("Checked", ("s3:GetBucketAcl",), (bucket.arn,), service, ours)
    ready = bucket_policy(scope, plan, bucket, [checked, written])
    return Trail(
        scope.named("trail"),
        name=name,
        s3_bucket_name=bucket.bucket,
        kms_key_id=key.arn,
        is_multi_region_trail=True,
        include_global_service_events=True,
        enable_log_file_validation=True,
        tags=scope.labels("trail"),
        opts=scope.options(after=[ready]),
    )

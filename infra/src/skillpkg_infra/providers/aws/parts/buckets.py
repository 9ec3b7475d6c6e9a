"""Private buckets: no ACLs, no public access, encrypted, TLS only, with a life cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.kms import Key
from pulumi_aws.s3 import (
    Bucket,
    BucketLifecycleConfiguration,
    BucketLogging,
    BucketOwnershipControls,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketVersioning,
)
from pulumi_aws.s3 import _inputs as inputs

from skillpkg_infra.providers.aws.parts.policies import Statement, document, tls_only
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.scope import Scope

OWNED = "bucket-owner-full-control"
"""What AWS's log services say of each object that they write; their policies must ask for it."""

OLD_VERSIONS_DAYS = 30
"""How long an overwritten or deleted object can be brought back."""


@dataclass(frozen=True, slots=True)
class BucketPlan:
    """How one bucket differs from the next."""

    part: str
    key: Key | None = None
    """``None``: S3's own key, where an AWS service that writes logs knows no other."""
    versioned: bool = True
    expire_days: int | None = None
    log_bucket: Bucket | None = None
    region: str | None = None


def private_bucket(scope: Scope, plan: BucketPlan) -> tuple[Bucket, list[pulumi.Resource]]:
    """Make the bucket with everything but its policy, which names who uses it.

    Returns:
        The bucket, and what must exist before it can be replicated.
    """
    bucket = Bucket(
        scope.named(plan.part),
        force_destroy=not scope.guarded,
        region=plan.region,
        tags=scope.labels(plan.part),
        opts=scope.options(keeps=True),
    )
    _closed(scope, plan, bucket)
    _encryption(scope, plan, bucket)
    versions = _versioning(scope, plan, bucket)
    _lifecycle(scope, plan, bucket, after=versions)
    if plan.log_bucket is not None:
        BucketLogging(
            scope.named(f"{plan.part}-access-log"),
            bucket=bucket.bucket,
            target_bucket=plan.log_bucket.bucket,
            target_prefix=f"s3/{plan.part}/",
            opts=scope.options(),
        )
    return bucket, versions


def bucket_policy(
    scope: Scope, plan: BucketPlan, bucket: Bucket, statements: Sequence[Statement]
) -> BucketPolicy:
    """Say who may use the bucket; nobody without TLS."""
    everything = (bucket.arn, joined(bucket.arn, "/*"))
    return BucketPolicy(
        scope.named(f"{plan.part}-policy"),
        bucket=bucket.bucket,
        policy=document(tls_only(*everything), *statements),
        region=plan.region,
        opts=scope.options(),
    )


def objects(bucket: Bucket, prefix: str = "") -> pulumi.Output[str]:
    """Return the ARN of the bucket's objects."""
    return joined(bucket.arn, f"/{prefix}*")


def _closed(scope: Scope, plan: BucketPlan, bucket: Bucket) -> None:
    BucketPublicAccessBlock(
        scope.named(f"{plan.part}-closed"),
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        region=plan.region,
        opts=scope.options(),
    )
    BucketOwnershipControls(
        scope.named(f"{plan.part}-owner"),
        bucket=bucket.bucket,
        rule=inputs.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        region=plan.region,
        opts=scope.options(),
    )


def _encryption(scope: Scope, plan: BucketPlan, bucket: Bucket) -> None:
    default = (
        inputs.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms" if plan.key else "AES256",
            kms_master_key_id=plan.key.arn if plan.key else None,
        )
    )
    BucketServerSideEncryptionConfiguration(
        scope.named(f"{plan.part}-encryption"),
        bucket=bucket.bucket,
        rules=[
            inputs.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=default,
                bucket_key_enabled=True if plan.key else None,
            )
        ],
        region=plan.region,
        opts=scope.options(),
    )


def _versioning(scope: Scope, plan: BucketPlan, bucket: Bucket) -> list[pulumi.Resource]:
    if not plan.versioned:
        return []
    made = BucketVersioning(
        scope.named(f"{plan.part}-versions"),
        bucket=bucket.bucket,
        versioning_configuration=inputs.BucketVersioningVersioningConfigurationArgs(
            status="Enabled"
        ),
        region=plan.region,
        opts=scope.options(),
    )
    return [made]


def _lifecycle(
    scope: Scope, plan: BucketPlan, bucket: Bucket, after: Sequence[pulumi.Resource]
) -> None:
    BucketLifecycleConfiguration(
        scope.named(f"{plan.part}-lifecycle"),
        bucket=bucket.bucket,
        rules=[_uploads(), *_ends(plan)],
        region=plan.region,
        opts=scope.options(after=after),
    )


def _uploads() -> inputs.BucketLifecycleConfigurationRuleArgs:
    return inputs.BucketLifecycleConfigurationRuleArgs(
        id="unfinished-uploads",
        status="Enabled",
        filter=inputs.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        abort_incomplete_multipart_upload=(
            inputs.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=1
            )
        ),
    )


def _ends(plan: BucketPlan) -> list[inputs.BucketLifecycleConfigurationRuleArgs]:
    if not plan.versioned and plan.expire_days is None:
        return []
    expiry = inputs.BucketLifecycleConfigurationRuleExpirationArgs(days=plan.expire_days)
    old = inputs.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
        noncurrent_days=OLD_VERSIONS_DAYS
    )
    return [
        inputs.BucketLifecycleConfigurationRuleArgs(
            id="ends",
            status="Enabled",
            filter=inputs.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            expiration=expiry if plan.expire_days is not None else None,
            noncurrent_version_expiration=old if plan.versioned else None,
        )
    ]

"""A copy of the read plane in a second region, for the day the first is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.cloudfront import Distribution
from pulumi_aws.iam import Role, RolePolicy
from pulumi_aws.kms import Key
from pulumi_aws.s3 import Bucket, BucketReplicationConfig
from pulumi_aws.s3 import _inputs as inputs

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.buckets import (
    BucketPlan,
    bucket_policy,
    objects,
    private_bucket,
)
from skillpkg_infra.providers.aws.parts.data_keys import storage_key, storage_key_policy
from skillpkg_infra.providers.aws.parts.object_rights import cdn_reads
from skillpkg_infra.providers.aws.parts.policies import Statement, document, trust
from skillpkg_infra.scope import Scope

PART = "copy"


@dataclass(frozen=True, slots=True)
class Copy:
    """The second bucket, which the CDN reads when the first does not answer."""

    bucket: Bucket
    key: Key
    region: str
    versions: Sequence[pulumi.Resource]


def second_bucket(scope: Scope, region: str) -> Copy:
    """Make the bucket; nobody may read it yet, and nothing is copied to it."""
    key = storage_key(scope, "recovery-key", region)
    bucket, versions = private_bucket(scope, BucketPlan(PART, key, region=region))
    return Copy(bucket, key, region, versions)


def replicate(
    scope: Scope,
    account: Account,
    source: Bucket,
    source_key: Key,
    copy: Copy,
    cdn: Distribution | None,
    after: Sequence[pulumi.Resource],
) -> None:
    """Copy every change of the first bucket to the second one, and let the CDN read it there.

    A takedown is copied too, as a marker: bytes that were taken down must not come back when the
    CDN turns to the copy. What a marker hides can be brought back for as long as in the first.
    """
    read = cdn_reads(copy.bucket, cdn) if cdn else []
    bucket_policy(scope, BucketPlan(PART, region=copy.region), copy.bucket, read)
    arn = cdn.arn if cdn else None
    opened = storage_key_policy(
        scope, account, copy.key, arn, part="recovery-key", region=copy.region
    )
    role, allowed = _role(scope, source, copy.bucket, source_key, copy.key)
    BucketReplicationConfig(
        scope.named("replication"),
        bucket=source.bucket,
        role=role.arn,
        rules=[_rule(copy.bucket, copy.key)],
        opts=scope.options(after=[allowed, opened, *copy.versions, *after]),
    )


def _rule(copy: Bucket, key: Key) -> inputs.BucketReplicationConfigRuleArgs:
    encrypted = inputs.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
        status="Enabled"
    )
    return inputs.BucketReplicationConfigRuleArgs(
        id="everything",
        status="Enabled",
        filter=inputs.BucketReplicationConfigRuleFilterArgs(prefix=""),
        delete_marker_replication=inputs.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(
            status="Enabled"
        ),
        source_selection_criteria=inputs.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
            sse_kms_encrypted_objects=encrypted
        ),
        destination=inputs.BucketReplicationConfigRuleDestinationArgs(
            bucket=copy.arn,
            encryption_configuration=(
                inputs.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
                    replica_kms_key_id=key.arn
                )
            ),
        ),
    )


def _role(
    scope: Scope, source: Bucket, copy: Bucket, source_key: Key, copy_key: Key
) -> tuple[Role, RolePolicy]:
    role = Role(
        scope.named("replication-role"),
        # S3 names no account when it takes a role to replicate; only this account can hand it one.
        assume_role_policy=trust("s3.amazonaws.com"),
        tags=scope.labels("replication-role"),
        opts=scope.options(),
    )
    read = (
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
    )
    written = ("s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags")
    listed = ("s3:GetReplicationConfiguration", "s3:ListBucket")
    policy = RolePolicy(
        scope.named("replication-policy"),
        role=role.id,
        policy=document(
            Statement("Source", listed, (source.arn,)),
            Statement("ReadSource", read, (objects(source),)),
            Statement("WriteCopy", written, (objects(copy),)),
            Statement("Decrypt", ("kms:Decrypt",), (source_key.arn,)),
            Statement("Encrypt", ("kms:Encrypt",), (copy_key.arn,)),
        ),
        opts=scope.options(),
    )
    return role, policy

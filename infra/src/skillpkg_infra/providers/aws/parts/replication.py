"""A copy of the read plane in a second region, for the day the first is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.iam.role import Role
from pulumi_aws.iam.role_policy import RolePolicy
from pulumi_aws.kms.key import Key
from pulumi_aws.s3 import _inputs as inputs
from pulumi_aws.s3.bucket import Bucket
from pulumi_aws.s3.bucket_replication_config import BucketReplicationConfig

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.buckets import (
    BucketPlan,
    bucket_policy,
    objects,
    private_bucket,
)
from skillpkg_infra.providers.aws.parts.policies import Statement, document, trust
from skillpkg_infra.providers.aws.parts.recovery import backup_key
from skillpkg_infra.scope import Scope


def copy_elsewhere(
    scope: Scope,
    account: Account,
    source: Bucket,
    source_key: Key,
    region: str,
    after: Sequence[pulumi.Resource],
) -> Bucket:
    """Make the second bucket and copy every new object to it; deletions are not copied."""
    key = backup_key(scope, account, region, "s3")
    plan = BucketPlan("copy", key, region=region)
    copy, versions = private_bucket(scope, plan)
    bucket_policy(scope, plan, copy, [])
    role, allowed = _role(scope, account, source, copy, source_key, key)
    BucketReplicationConfig(
        scope.named("replication"),
        bucket=source.bucket,
        role=role.arn,
        rules=[_rule(copy, key)],
        opts=scope.options(after=[allowed, *versions, *after]),
    )
    return copy


def _rule(copy: Bucket, key: Key) -> inputs.BucketReplicationConfigRuleArgs:
    encrypted = inputs.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
        status="Enabled"
    )
    return inputs.BucketReplicationConfigRuleArgs(
        id="everything",
        status="Enabled",
        filter=inputs.BucketReplicationConfigRuleFilterArgs(prefix=""),
        delete_marker_replication=inputs.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(
            status="Disabled"
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
    scope: Scope,
    account: Account,
    source: Bucket,
    copy: Bucket,
    source_key: Key,
    copy_key: Key,
) -> tuple[Role, RolePolicy]:
    role = Role(
        scope.named("replication-role"),
        assume_role_policy=trust(
            "s3.amazonaws.com", {"StringEquals": {"aws:SourceAccount": account.id}}
        ),
        tags=scope.labels("replication-role"),
        opts=scope.options(),
    )
    read = (
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
    )
    listed = ("s3:GetReplicationConfiguration", "s3:ListBucket")
    policy = RolePolicy(
        scope.named("replication-policy"),
        role=role.id,
        policy=document(
            Statement("Source", listed, (source.arn,)),
            Statement("ReadSource", read, (objects(source),)),
            Statement("WriteCopy", ("s3:ReplicateObject", "s3:ReplicateTags"), (objects(copy),)),
            Statement("Decrypt", ("kms:Decrypt",), (source_key.arn,)),
            Statement("Encrypt", ("kms:Encrypt",), (copy_key.arn,)),
        ),
        opts=scope.options(),
    )
    return role, policy

"""Every bucket blocks public access in all four ways and knows no ACL."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, without

BLOCKED = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}


def _check(resources: Sequence[Resource]) -> Found:
    blocks = list(of_type(resources, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"))
    owners = list(of_type(resources, "aws:s3/bucketOwnershipControls:BucketOwnershipControls"))
    for one in blocks:
        yield from without(one, BLOCKED)
    for one in owners:
        yield from without(one, {"rule": {"objectOwnership": "BucketOwnerEnforced"}})
    for one in of_type(resources, "aws:s3/bucket:Bucket"):
        if not any(block.name.startswith(one.name) for block in blocks):
            yield one, "does not block public access"
        if not any(owner.name.startswith(one.name) for owner in owners):
            yield one, "lets objects have ACLs"


RULE = Rule("bucket-is-closed", __doc__, _check, ("CKV2_AWS_6", "CKV2_AWS_65"))

"""Every bucket is encrypted, and refuses requests without TLS."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, Unknown, of_type, statements

ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)


def _check(resources: Sequence[Resource]) -> Found:
    policies = list(of_type(resources, "aws:s3/bucketPolicy:BucketPolicy"))
    for one in of_type(resources, "aws:s3/bucket:Bucket"):
        if not any(made.name.startswith(one.name) for made in of_type(resources, ENCRYPTION)):
            yield one, "has no encryption of its own"
        if not any(policy.name == f"{one.name}-policy" for policy in policies):
            yield one, "has no policy"
    for policy in policies:
        if isinstance(policy.inputs["policy"], Unknown):
            continue
        if not any(_refuses_clear_text(statement) for statement in statements(policy)):
            yield policy, "does not refuse requests without TLS"


def _refuses_clear_text(statement: dict[str, object]) -> bool:
    return statement["Effect"] == "Deny" and statement.get("Condition") == {
        "Bool": {"aws:SecureTransport": "false"}
    }


RULE = Rule("bucket-is-encrypted", __doc__, _check, ("CKV_AWS_145", "CKV2_AWS_61"))

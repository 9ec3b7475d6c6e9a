"""Who may touch the read plane, said by the bucket itself."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi_aws.cloudfront import Distribution
from pulumi_aws.s3 import Bucket

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.buckets import objects
from skillpkg_infra.providers.aws.parts.naming import role_arn
from skillpkg_infra.providers.aws.parts.policies import Statement
from skillpkg_infra.rights import Identity

CDN_SERVICE = {"Service": "cloudfront.amazonaws.com"}


def cdn_reads(bucket: Bucket, cdn: Distribution) -> Sequence[Statement]:
    """Let this one distribution read; without ListBucket a missing object answers 403."""
    ours = {"StringEquals": {"AWS:SourceArn": cdn.arn}}
    return [
        Statement("CdnReads", ("s3:GetObject",), (objects(bucket),), CDN_SERVICE, ours),
        Statement("CdnSeesWhatIsMissing", ("s3:ListBucket",), (bucket.arn,), CDN_SERVICE, ours),
    ]


def only_the_worker_writes(account: Account, bucket: Bucket, *, guarded: bool) -> Statement:
    """Refuse writes by everyone but the worker, whatever their own policies say.

    Args:
        account: where the worker's role is.
        bucket: the read plane.
        guarded: refuse deletions too; not where ``pulumi destroy`` must empty the bucket.
    """
    deletions = ("s3:DeleteObject", "s3:DeleteObjectVersion") if guarded else ()
    return Statement(
        "OnlyTheWorkerWrites",
        ("s3:PutObject", *deletions),
        (objects(bucket),),
        "*",
        {"ArnNotEquals": {"aws:PrincipalArn": role_arn(account, Identity.WORKER)}},
        effect="Deny",
    )

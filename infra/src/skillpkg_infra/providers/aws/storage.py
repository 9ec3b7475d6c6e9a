"""AWS storage: the read plane in S3 behind CloudFront, uploads in a second bucket."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws.cloudfront import Distribution
from pulumi_aws.kms import Key
from pulumi_aws.s3 import Bucket

from skillpkg_infra.choices import Deletion, Visibility
from skillpkg_infra.components.storage import StorageArgs, StorageOutputs
from skillpkg_infra.providers.aws.parts.account import Account, account_of
from skillpkg_infra.providers.aws.parts.buckets import BucketPlan, bucket_policy, private_bucket
from skillpkg_infra.providers.aws.parts.data_keys import storage_key, storage_key_policy
from skillpkg_infra.providers.aws.parts.edge import error_alarm, observe
from skillpkg_infra.providers.aws.parts.log_bucket import log_bucket
from skillpkg_infra.providers.aws.parts.object_rights import (
    cdn_reads,
    only_the_worker_writes,
)
from skillpkg_infra.providers.aws.parts.read_cdn import CdnPlan, read_cdn
from skillpkg_infra.providers.aws.parts.replication import Copy, replicate, second_bucket
from skillpkg_infra.providers.aws.parts.secrets import secret, value
from skillpkg_infra.providers.aws.parts.text import joined, once
from skillpkg_infra.rights import Resource
from skillpkg_infra.scope import Scope

READ_PLANE = "read-plane"
STAGING = "staging"


class AwsStorageArgs(StorageArgs):
    """Inputs of the AWS storage."""


@dataclass(frozen=True, slots=True)
class _Stores:
    """What was made."""

    key: Key
    read_plane: Bucket
    staging: Bucket
    logs: Bucket
    logs_name: pulumi.Output[str]
    """Known once the bucket's policy lets services write to it."""
    versions: list[pulumi.Resource]
    """What lets the read plane be replicated."""
    copy: Copy | None
    cdn: Distribution | None


class AwsStorage(pulumi.ComponentResource):
    """Two private buckets and, for a public registry, the CDN that reads one of them."""

    outputs: StorageOutputs

    def __init__(
        self,
        name: str,
        args: AwsStorageArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("skillpkg:aws:Storage", name, None, opts)
        args = args or AwsStorageArgs()
        scope = Scope(self, name, args.get("deletion", Deletion.PROTECT), args.get("tags", {}))
        account = account_of(self)
        stores = _stores(scope, account, args)
        ready = _policies(scope, account, stores)
        self.outputs = _outputs(scope, account, stores, args, ready)
        self.register_outputs(
            {
                "bucket_name": self.outputs.bucket_name,
                "cdn_base_url": self.outputs.cdn_base_url,
                "service_account_secret_name": self.outputs.service_account_secret_name,
            }
        )


def _stores(scope: Scope, account: Account, args: AwsStorageArgs) -> _Stores:
    days = args.get("log_retention_days", 365)
    logs, ready = log_bucket(scope, account, days)
    key = storage_key(scope)
    read_plane, versions = private_bucket(scope, BucketPlan(READ_PLANE, key, log_bucket=logs))
    staging, _ = private_bucket(
        scope,
        BucketPlan(
            STAGING,
            key,
            versioned=False,
            expire_days=args.get("staging_days", 7),
            log_bucket=logs,
        ),
    )
    copy = second_bucket(scope, args["recovery_region"]) if "recovery_region" in args else None
    cdn = None
    if args.get("visibility", Visibility.PUBLIC) is Visibility.PUBLIC:
        cdn = read_cdn(scope, read_plane, _cdn_plan(args, days, copy))
        observe(scope, cdn, logs.arn, after=[ready])
    named = once(logs.bucket, ready)
    return _Stores(key, read_plane, staging, logs, named, versions, copy, cdn)


def _cdn_plan(args: AwsStorageArgs, days: int, copy: Copy | None) -> CdnPlan:
    domain = args.get("domain")
    return CdnPlan(
        domain=f"cdn.{domain}" if domain else None,
        zone_id=args.get("zone_id"),
        certificate_arn=args.get("certificate_arn"),
        allowed=args.get("allowed_ranges", ()),
        log_days=days,
        copy=copy.bucket if copy else None,
    )


def _policies(scope: Scope, account: Account, stores: _Stores) -> list[pulumi.Resource]:
    arn = stores.cdn.arn if stores.cdn else None
    opened = storage_key_policy(scope, account, stores.key, arn)
    allowed = cdn_reads(stores.read_plane, stores.cdn) if stores.cdn else []
    closed = only_the_worker_writes(account, stores.read_plane, guarded=scope.guarded)
    read = bucket_policy(scope, BucketPlan(READ_PLANE), stores.read_plane, [*allowed, closed])
    staged = bucket_policy(scope, BucketPlan(STAGING), stores.staging, [])
    if stores.copy is not None:
        after = [opened, *stores.versions]
        replicate(scope, account, stores.read_plane, stores.key, stores.copy, stores.cdn, after)
    return [opened, read, staged]


def _outputs(
    scope: Scope,
    account: Account,
    stores: _Stores,
    args: AwsStorageArgs,
    ready: list[pulumi.Resource],
) -> StorageOutputs:
    facts = secret(scope, "facts", stores.key, f"{scope.name}: where the stores are")
    value(scope, "facts-value", facts, _facts(account, stores))
    handles: dict[Resource, list[pulumi.Input[str]]] = {
        Resource.READ_PLANE: [stores.read_plane.arn],
        Resource.STAGING: [stores.staging.arn],
    }
    if stores.cdn is not None:
        handles[Resource.CDN] = [stores.cdn.arn]
    return StorageOutputs(
        bucket_name=stores.read_plane.bucket,
        cdn_base_url=_base_url(stores, args),
        service_account_secret_name=facts.name,
        staging_bucket_name=stores.staging.bucket,
        log_bucket_name=stores.logs_name,
        storage_url=once(_url(account, stores.read_plane), *ready),
        staging_url=once(_url(account, stores.staging), *ready),
        redirect_hosts=None if stores.cdn else stores.read_plane.bucket_regional_domain_name,
        invalidation_uri=_invalidation(stores),
        dns_records=_records(stores, args),
        handles=handles,
        alarms=[error_alarm(scope.name, "Read plane", stores.cdn)] if stores.cdn else [],
    )


def _url(account: Account, bucket: Bucket) -> pulumi.Output[str]:
    return joined("s3://", bucket.bucket, "?region=", account.region)


def _base_url(stores: _Stores, args: AwsStorageArgs) -> pulumi.Input[str] | None:
    if stores.cdn is None:
        return None
    if "domain" in args and ("zone_id" in args or "certificate_arn" in args):
        return f"https://cdn.{args['domain']}"
    return joined("https://", stores.cdn.domain_name)


def _invalidation(stores: _Stores) -> pulumi.Output[str] | None:
    return joined("cloudfront://", stores.cdn.id) if stores.cdn else None


def _records(stores: _Stores, args: AwsStorageArgs) -> dict[str, pulumi.Input[str]]:
    if stores.cdn is None or "domain" not in args or "zone_id" in args:
        return {}
    return {f"cdn.{args['domain']}": stores.cdn.domain_name}


def _facts(account: Account, stores: _Stores) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps(
        {
            "region": account.region,
            "read_plane": stores.read_plane.bucket,
            "staging": stores.staging.bucket,
            "endpoint": stores.read_plane.bucket_regional_domain_name,
        }
    )

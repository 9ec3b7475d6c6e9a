"""What a person should know about a configuration that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from skillpkg_infra.arguments import wants_cache
from skillpkg_infra.choices import (
    Cloud,
    Deletion,
    Environment,
    HsmBackend,
    Nat,
    RootMode,
    Visibility,
    WorkerEgress,
)
from skillpkg_infra.config import StackConfig
from skillpkg_infra.providers.aws import DEFAULT_REGION
from skillpkg_infra.providers.aws.authorities import REGIONS
from skillpkg_infra.sizes import replicas


def warnings_of(config: StackConfig) -> list[str]:
    """Return every warning, each with what to do about it."""
    return [warning for rule in RULES for warning in rule(config)]


def _prod_shape(config: StackConfig) -> Iterator[str]:
    if config.environment is not Environment.PROD:
        return
    if not config.multi_az:
        yield "multi_az is false: the database and the api have no second zone. Set it to true."
    if config.alarm_email is None:
        yield "alarm_email is not set: alarms reach nobody. Set it to a mailbox that is read."
    if config.nat is Nat.SINGLE and not config.network.vpc_id:
        yield "nat is single: one zone's loss takes the way out with it. per_az costs more."
    if "@sha256:" not in config.image_uri:
        yield "image_uri is a tag: pin the digest, so that a restart runs the same image."


def _deletion(config: StackConfig) -> Iterator[str]:
    if config.deletion is Deletion.DESTROY:
        yield "deletion is destroy: `pulumi destroy` removes packages, database and keys for good."


def _root(config: StackConfig) -> Iterator[str]:
    if config.root_mode is RootMode.MANAGED:
        yield (
            "root_mode is managed: the worker may use the root key. After the first start, when "
            "`skreg pki status` says so, set it to sealed and run `pulumi up`."
        )


def _software(config: StackConfig) -> Iterator[str]:
    if config.hsm_backend is HsmBackend.SOFTWARE and config.cloud_provider is Cloud.AWS:
        yield "hsm_backend is software: KMS keys are in an HSM all the same; hsm costs no more."


def _default_names(config: StackConfig) -> Iterator[str]:
    if config.domain is None and config.cloud_provider is Cloud.AWS:
        yield (
            "no domain: CloudFront's default certificate also accepts TLS 1.0 and 1.1, and the "
            "path from the edge to the load balancer is private but not encrypted. "
            "skillpkg itself asks for TLS 1.2; a domain with zone_id closes both."
        )


def _brought(config: StackConfig) -> Iterator[str]:
    if config.network.vpc_id and config.cloud_provider is Cloud.AWS:
        yield (
            "you bring the network: it needs an internet gateway (CloudFront's VPC origin asks "
            "for one, no route to it), DNS support, and a way to S3, ECR, KMS, Secrets Manager, "
            "CloudWatch Logs and STS from the private subnets."
        )


def _way_out(config: StackConfig) -> Iterator[str]:
    closed = config.nat is Nat.NONE or config.worker_egress is WorkerEgress.CLOSED
    if closed and not config.network.vpc_id and config.visibility is Visibility.PUBLIC:
        yield (
            "the worker has no way to the internet: a takedown cannot invalidate the CDN and "
            "waits for max-age (a day), and the image must come from this account's ECR."
        )


def _account_wide(config: StackConfig) -> Iterator[str]:
    if config.network.block_public_access:
        yield "block_public_access changes every VPC of this account in this region."


def _counters(config: StackConfig) -> Iterator[str]:
    (_, most), _ = replicas(config.size, redundant=config.multi_az, paused=False)
    if most > 1 and not wants_cache(config):
        yield "cache is false with several api replicas: each counts rate limits for itself."


def _trail(config: StackConfig) -> Iterator[str]:
    if not config.audit_trail and config.cloud_provider is Cloud.AWS:
        yield (
            "audit_trail is false: alarms on keys only fire when this account has another "
            "CloudTrail trail with management events."
        )


def _unproven_database(config: StackConfig) -> Iterator[str]:
    region = config.region or DEFAULT_REGION
    if config.cloud_provider is Cloud.AWS and region not in REGIONS:
        yield (
            f"region {region}: the image has no authority for this region's databases, so TLS to "
            "the database is encrypted but the server proves nothing."
        )


def _paused(config: StackConfig) -> Iterator[str]:
    if config.paused:
        yield "paused is true: no container runs; the read plane expires 72 hours after it began."


RULES: tuple[Callable[[StackConfig], Iterator[str]], ...] = (
    _prod_shape,
    _deletion,
    _root,
    _software,
    _default_names,
    _brought,
    _way_out,
    _account_wide,
    _counters,
    _trail,
    _unproven_database,
    _paused,
)
